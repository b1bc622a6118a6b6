"""Whether two lenses put pairs of languages into one order: Mantel's correlations, and verdicts.

Pairs that share a language are not independent, so p permutes languages and intervals draw
languages with replacement; both are of Spearman's r.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lnlib import lenses
from lnlib.base.errors import UserError
from lnlib.lenses.reading.matrices import (
    GIVEN,
    LENSES,
    SCRIPT_AND_FAMILY,
    TICKETS,
    VARIANTS,
    ZERO_SHOT,
    Tables,
    ceiling,
    given,
    matrix,
)
from lnlib.lenses.scales import TASK
from lnlib.results import ledger, statistics

CLAIMS = ledger.read_claims(files(lenses).joinpath("claims.yaml"), asked_of="lenses")
_RESAMPLES = 1_000  # the ends of 95 % are then of 25 draws each
_FEWEST = 4  # languages in a draw: three have three pairs, whose ranks say nothing


@dataclass(frozen=True)
class Agreement:
    """How two matrices over languages go together."""

    r: float
    low: float  # 95 % interval over languages
    high: float
    p: float  # two-sided, by permuting languages
    languages: int


def agreement(a: pd.DataFrame, b: pd.DataFrame, taken_out: Sequence[pd.DataFrame] = (), *,
              resamples: int = _RESAMPLES) -> Agreement:  # fmt: skip
    """Mantel's correlation of two symmetric matrices, `taken_out` of both first.

    Only languages that all matrices have are used. UserError as `statistics.mantel` says.
    """
    cut = _common([a, b, *taken_out])
    found = statistics.mantel(cut[0], cut[1], cut[2:])
    (drawn,) = _drawn([cut], resamples)
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Agreement(found.r, float(low), float(high), found.p, found.languages)


def _common(matrices: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    codes = [code for code in matrices[0].index if all(code in m.index for m in matrices)]
    return [m.loc[codes, codes] for m in matrices]


def _drawn(groups: Sequence[Sequence[pd.DataFrame]], resamples: int, seed: int = 0) -> np.ndarray:
    """Correlations of each group (a, b, taken out ...) under the same draws of languages.

    All matrices are of the same languages. A language drawn twice makes no pair with itself. Shape
    (groups, resamples); NaN where a draw has too few languages, or all pairs alike.
    """
    values = [[m.to_numpy(float) for m in group] for group in groups]
    n = len(groups[0][0])
    rng = np.random.default_rng(seed)
    rows, columns = np.triu_indices(n, 1)
    out = np.full((len(groups), resamples), np.nan)
    for draw in range(resamples):
        langs = rng.integers(n, size=n)
        a, b = langs[rows], langs[columns]
        apart = a != b
        if len(np.unique(langs)) < _FEWEST:
            continue
        for place, group in enumerate(values):
            out[place, draw] = _correlation([m[a[apart], b[apart]] for m in group])
    return out


def _correlation(pairs: Sequence[np.ndarray]) -> float:
    """Spearman's r of the first two, the others taken out of their ranks."""
    x, y, *others = (rankdata(part) for part in pairs)
    design = np.stack([np.ones_like(x), *others], axis=1)
    x, y = (side - design @ np.linalg.lstsq(design, side, rcond=None)[0] for side in (x, y))
    norm = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / norm) if norm > 1e-9 * len(x) else np.nan


def relations(tables: Tables) -> pd.DataFrame:
    """Rows of `RELATIONS`: every two lenses that were measured, and with `GIVEN` taken out.

    Variants of a lens are related to the main lenses, and not to each other.
    """
    rows = []
    found = {lens: matrix(tables, lens) for lens in (*LENSES, *VARIANTS)}
    for what in GIVEN:
        try:
            behind = given(tables, what)
        except KeyError:
            continue
        for a, b in combinations(found, 2):
            if {a, b} <= {*VARIANTS}:
                continue
            try:
                own = agreement(found[a], found[b], behind)
            except UserError:  # too few languages: nothing to say
                continue
            rows.append({"scale": tables.scale, "task": TASK, "lens_a": a, "lens_b": b,
                         "given": what, "r": own.r, "low": own.low, "high": own.high, "p": own.p,
                         "languages": own.languages})  # fmt: skip
    return pd.DataFrame(rows)


# ---- verdicts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """One number with its interval over languages."""

    value: float
    low: float
    high: float
    n: int


def _related(found: pd.DataFrame, asked: str, what: str) -> Estimate | None:
    a, b = asked.split(" + ")
    rows = found[(found["lens_a"] == a) & (found["lens_b"] == b)] if len(found) else found
    rows = rows[rows["given"] == what] if len(rows) else rows
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Estimate(row["r"], row["low"], row["high"], int(row["languages"]))


def below_ceiling(tables: Tables, lens: str) -> pd.Series:
    """What a language's masks share with themselves on other data, less with other languages': in
    points of Jaccard, by language."""
    own, others = ceiling(tables, lens), matrix(tables, lens)
    return (own - others.mean(axis=1)).dropna() if len(others) else pd.Series(dtype=float)


def over_tickets(tables: Tables, lens: str) -> Estimate | None:
    """By how much a lens goes with zero-shot transfer more than the tickets' overlap does."""
    cut = [matrix(tables, name) for name in (lens, TICKETS, ZERO_SHOT)]
    if any(m.empty for m in cut):
        return None
    own, tickets, transfer = _common(cut)
    try:
        r, base = (statistics.mantel(m, transfer).r for m in (own, tickets))
    except UserError:
        return None
    one, other = _drawn([[own, transfer], [tickets, transfer]], _RESAMPLES)
    low, high = np.nanquantile(one - other, [0.025, 0.975])
    return Estimate(r - base, float(low), float(high), len(own))


def _mean(tables: Tables, lens: str) -> Estimate | None:
    values = below_ceiling(tables, lens)
    if values.empty:
        return None
    return Estimate(float(values.mean()), *ledger.interval(values), len(values))


UNITS = {"correlation": "rank correlation", "correlation_beyond": "rank correlation",
         "below_ceiling": "points of Jaccard", "over_tickets": "rank correlation"}  # fmt: skip


def verdicts(tables: Tables, found: pd.DataFrame) -> pd.DataFrame:
    """One row a claim and what it is asked of, from `relations` and the tables behind them."""
    measures: dict[str, Callable[[str], Estimate | None]] = {
        "correlation": partial(_related, found, what=""),
        "correlation_beyond": partial(_related, found, what=SCRIPT_AND_FAMILY),
        "below_ceiling": partial(_mean, tables),
        "over_tickets": partial(over_tickets, tables),
    }
    read = (tables.masks, tables.states, tables.influence, tables.transfer, tables.overlap,
            tables.excess, tables.scores)  # fmt: skip
    behind = ledger.rows_behind(read, TASK)
    rows = []
    for claim in CLAIMS:
        for asked in claim.tasks:
            own = measures[claim.measure](asked)
            if own is None:
                verdict, why = ledger.NOT_RUN, f"not measured at scale {tables.scale}"
            else:
                seen = f"95 % interval over {own.n} languages {own.low:+.2f} to {own.high:+.2f}"
                verdict, why = ledger.decide(claim, own.low, own.high, seen)
            rows.append({
                "scale": tables.scale, "id": claim.id, "measure": claim.measure, "lenses": asked,
                "claim": claim.statement, "published": np.nan,
                "ours": own.value if own else np.nan, "unit": UNITS[claim.measure],
                "n": own.n if own else 0, "verdict": verdict, "why": why,
                "rows": behind if own else "",
            })  # fmt: skip
    return pd.DataFrame(rows)
