"""One training loop: batches by step, a loss, a schedule, and checkpoints.

It stands here until lnlib's own loop takes batches and a loss. A run that is stopped at any moment
and started again gives the same bits: the rate and the draws of dropout follow from the step, the
batches are asked for from a step on, and everything else is in the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from transformers import GPT2LMHeadModel

from lnlib.base.errors import UserError
from lnlib.base.seeds import derive
from lnlib.papers.hua.network import files
from lnlib.papers.hua.world.batches import IGNORE, Batch


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW, a linear warm-up, then a cosine."""

    steps: int
    batch_size: int  # games
    learning_rate: float  # at the peak
    warmup: int  # steps until the peak; it may lie beyond the last step
    least: float = 0.1  # share of the peak at which the cosine ends; the official code's
    weight_decay: float = 0.1  # of matrices alone; the official code's, as are the betas and clip
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step + 1 <= self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        gone = (step - self.warmup) / max(1, self.steps - self.warmup)
        share = self.least + (1 - self.least) * 0.5 * (1 + math.cos(math.pi * gone))
        return self.learning_rate * share


def loss(model: GPT2LMHeadModel, batch: Batch) -> torch.Tensor:
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
          watch: Callable[[], dict[str, float]] | None = None) -> Course:  # fmt: skip
    """Train in place.

    `batches(step)` are the batches from that step on. `watch()` is noted before the first step,
    every `every` steps (0: never between) and after the last. At the same steps the run is kept at
    `path`, if there is one, and it goes on from what is there, if that is of the same run: `key`
    tells runs apart. Raises UserError for another run's file, or a torn one.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(
        _groups(model, recipe.weight_decay), lr=recipe.learning_rate, betas=recipe.betas, fused=True
    )
    done, course = 0, Course([], [])
    path = Path(path) if path else None
    if path and path.exists():
        done, course = _resume(path, key, model, optimizer)
    elif watch:
        course.watched.append({"step": 0, **watch()})
    fresh = batches(done)
    model.train()
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for step in range(done, recipe.steps):
            torch.manual_seed(derive(seed, "dropout", step))
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step)
            value = loss(model, next(fresh).to(device))
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            optimizer.step()
            course.losses.append(float(value.detach()))
            now = step + 1
            if now == recipe.steps or (every and now % every == 0):
                if watch:
                    course.watched.append({"step": now, **watch()})
                if path:
                    _keep(path, key, now, model, optimizer, course)
    model.eval()
    return course


def _groups(model: nn.Module, decay: float) -> list[dict[str, object]]:
    """Matrices of the blocks and the head decay; biases, LayerNorm and embeddings do not."""
    embeddings = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    matrices = [p for p in model.parameters() if p.ndim > 1 and id(p) not in embeddings]
    rest = [p for p in model.parameters() if p.ndim <= 1 or id(p) in embeddings]
    return [{"params": matrices, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]


_MOMENTS = ("exp_avg", "exp_avg_sq")


def _keep(path: Path, key: str, step: int, model: nn.Module, optimizer: torch.optim.Optimizer,
          course: Course) -> None:  # fmt: skip
    tensors = {f"weight {name}": tensor for name, tensor in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        for moment in _MOMENTS:
            tensors[f"{moment} {name}"] = optimizer.state[parameter][moment]
    tensors["losses"] = torch.tensor(course.losses)
    files.write(path, tensors, {"step": step, "key": key, "watched": course.watched})


def _resume(path: Path, key: str, model: nn.Module,
            optimizer: torch.optim.Optimizer) -> tuple[int, Course]:  # fmt: skip
    """Take up what is at `path`; the steps that it has run, and what they were like."""
    tensors, about = files.read(path)
    if about.get("key") != key:
        raise UserError(
            f"{str(path)!r} was made by another run, with other settings: delete it, or name "
            "another file"
        )
    step = int(about["step"])
    model.load_state_dict(
        {n.removeprefix("weight "): t for n, t in tensors.items() if n.startswith("weight ")}
    )
    for name, parameter in model.named_parameters():
        optimizer.state[parameter] = {
            "step": torch.tensor(float(step), device=parameter.device),
            **{m: tensors[f"{m} {name}"].to(parameter.device) for m in _MOMENTS},
        }
    return step, Course(tensors["losses"].tolist(), about["watched"])
