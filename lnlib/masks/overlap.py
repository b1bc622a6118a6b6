"""How much of one mask is in another, beside what chance would give.

Jaccard is the paper's measure: weights both keep / weights either keeps. Simple matching (both keep
or both prune, out of all) is what a helper of its code computes under a similar name; it is here
under its own. Masks are compared as packed bits, chunk by chunk, every pair in one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lnlib.base.errors import UserError, brief, choose, is_number
from lnlib.masks import packing
from lnlib.masks.matrices import part_of
from lnlib.masks.ticket import PackedMask, Ticket

GROUPINGS = ("all", "layer", "component", "matrix")


def jaccard(a: Ticket | PackedMask, b: Ticket | PackedMask, level: int = 50) -> float:
    """Jaccard index of two tickets' masks at one level (%), over all their weights, 0 to 1.

    Raises UserError for tickets of different encoders, and for a level that one has not.
    """
    counts = _counts([a, b], level)
    both = counts.sum(axis=0)
    both, either = both[0, 1], both[0, 0] + both[1, 1] - both[0, 1]
    return float(both / either) if either else 1.0


def expected_jaccard(p: float, q: float | None = None) -> float:
    """Jaccard expected of two independent random masks of densities p and q (0 to 1).

    pq / (p + q - pq); for equal sparsity s this is (1 - s) / (1 + s): 1/3 at 50 %. UserError for
    densities outside 0 to 1, as percent are.
    """
    q = p if q is None else q
    for density in (p, q):
        if not is_number(density) or not 0 <= density <= 1:
            raise UserError(f"density {brief(density)}: expected a share of weights kept, 0 to 1")
    return p * q / (p + q - p * q) if p + q > 0 else 1.0


def overlap_table(tickets: Iterable[Ticket | PackedMask], level: int = 50,
                  by: str | Iterable[str] = ("all",)) -> pd.DataFrame:  # fmt: skip
    """Every pair of tickets at one level (%), for the whole mask or its parts (of GROUPINGS).

    One row a pair and part: jaccard, simple_matching, both densities (0 to 1), the number
    of weights, and `expected`: the Jaccard of independent masks that have these two masks' density
    in every single matrix. A ticket is not paired with itself. Raises UserError for tickets of
    different encoders. Many masks are best read with `PackedMask.load`: 99 of mBERT's take 1.1 GB.
    """
    groupings, tickets = _groupings(by), _listed(tickets)
    masks = [ticket.packed(level) for ticket in tickets]
    both = _counts(masks, level)
    matrices = masks[0].matrices
    first, second = np.triu_indices(len(masks), 1)
    sizes = np.array([m.weights for m in matrices])[:, None]
    kept_a, kept_b = (both[:, side, side] for side in (first, second))  # (matrices, pairs)
    both = both[:, first, second]
    p, q = kept_a / sizes, kept_b / sizes
    chance, union = p * q * sizes, (p + q - p * q) * sizes
    names = {
        column: np.array([who(mask)[column.removesuffix(side)] for mask in masks])[pairs]
        for side, pairs in (("_a", first), ("_b", second))
        for column in who(masks[0], side)
    }
    tables = []
    for grouping in groupings:
        belongs = [part_of(matrix, grouping) for matrix in matrices]
        parts = list(dict.fromkeys(belongs))
        within = np.array([[part == own for own in belongs] for part in parts], float)

        def summed(values: np.ndarray, within: np.ndarray = within) -> np.ndarray:
            """By pair, then by part, flat; whole numbers stay exact below 2^53."""
            return (within @ values).T.ravel()

        weights = summed(np.broadcast_to(sizes, both.shape))
        common, a, b = summed(both), summed(kept_a), summed(kept_b)
        tables.append(
            {
                "sparsity": np.full(len(common), int(level)),
                "by": np.full(len(common), grouping, object),
                "part": np.tile(np.array(parts, object), len(first)),
                **{column: np.repeat(values, len(parts)) for column, values in names.items()},
                "jaccard": _share(common, a + b - common),
                "simple_matching": (weights - (a + b - common) + common) / weights,
                "density_a": a / weights,
                "density_b": b / weights,
                "expected": _share(summed(chance), summed(union)),
                "weights": weights.astype(np.int64),
            }
        )
    return pd.DataFrame({c: np.concatenate([table[c] for table in tables]) for c in tables[0]})


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole; 1 where nothing is kept by either."""
    return np.divide(part, whole, out=np.ones(len(part)), where=whole > 0)


