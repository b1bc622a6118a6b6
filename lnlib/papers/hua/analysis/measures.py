"""What the paper's claims are tested by: one number a seed, from two tables.

The alignment table has a row a measure (`probing.scores.COLUMNS`), the transfer table a row a step
and measure (`transfer.COLUMNS`); both also say `languages` (as in "atomic,split"), `method`,
`anchors` and `seed`. A seed is there if anything the measure asks for has been measured; its value
is missing (NaN) where that is not enough. Accuracies become points, 0 to 100.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lnlib.papers.hua import published
from lnlib.papers.hua.tables import ALIGNMENT, OVERLAP, SUBNETWORKS, TRANSFER
from lnlib.results.table import Table

if TYPE_CHECKING:  # it brings torch, and a page that reads tables needs none
    from lnlib.papers.hua.scales import Scale

KEY = ("languages", "method", "anchors", "seed")


_ALIGNMENT = (*KEY, "network", "board", "probe", "source", "target", "measure", "value")
_TRANSFER = (*KEY, "step", "tuned", "language", "measure", "value")
_OVERLAP = (
    *KEY, "test", "kind_a", "kind_b", "sparsity", "by", "part", "lang_a", "lang_b",
    "jaccard", "expected",
)  # fmt: skip
_SUBNETWORKS = (*KEY, "test", "kind", "lang", "sparsity", "target", "measure", "value")


@dataclass(frozen=True)
class Tables:
    """The tables of one scale, with the columns that are read; one that was not made is empty."""

    alignment: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_ALIGNMENT))
    transfer: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_TRANSFER))
    overlap: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_OVERLAP))
    subnetworks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=_SUBNETWORKS))
    scale: str = ""

    @classmethod
    def read(cls, home: Path, scale: Scale) -> Tables:
        """Those in a folder, of the scale's own boards and present settings."""

        def current(table: Table, task: str, board: str) -> pd.DataFrame:
            rows = table.read(home)
            return rows[(rows["recipe"] == scale.hash(task)) & (rows["world"] == board)]

        return cls(
            current(ALIGNMENT, "alignment", scale.board),
            current(TRANSFER, "transfer", scale.transfer.board),
            current(OVERLAP, "masks", scale.board),
            current(SUBNETWORKS, "masks", scale.board),
            scale.name,
        )


@dataclass(frozen=True)
class Measure:
    """A function of the tables and of the languages, its unit, and what the paper shows of it."""

    of: Callable[[Tables, str], pd.Series]
    unit: str
    published: Callable[[str], float]


MEASURES: dict[str, Measure] = {}


def _measure(unit: str, shown: Callable[[str], float]) -> Callable:
    def note(of: Callable[[Tables, str], pd.Series]) -> Callable[[Tables, str], pd.Series]:
        MEASURES[of.__name__] = Measure(of, unit, shown)
        return of

    return note


# ---- alignment -----------------------------------------------------------------------------------


def probe_rows(tables: Tables, languages: str) -> pd.DataFrame:
    """Rows of the paper's probe: two layers, black and white, on the trained network; and of the
    majority by number of move."""
    rows = tables.alignment[tables.alignment["languages"] == languages]
    own = (rows["network"] == "trained") & (rows["probe"] == "mlp") & (rows["board"] == "absolute")
    return rows[own | (rows["measure"] == "majority") & (rows["board"] == "absolute")]


def _probe(tables: Tables, languages: str, method: str) -> pd.DataFrame:
    """`probe_rows` of a method of the paper's, which has no anchors with unified output."""
    rows = probe_rows(tables, languages)
    return rows[(rows["method"] == method) & ((method != "unified") | (rows["anchors"] == 0))]


def across(tables: Tables, languages: str, method: str) -> pd.DataFrame:
    """Probe accuracy (points) of every pair of two languages: seed, anchors, source, target."""
    rows = _probe(tables, languages, method)
    rows = rows[(rows["measure"] == "accuracy") & (rows["source"] != rows["target"])]
    return rows.assign(value=100 * rows["value"].astype(float))


def _by_seed(rows: pd.DataFrame) -> pd.Series:
    return rows.groupby("seed")["value"].mean()


def _shown_across(languages: str, anchors: int) -> float:
    rows = published.alignment().set_index(["languages", "anchors"])["accuracy"]
    return 100 * float(rows.get((languages, anchors), np.nan))


@_measure("points", lambda languages: _shown_across(languages, 0) - 100 * published.MAJORITY)
def naive_over_majority(tables: Tables, languages: str) -> pd.Series:
    """Accuracy across languages, trained naively, less that of the majority by number of move."""
    rows = _probe(tables, languages, "naive")
    usual = _by_seed(rows[rows["measure"] == "majority"].assign(value=lambda r: 100 * r["value"]))
    found = _by_seed(across(tables, languages, "naive"))
    return found - usual.reindex(found.index)


@_measure("points", lambda languages: _shown_across(languages, 4) - _shown_across(languages, 0))
def gained_by_anchors(tables: Tables, languages: str) -> pd.Series:
    """Accuracy across languages with four anchors less that with none, seed by seed."""
    rows = across(tables, languages, "anchors")
    found = _by_seed(rows[rows["anchors"] == 4])
    return found - _by_seed(across(tables, languages, "naive")).reindex(found.index)


def _shown_probe(languages: str, method: str, at: str) -> float:
    rows = published.transfer()
    keys = ["languages", "method", "measure", "at"]
    found = rows.set_index(keys)["value"].sort_index()
    return float(found.get((languages, method, "probe", at), pd.Series([np.nan])).mean())


