"""Which weights can be pruned: the matrices of an encoder's layers, found by structure.

W is the number of prunable weights in all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from torch import nn

from lnlib.base.errors import UserError

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


def largest(model: nn.Module) -> int:
    """Weights of the largest prunable matrix."""
    return max(matrix.weights for matrix in prunable(model))


def part_of(matrix: Matrix, by: str) -> str:
    """The name of the part a matrix is counted under: its layer, component, or itself."""
    if by == "all":
        return "all"
    if by == "layer":
        return "pooler" if matrix.layer is None else str(matrix.layer)
    if by == "component":
        return matrix.component
    if by == "matrix":
        return matrix.name.removesuffix(".weight")
    raise UserError(f"unknown grouping {by!r}: expected one of all, layer, component, matrix")


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
