"""What two languages have in common, and what goes with it: matrices over languages, and tests.

Matrices are square and symmetric, indexed by language codes, with an empty diagonal. Tests permute
languages (`results.statistics.mantel`), since pairs that share a language are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lnlib.papers.foroutan.analysis import gains, measures, nulls
from lnlib.results import statistics

JACCARD, BEYOND, GAIN = "Jaccard", "departures beyond chance", "gain of a moved mask"
TEXT = "text"  # the one trait that is an amount
TRAITS: dict[str, tuple[str, str | None]] = {  # the trait, and the one that is taken out first
    "script": ("script", None),
    "family": ("family", None),
    "word order": ("word_order", None),
    "script, beyond family": ("script", "family"),
    "family, beyond script": ("family", "script"),
    "amount of text": (TEXT, None),
    "script, beyond text": ("script", TEXT),
}


def moved(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """Gain of a moved mask over the own one, by pair of languages: mean of both directions."""
    changed = gains.change(scores, task).rename_axis(index="lang", columns="other")
    return statistics.square(changed.stack().rename("gain").reset_index(), "gain")


@dataclass(frozen=True)
class Moved:
    """What all masks of one task gained over the targets' own ones when they were moved."""

    targets: int
    mean: float  # over targets, of the mean over the masks moved there; in the metric's unit
    least: float
    most: float
    pairs: int  # of languages: a mask's and a target
    no_worse: int  # pairs in which the moved mask does at least as well as the own one
    judged: int  # pairs whose target has the three seeds that a deviation takes
    successes: int  # of them, within one standard deviation of the own mask's score


def moved_in_all(scores: pd.DataFrame, task: str) -> Moved | None:
    """What masks of other languages gain at 50 %; None where none was moved."""
    change = gains.change(scores, task)
    pairs = change.stack().dropna()
    if pairs.empty:
        return None
    judged = (change + measures.spread(scores, task, "own")).stack().dropna()
    return Moved(change.shape[1], float(change.mean().mean()), float(pairs.min()),
                 float(pairs.max()), len(pairs), int((pairs >= 0).sum()), len(judged),
                 int((judged >= 0).sum()))  # fmt: skip


def between_languages(
    overlap: pd.DataFrame, excess: pd.DataFrame, scores: pd.DataFrame, task: str
) -> dict[str, pd.DataFrame]:
    """What two languages share, and what a mask gains between them.

    Matrices by `JACCARD` (0 to 1), `BEYOND` (points) and `GAIN` (the metric's unit); empty where
    nothing has run. What they share is across seeds where every pair was searched so: it is the
    languages', and not the head's.
    """
    pairs = nulls.languages(nulls.compared, overlap, task)
    beyond = nulls.languages(nulls.departures, excess, task)
    return _squares(pairs, beyond, scores, task)


def between_moved(
    overlap: pd.DataFrame, excess: pd.DataFrame, scores: pd.DataFrame, task: str
) -> dict[str, pd.DataFrame]:
    """`between_languages`, but of the very masks that were moved: two of one seed."""
    seeds = set(gains.moved(scores, task)["seed"])
    pairs, beyond = (
        rows[rows["seed_a"].isin(seeds)]
        for rows in (
            nulls.compared(overlap, task, "other language"),
            nulls.departures(excess, task, "other language"),
        )
    )
    return _squares(pairs, beyond, scores, task)


def _squares(
    pairs: pd.DataFrame, beyond: pd.DataFrame, scores: pd.DataFrame, task: str
) -> dict[str, pd.DataFrame]:
    return {
        JACCARD: statistics.square(pairs, "jaccard"),
        BEYOND: statistics.square(beyond, "beyond"),
        GAIN: moved(scores, task),
    }


def alike(langs: Sequence[str], trait: str, text: pd.Series | None = None) -> pd.DataFrame:
    """How much two languages have in common in a trait; `TEXT` asks for `text`, the log of the
    tokens that the encoder has seen, by language."""
    if trait == TEXT and text is not None:
        return statistics.nearness(text[list(langs)])
    return statistics.alike(langs, trait)


def with_traits(matrix: pd.DataFrame, text: pd.Series | None = None) -> pd.DataFrame:
    """Whether pairs that share a trait are high in a matrix: a Mantel test for each of `TRAITS`.

    Columns same, languages, correlation (Spearman's r), p (not corrected). Without `text` its tests
    are left out. UserError where the languages are too few, as `mantel` says.
    """
    rows = []
    for label, (trait, other) in TRAITS.items():
        if text is None and TEXT in (trait, other):
            continue
        langs = list(matrix.index)
        given = [alike(langs, other, text)] if other else []
        found = statistics.mantel(matrix, alike(langs, trait, text), given)
        rows.append({"same": label, "languages": found.languages, "correlation": found.r,
                     "p": found.p})  # fmt: skip
    return pd.DataFrame(rows)


def with_gain(matrices: Mapping[str, pd.DataFrame], what: str,
              beyond: str = "") -> statistics.Relation:  # fmt: skip
    """Whether masks that share more also gain more when they are moved; UserError as `mantel`'s.

    `matrices` are those of `between_moved`, `what` is `JACCARD` or `BEYOND`; the trait `beyond` is
    taken out first.
    """
    gain = matrices[GAIN]
    given = [statistics.alike(list(gain.index), beyond)] if beyond else []
    return statistics.mantel(matrices[what], gain, given)


@dataclass(frozen=True)
class Standing:
    """Where one pair of languages stands among all pairs."""

    above: float  # the mean of all pairs, in the matrix's unit
    rank: int  # 1 is the highest
    pairs: int


def standing(matrix: pd.DataFrame, one: str, other: str) -> Standing | None:
    """Where a pair stands in a matrix; None where it was not measured."""
    if one not in matrix.index or other not in matrix.index or pd.isna(matrix.loc[one, other]):
        return None
    pairs, value = matrix.stack().dropna(), matrix.loc[one, other]
    rank = int((pairs > value).sum() / 2) + 1  # each pair stands there twice
    return Standing(float(value - pairs.mean()), rank, len(pairs) // 2)


# ---- parts of a seed -----------------------------------------------------------------------------


def seed_parts(table: pd.DataFrame, task: str) -> pd.DataFrame:
    """Searches that share part of a seed, from rows of `seed_parts.csv`, one row a pair.

    Added columns: `whose` ("same language" or "other language"), `points` (Jaccard, %) and `beyond`
    (departures they share beyond chance, points).
    """
    rows = table[table["task"] == task]
    same = (rows["lang"] == rows["other"]).map({True: "same language", False: "other language"})
    beyond = 100 * (rows["shared"] - rows["expected_near"])
    return rows.assign(whose=same, points=100 * rows["jaccard"], beyond=beyond)


def step_to_same_language(pairs: pd.DataFrame) -> pd.DataFrame:
    """How much more two searches share in one language than in two, from rows of `seed_parts`.

    Index parts and lang, columns points and beyond.
    """
    wide = pairs.pivot_table(index=["parts", "lang"], columns="whose", values=["points", "beyond"])
    return wide.xs("same language", axis=1, level=1) - wide.xs("other language", axis=1, level=1)


def across_less_within(overlap: pd.DataFrame, task: str) -> float:
    """Overlap of a language with others of other seeds, less that with others of its own seed.

    Points of Jaccard, mean over languages: below 0 where a seed's head makes masks alike.
    """
    across, within = (
        nulls.compared(overlap, task, what).groupby("lang")["jaccard"].mean()
        for what in ("other language and seed", "other language")
    )
    return float(100 * (across - within.reindex(across.index)).mean())