def _shown_lost(languages: str) -> float:
    within = published.ranges().set_index("what").loc["within a language, every naive run"]
    own = (float(within["low"]) + float(within["high"])) / 2
    return 100 * (own - _shown_probe(languages, "unified", "start"))


@_measure("points", _shown_lost)
def lost_across_unified(tables: Tables, languages: str) -> pd.Series:
    """With unified output, accuracy within the probe's language less that in the others."""
    rows = _probe(tables, languages, "unified")
    rows = rows[rows["measure"] == "accuracy"].assign(value=lambda r: 100 * r["value"])
    own = rows["source"] == rows["target"]
    return _by_seed(rows[own]) - _by_seed(rows[~own])


def _shown_luck(_languages: str) -> float:
    """Nine seeds: the best pair where luck aligned one, else the middle of most pairs."""
    most = published.ranges().set_index("what").loc["across languages, most pairs of nine seeds"]
    usual = (float(most["low"]) + float(most["high"])) / 2
    lucky = published.seeds().groupby("seed")["accuracy"].max() - usual
    return 100 * float(lucky.sum()) / 9


@_measure("points", _shown_luck)
def best_over_usual_pair(tables: Tables, languages: str) -> pd.Series:
    """Trained naively, the best pair's accuracy across less the median pair's; a pair is the mean
    of its two directions. Missing with fewer than three pairs."""
    rows = across(tables, languages, "naive")
    pairs = [" ".join(sorted(p)) for p in zip(rows["source"], rows["target"], strict=True)]
    means = rows.assign(pair=pairs).groupby(["seed", "pair"])["value"].mean().groupby("seed")
    return (means.max() - means.median()).where(means.count() >= 3)


# ---- transfer ------------------------------------------------------------------------------------


def legal(tables: Tables, languages: str, method: str) -> pd.DataFrame:
    """Legal moves (%) by seed and language: at the start of fine-tuning, at its best afterwards and
    at the end; and whether the language is the tuned one."""
    rows = tables.transfer
    rows = rows[(rows["languages"] == languages) & (rows["method"] == method)]
    rows = rows[rows["measure"] == "legal"].sort_values("step")
    ends = rows.groupby(["seed", "language"])["value"].agg(start="first", end="last")
    later = rows[rows["step"] > 0].groupby(["seed", "language"])["value"].max()
    tuned = rows.groupby(["seed", "language"])["tuned"].first()
    return ends.assign(peak=later, tuned=tuned == ends.index.get_level_values("language"))


def _others(tables: Tables, languages: str, method: str) -> pd.DataFrame:
    """Means over the languages that were not tuned, by seed."""
    rows = legal(tables, languages, method)
    return rows[~rows["tuned"].astype(bool)].groupby("seed")[["start", "peak", "end"]].mean()


def _shown_legal(languages: str, method: str) -> tuple[pd.Series, pd.Series]:
    """Start, peak and end as the page shows them: of the tuned language, which is the first, and
    the mean of the others."""
    rows = published.transfer()
    rows = rows[(rows["languages"] == languages) & (rows["method"] == method)]
    wide = rows[rows["measure"] == "legal"].pivot(index="language", columns="at", values="value")
    wide = wide.reindex(columns=["start", "peak", "end"])
    tuned = wide.index.isin(["atomic", "atomic 1"])
    return wide[tuned].mean(), wide[~tuned].mean()


def _change(row: pd.DataFrame | pd.Series, at: str = "end") -> pd.Series:
    return row[at] - row["start"]


def _shown_change(languages: str) -> float:
    return float(_change(_shown_legal(languages, "anchors")[1]))


@_measure("points", _shown_change)
def change_with_anchors(tables: Tables, languages: str) -> pd.Series:
    """Anchored: legal moves in the other languages at the end less at the start."""
    return _change(_others(tables, languages, "anchors"))


def _shown_share(languages: str) -> float:
    own, others = _shown_legal(languages, "unified")
    return 100 * float(_change(others) / _change(own))


@_measure("% of the tuned language's gain", _shown_share)
def shared_gain_unified(tables: Tables, languages: str) -> pd.Series:
    """Unified output: what the other languages gain from start to end, in % of what the tuned one
    gains. Missing where that gains nothing."""
    rows = legal(tables, languages, "unified")
    own = _change(rows[rows["tuned"].astype(bool)].groupby("seed")[["start", "end"]].mean())
    return 100 * _change(_others(tables, languages, "unified")) / own.where(own > 0)


def _shown_best(languages: str) -> float:
    return float(_change(_shown_legal(languages, "unified")[1], "peak"))


@_measure("points", _shown_best)
def best_gain_unified(tables: Tables, languages: str) -> pd.Series:
    """Unified output: the other languages' best after the start less at the start."""
    return _change(_others(tables, languages, "unified"), "peak")


def _shown_ahead(languages: str) -> float:
    unified, anchors = (_shown_legal(languages, m)[1]["end"] for m in ("unified", "anchors"))
    return float(unified - anchors)


@_measure("points", _shown_ahead)
def unified_over_anchors(tables: Tables, languages: str) -> pd.Series:
    """Legal moves in the other languages at the end: with unified output less with anchors."""
    unified, anchors = (_others(tables, languages, m)["end"] for m in ("unified", "anchors"))
    return unified - anchors.reindex(unified.index)
