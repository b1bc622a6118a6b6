"""The paper's claims, tested on the measured tables: every verdict is computed, none is typed.

A claim (`published/claims.yaml`) says between which bounds the mean of a measure
(`measures`) lies. The verdict follows from the mean's 95 % interval over languages. That
interval says how much languages differ, not how much seeds do; it is not a significance test over
independent pairs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from functools import cache, partial
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t as student

from lnlib.languages import MIXTURE
from lnlib.papers.foroutan import published
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.analysis.gains import UNITS
from lnlib.papers.foroutan.analysis.measures import FEWEST, MEASURES, Tables
from lnlib.papers.foroutan.scales import HEADLINE

AGREES, DIFFERS, CANNOT_TELL, NOT_RUN = VERDICTS = (  # in the order in which pages count them
    "agrees",
    "differs",
    "cannot be told at this scale",
    "not run",
)


@cache
def claims() -> list[dict[str, Any]]:
    """The claims of `published/claims.yaml`, in its order."""
    text = files(published).joinpath("claims.yaml").read_text(encoding="utf-8")
    return list(yaml.safe_load(text))


@cache
def published_value(measure: str, task: str, encoder: str = published.MBERT) -> float:
    """The same measure on the paper's printed figures; NaN where it prints none.

    A mean over languages or pairs, of tables, figures and text.
    """
    if measure in PRINTED:
        return PRINTED[measure](task)
    if {"overlap", "retrieval"} & set(MEASURES[measure].reads):  # the paper draws most of these
        return np.nan
    return float(MEASURES[measure].of(Tables(scores=published.scores(encoder)), task).mean())


def _printed_winners(task: str) -> float:
    table = published.tickets()
    return 100.0 * float((table[table["task"] == task]["ticket_sparsity"] >= HEADLINE).mean())


def _printed_overlap(task: str, rung: str, below: str) -> float:
    ladder = nulls.published_ladder(task)
    return ladder[rung] - ladder[below]


def _printed_criterion(task: str, criterion: str) -> float:
    table = published.criteria().set_index(["criterion", "task"])["change_percent"]
    return float(table[criterion, task])


def _printed_across_tasks(task: str) -> float:
    table = published.cross_task()
    rows = table[table["target_task"] == task]
    random = rows["mask_task"] == "random"
    lost = (-rows["change_vs_own_mask"]).groupby(random).mean()
    return float(100 * lost[False] / lost[True])


def _printed_mixture(_task: str) -> float:
    wide = published.multilingual_mask().pivot(index="target", columns="mask", values="value")
    return float((wide[MIXTURE] - wide[MIXTURE.split("+")].mean(axis=1)).mean())


# Where the paper prints the measure itself, not the scores that it is computed from.
PRINTED: dict[str, Callable[[str], float]] = {
    "winning_share": _printed_winners,
    "overlap_over_chance": partial(
        _printed_overlap, rung="other language, same seed", below="independent masks"
    ),
    "seed_over_language": partial(
        _printed_overlap, rung="same language, other seed", below="other language, same seed"
    ),
    "ranked_by_change": partial(_printed_criterion, criterion="change"),
    "ranked_by_fisher": partial(_printed_criterion, criterion="fisher"),
    "share_lost_across_tasks": _printed_across_tasks,
    "mixture_over_single": _printed_mixture,
}


# ---- verdicts ------------------------------------------------------------------------------------


def interval(values: pd.Series) -> tuple[float, float]:
    """95 % interval of the mean (Student); endless with fewer than three values."""
    if len(values) < FEWEST:
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
    fewest = claim.get("fewest", FEWEST)
    if len(values) < fewest:
        return CANNOT_TELL, f"{len(values)} language(s) with what the test needs; it takes {fewest}"
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


def _rows_behind(tables: Tables, reads: tuple[str, ...], task: str) -> str:
    """Twelve hex digits over the rows of a task that a verdict was computed from."""
    digest = hashlib.sha256()
    for name in reads:
        table = getattr(tables, name)
        sides = [column for column in ("task", "task_a", "task_b") if column in table]
        rows = table[(table[sides] == task).any(axis=1)] if sides else table
        digest.update(rows.to_csv(index=False, float_format="%.6g").encode())
    return digest.hexdigest()[:12]


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row per claim and task, in the columns of `verdicts.csv`.

    `published` and `ours` are means, `n` the languages behind ours, `rows` a hash of the rows
    behind them. `only` names claims by number; without it all are judged.
    """
    out = []
    for claim in claims():
        if only and claim["id"] not in only:
            continue
        measure = MEASURES[claim["measure"]]
        for task in claim["tasks"]:
            found = measure.of(tables, task)
            if encoder := claim.get("encoder"):
                found, missing = found.iloc[:0], f"no scale has {encoder}"
            else:
                missing = f"no rows for {task} at scale {tables.scale}"
            values = found.dropna()
            if found.empty:
                verdict, why = NOT_RUN, missing
            elif at_chance(tables.scores, task):
                verdict, why = CANNOT_TELL, "the full model is at chance"
            else:
                verdict, why = _judge(claim, values)
            out.append(
                {
                    "scale": tables.scale,
                    "id": claim["id"],
                    "claim": claim["statement"],
                    "task": task,
                    "published": published_value(
                        claim["measure"], task, encoder or published.MBERT
                    ),
                    "ours": float(values.mean()) if len(values) else np.nan,
                    "measure": claim["measure"],
                    "unit": measure.unit or UNITS[task],
                    "n": len(values),
                    "verdict": verdict,
                    "why": why,
                    "rows": _rows_behind(tables, measure.reads, task),
                }
            )
    return pd.DataFrame(out)
