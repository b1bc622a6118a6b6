"""The paper's claims, tested on the measured tables: every verdict is computed, none is typed.

A *measure* turns the tables into one number per language; the claim (`published/claims.yaml`) says
between which bounds their mean lies. The verdict follows from the mean's 95 % interval over
languages. That interval says how much languages differ, not how much seeds do; it is not a
significance test over independent pairs.

Gains are signed so that more is better in all three tasks (perplexity is turned round).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t as student

from lnlib import nulls, published
from lnlib.tasks import TASKS

AGREES, DIFFERS, CANNOT_TELL, NOT_RUN = (
    "agrees",
    "differs",
    "cannot be told at this scale",
    "not run",
)
UNITS = {"mlm": "perplexity", "ner": "F1", "xnli": "accuracy"}
_FEWEST = 3  # languages for an interval, seeds for a standard deviation


# ---- reading the tables --------------------------------------------------------------------------


def sign(task: str) -> int:
    """+1 where a higher score is better, -1 for perplexity."""
    return 1 if TASKS[task].higher_is_better else -1


def own(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """Rows of tickets scored where they were found: same task, language and seed."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "ticket")]
    same = (rows["mask_task"] == task) & (rows["mask_lang"] == rows["lang"])
    return rows[same & (rows["mask_seed"] == rows["seed"])]


def at(scores: pd.DataFrame, task: str, method: str, sparsity: int = 50) -> pd.Series:
    """Mean score over seeds by language; `method` is "own", "full" or a control."""
    if method == "own":
        rows = own(scores, task)
    else:
        rows = scores[(scores["task"] == task) & (scores["method"] == method)]
    level = 0 if method == "full" else sparsity
    return rows[rows["sparsity"] == level].groupby("lang")["value"].mean()


def gains(rows: pd.DataFrame, scores: pd.DataFrame, task: str, sparsity: int = 50) -> pd.Series:
    """What each row gains over the target's own mask of the same seed, in the metric's unit.

    Trainings of one seed share their head and the order of their data, so they differ in the mask
    alone. Missing where that seed has no own mask at this sparsity (%).
    """
    base = own(scores, task)
    base = base[base["sparsity"] == sparsity].groupby(["lang", "seed"])["value"].mean()
    same = pd.MultiIndex.from_frame(rows[["lang", "seed"]])
    return sign(task) * (rows["value"].astype(float) - base.reindex(same).to_numpy(float))


