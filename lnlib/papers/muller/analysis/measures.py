"""What the claims are tested by: each measure is one number a target language, from the tables.

A target is there if anything that the measure asks for was measured, and missing (NaN) where that
is not enough to tell; targets that `blocks.left_out` names are not there. So no targets at all
means that nothing has run, or nothing that counts. M1 to M10 are the claims by number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from lnlib.languages import LANGUAGES
from lnlib.papers.muller.analysis.blocks import SOURCE, counted, losses, of_block, scores
from lnlib.papers.muller.tables import ABLATION, ALL, NONE, SIMILARITY, SOURCES

KIND = "linear_debiased"
PRETRAINED, TUNED = "pretrained", "fine-tuned"
_FEWEST_TARGETS = 5  # fewer have so few orders that a rank correlation says nothing


@dataclass(frozen=True)
class Tables:
    """The tables of one scale that verdicts follow from; one that was not made is empty."""

    scale: str = ""
    ablation: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=ABLATION.columns))
    similarity: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=SIMILARITY.columns)
    )

    @classmethod
    def read(cls, home: Path) -> Tables:
        """Those in results/muller/SCALE."""
        return cls(home.name, ABLATION.read(home), SIMILARITY.read(home))


@dataclass(frozen=True)
class Measure:
    """A function of the tables and a task, the tables it reads, and the unit of its values."""

    of: Callable[[Tables, str], pd.Series]
    reads: tuple[str, ...]
    unit: str
    source: str = SOURCE  # the language that was trained on

    @property
    def leaves_out(self) -> bool:
        """Whether targets that have nothing to lose are not among its values."""
        return self.reads == ("ablation",)


MEASURES: dict[str, Measure] = {}


def _measure(unit: str, *reads: str, sources: tuple[str, ...] = ()) -> Callable:
    """Note a measure, and beside it one for each further source."""

    def note(of: Callable[..., pd.Series]) -> Callable[..., pd.Series]:
        name = of.__name__
        MEASURES[name] = Measure(of, reads, unit)
        for source in sources:
            own = wraps(of)(partial(of, source=source))
            MEASURES[f"{name}_from_{source}"] = Measure(own, reads, unit, source)
        return of

    return note


# ---- re-initialised blocks -----------------------------------------------------------------------


def _known(tables: Tables, task: str, source: str) -> pd.DataFrame:
    """`counted`, without a number where nobody knows what re-initialising everything costs: such a
    target may have nothing to lose."""
    change = counted(tables.ablation, task, source)
    everything = change[ALL] if ALL in change else pd.Series(np.nan, change.index)
    return change.where(everything.notna())


@_measure("points", "ablation", sources=SOURCES[1:])
def lowest_block(tables: Tables, task: str, source: str = SOURCE) -> pd.Series:
    """M1: d of the lowest block."""
    return of_block(_known(tables, task, source), 0)


@_measure("% of the score without", "ablation")
def lowest_block_beyond_source(tables: Tables, task: str, source: str = SOURCE) -> pd.Series:
    """M2: d of the lowest block as a share of the score without, less the source's own share."""
    change = losses(tables.ablation, task, source)
    if change.empty or source not in change.index:
        return pd.Series(dtype=float)
    wide = scores(tables.ablation, task, source)
    both = of_block(wide.drop(columns=NONE), 0).notna()  # seeds that were measured without only
    shares = 100 * of_block(change, 0) / wide.loc[both, NONE].groupby("target").mean()
    known = of_block(_known(tables, task, source), 0)
    return (shares - shares[source]).reindex(known.index).where(known.notna())


@_measure("rank correlation", "ablation")
def rise_with_height(tables: Tables, task: str, source: str = SOURCE) -> pd.Series:
    """M3: Spearman's r of a block's height and its d, by target; 1: the loss falls throughout."""
    change = _known(tables, task, source).drop(columns=ALL, errors="ignore")
    if change.shape[1] < 3:
        return pd.Series(np.nan, change.index)
    heights = np.arange(change.shape[1])

    def rank(row: pd.Series) -> float:
        told = row.notna().all() and row.nunique() > 1
        return float(spearmanr(heights, row).statistic) if told else np.nan

    return change.apply(rank, axis=1) if len(change) else pd.Series(dtype=float)


