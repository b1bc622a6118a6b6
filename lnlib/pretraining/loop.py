"""The run of a pre-training: resumable, and logged with held-out losses.

What is trained, and on what, is told by the kind of recipe: `masked` (mini-mBERT) or `spans`
(mini-mT5), two modules with the same functions.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedModel

import lnlib.pretraining.masked as masked
import lnlib.pretraining.spans as spans
from lnlib.base.device import default_device
from lnlib.base.hashes import short
from lnlib.pretraining.batches import Records, Stream
from lnlib.pretraining.recipe import Pretraining, SpanPretraining, sampling_shares
from lnlib.training import checkpoint
from lnlib.training.loop import fit

Recipe = Pretraining | SpanPretraining
CLIP = 1.0  # norm of the gradient; BERT's


def network_of(recipe: Recipe) -> ModuleType:
    """The module of the network that a recipe is for."""
    return spans if isinstance(recipe, SpanPretraining) else masked


def new_model(recipe: Recipe) -> PreTrainedModel:
    """The recipe's network with seeded random weights."""
    return network_of(recipe).new_model(recipe)


def held_out(model: PreTrainedModel, streams: dict[str, Stream], recipe: Recipe,
             batches: int = 4) -> dict[str, float]:  # fmt: skip
    """Mean reported loss per language (nats) on `batches` fixed batches of held-out text."""
    network = network_of(recipe)
    model.eval()
    out: dict[str, float] = {}
    with torch.no_grad():
        for lang, stream in streams.items():
            rng = np.random.default_rng([recipe.seed, 1, len(out)])
            made = [network.held_out_batch(stream, recipe, rng) for _ in range(batches)]
            found = [network.losses(model, batch)[network.REPORTED].item() for batch in made]
            out[lang] = float(np.mean(found))
    model.train()
    return out


def pretrain(
    train: dict[str, Stream],
    validation: dict[str, Stream],
    records: Records,
    recipe: Recipe,
    folder: Path,
    save_every: int = 500,  # steps; a minute or so of work at risk
    report_every: int = 1_000,
) -> PreTrainedModel:
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
    network, model = network_of(recipe), new_model(recipe)
    if not path.exists():
        network.start(model, train, shares, recipe)
    model.to(default_device()).train()
    optimizer = network.optimizer(model, recipe)
    made_with = f"{recipe.hash} {_fingerprint(train)}"
    at = checkpoint.resume(path, model, optimizer, made_with) or {"step": 0, "seen": 0}
    log = _Log(folder / "log.jsonl", at["seen"], network.REPORTED)

    def steps() -> Iterator[tuple[Any, float]]:
        while at["seen"] < recipe.tokens:
            progress = at["seen"] / recipe.tokens
            batch = network.step_batch(at["step"], progress, train, shares, records, recipe)
            at.update(step=at["step"] + 1, seen=at["seen"] + batch.tokens)  # once it is done
            yield batch, learning_rate(progress, recipe)

    def loss(_model: nn.Module, batch: Any) -> torch.Tensor:
        found = network.losses(model, batch)
        log.note(found)
        return torch.stack(list(found.values())).sum()

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

    def __init__(self, path: Path, seen: int, reported: str) -> None:
        self._path, self._began, self._began_seen = path, time.perf_counter(), seen
        self._reported = reported
        self._recent: dict[str, list[torch.Tensor]] = {}  # read in `write`: a GPU need not wait

    def note(self, losses: dict[str, torch.Tensor]) -> None:
        """The losses of a step, by name."""
        for name, loss in losses.items():
            self._recent.setdefault(name, []).append(loss.detach())

    def write(self, at: dict[str, int], held_out: dict[str, float]) -> None:
        """A line, to the file and to the screen."""
        seconds = time.perf_counter() - self._began
        entry = {
            "step": at["step"],
            "tokens": at["seen"],
            "train": {k: round(torch.stack(v).mean().item(), 4) for k, v in self._recent.items()},
            f"held_out_{self._reported}": {lang: round(loss, 4) for lang, loss in held_out.items()},
            "tokens_per_second": round((at["seen"] - self._began_seen) / seconds),
        }
        with self._path.open("a") as log:
            log.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)
        self._recent.clear()


def learning_rate(progress: float, recipe: Recipe) -> float:
    """Linear warm-up, then a cosine to zero."""
    warm = min(1.0, progress / recipe.warmup + 1e-3)
    return recipe.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))