def change(scores: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """What the mask of another language changes: rows are its language, columns the target.

    Values are gains over the target's own mask (negative is worse), in the unit of the metric,
    means over seeds. Pairs without a measurement are missing; so is the diagonal. Masks found on
    mixtures of languages are left out.
    """
    rows = scores[(scores["task"] == task) & (scores["method"] == "ticket")]
    rows = rows[(rows["mask_task"] == task) & (rows["sparsity"] == sparsity)]
    rows = rows[(rows["mask_lang"] != rows["lang"])]
    rows = rows[~(rows["mask_lang"] + rows["lang"]).str.contains("+", regex=False)]
    rows = rows.assign(gain=gains(rows, scores, task, sparsity))
    return rows.pivot_table(index="mask_lang", columns="lang", values="gain", aggfunc="mean")


def cross_task(scores: pd.DataFrame, sparsity: int = 50) -> pd.DataFrame:
    """Gain over the own mask of masks found on another task in the same language, one row a score.

    Columns: task (scored on), mask_task, lang, seed, gain (in the unit of the metric).
    """
    rows = scores[(scores["method"] == "ticket") & (scores["sparsity"] == sparsity)]
    rows = rows[(rows["mask_task"] != rows["task"]) & (rows["mask_lang"] == rows["lang"])]
    parts = []
    for task, part in rows.groupby("task"):
        part = part.assign(gain=gains(part, scores, str(task), sparsity))
        parts.append(part[["task", "mask_task", "lang", "seed", "gain"]])
    return pd.concat(parts) if parts else rows.assign(gain=0.0)


# ---- measures: one number per language -----------------------------------------------------------


def winning_share(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """100 where the own 50 % mask is within one standard deviation of the full model, else 0.

    The deviation is over the full model's seeds; languages with fewer than three are missing.
    """
    rows = scores[(scores["task"] == task) & (scores["method"] == "full")]
    full = rows.groupby("lang")["value"].agg(["mean", "std", "count"])
    full = full[full["count"] >= _FEWEST]
    gain = (sign(task) * (at(scores, task, "own") - full["mean"])).dropna()
    return 100.0 * (gain >= -full["std"].reindex(gain.index))


def gain_over_random(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """Own 50 % mask minus random 50 % mask, in the metric's unit."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "random")]
    rows = rows[rows["sparsity"] == 50]
    return -gains(rows, scores, task).groupby(rows["lang"]).mean().dropna()


def change_in_transfer(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """Mean change of a target under the other languages' 50 % masks, in the metric's unit."""
    return change(scores, task).mean().dropna()


def share_lost_in_transfer(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """Mean loss of a target under the others' masks, in % of what a random mask loses on average.

    Empty where the random mask loses nothing: then there is no way to share.
    """
    random = gain_over_random(scores, overlap, task).mean()
    lost = -change_in_transfer(scores, overlap, task)
    return 100 * lost / random if random > 0 else lost.iloc[:0]


def overlap_over_chance(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """Jaccard with other languages less that of independent masks of the same densities, points."""
    rows = nulls.languages(nulls.compared, overlap, task)
    return 100 * (rows["jaccard"] - rows["expected"]).groupby(rows["lang"]).mean().dropna()


def seed_over_language(scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> pd.Series:
    """Jaccard with another seed less that with other languages of other seeds, in points."""
    seed, language = (
        nulls.compared(overlap, task, what).groupby("lang")["jaccard"].mean()
        for what in ("other seed", "other language and seed")
    )
    return 100 * (seed - language).dropna()


_MEASURES: dict[str, Callable[[pd.DataFrame, pd.DataFrame, str], pd.Series]] = {
    measure.__name__: measure
    for measure in (
        winning_share,
        gain_over_random,
        change_in_transfer,
        share_lost_in_transfer,
        overlap_over_chance,
        seed_over_language,
    )
}


def claims() -> list[dict[str, Any]]:
    """The claims of `published/claims.yaml`, in its order."""
    text = files(published).joinpath("claims.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


def published_value(measure: str, task: str) -> float:
    """The same measure on the paper's printed figures (mean over languages or pairs)."""
    if measure == "winning_share":
        table = published.tickets()
        return 100.0 * float((table[table["task"] == task]["ticket_sparsity"] >= 50).mean())
    if measure in ("overlap_over_chance", "seed_over_language"):
        rungs = nulls.published_ladder(task)
        chance, languages, seed = rungs.values()
        return languages - chance if measure == "overlap_over_chance" else seed - languages
    return float(_MEASURES[measure](published.scores(), pd.DataFrame(), task).mean())


def _unit(measure: str, task: str) -> str:
    if measure == "winning_share":
        return "% of languages"
    if measure == "share_lost_in_transfer":
        return "% of a random mask's loss"
    if measure.startswith(("overlap", "seed")):
        return "points of Jaccard"
    return UNITS[task]


# ---- verdicts ------------------------------------------------------------------------------------


def interval(values: pd.Series) -> tuple[float, float]:
    """95 % interval of the mean (Student); endless with fewer than three values."""
    if len(values) < _FEWEST:
        return -np.inf, np.inf
    half = float(student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def at_chance(scores: pd.DataFrame, task: str) -> bool:
    """Whether the full XNLI model is within three standard errors of one right in three."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "full")]
    if task != "xnli" or rows.empty:
        return False
    error = 100 * np.sqrt(1 / 3 * 2 / 3 / rows["n"].sum())
    return bool(rows["value"].mean() < 100 / 3 + 3 * error)


def _judge(claim: dict[str, Any], values: pd.Series) -> tuple[str, str]:
    above, below = claim.get("above", -np.inf), claim.get("below", np.inf)
    if len(values) < _FEWEST:
        return (
            CANNOT_TELL,
            f"{len(values)} language(s) with what the test needs; it takes {_FEWEST}",
        )
    if claim["measure"] == "winning_share":  # a count of what was seen, not a mean to be estimated
        low = high = float(values.mean())
        seen = f"{int((values > 0).sum())} of {len(values)} languages"
    else:
        low, high = interval(values)
        seen = f"95 % interval over {len(values)} languages {low:+.2f} to {high:+.2f}"
    bound = " and ".join(f"{k} {claim[k]}" for k in ("above", "below") if k in claim)
    if low > above and high < below:
        return AGREES, f"{seen}; the claim needs {bound}"
    if high <= above or low >= below:
        return DIFFERS, f"{seen}; the claim needs {bound}"
    return CANNOT_TELL, f"{seen} reaches across a bound; the claim needs {bound}"


def _started(claim: dict[str, Any], scores: pd.DataFrame, overlap: pd.DataFrame, task: str) -> bool:
    """Whether anything the claim asks for has been measured."""
    wanted = {
        "winning_share": lambda: len(at(scores, task, "own")),
        "gain_over_random": lambda: (
            len(at(scores, task, "own")) and len(at(scores, task, "random"))
        ),
        "overlap_over_chance": lambda: len(nulls.languages(nulls.compared, overlap, task)),
        "seed_over_language": lambda: len(nulls.compared(overlap, task, "other seed")),
    }
    return bool(wanted.get(claim["measure"], lambda: change(scores, task).size)())


def verdicts(scores: pd.DataFrame, overlap: pd.DataFrame, scale: str) -> pd.DataFrame:
    """One row per claim and task: id, claim, task, published, ours, unit, n, verdict, why.

    `scores` and `overlap` are the tables of `results/<scale>/` (empty ones will do); `published`
    and `ours` are means, `n` the languages behind ours. Rows of other scales are ignored.
    """
    scores, overlap = (table[table["scale"] == scale] for table in (scores, overlap))
    rows = []
    for claim in claims():
        for task in claim["tasks"]:
            measure = claim["measure"]
            values = _MEASURES[measure](scores, overlap, task)
            if not _started(claim, scores, overlap, task):
                verdict, why = NOT_RUN, f"no rows for {task} at scale {scale}"
            elif at_chance(scores, task):
                verdict, why = CANNOT_TELL, "the full model is at chance"
            else:
                verdict, why = _judge(claim, values)
            rows.append(
                {
                    "id": claim["id"],
                    "claim": claim["statement"],
                    "task": task,
                    "published": published_value(measure, task),
                    "ours": float(values.mean()) if len(values) else np.nan,
                    "unit": _unit(measure, task),
                    "n": len(values),
                    "verdict": verdict,
                    "why": why,
                }
            )
    return pd.DataFrame(rows)
