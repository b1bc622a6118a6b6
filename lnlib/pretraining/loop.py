"""The training loop: resumable, and logged with held-out losses."""

from __future__ import annotations

import hashlib
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import BertConfig, BertForPreTraining

from lnlib.base.device import default_device, multiplies_bf16
from lnlib.base.files import replacing
from lnlib.pretraining.batches import Batch, Stream, check_same, record_batch, text_batch
from lnlib.pretraining.recipe import Pretraining, sampling_shares
from lnlib.pretraining.start import start_from_cooccurrence


def losses(model: BertForPreTraining, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy at the asked positions and of the pair question, in nats.

    The second is 0 for a causal batch: the question is asked at `[CLS]`, which sees nothing there.
    """
    device = model.device
    batch = batch.to(device)
    attention = batch.attention
    if batch.causal:
        size = batch.ids.shape[1]
        earlier = torch.ones(size, size, dtype=torch.bool, device=device).tril()
        seen = earlier if attention is None else earlier & attention[:, None, None].bool()
        attention = seen.expand(len(batch.ids), 1, size, size)
    with torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bf16(device)):
        hidden, pooled = model.bert(
            input_ids=batch.ids, token_type_ids=batch.segments, attention_mask=attention
        )[:2]
        at = hidden.reshape(-1, hidden.shape[-1])[batch.picked]  # logits only where asked for
        words, pair = model.cls.predictions(at), model.cls.seq_relationship(pooled)
    cross_entropy = nn.functional.cross_entropy
    torn = cross_entropy(pair.float(), batch.torn)
    return cross_entropy(words.float(), batch.targets), 0.0 * torn if batch.causal else torn


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


def _made_with(train: dict[str, Stream], recipe: Pretraining) -> str:
    """Hashes of what a checkpoint belongs to: the recipe, and the text in tokens."""
    digest = hashlib.sha256()
    for lang, stream in sorted(train.items()):
        digest.update(lang.encode() + stream.ids.tobytes() + stream.starts.tobytes())
    return f"{recipe.hash} {digest.hexdigest()[:12]}"


def _save(path: Path, step: int, seen: int, model: nn.Module, optimizer: torch.optim.AdamW,
          made_with: str) -> None:  # fmt: skip
    state = {f"model.{k}": v.detach().clone() for k, v in model.named_parameters()}
    for name, parameter in model.named_parameters():
        for moment in ("exp_avg", "exp_avg_sq"):
            state[f"{moment}.{name}"] = optimizer.state[parameter][moment].clone()
    with replacing(path) as partial:
        save_file(state, partial, metadata={"step": str(step), "seen": str(seen),
                                             "made_with": made_with})  # fmt: skip


def _resume(path: Path, model: nn.Module, optimizer: torch.optim.AdamW,
            made_with: str) -> tuple[int, int]:  # fmt: skip
    with safe_open(path, "pt") as file:
        at = file.metadata()
    check_same(at.get("made_with", ""), made_with, path.parent)
    state = load_file(path)
    for name, parameter in model.named_parameters():
        parameter.data.copy_(state[f"model.{name}"])
        optimizer.state[parameter] = {
            "step": torch.tensor(float(at["step"]), device=parameter.device),
            "exp_avg": state[f"exp_avg.{name}"].to(parameter.device),
            "exp_avg_sq": state[f"exp_avg_sq.{name}"].to(parameter.device),
        }
    return int(at["step"]), int(at["seen"])


def pretrain(
    train: dict[str, Stream],
    validation: dict[str, Stream],
    records: dict[str, list[tuple[np.ndarray, np.ndarray]]],
    recipe: Pretraining,
    folder: Path,
    save_every: int = 500,  # steps; a minute or so of work at risk
    report_every: int = 1_000,
) -> BertForPreTraining:
    """Train until `recipe.tokens` real tokens are seen; log to `folder/log.jsonl`.

    On a GPU where there is one, in bf16 where it has units for that. Goes on from
    `folder/checkpoint.safetensors` where that exists: on a CPU the result is that of a run never
    stopped, bit for bit. Raises UserError where the checkpoint is of another recipe or other text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shares = sampling_shares({k: len(v.ids) for k, v in train.items()}, recipe.exponent)
    checkpoint = folder / "checkpoint.safetensors"
    model = new_model(recipe)
    if not checkpoint.exists():
        start_from_cooccurrence(model, train, shares, recipe)
    model.to(default_device()).train()
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": recipe.weight_decay},
         {"params": plain, "weight_decay": 0.0}],
        lr=recipe.learning_rate, betas=(0.9, 0.98), fused=True,
    )  # fmt: skip
    step, seen, made_with = 0, 0, _made_with(train, recipe)
    if checkpoint.exists():
        step, seen = _resume(checkpoint, model, optimizer, made_with)
    began, began_seen = time.perf_counter(), seen
    recent: dict[str, list[torch.Tensor]] = {}  # read at a report only: a GPU need not wait
    while seen < recipe.tokens:
        progress = seen / recipe.tokens
        batch = _batch(step, progress, train, shares, records, recipe)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress, recipe)
        words, pair = losses(model, batch)
        (words + pair).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        step, seen = step + 1, seen + batch.tokens
        recent.setdefault("next_word" if batch.causal else "mlm", []).append(words.detach())
        if not batch.causal:
            recent.setdefault("pair", []).append(pair.detach())
        if step % report_every == 0 or seen >= recipe.tokens:
            entry = {
                "step": step,
                "tokens": seen,
                "train": {k: round(torch.stack(v).mean().item(), 4) for k, v in recent.items()},
                "held_out_mlm": {
                    lang: round(loss, 4)
                    for lang, loss in held_out(model, validation, recipe).items()
                },
                "tokens_per_second": round((seen - began_seen) / (time.perf_counter() - began)),
            }
            with (folder / "log.jsonl").open("a") as log:
                log.write(json.dumps(entry) + "\n")
            print(json.dumps(entry), flush=True)
            recent.clear()
        if step % save_every == 0 or seen >= recipe.tokens:
            _save(checkpoint, step, seen, model, optimizer, made_with)
    return model.cpu().eval()


def learning_rate(progress: float, recipe: Pretraining) -> float:
    """Linear warm-up, then a cosine to zero."""
    warm = min(1.0, progress / recipe.warmup + 1e-3)
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))


def _batch(step: int, progress: float, train: dict[str, Stream], shares: dict[str, float],
           records: dict[str, list[tuple[np.ndarray, np.ndarray]]],
           recipe: Pretraining) -> Batch:  # fmt: skip
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
