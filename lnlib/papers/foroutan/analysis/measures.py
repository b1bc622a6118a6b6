"""What the claims are tested by: each measure is one number per language, from the tables.

A language is there if anything the measure asks for has been measured; its value is missing (NaN)
where that is not enough to tell. So no languages at all means that nothing has run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lnlib.papers.foroutan.analysis import gains, nulls, translations
from lnlib.papers.foroutan.coverage import MIXTURE
from lnlib.papers.foroutan.scales import HEADLINE, SCALES, SPARSER
from lnlib.papers.foroutan.tables import OVERLAP, RETRIEVAL
from lnlib.results.ledger import FEWEST, Measure
from lnlib.results.scores import SCORES

_FEWEST_SOURCES = 4  # fewer masks in a ranking and Spearman's r takes a handful of values


NAMES = ("scores", "overlap", "retrieval")


@dataclass(frozen=True)
class Tables:
    """The tables of one scale that verdicts follow from; one that was not made is empty."""

    scale: str = ""
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)
    overlap: pd.DataFrame = field(default_factory=pd.DataFrame)
    retrieval: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def read(cls, home: Path) -> Tables:
        """Those in a scale's folder, without scores of a recipe that it no longer has."""
        scores, overlap, retrieval = (table.read(home) for table in (SCORES, OVERLAP, RETRIEVAL))
        return cls(home.name, scores[SCALES[home.name].current(scores)], overlap, retrieval)


MEASURES: dict[str, Measure] = {}


def _measure(unit: str, *reads: str, counted: bool = False) -> Callable:
    def note(of: Callable[[Tables, str], pd.Series]) -> Callable[[Tables, str], pd.Series]:
        MEASURES[of.__name__] = Measure(of, reads, unit, counted)
        return of

    return note


# ---- tickets -------------------------------------------------------------------------------------


@_measure("% of languages", "scores", counted=True)
def winning_share(tables: Tables, task: str) -> pd.Series:
    """100 where the own 50 % mask is within one standard deviation of the full model, else 0.

    Scores are compared seed by seed. The deviation is over the full model's seeds; missing with
    fewer than three.
    """
    lost = gains.control(tables.scores, task, "full")
    deviation = spread(tables.scores, task).reindex(lost.index)
    return (100.0 * (lost <= deviation)).where(deviation.notna())


def spread(scores: pd.DataFrame, task: str, method: str = "full") -> pd.Series:
    """Standard deviation over seeds, by language, of the full model's score or (`method` "own") of
    the own 50 % mask's; NaN below three."""
    if method == "own":
        rows = gains.own(scores, task)
        rows = rows[rows["sparsity"] == HEADLINE]
    else:
        rows = scores[(scores["task"] == task) & (scores["method"] == method)]
    seeds = rows.groupby("lang")["value"].agg(["std", "count"])
    return seeds["std"].where(seeds["count"] >= FEWEST)


@_measure("", "scores")
def gain_over_random(tables: Tables, task: str) -> pd.Series:
    """Own 50 % mask minus random 50 % mask, in the metric's unit."""
    return -gains.control(tables.scores, task, "random")


@_measure("% of the own mask's score", "scores")
def ranked_by_change(tables: Tables, task: str) -> pd.Series:
    """What a mask by change |w - w0| gains over the own one by magnitude (Appendix D)."""
    return _share(tables.scores, task, "change")


@_measure("% of the own mask's score", "scores")
def ranked_by_fisher(tables: Tables, task: str) -> pd.Series:
    """What a mask by Fisher information gains over the own one by magnitude (Appendix D)."""
    return _share(tables.scores, task, "fisher")


def _share(scores: pd.DataFrame, task: str, method: str) -> pd.Series:
    gain = gains.control(scores, task, method)
    return 100 * gain / gains.at(scores, task, "own").reindex(gain.index)


# ---- moved masks ---------------------------------------------------------------------------------


@_measure("", "scores")
def change_in_transfer(tables: Tables, task: str) -> pd.Series:
    """Mean change of a target under the other languages' 50 % masks, in the metric's unit."""
    return gains.change(tables.scores, task).mean()


@_measure("% of a random mask's loss", "scores")
def share_lost_in_transfer(tables: Tables, task: str) -> pd.Series:
    """Mean loss of a target under the others' masks, in % of what a random mask loses on average.

    So that losses of all tasks and encoders have one unit. The random mask's mean is taken as
    known. Missing where it loses nothing: then there is no way to share.
    """
    return _share_of_random(-change_in_transfer(tables, task), tables, task)


@_measure("", "scores")
def change_when_sparser(tables: Tables, task: str) -> pd.Series:
    """How much more the others' masks change at 80 % than at 50 %, each against the own one there.

    Pairs measured at both levels; the paper's Figure 6.
    """
    at_50, at_80 = (gains.change(tables.scores, task, level) for level in (HEADLINE, SPARSER))
    return (at_80 - at_50.reindex_like(at_80)).mean()


@_measure("", "scores")
def mixture_over_single(tables: Tables, task: str) -> pd.Series:
    """Gain of the mask found on four languages' data over the mean of those four languages' masks.

    Targets are the languages that are not of the four; the paper's Table 1.
    """
    rows = gains.moved(tables.scores, task)
    parts = MIXTURE.split("+")
    rows = rows[~rows["lang"].isin(parts)]
    wide = rows.pivot_table(index="lang", columns="mask_lang", values="gain", aggfunc="mean")
    wide = wide.reindex(columns=[MIXTURE, *parts]).dropna(subset=[MIXTURE])
    return wide[MIXTURE] - wide[parts].mean(axis=1, skipna=False)


