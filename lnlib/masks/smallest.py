"""The smallest scores of several arrays, exactly, in one pass and without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Ties:
    """How far scores tell weights apart: in all, and at the threshold of a mask."""

    zeros: int  # scores that are exactly 0
    distinct: int  # values that scores have
    alike: int  # scores that another equals
    threshold: float  # the largest score that falls
    at_threshold: int  # scores that equal it
    staying: int  # of these, how many stay: the last, see `fallen`


def ties(scores: Sequence[np.ndarray], count: int) -> Ties:
    """What has no order but that of the arrays where the `count` smallest scores fall, 1 at least.

    Weights that were rounded to few values have many ties. Sorts a copy of the scores. Raises
    ValueError where there are fewer than `count`.
    """
    ordered = np.sort(np.concatenate([part.ravel() for part in scores]))
    if not 1 <= count <= len(ordered):
        raise ValueError(f"cannot prune {count} of {len(ordered)} weights")
    _, likes = np.unique(ordered, return_counts=True)
    limit = ordered[count - 1]
    below, up_to = (int(np.searchsorted(ordered, limit, side)) for side in ("left", "right"))
    return Ties(
        zeros=len(ordered) - int(np.count_nonzero(ordered)), distinct=len(likes),
        alike=int(likes[likes > 1].sum()), threshold=float(limit), at_threshold=up_to - below,
        staying=up_to - count,
    )  # fmt: skip


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
