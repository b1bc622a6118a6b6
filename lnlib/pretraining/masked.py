"""mini-mBERT's network and what it is asked: the next word, then masked words and pairs."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from transformers import BertConfig, BertForPreTraining

from lnlib.base.device import autocast
from lnlib.pretraining.batches import PairBatch, Records, Stream, record_batch, text_batch
from lnlib.pretraining.recipe import Pretraining
from lnlib.pretraining.start import start_from_cooccurrence

REPORTED = "mlm"  # the loss that is reported on held-out text
start = start_from_cooccurrence


def new_model(recipe: Pretraining) -> BertForPreTraining:
    """A BERT of the recipe's size with seeded random weights; no dropout, as it never overfits."""
    torch.manual_seed(recipe.seed)
    return BertForPreTraining(
        BertConfig(
            vocab_size=recipe.vocab_size,
            hidden_size=recipe.hidden,
            num_hidden_layers=recipe.layers,
            num_attention_heads=recipe.hidden // 32,
            intermediate_size=4 * recipe.hidden,
            max_position_embeddings=2 * recipe.length,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            initializer_range=recipe.initializer_range,
        )
    )


def optimizer(model: BertForPreTraining, recipe: Pretraining) -> torch.optim.Optimizer:
    """AdamW, with weight decay on matrices alone."""
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    return torch.optim.AdamW(
        [{"params": decay, "weight_decay": recipe.weight_decay},
         {"params": plain, "weight_decay": 0.0}],
        lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip


def losses(model: BertForPreTraining, batch: PairBatch) -> dict[str, torch.Tensor]:
    """Cross-entropy at the asked positions and of the pair question, in nats, by name.

    A causal batch has no second: the question is asked at `[CLS]`, which sees nothing there.
    """
    assert batch.picked is not None
    device = model.device
    inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.inputs.items()}
    labels, torn = (part.to(device, non_blocking=True) for part in (batch.labels, batch.torn))
    picked = batch.picked.to(device, non_blocking=True)
    if batch.causal:
        rows, size = inputs["input_ids"].shape
        seen = torch.ones(size, size, dtype=torch.bool, device=device).tril()
        if "attention_mask" in inputs:
            seen = seen & inputs["attention_mask"][:, None, None].bool()
        inputs["attention_mask"] = seen.expand(rows, 1, size, size)
    with autocast(device):
        hidden, pooled = model.bert(**inputs)[:2]
        at = hidden.reshape(-1, hidden.shape[-1])[picked]  # logits only where asked for
        words, pair = model.cls.predictions(at), model.cls.seq_relationship(pooled)
    cross_entropy = nn.functional.cross_entropy
    apart, asked = cross_entropy(pair.float(), torn), cross_entropy(words.float(), labels)
    if batch.causal:  # the weights of the question are in the loss, with a gradient of 0
        return {"next_word": asked + 0.0 * apart}
    return {"mlm": asked, "pair": apart}


def step_batch(step: int, progress: float, train: dict[str, Stream], shares: dict[str, float],
               records: Records, recipe: Pretraining) -> PairBatch:  # fmt: skip
    """The batch of a step, from the seed and the step alone.

    Parameters:

    - `step`, `progress`: how far the run is, in steps and from 0 to 1.
    - `train`, `shares`: text by language, and how often each is drawn.
    - `records`: pairs of the gazetteer, by language.
    - `recipe`: what is drawn, and how often.
    """
    rng = np.random.default_rng([recipe.seed, 0, step])
    causal = progress < recipe.causal_until
    masked = (progress - recipe.causal_until) / (1 - recipe.causal_until)
    rate = recipe.mask_rate_start + masked * (recipe.mask_rate - recipe.mask_rate_start)
    rate = recipe.causal_rate if causal else rate
    if progress >= recipe.gazetteer_from and rng.random() < recipe.gazetteer_every:
        return record_batch(records, rate, recipe, rng, causal)
    stretch = 2 if step % recipe.long_every == recipe.long_every - 1 else 1
    return text_batch(train, shares, stretch * recipe.length, rate, recipe, rng, causal)


def held_out_batch(stream: Stream, recipe: Pretraining, rng: np.random.Generator) -> PairBatch:
    """A batch of one language's held-out text, masked as `REPORTED`."""
    return text_batch({"": stream}, {"": 1.0}, recipe.length, recipe.mask_rate, recipe, rng)
