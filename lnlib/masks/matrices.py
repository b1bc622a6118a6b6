"""Which weights can be pruned, which are smallest, and how pruned ones stay zero.

A mask maps the name of each prunable matrix (relative to the encoder, so the same under every
head) to a bool tensor of its shape: True stays. W is the number of prunable weights in all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from lnlib.base.errors import UserError

Mask = dict[str, torch.Tensor]


# A module's path; nothing that could be a file's.
MATRIX_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")


@dataclass(frozen=True)
class Matrix:
    """Where one prunable matrix stands in the encoder."""

    name: str  # "encoder.layer.0.attention.self.query.weight"
    stack: str  # "encoder.layer"; models with encoder and decoder have two
    layer: int | None  # 0-based; None for the pooler
    component: str  # "attention.self.query"
    weights: int


def encoder_of(model: nn.Module) -> nn.Module:
    """The encoder under a task's head (or the model itself)."""
    return getattr(model, "base_model", model)


def prunable(model: nn.Module, pooler: bool = False) -> dict[Matrix, nn.Parameter]:
    """The matrices of the repeated layers, in the model's order, with their parameters.

    Found by structure: the outermost lists of like layers, and in them every two-dimensional
    `weight` that is no embedding. Embeddings, biases, norms and heads never count; the pooler
    counts where `pooler` is True and there is one. Raises UserError where nothing is found.
    """
    found: dict[Matrix, nn.Parameter] = {}

    def add(module: nn.Module, path: str, stack: str, layer: int | None, component: str) -> None:
        weight = getattr(module, "weight", None)
        if not isinstance(weight, nn.Parameter) or isinstance(module, nn.Embedding):
            return
        if weight.ndim == 2:
            found[Matrix(f"{path}.weight", stack, layer, component, weight.numel())] = weight

    def walk(module: nn.Module, path: str) -> None:
        for name, child in module.named_children():
            here = f"{path}.{name}" if path else name
            if isinstance(child, nn.ModuleList) and len({type(layer) for layer in child}) == 1:
                for index, layer in enumerate(child):
                    for inner, part in layer.named_modules():
                        add(part, f"{here}.{index}.{inner}", here, index, inner)
            elif name == "pooler" and pooler:
                for inner, part in child.named_modules():
                    add(part, f"{here}.{inner}", "pooler", None, "pooler")
            else:
                walk(child, here)

    walk(encoder_of(model), "")
    if not any(matrix.layer is not None for matrix in found):
        raise UserError(f"{type(model).__name__} has no repeated layers with matrices to prune")
    return found


def magnitudes(model: nn.Module, pooler: bool = True) -> dict[str, np.ndarray]:
    """|w| of every prunable matrix, by its name, in its shape."""
    return {m.name: p.detach().abs().cpu().numpy() for m, p in prunable(model, pooler).items()}


def threshold_groups(matrices: list[Matrix], component_wise: bool = False) -> list[list[Matrix]]:
    """Matrices that share one magnitude threshold.

    One group for an encoder (the pooler with it), one each for encoder and decoder where there are
    both, as the paper prunes mT5; with `component_wise` every matrix is its own.
    """
    if component_wise:
        return [[matrix] for matrix in matrices]
    stacks = list(dict.fromkeys(m.stack for m in matrices if m.layer is not None))
    return [
        [m for m in matrices if m.stack == stack or (m.layer is None and stack == stacks[0])]
        for stack in stacks
    ]


_BLOCK = 1 << 16  # scores looked at together: they stay in a core's cache from pass to pass
# The sample that brackets a threshold: runs of 64 scores, as memory is read in lines, one in 163 of
# them. The number is prime, so the runs fall on every part of a matrix's rows.
_RUN, _RUNS = 64, 163


def fallen(
    scores: Sequence[np.ndarray], alive: Sequence[np.ndarray], count: int
) -> list[np.ndarray]:
    """The `count` smallest of all alive scores: a flat bool array for each array, True falls.

    scores float, and for each array alive, bool, of its shape. Exactly `count` fall: equal scores
    at the threshold in the order of the arrays and of their indices, whatever the sorting
    algorithm. One byte a score, and no copy of the scores. Raises ValueError if fewer are alive or
    a score is NaN.
    """
    scores, alive = [part.ravel() for part in scores], [part.ravel() for part in alive]
    total = sum(map(np.count_nonzero, alive))
    if not 0 <= count <= total:
        raise ValueError(f"cannot prune {count} of {total} weights")
    if count == 0:
        return [np.zeros(part.size, bool) for part in scores]
    limit = threshold(scores, alive, count)
    out = [(part <= limit) & lives for part, lives in zip(scores, alive, strict=True)]
    surplus = sum(map(np.count_nonzero, out)) - count  # ties that stay
    for part, falls in zip(reversed(scores), reversed(out), strict=True):
        if surplus:
            ties = np.flatnonzero((part == limit) & falls)[-surplus:]
            falls[ties] = False
            surplus -= len(ties)
    return out


