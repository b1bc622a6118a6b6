"""Whether two lenses put pairs of languages into one order: Mantel's correlations, and verdicts.

Pairs that share a language are not independent, so p permutes languages and intervals draw
languages with replacement; both are of Spearman's r.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
from lnlib.lenses.tables import RELATIONS
from lnlib.results import ledger, statistics

CLAIMS = ledger.read_claims(files(lenses).joinpath("claims.yaml"), asked_of="lenses")
_RESAMPLES = 1_000  # the ends of 95 % are then of 25 draws each
# Languages that two lenses must have in common to be related: those that tickets have at `demo`. A
# table that is not yet whole has fewer, and their order would change with each that is added.
FEWEST = 9
_FEWEST = 4  # languages in a draw: three have three pairs, whose ranks say nothing


@dataclass(frozen=True)
class Agreement:
    """How two matrices over languages go together."""

    r: float
    low: float  # 95 % interval over languages
    high: float
    p: float  # two-sided, by permuting languages
    languages: int


def agreements(matrices: Mapping[str, pd.DataFrame], taken_out: Sequence[pd.DataFrame] = (), *,
               resamples: int = _RESAMPLES) -> dict[tuple[str, str], Agreement]:  # fmt: skip
    """Mantel's correlation of every two symmetric matrices, `taken_out` of both first.

    Of two matrices the languages that both have, and all that are taken out, are used. Two that
    have too few in common, or of which nothing is left, are absent.
    """
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for pair in combinations(matrices, 2):
        codes = _common([matrices[name] for name in pair] + [*taken_out])
        groups.setdefault(codes, []).append(pair)
    found = {}
    for codes, pairs in groups.items():
        names = list(dict.fromkeys(name for pair in pairs for name in pair))
        cut = {name: matrices[name].loc[list(codes), list(codes)] for name in names}
        given_here = [m.loc[list(codes), list(codes)] for m in taken_out]
        drawn = _drawn([*cut.values()], given_here, resamples) if len(codes) > _FEWEST else None
        for a, b in pairs:
            try:
                own = statistics.mantel(cut[a], cut[b], given_here)
            except UserError:
                continue
            assert drawn is not None  # mantel refuses fewer languages
            values = drawn[:, names.index(a), names.index(b)]
            if np.isnan(values).all():  # what was taken out says all that one of them says
                continue
            low, high = _ends(values)
            found[a, b] = Agreement(own.r, low, high, own.p, own.languages)
    return {pair: found[pair] for pair in combinations(matrices, 2) if pair in found}


def _common(matrices: Sequence[pd.DataFrame]) -> tuple[str, ...]:
    """The languages that all matrices have with every pair."""
    whole = [set(statistics.complete(m).index) for m in matrices]
    return tuple(code for code in matrices[0].index if all(code in own for own in whole))


def _drawn(matrices: Sequence[pd.DataFrame], taken_out: Sequence[pd.DataFrame],
           resamples: int, seed: int = 0) -> np.ndarray:  # fmt: skip
    """Rank correlations of K matrices under draws of their languages: (resamples, K, K).

    All are of the same languages. A language drawn twice makes no pair with itself; NaN where a
    draw has too few languages, or a matrix has one value for all its pairs.
    """
    values = np.stack([m.to_numpy(float) for m in (*matrices, *taken_out)])
    n, own = values.shape[1], len(matrices)
    rng = np.random.default_rng(seed)
    rows, columns = map(np.asarray, np.triu_indices(n, 1))
    out = np.full((resamples, own, own), np.nan)
    for draw in range(resamples):
        langs = np.asarray(rng.integers(n, size=n))
        if len(np.unique(langs)) < _FEWEST:
            continue
        apart = langs[rows] != langs[columns]
        ranks = rankdata(values[:, langs[rows[apart]], langs[columns[apart]]], axis=1)
        design = np.concatenate([np.ones((1, ranks.shape[1])), ranks[own:]]).T
        rest = ranks[:own].T - design @ np.linalg.lstsq(design, ranks[:own].T, rcond=None)[0]
        norms = np.sqrt((rest**2).sum(axis=0))
        norms[norms < 1e-9 * ranks.shape[1]] = np.nan  # nothing but rounding is left
        out[draw] = rest.T @ rest / np.outer(norms, norms)
    return out


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def relations(tables: Tables) -> pd.DataFrame:
    """Rows of `RELATIONS`: every two lenses that were measured in `FEWEST` languages at least.

    As they are, and with what `GIVEN` names taken out. Variants of a lens are related to the main
    lenses, and not to each other.
    """
    every = {lens: matrix(tables, lens) for lens in (*LENSES, *VARIANTS)}
    there = {lens: square for lens, square in every.items() if len(square)}
    rows = [
        {"scale": tables.scale, "task": TASK, "lens_a": a, "lens_b": b, "given": what, "r": own.r,
         "low": own.low, "high": own.high, "p": own.p, "languages": own.languages}
        for what in GIVEN
        for (a, b), own in agreements(there, given(tables, what)).items()
        if not {a, b} <= {*VARIANTS} and own.languages >= FEWEST
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=RELATIONS.columns)


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
    rows = found[(found["lens_a"] == a) & (found["lens_b"] == b) & (found["given"] == what)]
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
    squares = [matrix(tables, name) for name in (lens, TICKETS, ZERO_SHOT)]
    codes = list(_common(squares))
    if len(codes) < FEWEST:
        return None
    cut = [square.loc[codes, codes] for square in squares]
    try:
        r, base = (statistics.mantel(square, cut[2]).r for square in cut[:2])
    except UserError:
        return None
    drawn = _drawn(cut, (), _RESAMPLES)
    return Estimate(r - base, *_ends(drawn[:, 0, 2] - drawn[:, 1, 2]), len(codes))


def _mean(tables: Tables, lens: str) -> Estimate | None:
    values = below_ceiling(tables, lens)
    if len(values) < FEWEST:
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
                verdict, why = (
                    ledger.NOT_RUN,
                    (f"not measured in {FEWEST} languages at scale {tables.scale}"),
                )
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
