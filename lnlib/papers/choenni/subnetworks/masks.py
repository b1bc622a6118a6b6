"""Masks in many forms as one: taken apart, put on, drawn at random, united and intersected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from lnlib.base import seeds
from lnlib.base.errors import UserError, brief
from lnlib.base.hashes import short
from lnlib.masks import packing
from lnlib.masks.applying import Mask, check_fit, kept
from lnlib.masks.matrices import prunable
from lnlib.masks.overlap import shared_matrices
from lnlib.masks.ticket import PackedMask

Subnetwork = PackedMask | Mask | None  # None is the full model


def in_model(subnetwork: Subnetwork, model: nn.Module) -> Mask:
    """A sub-network as bool tensors of the shapes of the model's prunable matrices.

    Raises UserError for a mask of another encoder.
    """
    shapes = {m.name: p.shape for m, p in prunable(model).items()}
    if subnetwork is None:
        return {name: torch.ones(shape, dtype=torch.bool) for name, shape in shapes.items()}
    if isinstance(subnetwork, PackedMask):
        subnetwork = {
            m.name: torch.from_numpy(packing.bools(subnetwork.bits[m.name], m.weights)).reshape(
                _shape(m.name, m.weights, model)
            )
            for m in subnetwork.matrices
        }
    if not isinstance(subnetwork, Mapping):
        raise UserError(
            f"sub-network {brief(subnetwork)}: expected a mask, as ticket.packed(50) is, or None"
        )
    check_fit(subnetwork, model)
    return {name: kept(name, subnetwork[name]).cpu() for name in shapes}


def _shape(name: str, weights: int, model: nn.Module) -> tuple[int, ...]:
    found = {m.name: p for m, p in prunable(model, pooler=True).items()}.get(name)
    if found is None or found.numel() != weights:
        raise UserError(
            f"the mask is for another encoder: this one has no matrix {name!r} of {weights:,} "
            "weights"
        )
    return tuple(found.shape)


@contextmanager
def applied(model: nn.Module, mask: Mask | None) -> Iterator[None]:
    """Inside the `with` the weights outside the mask are zero; then they are as before, bit by bit.

    `masks.applying.masked` leaves them zero, as a training does.
    """
    parameters = {} if mask is None else check_fit(mask, model)
    before = {name: p.detach().clone() for name, p in parameters.items()}
    try:
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.masked_fill_(~(mask or {})[name].to(parameter.device), 0)
        yield
    finally:
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(before[name])


def random_like(mask: PackedMask, seed: int) -> PackedMask:
    """A random mask that keeps as many weights as `mask` in every single matrix."""
    bits = {}
    for matrix in mask.matrices:
        count = int(np.bitwise_count(mask.bits[matrix.name]).sum())
        rng = np.random.default_rng(seeds.derive(seed, "random like", matrix.name))
        stays = np.zeros(matrix.weights, bool)
        stays[rng.permutation(matrix.weights)[:count]] = True
        bits[matrix.name] = packing.bits(stays)
    record = replace(mask.record, method="random", lang="", seed=seeds.check(seed), scores={})
    return PackedMask(record, mask.matrices, mask.level, bits)


def union(a: PackedMask, b: PackedMask) -> PackedMask:
    """The weights that either keeps; UserError for masks of different encoders."""
    return _composed(a, b, "union")


def intersection(a: PackedMask, b: PackedMask) -> PackedMask:
    """The weights that both keep; UserError for masks of different encoders."""
    return _composed(a, b, "intersection")


def _composed(a: PackedMask, b: PackedMask, how: str) -> PackedMask:
    shared_matrices([a, b])
    both = np.bitwise_or if how == "union" else np.bitwise_and
    bits = {m.name: both(a.bits[m.name], b.bits[m.name]) for m in a.matrices}
    record = replace(a.record, method=how, lang=f"{a.record.lang}+{b.record.lang}", scores={})
    return PackedMask(record, a.matrices, _level(a, bits), bits)


def _level(like: PackedMask, bits: Mapping[str, np.ndarray]) -> int:
    """The sparsity (%), rounded, but not to 0, which would name the full model."""
    stay = sum(int(np.bitwise_count(part).sum()) for part in bits.values())
    everything = sum(matrix.weights for matrix in like.matrices)
    return 0 if stay == everything else max(1, round(100 * (1 - stay / everything)))


def digest(mask: Mask) -> str:
    """Twelve hex digits over a mask's bits, those of `PackedMask.digest`; "" if it keeps all."""
    if all(bool(part.all()) for part in mask.values()):
        return ""
    parts = ((name, packing.bits(part.numpy()).data) for name, part in mask.items())
    return short(*(part for pair in parts for part in pair))
