"""A mask on a model: does it fit, and how do pruned weights stay zero.

A mask maps the name of each prunable matrix (relative to the encoder, so the same under every
head) to a bool tensor of its shape: True stays. Where a mask is taken, other numbers will do if all
are 0 or 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import nn

from lnlib.base.errors import UserError, brief
from lnlib.masks.matrices import prunable

Mask = dict[str, torch.Tensor]


def density(mask: Mask) -> float:
    """Share of the weights kept, 0 to 1."""
    kept = sum(int(m.sum()) for m in mask.values())
    return kept / sum(m.numel() for m in mask.values())


def check_fit(mask: Mask, model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters a mask is for; UserError names the first matrix that does not fit."""
    if not isinstance(mask, Mapping):
        raise UserError(
            f"a mask maps names of matrices to tensors, as ticket.mask(50) does; got {brief(mask)}"
        )
    own = {m.name: p for m, p in prunable(model, pooler=True).items()}
    for name, part in mask.items():
        if name not in own:
            raise UserError(f"the mask is for another encoder: this one has no matrix {name!r}")
        if not isinstance(part, torch.Tensor):
            raise UserError(f"the mask of {name!r} is no tensor but {type(part).__name__}")
        if part.shape != own[name].shape:
            raise UserError(
                f"the mask is for another encoder: {name!r} is {tuple(part.shape)} in the mask "
                f"and {tuple(own[name].shape)} in the encoder"
            )
    missing = [m.name for m in prunable(model) if m.name not in mask]
    if missing:
        raise UserError(f"the mask is for another encoder: it lacks {missing[0]!r}")
    return {name: own[name] for name in mask}


def kept(name: str, part: torch.Tensor) -> torch.Tensor:
    """One matrix's part of a mask as bool, True stays. UserError for values other than 0 and 1."""
    if part.layout != torch.strided:
        raise UserError(f"the mask of {name!r} is {part.layout}: expected a dense tensor")
    if part.dtype == torch.bool:
        return part
    odd = part[(part != 0) & (part != 1)]  # NaN is neither
    if odd.numel():
        raise UserError(
            f"the mask of {name!r} ({part.dtype}) has values such as {odd[0].item()}: expected "
            "bool, or 0 (pruned) and 1 (kept)"
        )
    return part.bool()


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
    fitting = {} if mask is None else check_fit(mask, model)
    # All before the first weight is touched: a model half masked is nobody's.
    stays = {name: kept(name, part) for name, part in (mask or {}).items()}
    for name, parameter in fitting.items():
        # As bytes: torch multiplies by bytes in three fifths of the time it takes with booleans.
        ones = stays[name].to(parameter.device).view(torch.uint8)

        def keep(p: torch.Tensor, ones: torch.Tensor = ones) -> None:
            assert p.grad is not None
            p.grad.mul_(ones)

        with torch.no_grad():
            parameter.mul_(ones)
        hooks.append(parameter.register_post_accumulate_grad_hook(keep))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