def change_across_tasks(tables: Tables, task: str) -> pd.Series:
    """Mean change of a task under the same language's masks of the other tasks (Figure 9).

    Missing for a language without the masks of a task that others have: one may cost more.
    """
    rows = gains.cross_task(tables.scores)
    rows = rows[rows["task"] == task]
    wide = rows.pivot_table(index="lang", columns="mask_task", values="gain", aggfunc="mean")
    return wide.mean(axis=1, skipna=False)


@_measure("% of a random mask's loss", "scores")
def share_lost_across_tasks(tables: Tables, task: str) -> pd.Series:
    """The loss under the other tasks' masks, in % as in `share_lost_in_transfer`."""
    return _share_of_random(-change_across_tasks(tables, task), tables, task)


def _share_of_random(lost: pd.Series, tables: Tables, task: str) -> pd.Series:
    random = gain_over_random(tables, task).mean()
    return 100 * lost / (random if random > 0 else np.nan)


# ---- overlap -------------------------------------------------------------------------------------


@_measure("points of Jaccard", "overlap")
def overlap_over_chance(tables: Tables, task: str) -> pd.Series:
    """Jaccard with other languages less that of independent masks of the same densities, points."""
    rows = nulls.languages(nulls.compared, tables.overlap, task)
    return 100 * (rows["jaccard"] - rows["expected"]).groupby(rows["lang"]).mean()


@_measure("points of Jaccard", "overlap")
def seed_over_language(tables: Tables, task: str) -> pd.Series:
    """Jaccard with another seed less that with other languages of other seeds, in points."""
    seed, language = (
        nulls.compared(tables.overlap, task, what).groupby("lang")["jaccard"].mean()
        for what in ("other seed", "other language and seed")
    )
    return 100 * (seed - language.reindex(seed.index))


@_measure("points of Jaccard a layer", "overlap")
def rise_with_depth(tables: Tables, task: str) -> pd.Series:
    """Slope of the Jaccard with other languages over the layers, in points a layer (Figure 3).

    The masks are of one seed, as in the paper's commands: they share their heads.
    """
    return slopes(tables.overlap, task, "other language, same seed")


def slopes(overlap: pd.DataFrame, task: str, comparison: str) -> pd.Series:
    """Slope of the Jaccard over the layers in one of `nulls.comparisons`, in points a layer."""
    by_layer = _by_layer(overlap, task, comparison)
    if by_layer.empty:
        return pd.Series(dtype=float)
    layers = by_layer.columns.to_numpy(float)
    return by_layer.apply(lambda row: np.polyfit(layers, row, 1)[0], axis=1)


@_measure("points of Jaccard", "overlap")
def middle_over_ends(tables: Tables, task: str) -> pd.Series:
    """Jaccard with other languages in the middle third of the layers less that in the first or the
    last layer, whichever is higher, in points (Figure 3).

    The masks are of one seed, as in the paper's commands.
    """
    by_layer = _by_layer(tables.overlap, task, "other language, same seed")
    if by_layer.empty:
        return pd.Series(dtype=float)
    third = max(len(by_layer.columns) // 3, 1)
    first = (len(by_layer.columns) - third) // 2
    middle = by_layer.iloc[:, first : first + third].mean(axis=1)
    return middle - by_layer.iloc[:, [0, -1]].max(axis=1)


@_measure("rank correlation", "scores", "overlap")
def overlap_with_transfer(tables: Tables, task: str) -> pd.Series:
    """Whether the masks that overlap most with a target's lose least on it: Spearman's r.

    The overlap is that of the very masks that were compared by moving them. Missing with fewer than
    four sources.
    """
    moved = gains.moved(tables.scores, task)
    pairs = nulls.compared(tables.overlap, task, "other language").rename(
        columns={"other": "mask_lang", "seed_a": "seed"}
    )
    both = moved.merge(pairs[["lang", "mask_lang", "seed", "jaccard"]])
    mean = both.groupby(["lang", "mask_lang"])[["gain", "jaccard"]].mean().dropna()
    out = {}
    for target, rows in mean.groupby("lang"):
        enough = len(rows) >= _FEWEST_SOURCES and (rows.nunique() > 1).all()
        out[target] = spearmanr(rows["gain"], rows["jaccard"]).statistic if enough else np.nan
    return pd.Series(out, dtype=float)


def _by_layer(overlap: pd.DataFrame, task: str, comparison: str) -> pd.DataFrame:
    """Mean Jaccard (points) in a comparison: languages by layers, in the order of depth."""
    pairs = nulls.layer_comparisons(overlap, task)
    rows = pairs[pairs["comparison"] == comparison]
    return rows.pivot_table(index="lang", columns="layer", values="jaccard", aggfunc="mean")


# ---- retrieval -----------------------------------------------------------------------------------


@_measure("points found", "retrieval")
def lead_in_retrieval(tables: Tables, task: str) -> pd.Series:
    """By how much the task's masks find more translations than the best other task's, by the
    language beside English; mean over the languages that masks were found on (Figure 7)."""
    ahead = translations.lead(tables.retrieval, tables.scale, task)
    return ahead.mean() if len(ahead) else pd.Series(dtype=float)


@_measure("points found", "retrieval")
def spread_over_sampling(tables: Tables, task: str) -> pd.Series:
    """How far the task's masks of two languages are apart in the translations they find, less what
    two samples of sentences would differ by under one mask, by the language beside English."""
    apart = translations.spread(tables.retrieval, tables.scale, task)
    return apart["spread"] - apart["sampling"]
