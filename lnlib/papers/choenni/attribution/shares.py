"""Whose examples are the most influential: shares, their intervals and their null.

N training examples, C test examples. The unit of an interval is a test example.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lnlib.base import seeds
from lnlib.base.errors import UserError
from lnlib.results.statistics import RESAMPLES

PERMUTATIONS = 1_000  # of labels: the ends of 95 % of them are then of 25 draws each


def most_influential(values: np.ndarray, top: int) -> np.ndarray:
    """For each column of (N, C) its `top` rows, the largest value first: (C, top).

    Equal values in the order of rows. UserError for more than there are rows.
    """
    if not 1 <= (top := seeds.check(top, "top")) <= len(values):
        raise UserError(f"top {top}: expected 1 to {len(values)}, the training examples there are")
    flat = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if len(flat) and len(values) > 1:  # the order of rows would be read as influence
        raise UserError(
            f"no training example influences test example {flat[0]} more than another: its "
            "gradient is zero on the weights that were asked for"
        )
    return np.argsort(-values, axis=0, kind="stable")[:top].T


def shares(best: np.ndarray, langs: np.ndarray, codes: Sequence[str]) -> np.ndarray:
    """How much of each test example's best (C, top) is of each of `codes`, in %: (C, L)."""
    return np.stack([100.0 * (langs[best] == code).mean(axis=1) for code in codes], axis=1)


def interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % interval of the mean by drawing test examples again; endless with fewer than three."""
    if len(values) < 3:
        return -np.inf, np.inf
    rng = np.random.default_rng(seed)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def null(best: np.ndarray, langs: np.ndarray, code: str, seed: int = 0,
         labels: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """The mean share (%) of `code` in the best (C, top) under permuted languages: (draws,).

    Which training examples are chosen stays as it is, and so how often one is chosen by several.
    With `labels` (N,) languages are permuted among examples of one label.
    """
    rng = np.random.default_rng(seeds.derive(seed, "permuted languages", code))
    times = np.bincount(best.ravel(), minlength=len(langs))  # how often each is chosen
    groups = np.zeros(len(langs)) if labels is None else labels
    return 100.0 * (_permuted(langs == code, groups, rng) @ times) / best.size


def _permuted(values: np.ndarray, groups: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`values` (N,) again and again, permuted within each group: (draws, N)."""
    drawn = np.tile(values, (PERMUTATIONS, 1))
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        drawn[:, own] = rng.permuted(drawn[:, own], axis=1)
    return drawn


def of_label(values: np.ndarray, train: np.ndarray, test: np.ndarray, top: int) -> np.ndarray:
    """`most_influential` of (N, C) among the training examples of a test example's label: (C, top).

    train (N,) and test (C,) are labels. UserError for more than there are examples of a label.
    """
    best = np.empty((len(test), top), np.int64)
    for label in np.unique(test):
        own, columns = np.flatnonzero(train == label), test == label
        best[columns] = own[most_influential(values[np.ix_(own, columns)], top)]
    return best


def translated(values: np.ndarray, langs: np.ndarray, numbers: np.ndarray, code: str,
               top: int) -> np.ndarray:  # fmt: skip
    """How many of the best foreign examples translate one of the best of language `code`: (C,) %.

    values (N, C), langs and numbers (N,): examples of one number are translations of each other.
    `top` are taken of the own language, and as many of all others together; by chance it is `top`
    in the examples of a language. UserError for more than the own language has.
    """
    own, foreign = np.flatnonzero(langs == code), np.flatnonzero(langs != code)
    best = numbers[own][most_influential(values[own], top)]  # (C, top)
    others = numbers[foreign][most_influential(values[foreign], top)]
    return 100.0 * (others[:, :, None] == best[:, None, :]).any(2).mean(1)


def translated_by_label(values: np.ndarray, langs: np.ndarray, numbers: np.ndarray,
                        labels: np.ndarray, code: str, top: int,
                        seed: int = 0) -> np.ndarray:  # fmt: skip
    """The mean of `translated` (%) if foreign examples knew nothing but their label: (draws,).

    Parameters:

    - `values`, `langs`, `numbers`, `code`, `top`: as for `translated`.
    - `labels`: (N,). A foreign example translates a random one of its language and label.
    - `seed`: of the draws.
    """
    own, foreign = np.flatnonzero(langs == code), np.flatnonzero(langs != code)
    chosen = most_influential(values[foreign], top)  # (C, top)
    rows = np.arange(len(chosen))[:, None]
    best = np.zeros((len(chosen), numbers.max() + 1), bool)
    best[rows, numbers[own][most_influential(values[own], top)]] = True
    rng = np.random.default_rng(seeds.derive(seed, "permuted translations", code))
    kinds = np.unique(np.stack([langs[foreign], labels[foreign]]), axis=1, return_inverse=True)[1]
    drawn = _permuted(numbers[foreign], kinds.ravel(), rng)
    return 100.0 * best[rows, drawn[:, chosen]].mean((1, 2))
