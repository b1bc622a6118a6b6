"""How important a weight is to a trained model: what a search ranks by. Source: Appendix D."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import nn

from lnlib.base import seeds
from lnlib.base.device import default_device, threads_for
from lnlib.masks.matrices import largest, magnitudes, prunable
from lnlib.tasks.examples import Encoded
from lnlib.tasks.task import Task
from lnlib.training.workbench import Workbench


def importances(model: nn.Module, bench: Workbench, criterion: str, pooler: bool,
                seed: int) -> dict[str, np.ndarray]:  # fmt: skip
    """Importance of every prunable weight of a model that `bench` has trained, by matrix.

    `criterion` is "magnitude" |w|, "change" |w - w0|, or "fisher". With `pooler` its matrix counts.
    """
    if criterion == "magnitude":
        return magnitudes(model, pooler)
    parameters = {m.name: p for m, p in prunable(model, pooler).items()}
    if criterion == "change":
        before = prunable(bench.model(seed), pooler)
        return {
            m.name: (parameters[m.name].detach().cpu() - old).abs().numpy()
            for m, old in ((m, p.detach()) for m, p in before.items())
        }
    data, tokenizer = bench.data.train, bench.encoder.tokenizer
    return dict(empirical_fisher(model, data, bench.task, tokenizer, parameters, seed))


def empirical_fisher(model: nn.Module, data: Encoded, task: Task, tokenizer: object,
                     parameters: dict[str, nn.Parameter], seed: int,
                     examples: int = 1_024) -> Iterator[tuple[str, np.ndarray]]:  # fmt: skip
    """Mean squared gradient of each weight, example by example.

    Parameters:

    - `model`: trained, with the task's head.
    - `data`, `task`, `tokenizer`: the examples, and how a batch and its loss are made of them.
    - `parameters`: the weights that are asked for, by name.
    - `seed`: of the choice of examples, and of what a batch draws.
    - `examples`: how many are used; the paper's Appendix D has 1,024.
    """
    model.to(default_device()).eval()
    rng = np.random.default_rng(seeds.derive(seed, "fisher"))

    def losses() -> Iterator[torch.Tensor]:
        for number in rng.permutation(len(data))[:examples]:
            drawn = seeds.derive(seed, "fisher", int(number))
            batch = task.collate(data, np.array([number]), tokenizer, drawn)
            yield task.loss(model, batch)[0]

    with threads_for(largest(model)):
        yield from mean_squares(losses(), parameters)


def mean_squares(
    losses: Iterable[torch.Tensor], parameters: dict[str, nn.Parameter]
) -> Iterator[tuple[str, np.ndarray]]:
    """Mean over losses of each weight's squared gradient: by name, in the weights' shape."""
    sums, count = {name: torch.zeros_like(p) for name, p in parameters.items()}, 0
    for loss in losses:
        gradients = torch.autograd.grad(loss, list(parameters.values()))
        for name, gradient in zip(sums, gradients, strict=True):
            sums[name] += gradient.float() ** 2
        count += 1
    for name, total in sums.items():
        yield name, (total / count).cpu().numpy()
