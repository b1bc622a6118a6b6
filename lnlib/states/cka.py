"""Centred kernel alignment: how alike two sets of states are, whatever their rotation and scale.

Rows are the same N sentences (or translations of them) on both sides: x (N, H), y (N, H'). All is
computed in double precision; results are numbers up to 1. Sources: Kornblith et al. 2019 (CKA);
Song et al. 2012 (the debiased HSIC); Muller et al. 2021 (the RBF kernel, biased, in windows).

The default is the debiased linear one. The biased estimate reads similarity into noise: of
unrelated sentences in 128 dimensions, with N = 25, an RBF kernel's is above 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch

from lnlib.base.errors import UserError, choose

States: TypeAlias = torch.Tensor | np.ndarray

KERNELS = ("linear", "rbf")
# What a table calls them: kernel, debiased. The last is the kind of Muller et al.
KINDS = {"linear_debiased": ("linear", True), "linear": ("linear", False), "rbf": ("rbf", False)}
FEWEST = 4  # sentences: the debiased HSIC divides by N (N - 3)
_ROUNDING = 1e-6  # of the largest state: float32 states of equal sentences in other batches differ
_NOTHING = 1e-12  # of the squared norm of the Gram matrix: what rounding leaves of no variance


def cka(x: States, y: States, kernel: str = "linear", debiased: bool = True) -> float:
    """CKA of x (N, H) and y (N, H').

    The debiased one is 0 on average for unrelated states and may be slightly negative. Raises
    UserError for fewer than four sentences, other numbers of them, states that are not finite, and
    states in which no sentence is nearer to one than to another.
    """
    x, y = centred(x, y)
    if choose(kernel, KERNELS, "kernel") == "linear" and max(x.shape[1], y.shape[1]) < len(x):
        return _linear_by_features(x, y, debiased)
    return float(grid(x[None], y[None], kernel, debiased)[0, 0])


def grid(a: States, b: States, kernel: str = "linear", debiased: bool = True) -> np.ndarray:
    """CKA of every level of `a` (L, N, H) with every one of `b` (L', N, H'): (L, L').

    Each level's kernel matrix is made once and all are multiplied in one product, so it needs
    (L + L') N^2 doubles of memory: 0.2 GB for 13 levels of two languages at N = 1,000. Raises
    UserError as `cka` does.
    """
    make = {"linear": _gram, "rbf": _rbf}[choose(kernel, KERNELS, "kernel")]
    x, y = centred(a, b, "(L, N, H)")
    one, other = (_products(side, make, debiased) for side in (x, y))
    between = _hsic([p @ q.T for p, q in zip(one, other, strict=True)], x.shape[1], debiased)
    own = []
    for side in (one, other):
        norms = [np.einsum("lk,lk->l", part, part) for part in side]
        own.append(_hsic(norms, x.shape[1], debiased))
        _check_variance(own[-1], norms[0])
    return between / np.sqrt(np.outer(*own))


def in_windows(
    a: States, b: States, windows: int = 4, overlapping: bool = True, kernel: str = "rbf"
) -> np.ndarray:
    """Biased CKA as Muller et al. measure it: the mean over windows of sentences, (L, L').

    Their code cuts N sentences into windows of N // 4 and lets these start at 0, 1, 2, 3, where
    0, N / 4, N / 2, ... must have been meant: they overlap all but wholly, and three quarters of
    the sentences are never read. `overlapping=False` is what was meant.
    """
    a, b = centred(a, b, "(L, N, H)")
    parts = [
        grid(a[:, part], b[:, part], kernel, debiased=False)
        for part in window_slices(a.shape[1], windows, overlapping)
    ]
    return np.mean(parts, axis=0)


def window_slices(n: int, windows: int = 4, overlapping: bool = True) -> list[slice]:
    """The sentences in each window of `in_windows`; UserError where a window has fewer than 4."""
    size = n // windows if windows > 0 else 0
    if size < FEWEST:
        raise UserError(
            f"{n} sentences in {windows} windows are {size} a window: CKA needs {FEWEST}"
        )
    starts = range(n // size) if overlapping else range(0, n - size + 1, size)
    return [slice(start, start + size) for start in starts]


def centred(x: States, y: States, shape: str = "(N, H)") -> list[np.ndarray]:
    """Both as doubles, with every unit's mean over the sentences taken off; UserError as `cka`."""
    sides = [np.asarray(side, dtype=np.float64) for side in (x, y)]
    for side in sides:
        if side.ndim != len(shape.split(",")):
            raise UserError(f"states have the shape {side.shape}: expected {shape}")
    n, other = (side.shape[-2] for side in sides)
    if n != other:
        raise UserError(f"{n} sentences on one side and {other} on the other: expected pairs")
    if n < FEWEST:
        raise UserError(f"CKA of {n} sentences: expected {FEWEST} or more")
    out = []
    for side in sides:
        if not np.isfinite(_largest(side)).all():
            raise UserError("states are not finite: the encoder has diverged")
        out.append(side - side.mean(axis=-2, keepdims=True))
        if np.any(_largest(out[-1]) <= _ROUNDING * _largest(side)):
            raise UserError(_CONSTANT)
    return out


def _largest(states: np.ndarray) -> np.ndarray:
    """The largest number of each level, whatever its sign; NaN where there is one."""
    return np.maximum(states.max(axis=(-2, -1)), -states.min(axis=(-2, -1)))


def _gram(x: np.ndarray) -> np.ndarray:
    return x @ x.T  # numpy sees that it is symmetric, and computes half of it


def _rbf(x: np.ndarray) -> np.ndarray:
    """exp(-d^2 / 2 s^2), where s^2 is the median of the squared distances that are not 0."""
    distances = x @ x.T
    squares = np.diag(distances).copy()
    distances *= -2
    distances += squares
    distances += squares[:, None]
    np.fill_diagonal(distances, 0)
    apart = distances[np.tri(len(x), k=-1, dtype=bool)]
    apart = apart[apart > _NOTHING * squares.max()]  # of equal sentences rounding is left
    if not len(apart):
        raise UserError(_CONSTANT)
    distances *= -1 / (2 * np.median(apart))
    return np.exp(distances, out=distances)


def _products(
    states: np.ndarray, kernel: Callable[[np.ndarray], np.ndarray], debiased: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `_hsic` multiplies of L kernel matrices: all cells (L, N N), rows' sums (L, N), sum.

    Centring is in `_hsic`, so no matrix is centred. The debiased one leaves out the diagonal.
    """
    levels, n, _ = states.shape
    cells, rows = np.empty((levels, n * n)), np.empty((levels, n))
    for level, x in enumerate(states):
        matrix = kernel(x)
        if debiased:
            np.fill_diagonal(matrix, 0)
        cells[level], rows[level] = matrix.ravel(), matrix.sum(1)
    return cells, rows, rows.sum(1, keepdims=True)


def _hsic(products: Sequence[np.ndarray], n: int, debiased: bool) -> np.ndarray:
    """N^2 times the biased HSIC, or N (N - 3) times the debiased, from inner products."""
    cells, rows, sums = products
    if debiased:
        return cells - 2 / (n - 2) * rows + sums / ((n - 1) * (n - 2))
    return cells - 2 / n * rows + sums / n**2


def _linear_by_features(x: np.ndarray, y: np.ndarray, debiased: bool) -> float:
    """Linear CKA without an N x N matrix, in N H H' multiplications; x and y are centred."""
    r, s = (np.square(side).sum(1) for side in (x, y))  # the diagonals of their Gram matrices

    def hsic(one: np.ndarray, other: np.ndarray, d: np.ndarray, e: np.ndarray) -> np.ndarray:
        cells = np.square(one.T @ other).sum()
        if not debiased:
            return cells  # the rows of a centred Gram matrix sum to 0
        # and, without the diagonal, to minus what is missing there.
        return _hsic((cells - d @ e, d @ e, d.sum() * e.sum()), len(x), debiased)

    own = [hsic(x, x, r, r), hsic(y, y, s, s)]
    for side, value in zip((x, y), own, strict=True):
        _check_variance(value, np.square(side.T @ side).sum())
    return float(hsic(x, y, r, s) / np.sqrt(own[0] * own[1]))


_CONSTANT = (
    "states are constant: no sentence is nearer to one than to another, so there is nothing to "
    "compare"
)


def _check_variance(own: np.ndarray, norm: np.ndarray) -> None:
    """UserError where a level's HSIC with itself is 0 but for rounding."""
    if np.any(own <= _NOTHING * norm):
        raise UserError(_CONSTANT)
