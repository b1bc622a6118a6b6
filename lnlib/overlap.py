"""How much of one mask is in another, beside what chance would give.

Jaccard is the paper's measure: weights both keep / weights either keeps. Simple matching (both keep
or both prune, out of all) is what a helper of its code computes under a similar name; it is here
under its own. Masks are compared as packed bits, chunk by chunk, every pair in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lnlib.errors import UserError
from lnlib.tickets import Ticket, part_of

GROUPINGS = ("all", "layer", "component", "matrix")
_CHUNK = 1 << 16  # bytes: two chunks and their intersection stay in a core's second-level cache


def jaccard(a: Ticket, b: Ticket, level: int = 50) -> float:
    """Jaccard index of two tickets' masks at one level (%), over all their weights, 0 to 1."""
    counts = _counts([a, b], level)
    both, either = counts["both"][:, 0, 1].sum(), _either(counts, 0, 1).sum()
    return float(both / either) if either else 1.0


def expected_jaccard(p: float, q: float | None = None) -> float:
    """Jaccard expected of two independent random masks of densities p and q (0 to 1).

    pq / (p + q - pq); for equal sparsity s this is (1 - s) / (1 + s): 1/3 at 50 %.
    """
    q = p if q is None else q
    return p * q / (p + q - p * q) if p + q > 0 else 1.0


def overlap_table(tickets: Sequence[Ticket], level: int = 50,
                  by: Sequence[str] = ("all",)) -> pd.DataFrame:  # fmt: skip
    """Every pair of tickets at one level (%), for the whole mask or its parts.

    One row a pair and part: jaccard, simple_matching, both densities (0 to 1), the number
    of weights, and `expected`: the Jaccard of independent masks that have these two masks' density
    in every single matrix. A ticket is not paired with itself. Raises UserError for tickets of
    different encoders.
    """
    for grouping in by:
        if grouping not in GROUPINGS:
            raise UserError(
                f"unknown grouping {grouping!r}: expected one of {', '.join(GROUPINGS)}"
            )
    counts = _counts(tickets, level)
    matrices, sizes = tickets[0].matrices, counts["weights"]
    rows = []
    for grouping in by:
        parts: dict[str, list[int]] = {}
        for index, matrix in enumerate(matrices):
            parts.setdefault(part_of(matrix, grouping), []).append(index)
        for i, j in combinations(range(len(tickets)), 2):
            for part, rows_of in parts.items():
                both = int(counts["both"][rows_of, i, j].sum())
                either = int(_either(counts, i, j)[rows_of].sum())
                kept = counts["both"][rows_of]
                weights = int(sizes[rows_of].sum())
                p, q = kept[:, i, i] / sizes[rows_of], kept[:, j, j] / sizes[rows_of]
                chance = (p * q * sizes[rows_of]).sum()
                union = ((p + q - p * q) * sizes[rows_of]).sum()
                rows.append(
                    {
                        "sparsity": level,
                        "by": grouping,
                        "part": part,
                        **who(tickets[i], "_a"),
                        **who(tickets[j], "_b"),
                        "jaccard": both / either if either else 1.0,
                        "simple_matching": (weights - either + both) / weights,
                        "density_a": kept[:, i, i].sum() / weights,
                        "density_b": kept[:, j, j].sum() / weights,
                        "expected": chance / union if union else 1.0,
                        "weights": weights,
                    }
                )
    return pd.DataFrame(rows)


def density_table(tickets: Sequence[Ticket], level: int = 50,
                  by: Sequence[str] = GROUPINGS) -> pd.DataFrame:  # fmt: skip
    """Share of weights kept (0 to 1) by part, one row a ticket and part."""
    rows = []
    for ticket in tickets:
        for grouping in by:
            for part, value in ticket.density(level, grouping).items():
                where = {"sparsity": level, "by": grouping, "part": part}
                rows.append({**where, **who(ticket), "density": value})
    return pd.DataFrame(rows)


def who(ticket: Ticket, suffix: str = "") -> dict[str, object]:
    """A ticket's columns in a table; those of pairs end in "_a" and "_b"."""
    names = ("method", "task", "lang", "seed")
    return {f"{name}{suffix}": getattr(ticket.record, name) for name in names}


def _counts(tickets: Sequence[Ticket], level: int) -> dict[str, np.ndarray]:
    """Weights both keep, (matrices, N, N); the diagonal is what each mask keeps by itself."""
    if not tickets:
        raise UserError("no tickets to compare")
    shared = _shared_matrices(tickets)
    both = np.zeros((len(shared), len(tickets), len(tickets)), np.int64)
    for row, matrix in enumerate(shared):
        packed = np.stack([np.packbits(t.kept(matrix, level).ravel()) for t in tickets])
        for start in range(0, packed.shape[1], _CHUNK):
            chunk = packed[:, start : start + _CHUNK]
            for i in range(len(tickets)):
                common = np.bitwise_count(chunk[i] & chunk[i:]).sum(axis=1, dtype=np.int64)
                both[row, i, i:] += common
    both = np.maximum(both, both.transpose(0, 2, 1))
    return {"both": both, "weights": np.array([m.weights for m in tickets[0].matrices])}


def _either(counts: dict[str, np.ndarray], i: int, j: int) -> np.ndarray:
    both = counts["both"]
    return both[:, i, i] + both[:, j, j] - both[:, i, j]


def _shared_matrices(tickets: Sequence[Ticket]) -> list[str]:
    first = [(m.name, m.weights) for m in tickets[0].matrices]
    for ticket in tickets[1:]:
        other = [(m.name, m.weights) for m in ticket.matrices]
        if other != first:
            odd = sorted({n for n, _ in set(first) ^ set(other)})
            raise UserError(
                f"tickets of different encoders cannot be compared: {tickets[0]!r} and {ticket!r} "
                f"differ in {odd[0] if odd else 'the order of their matrices'}"
            )
    return [name for name, _ in first]
