"""Each lens as a matrix over languages, with what it sees by chance and at most.

Symmetric matrices are indexed by language codes and have no diagonal; a lens with a direction is
averaged over both. Shares and overlaps are in %.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from lnlib.languages import LANGUAGES
from lnlib.lenses.scales import LEVELS, TASK
from lnlib.lenses.tables import INFLUENCE, MASKS, PIECES, STATES, TRANSFER
from lnlib.papers.foroutan.analysis import gains, nulls
from lnlib.papers.foroutan.scales import SCALES as RECIPES
from lnlib.papers.foroutan.tables import EXCESS, OVERLAP
from lnlib.results import statistics
from lnlib.results.places import Places
from lnlib.results.scores import SCORES

TICKETS, DEPARTURES, MOVED = "tickets", "departures", "moved masks"
FISHER, STATES_ALIKE, INFLUENTIAL, ZERO_SHOT = "fisher", "states", "influence", "zero-shot"
LENSES = (TICKETS, DEPARTURES, MOVED, FISHER, STATES_ALIKE, INFLUENTIAL, ZERO_SHOT)
ALONE, TENTH, FREE = "fisher alone", "fisher 10", "states without length"
# Over the geometric mean of the two ceilings (Spearman 1904, of correlations): masks of some
# languages are less sure than those of others. Added after a first look at scale demo.
SURE = "fisher of its ceiling"
VARIANTS = (TENTH, SURE, ALONE, FREE)
_FISHER = {
    FISHER: ("together", LEVELS[0]),
    TENTH: ("together", LEVELS[1]),
    SURE: ("together", LEVELS[0]),
    ALONE: ("alone", LEVELS[0]),
}
# What is above a branch: languages are the nearer, the more of these they share.
_ABOVE = {
    "Germanic": ("Indo-European",),
    "Romance": ("Indo-European",),
    "Slavic": ("Indo-European",),
    "Iranian": ("Indo-European", "Indo-Iranian"),
    "Indo-Aryan": ("Indo-European", "Indo-Iranian"),
}


@dataclass(frozen=True)
class Tables:
    """What the lenses read at one scale; a table that was not made is empty."""

    scale: str = ""
    masks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=MASKS.columns))
    states: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=STATES.columns))
    influence: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=INFLUENCE.columns))
    transfer: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=TRANSFER.columns))
    pieces: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PIECES.columns))
    overlap: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OVERLAP.columns))
    excess: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=EXCESS.columns))
    scores: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=SCORES.columns))

    @classmethod
    def read(cls, results: str | Path, scale: str) -> Tables:
        """Our own of RESULTS/lenses/SCALE, and those of the tickets beside them."""
        own, first = (Places.of(results, name, scale).home for name in ("lenses", "foroutan"))
        scores = SCORES.read(first)
        return cls(
            scale, MASKS.read(own), STATES.read(own), INFLUENCE.read(own), TRANSFER.read(own),
            PIECES.read(own), OVERLAP.read(first), EXCESS.read(first),
            scores[RECIPES[scale].current(scores)],
        )  # fmt: skip


# ---- masks ---------------------------------------------------------------------------------------


def fisher_pairs(tables: Tables, lens: str = FISHER, other: str = "fisher",
                 by: str = "all") -> pd.DataFrame:  # fmt: skip
    """Rows of Fisher masks beside `other` ("fisher", "shuffled", "random", "magnitude")."""
    model, level = _FISHER[lens]
    rows = tables.masks
    rows = rows[(rows["model"] == model) & (rows["sparsity"] == level) & (rows["by"] == by)]
    return rows[rows["method_b"] == other]


def _fisher(tables: Tables, lens: str, column: str = "jaccard", part: str = "") -> pd.DataFrame:
    rows = fisher_pairs(tables, lens, by="layer" if part else "all")
    return _square(rows[rows["part"] == part] if part else rows, column, percent=True)


def _square(rows: pd.DataFrame, column: str, percent: bool = False,
            sides: tuple[str, str] = ("lang_a", "lang_b")) -> pd.DataFrame:  # fmt: skip
    """Mean by pair, both ways round, with the diagonal."""
    turned = rows.rename(columns={sides[0]: sides[1], sides[1]: sides[0]})
    wide = (
        pd.concat([rows, turned])
        .astype({column: float})
        .pivot_table(index=sides[0], columns=sides[1], values=column, aggfunc="mean")
    )
    codes = [code for code in LANGUAGES if code in wide.index]
    return wide.reindex(index=codes, columns=codes) * (100 if percent else 1)


def _tickets(tables: Tables, column: str = "jaccard", part: str = "") -> pd.DataFrame:
    by = "layer" if part else "all"
    pairs = nulls.languages(nulls.compared, tables.overlap, TASK, by=by)
    own = nulls.compared(tables.overlap, TASK, "other seed", by)
    rows = pd.concat([pairs, own])
    rows = rows[rows["part"].astype(str) == part] if part else rows
    return _square(rows, column, True, ("lang", "other"))


# ---- directions ----------------------------------------------------------------------------------


def directed(tables: Tables, lens: str, part: str = "all") -> pd.DataFrame:
    """A lens with a direction: rows are the language that gives, columns the one that takes.

    "influence" (mean cosine; the training language gives, in `part`), "zero-shot" (% of the
    target's own score; the source gives) or "moved masks" (gain over the own mask, points of F1;
    the mask's language gives). Means over seeds.
    """
    if lens == INFLUENTIAL:
        rows = tables.influence[tables.influence["part"].astype(str) == part]
        return _wide(rows, "value")
    if lens == ZERO_SHOT:
        wide = _wide(tables.transfer, "value")
        return 100 * wide / np.diag(wide) if len(wide) else wide
    return gains.change(tables.scores, TASK)


def _wide(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    wide = rows.astype({column: float}).pivot_table(
        index="source", columns="target", values=column, aggfunc="mean"
    )
    codes = [code for code in LANGUAGES if code in wide.index]
    return wide.reindex(index=codes, columns=codes)


def _both_ways(wide: pd.DataFrame) -> pd.DataFrame:
    return (wide + wide.T) / 2


# ---- one matrix a lens ---------------------------------------------------------------------------


def with_diagonal(tables: Tables, lens: str, part: str = "") -> pd.DataFrame:
    """A lens between languages, and on the diagonal what it sees of one language, its ceiling.

    `part` is a layer of the encoder ("0" is the lowest), or "" for all of it: of states the mean
    over layers. Lenses that have no layers are empty for one; zero-shot, departures and moved masks
    have none.
    """
    if lens == TICKETS:
        return _tickets(tables, part=part)
    if lens in _FISHER:
        return _fisher(tables, lens, part=part) if not part or lens != TENTH else pd.DataFrame()
    if lens in (STATES_ALIKE, FREE):
        rows = tables.states[tables.states["length"] == ("kept" if lens == STATES_ALIKE else "out")]
        rows = rows[rows["layer"] == int(part) + 1 if part else rows["layer"] > 0]
        return _square(rows, "value")
    if lens == INFLUENTIAL:
        return _both_ways(directed(tables, lens, part or "all"))
    if part:
        return pd.DataFrame()
    if lens == DEPARTURES:
        rows = pd.concat([nulls.languages(nulls.departures, tables.excess, TASK),
                          nulls.departures(tables.excess, TASK, "other seed")])  # fmt: skip
        return _square(rows, "beyond", sides=("lang", "other"))
    return _both_ways(directed(tables, lens))


def matrix(tables: Tables, lens: str, part: str = "") -> pd.DataFrame:
    """`with_diagonal` without it, as tests over languages take it."""
    found = with_diagonal(tables, lens, part)
    if lens == SURE and len(found):
        sure = np.sqrt(np.diag(found))
        found = 100 * found / np.outer(sure, sure)
    return found.mask(np.eye(len(found), dtype=bool)) if len(found) else found


def null(tables: Tables, lens: str, part: str = "") -> tuple[float, float]:
    """What a lens sees where languages have nothing to do with it: a range, in the lens' unit.

    tickets, fisher: from independent masks of the same density in every matrix to the untouched
    encoder's mask, that no language was asked for. departures: chance, taken off already. states:
    from shuffled sentences to sentences of like length. influence: 95 % under permuted languages.
    zero-shot: models that were not trained. moved masks: a random mask.
    """
    ends = _null(tables, lens, part)
    return min(ends), max(ends)


def _null(tables: Tables, lens: str, part: str) -> tuple[float, float]:
    by = "layer" if part else "all"
    if lens == TICKETS:
        low = between(_tickets(tables, "expected", part))
        rows = nulls.compared(tables.overlap, TASK, "magnitude", by)
        rows = rows[rows["part"].astype(str) == part] if part else rows
        return low, 100 * float(rows["jaccard"].astype(float).mean())
    if lens in _FISHER:
        rows = fisher_pairs(tables, lens, "magnitude", by)
        rows = rows[rows["part"] == part] if part else rows
        low = between(_fisher(tables, lens, "expected", part))
        return low, 100 * float(rows["jaccard"].astype(float).mean())
    if lens in (STATES_ALIKE, FREE):
        rows = tables.states[tables.states["length"] == ("kept" if lens == STATES_ALIKE else "out")]
        rows = rows[rows["layer"] == int(part) + 1 if part else rows["layer"] > 0]
        return float(rows["floor"].mean()), float(rows["floor_length"].mean())
    if lens == INFLUENTIAL:
        rows = tables.influence[tables.influence["part"].astype(str) == (part or "all")]
        return float(rows["null_low"].mean()), float(rows["null_high"].mean())
    if lens == ZERO_SHOT:
        own = _wide(tables.transfer, "value")
        floors = _wide(tables.transfer, "floor").mean()
        share = float((100 * floors / np.diag(own)).mean()) if len(own) else np.nan
        return share, share
    if lens == MOVED:
        random = float(gains.control(tables.scores, TASK, "random").mean())
        return random, random
    return 0.0, 0.0


def between(square: pd.DataFrame) -> float:
    """The mean over pairs of languages; NaN where there are none."""
    pairs = square.where(~np.eye(len(square), dtype=bool)).stack().dropna()
    return float(pairs.mean()) if len(pairs) else float("nan")


def ceiling(tables: Tables, lens: str, part: str = "") -> pd.Series:
    """What a lens sees of one language with itself, by language; empty where it is not asked."""
    if lens in (STATES_ALIKE, FREE, MOVED):
        return pd.Series(dtype=float)
    found = with_diagonal(tables, lens, part)
    return pd.Series(np.diag(found), index=found.index).dropna()


# ---- what may lie behind -------------------------------------------------------------------------


def relatedness(langs: list[str]) -> pd.DataFrame:
    """How many branches of a family tree two languages share (Indo-European has three levels)."""
    lines = {code: {*_ABOVE.get(LANGUAGES[code].family, ()), LANGUAGES[code].family}
             for code in langs}  # fmt: skip
    shared = [[float(len(lines[a] & lines[b])) for a in langs] for b in langs]
    return pd.DataFrame(shared, index=langs, columns=langs)


SCRIPT_AND_FAMILY, AND_PIECES = "script, family", "script, family, word pieces"
GIVEN = ("", SCRIPT_AND_FAMILY, AND_PIECES)


def given(tables: Tables, what: str) -> list[pd.DataFrame]:
    """The matrices that a partial correlation takes out: one of `GIVEN`."""
    langs = list(LANGUAGES)
    parts = [statistics.alike(langs, "script"), relatedness(langs)] if what else []
    if what == AND_PIECES:
        pieces = _square(tables.pieces, "value")
        parts.append(pieces)
    return parts