def threshold(scores: Sequence[np.ndarray], alive: Sequence[np.ndarray], count: int) -> np.floating:
    """The `count`-th smallest (from 1) of the alive scores in several flat arrays, exactly.

    One pass over the scores and no copy of them. A sample gives two values that the threshold most
    likely lies between; the pass counts the scores up to the higher and keeps those between, less
    than one in a hundred; the threshold is selected among these. Where the count says that it lies
    elsewhere, the next pass looks wider and the last everywhere. Raises ValueError if a score is
    NaN.
    """
    pairs = list(zip(scores, alive, strict=True))
    sample = np.sort(np.concatenate([_runs(part)[_runs(lives)] for part, lives in pairs]))
    weights = sum(part.size for part in scores)
    middle = count * sum(_runs(part).size for part in scores) / weights
    # The standard error of a rank where a run is as good as single scores. Likes that stand
    # together need more, seldom; an order that deceives the sample needs everything.
    error = np.sqrt(middle * (1 - count / weights))
    for margin in (4 * error + 2, 64 * error + 2, np.inf):
        low, high = _at(sample, middle - margin), _at(sample, middle + margin)
        up_to, between = 0, []
        for part, lives in pairs:
            for start in range(0, part.size, _BLOCK):
                block = part[start : start + _BLOCK]
                inside = lives[start : start + _BLOCK] > (block > high)  # NaN is not above
                up_to += int(np.count_nonzero(inside))
                between.append(block[inside > (block < low)])  # nor below
        kept = np.concatenate(between)
        if np.isnan(kept).any():
            raise ValueError("a weight's score is not a number: training has diverged")
        place = count - 1 - (up_to - len(kept))
        if 0 <= place < len(kept):
            break
    kept.partition(place)
    return kept[place]


def _runs(values: np.ndarray) -> np.ndarray:
    """The sampled places of a flat array: (runs, _RUN), a view; none of a small array."""
    stretch = _RUN * _RUNS
    return values[: values.size // stretch * stretch].reshape(-1, stretch)[:, :_RUN]


def _at(ranks: np.ndarray, place: float) -> float:
    """The value at a place of sorted values; infinite beyond their ends."""
    if 0 <= place < len(ranks):
        return ranks[int(place)]
    return np.copysign(np.inf, place)


def density(mask: Mask) -> float:
    """Share of the weights kept, 0 to 1."""
    kept = sum(int(m.sum()) for m in mask.values())
    return kept / sum(m.numel() for m in mask.values())


def check_fit(mask: Mask, model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters a mask is for; UserError names the first matrix that does not fit."""
    own = {m.name: p for m, p in prunable(model, pooler=True).items()}
    for name, part in mask.items():
        if name not in own:
            raise UserError(f"the mask is for another encoder: this one has no matrix {name!r}")
        if part.shape != own[name].shape:
            raise UserError(
                f"the mask is for another encoder: {name!r} is {tuple(part.shape)} in the mask "
                f"and {tuple(own[name].shape)} in the encoder"
            )
    missing = [m.name for m in prunable(model) if m.name not in mask]
    if missing:
        raise UserError(f"the mask is for another encoder: it lacks {missing[0]!r}")
    return {name: own[name] for name in mask}


def without_absent(mask: Mask, model: nn.Module) -> Mask:
    """The mask less what `model` has not: a pooler's part, where the head needs no pooler."""
    there = {m.name for m in prunable(model, pooler=True)}
    return {name: part for name, part in mask.items() if name in there}


@contextmanager
def masked(model: nn.Module, mask: Mask | None) -> Iterator[None]:
    """Set the pruned weights to zero, and keep their gradients at zero inside the `with`.

    A zero weight with a zero gradient and zero moments stays exactly zero under Adam without weight
    decay, so nothing is added to the forward pass. Gradients are masked as they are accumulated,
    hence before they are clipped: the trajectory is that of `torch.nn.utils.prune`.
    """
    hooks = []
    for name, parameter in (check_fit(mask, model) if mask else {}).items():
        # As bytes: torch multiplies by bytes in three fifths of the time it takes with booleans.
        kept = mask[name].to(parameter.device).view(torch.uint8)  # type: ignore[index]

        def keep(p: torch.Tensor, kept: torch.Tensor = kept) -> None:
            assert p.grad is not None
            p.grad.mul_(kept)

        with torch.no_grad():
            parameter.mul_(kept)
        hooks.append(parameter.register_post_accumulate_grad_hook(keep))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
