"""The null ladder: what overlaps are compared to.

Two tickets overlap for many reasons. Each rung of the ladder is a pair of masks that has some of
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
    return _sides(rows, task, what)


def departures(excess: pd.DataFrame, task: str, what: str, sparsity: int = 50) -> pd.DataFrame:
    """`compared` for the departures of `masks.excess`: what they share beyond chance, in points.

    The column `beyond` is `shared` less `expected_near`.
    """
    rows = _sides(excess[excess["sparsity"] == sparsity], task, what)
    return rows.assign(beyond=100 * (rows["shared"] - rows["expected_near"]).astype(float))


def languages(
    rows: Callable[..., pd.DataFrame], table: pd.DataFrame, task: str, **where: object
) -> pd.DataFrame:
    """Pairs of languages across seeds, if every pair was measured so; else within one seed.

    `rows` is `compared` or `departures`, `where` the rest of its parameters. One kind for all
    pairs, or a language with more seeds would stand out for that.
    """
    within = rows(table, task, "other language", **where)
    across = rows(table, task, "other language and seed", **where)
    pairs = (set(zip(part["lang"], part["other"], strict=True)) for part in (within, across))
    return across if next(pairs) <= next(pairs) else within


def _sides(rows: pd.DataFrame, task: str, what: str) -> pd.DataFrame:
    rows = rows[kind(rows) == what]
    sides = []
    for a, b in ("ab", "ba"):
        side = rows[(rows[f"task_{a}"] == task) & (rows[f"method_{a}"] == "ticket")]
        sides.append(side.assign(lang=side[f"lang_{a}"], other=side[f"lang_{b}"]))
    both = pd.concat(sides)
    return both[~mixed(both["lang"]) & ~mixed(both["other"])]


RUNGS = (
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
_MEASURED = (  # what `kind` calls the rungs from "random mask" on
    "random",
    "magnitude",
    "shuffled",
    "other task",
    "other language and seed",
    "other seed",
    "other language",
)


def ladder(overlap: pd.DataFrame, task: str, sparsity: int = 50, by: str = "all") -> pd.DataFrame:
    """The rungs of one task: columns rung, lang, jaccard (%), pair; unmeasured rungs are absent.

    The first rung is (1 - s) / (1 + s) for sparsity s; the second is computed from the densities of
    the pairs of languages. Both hold for any masks; the others are measured. `pair` is the row's
    index in `overlap` (-1 for the first rung): a pair of tickets is there once for each of the two.
    """
    between = languages(compared, overlap, task, by=by, sparsity=sparsity)
    if between.empty:
        return pd.DataFrame(columns=["rung", "lang", "jaccard", "pair"])
    parts = [
        pd.DataFrame(
            {"rung": RUNGS[0], "lang": "", "jaccard": [(100 - sparsity) / (100 + sparsity)]},
            index=[-1],
        ),
        between.assign(rung=RUNGS[1], jaccard=between["expected"]),
    ]
    for rung, what in zip(RUNGS[2:], _MEASURED, strict=True):
        parts.append(compared(overlap, task, what, by, sparsity).assign(rung=rung))
    rungs = pd.concat([part[["rung", "lang", "jaccard"]] for part in parts])
    rungs = rungs.rename_axis("pair").reset_index()[["rung", "lang", "jaccard", "pair"]]
    return rungs.assign(jaccard=100 * rungs["jaccard"].astype(float))


def layer_ladder(overlap: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """`ladder` in each layer, with its number in the column `layer`.

    A pooler, which is no layer, is left out, and so is the first rung, a formula.
    """
    rungs = ladder(overlap, task, sparsity, by="layer")
    part = overlap["part"].astype(str).str.extract(r"(\d+)", expand=False)
    rungs = rungs.assign(layer=rungs["pair"].map(part.to_dict()))
    return rungs[rungs["layer"].notna()].astype({"layer": int})


def last_layer(overlap: pd.DataFrame, task: str) -> pd.Series:
    """Mean Jaccard (%) of each rung in the layer next to the head."""
    rungs = layer_ladder(overlap, task)
    return rungs[rungs["layer"] == rungs["layer"].max()].groupby("rung")["jaccard"].mean()


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


FLOOR, BETWEEN, CEILING = RUNGS[1], "other language, other seed", "same language, other seed"


def corrected(overlap: pd.DataFrame, task: str, floor: str = FLOOR,
              sparsity: int = 50) -> Corrected | None:  # fmt: skip
    """How far languages come from a floor (a rung) to what two seeds of one language share.

    Languages are compared across seeds, as the ceiling is. The interval draws languages and then
    their seeds again, the same for all three rungs; it has no bound with fewer than three
    languages, or where the ceiling is not above the floor in 97.5 % of the draws (the ratio's
    denominator may then be 0; Fieller 1954). None where a rung has not been measured.
    """
    rungs = ladder(overlap, task, sparsity).drop_duplicates(["rung", "pair"])
    parts = [rungs[rungs["rung"] == rung] for rung in (floor, BETWEEN, CEILING)]
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
    rungs = published_ladder(task)
    return Corrected(rungs[RUNGS[0]], rungs["other language, same seed"], rungs[CEILING])


def ladder_means(overlap: pd.DataFrame, rungs: pd.DataFrame) -> pd.DataFrame:
    """The means of a `ladder` of `overlap`: index rung; columns mean, low, high (%), pairs.

    `low` and `high` bound 95 % by drawing languages and seeds again (`statistics.pairs_interval`);
    they are missing where a rung has fewer than three languages, and on the first, a formula.
    """
    rows = rungs.drop_duplicates(["rung", "pair"])
    out = {}
    for rung, part in rows.groupby("rung", sort=False):
        low = high = np.nan
        if (part["pair"] >= 0).all():
            bounds = pairs_interval(part["jaccard"].tolist(), _masks(overlap, part))
            low, high = bounds if np.isfinite(bounds).all() else (np.nan, np.nan)
        out[rung] = (part["jaccard"].mean(), low, high, len(part))
    return pd.DataFrame.from_dict(out, orient="index", columns=["mean", "low", "high", "pairs"])


def _masks(overlap: pd.DataFrame, rungs: pd.DataFrame) -> list[Pair]:
    """The two masks behind each row of a ladder; a formula has none."""
    masks = overlap.reindex(rungs["pair"])
    return list(zip(_names(masks, "a"), _names(masks, "b"), strict=True))


def _names(masks: pd.DataFrame, side: str) -> list[Mask]:
    """Language and seed of the searched masks on one side; None for masks made without data."""
    method = masks[f"method_{side}"]
    made = method.isin(WITHOUT_DATA) | method.isna()
    columns = masks[f"lang_{side}"], masks[f"seed_{side}"], made
    return [None if no else (lang, int(seed)) for lang, seed, no in zip(*columns, strict=True)]


def published_ladder(task: str) -> dict[str, float]:
    """The rungs that the paper and its poster print: mean Jaccard (%) at 50 %.

    The paper does not say with which seeds it compares languages; its code's commands use one.
    """
    table = published.overlap()
    table = table[table["task"].isin([task, "any"])].set_index("kind")["jaccard_percent"]
    kinds = {
        "independent masks": "expected for two independent random masks",
        "other language, same seed": "different languages, average",
        "same language, other seed": "same language, different seeds",
    }
    return {rung: float(table[kind]) for rung, kind in kinds.items()}


def departed(excess: pd.DataFrame, task: str, kinds: Sequence[str]) -> float:
    """How many of all weights a ticket departs on (%), mean over the pairs of these kinds."""
    pairs = pd.concat([departures(excess, task, kind) for kind in kinds])
    sides = [pairs[f"departed_{side}"].where(pairs[f"method_{side}"] == "ticket") for side in "ab"]
    return float(100 * pd.concat(sides).mean())


EXCESS_RUNGS = (
    "chance, anywhere in a matrix",
    "chance, among weights of like size",
    *RUNGS[4:],
)


def excess_ladder(excess: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """The rungs of the departures of `masks.excess`: columns rung, shared (%), one row a pair.

    The chance rungs are computed for the pairs of languages. Unmeasured rungs are absent.
    """

    between = languages(departures, excess, task, sparsity=sparsity)
    parts = [
        between.assign(rung=EXCESS_RUNGS[0], shared=between["expected"]),
        between.assign(rung=EXCESS_RUNGS[1], shared=between["expected_near"]),
    ]
    for rung, what in zip(EXCESS_RUNGS[2:], _MEASURED[2:], strict=True):
        parts.append(departures(excess, task, what, sparsity).assign(rung=rung))
    once = [part[~part.index.duplicated()] for part in parts]  # a pair of tickets comes both ways
    rungs = pd.concat([part[["rung", "shared"]] for part in once], ignore_index=True)
    return rungs.assign(shared=100 * rungs["shared"].astype(float))
