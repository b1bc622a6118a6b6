"""The exact gradient of every single example, one forward and one backward a batch.

Of a linear layer y = W x an example's gradient is the sum over its tokens of dL/dy x'. So hooks
keep every prunable matrix's input, the backward pass gives the gradient at its output, and no
gradient of a parameter is ever summed over a batch. (`vmap(grad)` does not run on transformers'
models, whose masks depend on data.) Source: Pruthi et al. 2020 for what they are used for.

Shapes: B batch, T tokens, W weights in all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.device import full_precision
from lnlib.base.errors import UserError
from lnlib.masks.matrices import encoder_of, prunable
from lnlib.tasks.examples import IGNORE, Batch, Encoded, evaluation_order
from lnlib.tasks.task import Task


class Gradients:
    """Per-example gradients of the prunable matrices of a model with its task's head.

    The gradient of an example is that of its own mean loss: a sum would make long sentences
    dominate. Dropout is off and arithmetic is float32, on a GPU too.
    """

    def __init__(self, model: nn.Module) -> None:
        """UserError where a prunable matrix is not that of an `nn.Linear`."""
        self.model = model
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._modules: dict[str, nn.Module] = {}
        for matrix, weight in prunable(model).items():
            module = encoder_of(model).get_submodule(matrix.name.removesuffix(".weight"))
            if not isinstance(module, nn.Linear):
                raise UserError(
                    f"{matrix.name!r} is of a {type(module).__name__}: gradients per example are "
                    "taken of nn.Linear, as in BERT and its relatives"
                )
            self.shapes[matrix.name] = tuple(weight.shape)
            self._modules[matrix.name] = module

    @property
    def size(self) -> int:
        """W."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def each(self, task: Task, batch: Batch) -> Iterator[tuple[str, torch.Tensor]]:
        """Matrix by matrix its name and every example's gradient, flat: (B, weights of it).

        One is held at a time. An example without a label has a gradient of zero. Raises UserError
        where a gradient is not finite.
        """
        weights = own_mean(batch)
        with self._calls() as calls, full_precision(), torch.enable_grad():
            loss, _ = task.loss(self.model.eval(), batch)
        outputs = [output for call in calls.values() for _, output in call]
        slopes: Iterator[Any] = iter(torch.autograd.grad(loss, outputs, allow_unused=True))
        size = len(weights)
        for name, shape in self.shapes.items():
            parts: list[torch.Tensor] = []
            for given, _ in calls.get(name, ()):
                if (slope := next(slopes)) is None:
                    continue
                if not torch.isfinite(slope).all():
                    raise UserError(
                        f"gradients at {name!r} are not finite: the training has diverged, or the "
                        "checkpoint is damaged"
                    )
                if len(given) != size:
                    raise UserError(f"{name!r} does not keep examples apart: its input has "
                                    f"{len(given)} rows for {size} examples")  # fmt: skip
                own = slope.reshape(size, -1, slope.shape[-1]) * weights.to(slope)[:, None, None]
                rows = given.reshape(size, -1, given.shape[-1]).to(own)
                parts.append(torch.bmm(own.transpose(1, 2), rows).flatten(1))
            # Nearly always one: a layer that is called once. No sum, which would cost a copy.
            zero = loss.new_zeros(1, 1).expand(size, int(np.prod(shape)))
            yield name, sum(parts[1:], parts[0]) if parts else zero

    def __call__(self, task: Task, batch: Batch) -> torch.Tensor:
        """All of them in the order of `shapes`, side by side: (B, W)."""
        return torch.cat([part for _, part in self.each(task, batch)], dim=1)

    @contextmanager
    def _calls(self) -> Iterator[dict[str, list[tuple[torch.Tensor, torch.Tensor]]]]:
        """Inside the `with`, what goes into each matrix and comes out, call by call."""
        calls: dict[str, list[tuple[torch.Tensor, torch.Tensor]]] = {n: [] for n in self.shapes}

        def note(name: str) -> Any:
            def hook(_module: nn.Module, given: tuple, output: torch.Tensor) -> None:
                if not output.requires_grad:  # a model whose parameters are frozen
                    output.requires_grad_()
                calls[name].append((given[0].detach(), output))

            return hook

        hooks = [m.register_forward_hook(note(name)) for name, m in self._modules.items()]
        try:
            yield calls
        finally:
            for hook in hooks:
                hook.remove()


def own_mean(batch: Batch) -> torch.Tensor:
    """(B,): what turns an example's part of the batch's mean loss into its own mean loss."""
    size = len(batch.inputs["input_ids"])
    if batch.picked is not None:
        rows = batch.picked // batch.inputs["input_ids"].shape[1]
        counts = torch.bincount(rows, minlength=size)
    else:
        counts = (batch.labels != IGNORE).reshape(size, -1).sum(1)
    return torch.where(counts > 0, counts.sum() / counts.clamp(min=1), 0.0)


def batches(task: Task, data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
            seed: int, size: int) -> Iterator[tuple[np.ndarray, Batch]]:  # fmt: skip
    """The examples of `index` in batches of like length: places in `index`, and the batch.

    Parameters:

    - `task`, `data`, `tokenizer`: as `Task.collate` takes them.
    - `index`: numbers of examples of `data`.
    - `seed`: of what a batch draws (MLM's masked tokens): an example draws the same in any batch.
    - `size`: B at most.
    """
    for places in evaluation_order(data.lengths[index], size):
        yield places, collate(task, data, index[places], tokenizer, seed)


def collate(task: Task, data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
            seed: int) -> Batch:  # fmt: skip
    """A batch in which every example is as if it were alone, whatever else is in it.

    Only a task that draws (`Batch.picked`) needs it: its examples are made one by one.
    """
    whole = task.collate(data, index, tokenizer, seed)
    if whole.picked is None:
        return whole
    alone = [
        task.collate(data, np.array([number]), tokenizer, seeds.derive(seed, int(number)))
        for number in index
    ]
    length = whole.inputs["input_ids"].shape[1]
    inputs = {}
    for name, filled in whole.inputs.items():
        rows = filled.clone()
        for row, one in zip(rows, alone, strict=True):  # behind its end a row stays padded
            row[: one.inputs[name].shape[1]] = one.inputs[name][0]
        inputs[name] = rows
    picked = [one.picked + row * length for row, one in enumerate(alone) if one.picked is not None]
    labels = torch.cat([one.labels for one in alone])
    return replace(whole, inputs=inputs, labels=labels, picked=torch.cat(picked))
