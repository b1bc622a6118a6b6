"""How a network of games is trained: its loss, its schedule, and runs that may be stopped.

A run that is stopped at any moment and started again gives the same bits: the rate and the draws of
dropout follow from the step, the batches are asked for from a step on, and everything else is in
the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import GPT2LMHeadModel

from lnlib.base.device import autocast, threads_for
from lnlib.base.hashes import short
from lnlib.base.seeds import derive
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import largest
from lnlib.papers.hua.recipes import Recipe
from lnlib.papers.hua.world.batches import IGNORE, Batch
from lnlib.training.checkpoint import resume, save
from lnlib.training.loop import fit


def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Mean cross-entropy (nats) over the batch's targets, expected ones if it has them."""
    logits = model(input_ids=batch.tokens).logits.flatten(0, 1)
    if batch.expected is None:
        return nn.functional.cross_entropy(logits, batch.hard.flatten(), ignore_index=IGNORE)
    total = nn.functional.cross_entropy(logits, batch.expected.flatten(0, 1), reduction="sum")
    return total / (batch.hard != IGNORE).sum()


@dataclass
class Course:
    """What a training was like: the loss (nats) of every step, and what was watched on the way."""

    losses: list[float]
    watched: list[dict[str, float]]


def train(model: GPT2LMHeadModel, batches: Callable[[int], Iterator[Batch]], recipe: Recipe,
          seed: int = 0, *, path: Path | str | None = None, key: str = "", every: int = 0,
          watch: Callable[[], dict[str, float]] | None = None,
          mask: Mask | None = None) -> Course:  # fmt: skip
    """Train in place, on the model's device; returns what the training was like.

    Parameters:

    - `model`: what is trained; in evaluation mode afterwards.
    - `batches`: `batches(step)` are those from that step on.
    - `recipe`, `seed`: how, and what dropout draws from.
    - `path`: the run is kept there every `every` steps and after the last, and goes on from there.
    - `key`: tells runs apart; another run's file is refused.
    - `every`: steps between two such moments; 0: only the last.
    - `watch`: noted before the first step and at these moments.
    - `mask`: pruned weights are zeroed first and stay zero.

    Raises UserError for another run's file, a torn one, and a loss that was not finite.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(
        _groups(model, recipe.weight_decay), lr=recipe.learning_rate, betas=recipe.betas, fused=True
    )
    path, made_with = Path(path) if path else None, short(key)
    with (
        torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        threads_for(largest(model)),
    ):
        at = resume(path, model, optimizer, made_with) if path else None
        course = Course(at["losses"], at["watched"]) if at else Course([], [])
        if watch and not at:
            course.watched.append({"step": 0, **watch()})
        done = len(course.losses)

        def after(step: int, loss: torch.Tensor) -> None:
            course.losses.append(float(loss))
            now = done + step + 1
            if now == recipe.steps or (every and now % every == 0):
                if watch:
                    course.watched.append({"step": now, **watch()})
                if path and math.isfinite(loss):  # one that was not is no place to go on from
                    save(path, model, optimizer, made_with, asdict(course))

        model.train()
        fit(model, _steps(batches(done), recipe, seed, done, device), _autocast_loss, optimizer,
            recipe.clip, mask, after)  # fmt: skip
    model.eval()
    return course


def _steps(batches: Iterator[Batch], recipe: Recipe, seed: int, done: int,
           device: torch.device) -> Iterator[tuple[Batch, float]]:  # fmt: skip
    """Batches with their rates; what dropout draws in a step follows from the step alone."""
    for step in range(done, recipe.steps):
        batch = next(batches).to(device)
        torch.manual_seed(derive(seed, "dropout", step))
        yield batch, recipe.rate(step)


def _autocast_loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    with autocast(batch.tokens.device):
        return loss(model, batch)


def _groups(model: nn.Module, decay: float) -> list[dict[str, object]]:
    """Matrices of the blocks and the head decay; biases, LayerNorm and embeddings do not."""
    embeddings = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    matrices = [p for p in model.parameters() if p.ndim > 1 and id(p) not in embeddings]
    rest = [p for p in model.parameters() if p.ndim <= 1 or id(p) in embeddings]
    return [{"params": matrices, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
