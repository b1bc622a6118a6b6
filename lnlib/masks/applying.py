"""A mask on a model: does it fit, and how do pruned weights stay zero.

A mask maps the name of each prunable matrix (relative to the encoder, so the same under every
head) to a bool tensor of its shape: True stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable

Mask = dict[str, torch.Tensor]


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
