"""The run of mini-mBERT's pre-training: resumable, and logged with held-out losses."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import BertConfig, BertForPreTraining

from lnlib.base.device import autocast, default_device
from lnlib.base.hashes import short
from lnlib.pretraining.batches import PairBatch, Records, Stream, record_batch, text_batch
from lnlib.pretraining.recipe import Pretraining, sampling_shares
from lnlib.pretraining.start import start_from_cooccurrence
from lnlib.training import checkpoint
from lnlib.training.loop import fit

CLIP = 1.0  # norm of the gradient; BERT's


def losses(model: BertForPreTraining, batch: PairBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy at the asked positions and of the pair question, in nats.

    The second is 0 for a causal batch: the question is asked at `[CLS]`, which sees nothing there.
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
    apart = cross_entropy(pair.float(), torn)
    return cross_entropy(words.float(), labels), 0.0 * apart if batch.causal else apart


def held_out(model: BertForPreTraining, streams: dict[str, Stream], recipe: Pretraining,
             batches: int = 4) -> dict[str, float]:  # fmt: skip
    """Mean masked cross-entropy per language (nats) on `batches` fixed batches of held-out text."""
    model.eval()
    out: dict[str, float] = {}
    with torch.no_grad():
        for lang, stream in streams.items():
            rng = np.random.default_rng([recipe.seed, 1, len(out)])
            made = [
                text_batch(
                    {lang: stream}, {lang: 1.0}, recipe.length, recipe.mask_rate, recipe, rng
                )
                for _ in range(batches)
            ]
            out[lang] = float(np.mean([losses(model, b)[0].item() for b in made]))
    model.train()
    return out


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


def pretrain(
    train: dict[str, Stream],
    validation: dict[str, Stream],
    records: Records,
    recipe: Pretraining,
    folder: Path,
    save_every: int = 500,  # steps; a minute or so of work at risk
    report_every: int = 1_000,
) -> BertForPreTraining:
    """Train until `recipe.tokens` real tokens are seen; log to `folder/log.jsonl`.

    Parameters:

    - `train`: text to train on, by language.
    - `validation`: text whose loss is logged.
    - `records`: pairs of the gazetteer, by language.
    - `recipe`: all numbers of the training.
    - `folder`: of the log and of `checkpoint.safetensors`; where that exists the training goes on
      from it, and on a CPU ends as one never stopped does, bit for bit.
    - `save_every`, `report_every`: steps from a checkpoint, or line of the log, to the next.

    On a GPU where there is one, in bf16 where it has units for that. Raises UserError where the
    checkpoint is of another recipe or other text, and if a loss was not finite.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shares = sampling_shares({k: len(v.ids) for k, v in train.items()}, recipe.exponent)
    path = folder / "checkpoint.safetensors"
    model = new_model(recipe)
    if not path.exists():
        start_from_cooccurrence(model, train, shares, recipe)
    model.to(default_device()).train()
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": recipe.weight_decay},
         {"params": plain, "weight_decay": 0.0}],
        lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    made_with = f"{recipe.hash} {_fingerprint(train)}"
    at = checkpoint.resume(path, model, optimizer, made_with) or {"step": 0, "seen": 0}
    log = _Log(folder / "log.jsonl", at["seen"])

    def steps() -> Iterator[tuple[PairBatch, float]]:
        while at["seen"] < recipe.tokens:
            progress = at["seen"] / recipe.tokens
            batch = _batch(at["step"], progress, train, shares, records, recipe)
            at.update(step=at["step"] + 1, seen=at["seen"] + batch.tokens)  # once it is done
            yield batch, learning_rate(progress, recipe)

    def loss(_model: nn.Module, batch: PairBatch) -> torch.Tensor:
        words, pair = losses(model, batch)
        log.note(words, None if batch.causal else pair)
        return words + pair

    def after(_step: int, _loss: torch.Tensor) -> None:
        done = at["seen"] >= recipe.tokens
        if done or at["step"] % report_every == 0:
            log.write(at, held_out(model, validation, recipe))
        if done or at["step"] % save_every == 0:
            checkpoint.save(path, model, optimizer, made_with, at)

    fit(model, steps(), loss, optimizer, CLIP, after=after)
    return model.cpu().eval()


def _fingerprint(train: dict[str, Stream]) -> str:
    """Twelve hex digits over the text in tokens."""
    parts = [
        part
        for lang, stream in sorted(train.items())
        for part in (lang, stream.ids.tobytes(), stream.starts.tobytes())
    ]
    return short(*parts)


class _Log:
    """Mean losses since its last line, one line of JSON after another."""

    def __init__(self, path: Path, seen: int) -> None:
        self._path, self._began, self._began_seen = path, time.perf_counter(), seen
        self._recent: dict[str, list[torch.Tensor]] = {}  # read in `write`: a GPU need not wait

    def note(self, words: torch.Tensor, pair: torch.Tensor | None) -> None:
        """The losses of a step; `pair` None for a causal batch."""
        named = {"next_word": words} if pair is None else {"mlm": words, "pair": pair}
        for name, loss in named.items():
            self._recent.setdefault(name, []).append(loss.detach())

    def write(self, at: dict[str, int], held_out: dict[str, float]) -> None:
        """A line, to the file and to the screen."""
        seconds = time.perf_counter() - self._began
        entry = {
            "step": at["step"],
            "tokens": at["seen"],
            "train": {k: round(torch.stack(v).mean().item(), 4) for k, v in self._recent.items()},
            "held_out_mlm": {lang: round(loss, 4) for lang, loss in held_out.items()},
            "tokens_per_second": round((at["seen"] - self._began_seen) / seconds),
        }
        with self._path.open("a") as log:
            log.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)
        self._recent.clear()


def learning_rate(progress: float, recipe: Pretraining) -> float:
    """Linear warm-up, then a cosine to zero."""
    warm = min(1.0, progress / recipe.warmup + 1e-3)
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))


def _batch(step: int, progress: float, train: dict[str, Stream], shares: dict[str, float],
           records: Records, recipe: Pretraining) -> PairBatch:  # fmt: skip
    """The batch of a step, from the seed and the step alone."""
    rng = np.random.default_rng([recipe.seed, 0, step])
    causal = progress < recipe.causal_until
    masked = (progress - recipe.causal_until) / (1 - recipe.causal_until)
    rate = recipe.mask_rate_start + masked * (recipe.mask_rate - recipe.mask_rate_start)
    rate = recipe.causal_rate if causal else rate
    if progress >= recipe.gazetteer_from and rng.random() < recipe.gazetteer_every:
        return record_batch(records, rate, recipe, rng, causal)
    stretch = 2 if step % recipe.long_every == recipe.long_every - 1 else 1
    return text_batch(train, shares, stretch * recipe.length, rate, recipe, rng, causal)
