"""The one training loop: batches in, losses out, with or without a mask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.device import default_device, threads_for
from lnlib.base.errors import UserError
from lnlib.masks.applying import Mask, masked
from lnlib.masks.matrices import largest
from lnlib.tasks.examples import training_order
from lnlib.tasks.task import TaskData
from lnlib.training.recipe import Recipe
from lnlib.training.used_rows import only_rows, pieces_of

Progress = Callable[[int, float], None]  # step done, its loss in nats
Batch = TypeVar("Batch")


def fit(
    model: nn.Module,
    steps: Iterable[tuple[Batch, float]],
    loss_of: Callable[[nn.Module, Batch], torch.Tensor],
    optimizer: torch.optim.Optimizer,
    clip: float,
    mask: Mask | None = None,
    after: Callable[[int, torch.Tensor], None] | None = None,
) -> list[float]:
    """Train `model` in place; returns the loss of every step (nats).

    Parameters:

    - `model`: in training mode, on its device.
    - `steps`: batches with the learning rate of each; any iterator, so also an endless stream.
    - `loss_of`: (model, batch), the mean loss that is minimised.
    - `optimizer`: over the parameters that train.
    - `clip`: the norm at most of the gradient of all the model's parameters together.
    - `mask`: pruned weights are zeroed first and stay zero.
    - `after`: called after every step with its number and loss, to log or to keep a checkpoint.

    Raises UserError at the end if a loss was not finite.
    """
    parameters = list(model.parameters())
    losses: list[torch.Tensor] = []
    with masked(model, mask):
        for step, (batch, rate) in enumerate(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = loss_of(model, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, clip, foreach=True)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.detach())
            if after:
                after(step, losses[-1])
    curve = torch.stack(losses).float().cpu().tolist() if losses else []
    if not np.isfinite(curve).all():
        raise UserError(
            f"training diverged at step {int(np.argmin(np.isfinite(curve)))}: try a learning rate "
            f"below {optimizer.defaults['lr']}"
        )
    return curve


def train(
    model: nn.Module,
    data: TaskData,
    recipe: Recipe,
    tokenizer: PreTrainedTokenizerBase,
    seed: int,
    mask: Mask | None = None,
    horizon: int | None = None,
    progress: Progress | None = None,
) -> list[float]:
    """Train a task's model in place for `recipe.steps` steps; returns each step's loss (nats).

    Parameters:

    - `model`, `recipe`: what is trained, and how.
    - `data`, `tokenizer`: batches of the training split, in an order that `seed` decides.
    - `seed`: also of dropout, and of what a batch draws (MLM's masked tokens).
    - `mask`: as in `fit`.
    - `horizon`: the rate falls to zero within the round, or as if it had that many steps; the
      reference code takes the steps of all rounds.
    - `progress`: called after every step.

    AdamW without weight decay, gradients clipped, bf16 autocast on a GPU that has it. Raises
    UserError if the loss is not finite or the GPU is full.
    """
    with memory_in_words(recipe):
        model.to(default_device()).train()
    torch.manual_seed(seeds.derive(seed, "dropout"))
    order = training_order(data.train.lengths, recipe.batch_size, recipe.steps, seed)
    steps = (
        (
            data.task.collate(data.train, index, tokenizer, seeds.derive(seed, "mask", step)),
            recipe.rate(step, horizon),
        )
        for step, index in enumerate(order)
    )
    told = None if progress is None else lambda step, loss: progress(step, loss.item())
    rows = only_rows(model, pieces_of(data, tokenizer)) if recipe.only_used_rows else nullcontext()
    with memory_in_words(recipe), threads_for(largest(model)), rows:
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad], lr=recipe.learning_rate,
            eps=recipe.epsilon, weight_decay=0.0, fused=True,
        )  # fmt: skip
        return fit(model, steps, lambda m, batch: data.task.loss(m, batch)[0], optimizer,
                   recipe.clip, mask, told)  # fmt: skip


@contextmanager
def memory_in_words(recipe: Recipe) -> Iterator[None]:
    """A GPU that is full becomes a UserError that says what to try."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as cause:
        what = (
            f"the GPU has no memory for batches of {recipe.batch_size} x {recipe.max_tokens} tokens"
        )
        if recipe.batch_size > 1:
            way = f"try a batch_size of {recipe.batch_size // 2}"
        else:
            way = f"try a max_tokens of {recipe.max_tokens // 2}"
        raise UserError(
            f"{what}: end other programs on it, or {way} (Workbench(recipe=...); its scores are "
            "then not those of the scale)"
        ) from cause
