"""Nulls: what overlaps are compared to.

Two tickets overlap for many reasons. Each comparison is of a pair of masks that has some of
these reasons and not the others, from independent masks up to searches that share all but one
choice. A seed decides the head and the order of the examples, and in the gazetteer every language
has the same examples; so two searches of one seed have much in common whatever their languages, and
languages are compared with two seeds of one language only across seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lnlib.papers.foroutan import published
from lnlib.papers.foroutan.analysis.gains import mixed
from lnlib.pruning.methods import METHODS, WITHOUT_DATA
from lnlib.results.statistics import Mask, Pair, pairs_interval, resampled_means


def kind(overlap: pd.DataFrame) -> pd.Series:
    """What each row of an overlap table compares, in words; "" for none of the kinds below.

    "other language", "other seed", "other task": two tickets that differ in this and in nothing
    else that was chosen; "other language and seed": in both. "magnitude", "random": a ticket beside
    that control; "shuffled", "change", "fisher": beside that search of the same task and language.
    """
    same = {name: overlap[f"{name}_a"] == overlap[f"{name}_b"] for name in ("task", "lang", "seed")}
    out = pd.Series("", index=overlap.index, dtype=object)
    a, b = overlap["method_a"], overlap["method_b"]
    tickets = (a == "ticket") & (b == "ticket")
    out[tickets & same["task"] & ~same["lang"] & same["seed"]] = "other language"
    out[tickets & same["task"] & ~same["lang"] & ~same["seed"]] = "other language and seed"
    out[tickets & same["task"] & same["lang"] & ~same["seed"]] = "other seed"
    out[tickets & ~same["task"] & same["lang"] & same["seed"]] = "other task"
    for control in METHODS[1:]:
        hit = ((a == "ticket") & (b == control)) | ((a == control) & (b == "ticket"))
        out[hit if control in WITHOUT_DATA else hit & same["task"] & same["lang"]] = control
    return out


def compared(
    overlap: pd.DataFrame, task: str, what: str, by: str = "all", sparsity: int = 50
) -> pd.DataFrame:
    """Rows of one `kind` for one task, `lang` being the ticket's language; both ways for pairs.

    Masks found on mixtures of languages are left out, on either side.
    """
    rows = overlap[(overlap["by"] == by) & (overlap["sparsity"] == sparsity)]
    return _sides(rows[kind(rows) == what], task)


def departures(excess: pd.DataFrame, task: str, what: str, sparsity: int = 50) -> pd.DataFrame:
    """`compared` for the departures of `masks.excess`: what they share beyond chance, in points.

    The column `beyond` is `shared` less `expected_near`.
    """
    rows = excess[excess["sparsity"] == sparsity]
    rows = _sides(rows[kind(rows) == what], task)
    return rows.assign(beyond=100 * (rows["shared"] - rows["expected_near"]).astype(float))


def languages(
    rows: Callable[..., pd.DataFrame], table: pd.DataFrame, task: str, **where: object
) -> pd.DataFrame:
    """Pairs of languages across seeds, if every pair was measured so; else within one seed.

    `rows` is `compared` or `departures`, `where` the rest of its parameters. One kind for all
    pairs, or a language with more seeds would stand out for that.
    """
    kinds = ("other language", "other language and seed")
    return _of_one_kind(*(rows(table, task, what, **where) for what in kinds))


def _of_one_kind(within: pd.DataFrame, across: pd.DataFrame) -> pd.DataFrame:
    pairs = (set(zip(part["lang"], part["other"], strict=True)) for part in (within, across))
    return across if next(pairs) <= next(pairs) else within


def _sides(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """Rows once for each ticket of the task, first those that have it on side a."""
    sides = []
    for a, b in ("ab", "ba"):
        side = rows[(rows[f"task_{a}"] == task) & (rows[f"method_{a}"] == "ticket")]
        sides.append(side.assign(lang=side[f"lang_{a}"], other=side[f"lang_{b}"]))
    both = pd.concat(sides)
    return both[~mixed(both["lang"]) & ~mixed(both["other"])]


COMPARISONS = (
    "independent masks",
    "same density per matrix",
    "random mask",
    "one-shot magnitude",
    "shuffled labels",
    "other task, same language",
    "other language, other seed",
    "same language, other seed",
    "other language, same seed",
)
SHOWN = {  # what a reader is told of them: what the two masks have in common
    "one-shot magnitude": "largest weights, no training",
    "other task, same language": "two tasks, one language",
    "other language, other seed": "two languages, two seeds",
    "same language, other seed": "one language, two seeds",
    "other language, same seed": "two languages, one seed",
}
_MEASURED = (  # what `kind` calls the comparisons from "random mask" on
    "random",
    "magnitude",
    "shuffled",
    "other task",
    "other language and seed",
    "other seed",
    "other language",
)


def comparisons(
    overlap: pd.DataFrame, task: str, sparsity: int = 50, by: str = "all"
) -> pd.DataFrame:
    """Pairs of masks of one task: columns comparison, lang, jaccard (%), pair.

    The first comparison is (1 - s) / (1 + s) for sparsity s; the second is computed from the
    densities of the pairs of languages. Both hold for any masks; the others are absent where they
    were not measured. `pair` is the row's index in `overlap` (-1 for the formula): a pair of
    tickets is there once for each of the two.
    """
    overlap = overlap[(overlap["by"] == by) & (overlap["sparsity"] == sparsity)]
    overlap = overlap[(overlap["task_a"] == task) | (overlap["task_b"] == task)]
    both = _sides(overlap.assign(kind=kind(overlap)), task)  # of all kinds, in one pass
    of = {what: both[both["kind"] == what] for what in _MEASURED}
    between = _of_one_kind(of["other language"], of["other language and seed"])
    if between.empty:
        return pd.DataFrame(columns=["comparison", "lang", "jaccard", "pair"])
    by_chance = (100 - sparsity) / (100 + sparsity)
    independent = {"comparison": COMPARISONS[0], "lang": "", "jaccard": by_chance}
    parts = [
        pd.DataFrame(independent, index=[-1]),
        between.assign(comparison=COMPARISONS[1], jaccard=between["expected"]),
    ]
    for comparison, what in zip(COMPARISONS[2:], _MEASURED, strict=True):
        parts.append(of[what].assign(comparison=comparison))
    pairs = pd.concat([part[["comparison", "lang", "jaccard"]] for part in parts])
    pairs = pairs.rename_axis("pair").reset_index()[["comparison", "lang", "jaccard", "pair"]]
    return pairs.assign(jaccard=100 * pairs["jaccard"].astype(float))


def layer_comparisons(overlap: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """`comparisons` in each layer, with its number in the column `layer`.

    A pooler, which is no layer, is left out, and so is the first comparison, a formula.
    """
    pairs = comparisons(overlap, task, sparsity, by="layer")
    part = (
        overlap.loc[overlap["by"] == "layer", "part"]
        .astype(str)
        .str.extract(r"(\d+)", expand=False)
    )
    pairs = pairs.assign(layer=pairs["pair"].map(part.to_dict()))
    return pairs[pairs["layer"].notna()].astype({"layer": int})


def last_layer(overlap: pd.DataFrame, task: str) -> pd.Series:
    """Mean Jaccard (%) of each comparison in the layer next to the head."""
    pairs = layer_comparisons(overlap, task)
    return pairs[pairs["layer"] == pairs["layer"].max()].groupby("comparison")["jaccard"].mean()


@dataclass(frozen=True)
class Corrected:
    """An overlap among its floor and its ceiling, all in %."""

    floor: float
    overlap: float
    ceiling: float
    low: float = np.nan  # 95 % of `share`; missing where it has no bound
    high: float = np.nan

    @property
    def share(self) -> float:
        """Of the way from floor to ceiling (%); missing where there is no way between them."""
        way = self.ceiling - self.floor
        return 100 * (self.overlap - self.floor) / way if way > 0 else np.nan


FLOOR, BETWEEN, CEILING = COMPARISONS[1], "other language, other seed", "same language, other seed"


def corrected(overlap: pd.DataFrame, task: str, floor: str = FLOOR,
              sparsity: int = 50) -> Corrected | None:  # fmt: skip
    """How far languages come from a floor (a comparison) to what two seeds of one language share.

    Languages are compared across seeds, as the ceiling is. The interval draws languages and then
    their seeds again, the same for all three comparisons; it has no bound with fewer than three
    languages, or where the ceiling is not above the floor in 97.5 % of the draws (the ratio's
    denominator may then be 0; Fieller 1954). None where a comparison has not been measured.
    """
    pairs = comparisons(overlap, task, sparsity).drop_duplicates(["comparison", "pair"])
    parts = [pairs[pairs["comparison"] == comparison] for comparison in (floor, BETWEEN, CEILING)]
    if any(part.empty for part in parts):
        return None
    means = [float(part["jaccard"].mean()) for part in parts]
    low = high = np.nan
    groups = [(part["jaccard"].tolist(), _masks(overlap, part)) for part in parts]
    if len({mask[0] for pair in groups[1][1] for mask in pair if mask}) >= 3:
        below, between, above = resampled_means(groups)
        way = above - below
        if np.nanquantile(way, 0.025) > 0:
            shares = 100 * (between - below) / np.where(way > 0, way, np.nan)
            low, high = map(float, np.nanquantile(shares, [0.025, 0.975]))
    return Corrected(means[0], means[1], means[2], low, high)


def published_corrected(task: str) -> Corrected:
    """`corrected` by what the paper prints; from independent masks, its only floor."""
    means = published_means(task)
    return Corrected(means[COMPARISONS[0]], means["other language, same seed"], means[CEILING])


def comparison_means(overlap: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """The means of `comparisons`: index comparison; columns mean, low, high (%), pairs.

    `low` and `high` bound 95 % by drawing languages and seeds again (`statistics.pairs_interval`);
    they are missing where a comparison has fewer than three languages, and on the first, a formula.
    """
    rows = pairs.drop_duplicates(["comparison", "pair"])
    out = {}
    for comparison, part in rows.groupby("comparison", sort=False):
        low = high = np.nan
        if (part["pair"] >= 0).all():
            bounds = pairs_interval(part["jaccard"].tolist(), _masks(overlap, part))
            low, high = bounds if np.isfinite(bounds).all() else (np.nan, np.nan)
        out[comparison] = (part["jaccard"].mean(), low, high, len(part))
    return pd.DataFrame.from_dict(out, orient="index", columns=["mean", "low", "high", "pairs"])


def _masks(overlap: pd.DataFrame, pairs: pd.DataFrame) -> list[Pair]:
    """The two masks behind each row of `comparisons`; a formula has none."""
    columns = [f"{name}_{side}" for name in ("method", "lang", "seed") for side in "ab"]
    masks = overlap[columns].reindex(pairs["pair"])
    return list(zip(_names(masks, "a"), _names(masks, "b"), strict=True))


def _names(masks: pd.DataFrame, side: str) -> list[Mask]:
    """Language and seed of the searched masks on one side; None for masks made without data."""
    method = masks[f"method_{side}"]
    made = method.isin(WITHOUT_DATA) | method.isna()
    columns = masks[f"lang_{side}"], masks[f"seed_{side}"], made
    return [None if no else (lang, int(seed)) for lang, seed, no in zip(*columns, strict=True)]


def published_means(task: str) -> dict[str, float]:
    """The comparisons that the paper and its poster print: mean Jaccard (%) at 50 %.

    The paper does not say with which seeds it compares languages; its code's commands use one.
    """
    table = published.overlap()
    table = table[table["task"].isin([task, "any"])].set_index("kind")["jaccard_percent"]
    kinds = {
        "independent masks": "expected for two independent random masks",
        "other language, same seed": "different languages, average",
        "same language, other seed": "same language, different seeds",
    }
    return {comparison: float(table[kind]) for comparison, kind in kinds.items()}


def departed(excess: pd.DataFrame, task: str, kinds: Sequence[str]) -> float:
    """How many of all weights a ticket departs on (%), mean over the pairs of these kinds."""
    pairs = pd.concat([departures(excess, task, kind) for kind in kinds])
    sides = [pairs[f"departed_{side}"].where(pairs[f"method_{side}"] == "ticket") for side in "ab"]
    return float(100 * pd.concat(sides).mean())


EXCESS_COMPARISONS = (
    "chance, anywhere in a matrix",
    "chance, among weights of like size",
    *COMPARISONS[4:],
)


def excess_comparisons(excess: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """The pairs of departures of `masks.excess`: columns comparison, shared (%), one row a pair.

    Chance is computed for the pairs of languages. What was not measured is absent.
    """

    between = languages(departures, excess, task, sparsity=sparsity)
    parts = [
        between.assign(comparison=EXCESS_COMPARISONS[0], shared=between["expected"]),
        between.assign(comparison=EXCESS_COMPARISONS[1], shared=between["expected_near"]),
    ]
    for comparison, what in zip(EXCESS_COMPARISONS[2:], _MEASURED[2:], strict=True):
        parts.append(departures(excess, task, what, sparsity).assign(comparison=comparison))
    once = [part[~part.index.duplicated()] for part in parts]  # a pair of tickets comes both ways
    pairs = pd.concat([part[["comparison", "shared"]] for part in once], ignore_index=True)
    return pairs.assign(shared=100 * pairs["shared"].astype(float))