@_measure("% of what pre-training gives", "ablation", sources=SOURCES[1:])
def highest_block(tables: Tables, task: str, source: str = SOURCE) -> pd.Series:
    """M4: d of the highest block in % of the span between none and all re-initialised."""
    change = _known(tables, task, source)
    if ALL not in change:
        return pd.Series(np.nan, change.index)
    return -100 * of_block(change, -1) / change[ALL]


# ---- states compared -----------------------------------------------------------------------------


def by_layer(similarity: pd.DataFrame, task: str = "", source: str = SOURCE,
             models: tuple[str, str] = (PRETRAINED, PRETRAINED), measure: str = KIND,
             length: str = "kept", column: str = "value") -> pd.DataFrame:  # fmt: skip
    """Similarity at equal layers: languages by layers, mean over seeds.

    Parameters:

    - `similarity`: the table.
    - `models`: before and after what. Where they differ, each language is compared with itself;
      else the source with each other.
    - `task`, `source`: what was fine-tuned on; pre-trained states know no task.
    - `measure`: of `states.similarity.MEASURES`.
    - `length`: "kept", or "out": regressed out of the states.
    - `column`: "value", or the "floor" or "floor_length" beside it.
    """
    rows = similarity[
        (similarity["model_a"] == models[0]) & (similarity["model_b"] == models[1])
        & (similarity["measure"] == measure) & (similarity["length"] == length)
        & (similarity["layer_a"] == similarity["layer_b"])
    ]  # fmt: skip
    if TUNED in models:
        rows = rows[(rows["task"] == task) & (rows["source"] == source)]
    if models[0] == models[1]:
        first, second = (rows[name] == source for name in ("lang_a", "lang_b"))
        rows = rows.assign(lang_b=rows["lang_b"].mask(second, rows["lang_a"]))[first != second]
    wide = rows.astype({column: float}).pivot_table(
        index="lang_b", columns="layer_a", values=column, aggfunc="mean"
    )
    return wide.sort_index(axis=1)


def between_languages(similarity: pd.DataFrame, layer: int, measure: str = KIND,
                      length: str = "kept", column: str = "value") -> pd.DataFrame:  # fmt: skip
    """Similarity of every two languages in the untouched encoder, at one layer (0: embeddings).

    Rows and columns are languages in the order of `LANGUAGES`, the diagonal is missing, and so is
    a pair that was not measured. The other parameters are those of `by_layer`.
    """
    each = {
        lang: by_layer(similarity, "", lang, measure=measure, length=length, column=column)
        for lang in LANGUAGES
    }
    columns = {lang: table[layer] for lang, table in each.items() if layer in table}
    return pd.DataFrame(columns).reindex(index=list(columns))


def _below_less_above(table: pd.DataFrame) -> pd.Series:
    """Mean of the lower half of the layers less that of the upper half, by language.

    The embeddings (0) are in neither, nor is the middle layer of an odd number.
    """
    layers = [layer for layer in table.columns if layer > 0]
    half = len(layers) // 2
    if half == 0:
        return pd.Series(np.nan, table.index, dtype=float)
    return table[layers[:half]].mean(axis=1) - table[layers[-half:]].mean(axis=1)


@_measure("CKA", "similarity")
def kept_below(tables: Tables, task: str) -> pd.Series:
    """M7: CKA of a layer before and after fine-tuning, lower half less upper half, by language."""
    return _below_less_above(by_layer(tables.similarity, task, models=(PRETRAINED, TUNED)))


@_measure("CKA", "similarity")
def peak_in_the_middle(tables: Tables, _task: str = "", length: str = "kept") -> pd.Series:
    """M8: CKA with the source at the best inner layer, less the larger of first and last.

    The first is the embeddings. Of the encoder as it was pre-trained.
    """
    table = by_layer(tables.similarity, length=length)
    if table.shape[1] < 3:
        return pd.Series(np.nan, table.index, dtype=float)
    return table.iloc[:, 1:-1].max(axis=1) - table.iloc[:, [0, -1]].max(axis=1)


