"""What tickets share beyond the encoder's large weights.

Most of a ticket is the mask of the untouched encoder's largest weights, which has seen no language;
two tickets overlap for that alone. So leave it out: a ticket *departs* from that mask on weights it
prunes though they are large, or keeps though they are small. This module asks how many of their
departures two tickets share, and how many they would share by chance.

Departures are not spread evenly: a weight near the threshold crosses it easily. So there are two
chance levels. `expected` lets departures fall anywhere in a matrix, as many of either kind as there
are; `expected_near` lets them fall only among weights of like size. What two languages share beyond
the second is due to their training, not to the encoder's sizes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lnlib.base.errors import UserError
from lnlib.masks import packing
from lnlib.masks.overlap import shared_matrices, who
from lnlib.masks.ticket import PackedMask, Ticket

BINS = 64  # of weight size in a matrix: 256 weights each in the smallest of mini-mBERT's


def excess_table(tickets: Sequence[Ticket | PackedMask], untouched: Ticket | PackedMask,
                 sizes: Mapping[str, np.ndarray], level: int = 50,
                 pairs: Sequence[tuple[int, int]] | None = None) -> pd.DataFrame:  # fmt: skip
    """Departures that pairs of tickets share, at one level (%), over the whole mask.

    `untouched` is the one-shot magnitude ticket, `sizes` the encoder's |w| by matrix
    (`matrices.magnitudes`). `pairs` are the places in `tickets` of those to compare, each pair once
    if not given. One row a pair, in order: `departed_a` and `departed_b`, the share of weights
    on which each departs (0 to 1); `shared`, the Jaccard index of the two sets of departures;
    `expected` and `expected_near`, the same for independent departures, as the module says.
    Raises UserError if `untouched` is no magnitude ticket, without tickets, and for tickets or
    sizes of different encoders.
    """
    if untouched.record.method != "magnitude":
        raise UserError(f"departures are counted from a magnitude ticket, not from {untouched!r}")
    shared_matrices(tickets)
    shared_matrices([untouched, *tickets])
    for matrix in untouched.matrices:
        if np.size(sizes.get(matrix.name, ())) != matrix.weights:
            raise UserError(f"sizes of another encoder: expected {matrix.weights:,} weights in "
                            f"{matrix.name!r}")  # fmt: skip
    number = len(tickets)
    packed, origin = [ticket.packed(level) for ticket in tickets], untouched.packed(level).bits
    both = np.zeros((number, number), np.int64)
    chance, chance_near = np.zeros((number, number)), np.zeros((number, number))
    weights = 0
    for matrix in untouched.matrices:
        departed = [mask.bits[matrix.name] ^ origin[matrix.name] for mask in packed]
        large = packing.bools(origin[matrix.name], matrix.weights)
        both += packing.common(departed)
        chance += _by_chance(departed, large.astype(np.int64))
        chance_near += _by_chance(departed, 2 * _bins(sizes[matrix.name].ravel()) + large)
        weights += matrix.weights
    both += np.triu(both, 1).T
    alone = np.diag(both)
    rows = []
    for i, j in combinations(range(number), 2) if pairs is None else pairs:
        row = {"sparsity": level, **who(packed[i], "_a"), **who(packed[j], "_b")}
        row |= {"departed_a": alone[i] / weights, "departed_b": alone[j] / weights}
        for name, common in (
            ("shared", both),
            ("expected", chance),
            ("expected_near", chance_near),
        ):
            either = alone[i] + alone[j] - common[i, j]
            row[name] = common[i, j] / either if either else 1.0
        rows.append(row)
    names = [name for side in ("_a", "_b") for name in who(untouched.packed(level), side)]
    columns = ["sparsity", *names, "departed_a", "departed_b", "shared", "expected",
               "expected_near"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)  # which one ticket alone has too


def _by_chance(departed: Sequence[np.ndarray], stratum: np.ndarray) -> np.ndarray:
    """(N, N): departures that pairs would share if each ticket's fell at random in every stratum.

    departed N arrays of packed bits, stratum (W,) int: in a stratum of n weights, a and b of them,
    a b / n.
    """
    size = np.bincount(stratum)
    found = (stratum[packing.bools(words, len(stratum))] for words in departed)
    counts = np.stack([np.bincount(within, minlength=len(size)) for within in found])
    return counts @ (counts / np.maximum(size, 1)).T


def _bins(sizes: np.ndarray) -> np.ndarray:
    """Each weight's bin among BINS of equal number, by size."""
    ranks = np.empty(len(sizes), dtype=np.int64)
    ranks[np.argsort(sizes, kind="stable")] = np.arange(len(sizes))
    return ranks * BINS // len(sizes)