def density_table(tickets: Iterable[Ticket | PackedMask], level: int = 50,
                  by: str | Iterable[str] = GROUPINGS) -> pd.DataFrame:  # fmt: skip
    """Share of weights kept (0 to 1) by part, one row a ticket and part."""
    rows, groupings = [], _groupings(by)
    for ticket in _listed(tickets):
        mask = ticket.packed(level)
        for grouping in groupings:
            for part, value in mask.density(grouping).items():
                where = {"sparsity": int(level), "by": grouping, "part": part}
                rows.append({**where, **who(mask), "density": value})
    return pd.DataFrame(rows)


def who(mask: PackedMask, suffix: str = "") -> dict[str, object]:
    """A mask's columns in a table; those of pairs end in "_a" and "_b"."""
    names = ("method", "task", "lang", "seed")
    named = {f"{name}{suffix}": getattr(mask.record, name) for name in names}
    return {**named, f"mask{suffix}": mask.digest}


def _groupings(by: str | Iterable[str]) -> list[str]:
    """The groupings by name, each once; one may stand by itself."""
    names = [by] if isinstance(by, str) or not isinstance(by, Iterable) else by
    found = [choose(name, GROUPINGS, "grouping") for name in names]
    if not found:
        raise UserError(f"no grouping: expected some of {', '.join(GROUPINGS)}")
    return list(dict.fromkeys(found))


def _listed(tickets: Iterable[Any]) -> list[Any]:
    """Tickets as a list; UserError where there is none, or something that is none."""
    if isinstance(tickets, str) or not isinstance(tickets, Iterable):
        raise UserError(f"expected a list of tickets, got {brief(tickets)}")
    if not (found := list(tickets)):
        raise UserError("no tickets to compare")
    for ticket in found:
        if not isinstance(ticket, Ticket | PackedMask):
            raise UserError(
                f"{brief(ticket)} is no ticket: Ticket.load(path) reads one from a file"
            )
    return found


def _counts(tickets: Sequence[Ticket | PackedMask], level: int) -> np.ndarray:
    """Weights both keep, (matrices, N, N) over the diagonal; on it what each keeps by itself."""
    shared = shared_matrices(tickets)
    masks = [ticket.packed(level).bits for ticket in tickets]
    return np.stack([packing.common([mask[matrix] for mask in masks]) for matrix in shared])


def shared_matrices(tickets: Sequence[Ticket | PackedMask]) -> list[str]:
    """Names of the matrices that all tickets have, in order.

    Raises UserError where there is no ticket, and for tickets of different encoders: with other
    matrices, or other fingerprints (a ticket of the reference code's masks need not have one).
    """
    tickets = _listed(tickets)
    first = [(m.name, m.weights) for m in tickets[0].matrices]
    known = next((t for t in tickets if t.record.encoder_fingerprint), tickets[0])
    for ticket in tickets:
        other = [(m.name, m.weights) for m in ticket.matrices]
        if other != first:
            odd = sorted({n for n, _ in set(first) ^ set(other)})
            raise _different(tickets[0], ticket, odd[0] if odd else "the order of their matrices")
        one, its = (t.record.encoder_fingerprint for t in (known, ticket))
        if its and its != one:
            raise _different(known, ticket, f"their encoder's fingerprint, {one} and {its}")
    return [name for name, _ in first]


def _different(a: Ticket | PackedMask, b: Ticket | PackedMask, what: str) -> UserError:
    return UserError(
        f"tickets of different encoders cannot be compared: {a!r} and {b!r} differ in {what}"
    )