@_measure("CKA", "similarity")
def peak_without_length(tables: Tables, _task: str = "") -> pd.Series:
    """M8: the same with sentence length regressed out of the states."""
    return peak_in_the_middle(tables, length="out")


@_measure("CKA", "similarity")
def lowered_above(tables: Tables, task: str) -> pd.Series:
    """M9: what fine-tuning changes in CKA with the source, upper half less lower half."""
    before = by_layer(tables.similarity)
    after = by_layer(tables.similarity, task, models=(TUNED, TUNED))
    change = (after - before.reindex_like(after)) if len(after) else after
    return -_below_less_above(change)


# ---- similarity and transfer ---------------------------------------------------------------------


def gaps(ablation: pd.DataFrame, task: str, source: str = SOURCE) -> pd.DataFrame:
    """1 - score(target) / score(source) without re-initialisation: targets by seeds."""
    wide = scores(ablation, task, source)
    if wide.empty:
        return pd.DataFrame()
    table = wide[NONE].unstack("seed")
    if source not in table.index:
        return pd.DataFrame()
    return 1 - table.drop(index=source) / table.loc[source]


@_measure("rank correlation", "ablation", "similarity")
def similarity_with_gap(tables: Tables, task: str, source: str = SOURCE) -> pd.Series:
    """M10: Spearman's r over targets of CKA with the source and the gap, as jackknife values.

    A seed's r is at the layer where the other seeds' mean r is lowest, so that no layer is chosen
    on what it is tested on; it takes two seeds. A target's value is n r - (n - 1) r without it:
    their mean is r, less its bias, and their interval that of r over languages.
    """
    gap = gaps(tables.ablation, task, source)
    table = by_layer(tables.similarity, source=source)
    both = [lang for lang in gap.index if lang in table.index]
    gap, table = gap.loc[both], table.loc[both]
    if len(both) < _FEWEST_TARGETS or gap.shape[1] < 2:
        return pd.Series(np.nan, pd.Index(both), dtype=float)
    values = []
    for seed in gap.columns:
        others = gap.drop(columns=seed).mean(axis=1)
        layer = min(table.columns, key=lambda at: _rank(table[at], others))
        whole = _rank(table[layer], gap[seed])
        without = {t: _rank(table[layer].drop(t), gap[seed].drop(t)) for t in both}
        values.append(len(both) * whole - (len(both) - 1) * pd.Series(without))
    return pd.concat(values, axis=1).mean(axis=1, skipna=False)


def similarity_by_layer_with_gap(
    tables: Tables, task: str, source: str = SOURCE, resamples: int = 2_000, seed: int = 0
) -> pd.DataFrame:
    """For a figure: by layer Spearman's r of CKA and the mean gap, and its 95 % interval.

    Columns r, low, high, n; the interval is by drawing targets with replacement.
    """
    gap = gaps(tables.ablation, task, source).mean(axis=1)
    table = by_layer(tables.similarity, source=source)
    both = [lang for lang in gap.index if lang in table.index]
    rng = np.random.default_rng(seed)
    rows = {}
    for layer in table.columns if len(both) >= _FEWEST_TARGETS else ():
        x, y = table.loc[both, layer].to_numpy(), gap[both].to_numpy()
        drawn = rng.integers(len(both), size=(resamples, len(both)))
        low, high = np.nanquantile(_ranks(x[drawn], y[drawn]), [0.025, 0.975])
        rows[layer] = (_rank(x, y), low, high, len(both))
    return pd.DataFrame.from_dict(rows, orient="index", columns=["r", "low", "high", "n"])


def _rank(x: pd.Series | np.ndarray, y: pd.Series | np.ndarray) -> float:
    """Spearman's r; NaN where a side is constant."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(spearmanr(x, y).statistic)


def _ranks(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`_rank` of each row of x (R, N) with that of y, in one step; (R,)."""
    one, other = (
        ranks - ranks.mean(axis=1, keepdims=True)
        for ranks in (rankdata(x, axis=1), rankdata(y, axis=1))
    )
    with np.errstate(invalid="ignore"):  # a constant side
        return (one * other).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
