"""The plain way to an example's gradient: a batch of one, and autograd."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from lnlib.masks.matrices import prunable
from lnlib.tasks.examples import Batch
from lnlib.tasks.task import Task


def gradients(model: nn.Module, task: Task, batch: Batch) -> Iterator[torch.Tensor]:
    """Example by example the gradient of its own mean loss: (W,)."""
    weights = list(prunable(model).values())
    for row in range(len(batch.labels)):
        alone = Batch({n: v[row : row + 1] for n, v in batch.inputs.items()},
                      batch.labels[row : row + 1])  # fmt: skip
        found = torch.autograd.grad(task.loss(model, alone)[0], weights)
        yield torch.cat([g.flatten() for g in found])
