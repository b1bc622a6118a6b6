"""Scores compared: what a mask gains over the target's own, from rows of `scores.csv`.

Gains are signed so that more is better in all three tasks (perplexity is turned round).
"""

from __future__ import annotations

import pandas as pd

from lnlib.papers.foroutan.coverage import ALL_TASKS, MIXTURE
from lnlib.papers.foroutan.scales import HEADLINE

UNITS = {name: task.unit for name, task in ALL_TASKS.items()}


def sign(task: str) -> int:
    """+1 where a higher score is better, -1 for perplexity."""
    return 1 if ALL_TASKS[task].higher_is_better else -1


def mixed(langs: pd.Series) -> pd.Series:
    """Which codes are mixtures of languages, such as "en+fa+fr+zh": no further language."""
    return langs.astype(str).str.contains("+", regex=False)


def own(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """Rows of tickets scored where they were found: same task, language and seed."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "ticket")]
    same = (rows["mask_task"] == task) & (rows["mask_lang"] == rows["lang"])
    return rows[same & (rows["mask_seed"] == rows["seed"])]


def at(scores: pd.DataFrame, task: str, method: str, sparsity: int = HEADLINE) -> pd.Series:
    """Mean score over seeds by language, not of mixtures; `method`: "own", "full" or a control."""
    return _at(scores, task, method, sparsity).groupby("lang")["value"].mean()


def seeds_at(scores: pd.DataFrame, task: str, method: str, sparsity: int = HEADLINE) -> pd.Series:
    """How many seeds stand behind each mean of `at`."""
    return _at(scores, task, method, sparsity).groupby("lang")["seed"].nunique()


def _at(scores: pd.DataFrame, task: str, method: str, sparsity: int) -> pd.DataFrame:
    if method == "own":
        rows = own(scores, task)
    else:
        rows = scores[(scores["task"] == task) & (scores["method"] == method)]
    level = 0 if method == "full" else sparsity
    return rows[(rows["sparsity"] == level) & ~mixed(rows["lang"])]


def over_own(
    rows: pd.DataFrame, scores: pd.DataFrame, task: str, sparsity: int = HEADLINE
) -> pd.Series:
    """What each row gains over the target's own mask of the same seed, in the metric's unit.

    Trainings of one seed share their head and the order of their data, so they differ in the mask
    alone. Missing where that seed has no own mask at this sparsity (%).
    """
    base = own(scores, task)
    base = base[base["sparsity"] == sparsity].groupby(["lang", "seed"])["value"].mean()
    same = pd.MultiIndex.from_frame(rows[["lang", "seed"]])
    return sign(task) * (rows["value"].astype(float) - base.reindex(same).to_numpy(float))


def control(scores: pd.DataFrame, task: str, method: str) -> pd.Series:
    """What a control's 50 % mask, or the "full" model, gains over the own 50 % mask, by language.

    Means over the seeds that have both; mixtures of languages are left out.
    """
    rows = scores[(scores["task"] == task) & (scores["method"] == method)]
    level = 0 if method == "full" else HEADLINE
    rows = rows[(rows["sparsity"] == level) & ~mixed(rows["lang"])]
    return over_own(rows, scores, task).groupby(rows["lang"]).mean().dropna()


def over_full(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """What the own ticket gains over the full model: rows languages, columns sparsities (%).

    Compared seed by seed, means over seeds, in the metric's unit; mixtures are left out.
    """
    full = _at(scores, task, "full", 0).groupby(["lang", "seed"])["value"].mean()
    rows = own(scores, task)
    rows = rows[~mixed(rows["lang"])]
    of = pd.MultiIndex.from_frame(rows[["lang", "seed"]])
    gain = sign(task) * (rows["value"].astype(float) - full.reindex(of).to_numpy(float))
    return rows.assign(gain=gain).pivot_table(index="lang", columns="sparsity", values="gain")


def against_full(scores: pd.DataFrame, task: str, method: str) -> pd.Series:
    """Change from the full model's score to that under a control's 50 % mask, by language, in %.

    Above 0 is better; compared seed by seed, through the own mask of each.
    """
    gain = control(scores, task, method) - control(scores, task, "full")
    return 100 * gain / at(scores, task, "full")


def moved(scores: pd.DataFrame, task: str, sparsity: int = HEADLINE) -> pd.DataFrame:
    """Rows in which a mask of the same task and seed came from elsewhere, with their `gain`.

    Elsewhere is another language, or a mixture of some. Source and target start from one head, as
    with the reference code's commands; `by_origin` has what that is worth.
    """
    rows = _of_task(scores, task, sparsity)
    rows = rows[(rows["mask_lang"] != rows["lang"]) & (rows["mask_seed"] == rows["seed"])]
    return rows.assign(gain=over_own(rows, scores, task, sparsity))


ORIGINS = (
    "other language, same seed",
    "same language, other seed",
    "other language, other seed",
)


def by_origin(scores: pd.DataFrame, task: str, sparsity: int = HEADLINE) -> pd.DataFrame:
    """What a mask gains over the target's own one, by what it has in common with that.

    Rows are targets, columns `ORIGINS`, values means over masks and seeds, in the metric's unit.
    The own mask was found in the very training that scores it, so a mask of another seed changes
    the score even at home; only what another language's loses beyond that is the language's. The
    columns of other languages take the same sources, those of other seeds the same seeds of masks,
    and all three the same seeds of a target.
    """
    rows = _of_task(scores, task, sparsity)
    rows = rows[~mixed(rows["lang"]) & ~mixed(rows["mask_lang"])]
    rows = rows.assign(gain=over_own(rows, scores, task, sparsity))
    lang, seed = rows["mask_lang"] == rows["lang"], rows["mask_seed"] == rows["seed"]
    of = pd.MultiIndex.from_frame(rows[["lang", "seed", "mask_seed"]])
    also = of.isin(of[~lang & ~seed])  # where other languages' masks of that seed were moved too
    near, home, far = (
        rows[where].groupby(["lang", "seed", "mask_lang"])["gain"].mean()
        for where in (~lang & seed, lang & ~seed & also, ~lang & ~seed)
    )
    both = near.index.intersection(far.index)
    gained = dict(zip(ORIGINS, (near[both], home, far[both]), strict=True))
    by_seed = {name: gain.groupby(["lang", "seed"]).mean() for name, gain in gained.items()}
    return pd.DataFrame(by_seed).dropna().groupby("lang").mean()


def _of_task(scores: pd.DataFrame, task: str, sparsity: int) -> pd.DataFrame:
    """Rows under tickets of the task itself, whoever's, at one sparsity (%)."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "ticket")]
    return rows[(rows["mask_task"] == task) & (rows["sparsity"] == sparsity)]


def change(scores: pd.DataFrame, task: str, sparsity: int = HEADLINE) -> pd.DataFrame:
    """What the mask of another language changes: rows are its language, columns the target.

    Values are gains over the target's own mask (negative is worse), in the unit of the metric,
    means over seeds. Pairs without a measurement are missing; so is the diagonal. Masks found on
    mixtures of languages are left out.
    """
    rows = moved(scores, task, sparsity)
    rows = rows[~mixed(rows["mask_lang"]) & ~mixed(rows["lang"])]
    return rows.pivot_table(index="mask_lang", columns="lang", values="gain", aggfunc="mean")


def under_mixture(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """Scores of targets under the mask of the mixture, the best of its languages', and the own one.

    Index the targets; columns mixed, best, own, each missing where nothing was measured. The own
    mask is of the seeds that were moved. Source: paper, Table 1.
    """
    rows = moved(scores, task)
    by_mask = rows.pivot_table(index="lang", columns="mask_lang", values="value")
    by_mask = by_mask.reindex(columns=[MIXTURE, *MIXTURE.split("+")])
    mixed, best = by_mask[MIXTURE], by_mask.drop(columns=MIXTURE).max(axis=1)
    own = at(scores[scores["seed"].isin(rows["seed"])], task, "own")
    return pd.DataFrame({"mixed": mixed, "best": best, "own": own})


def cross_task(scores: pd.DataFrame, sparsity: int = HEADLINE) -> pd.DataFrame:
    """Gain over the own mask of masks found on another task in the same language, one row a score.

    Mixtures of languages are left out. Columns: task (scored on), mask_task, lang, seed, gain (in
    the unit of the metric).
    """
    rows = scores[(scores["method"] == "ticket") & (scores["sparsity"] == sparsity)]
    rows = rows[(rows["mask_task"] != rows["task"]) & (rows["mask_lang"] == rows["lang"])]
    rows = rows[~mixed(rows["lang"])]
    parts = []
    for task, part in rows.groupby("task"):
        part = part.assign(gain=over_own(part, scores, str(task), sparsity))
        parts.append(part[["task", "mask_task", "lang", "seed", "gain"]])
    return pd.concat(parts) if parts else rows.assign(gain=0.0)
