"""The claims of paper 1 with their published values, and what our tables say of them.

`published/claims.yaml` names for each claim a measure (`measures`) and its bounds; the
verdict is `results.ledger`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, partial
from importlib.resources import files

import numpy as np
import pandas as pd

from lnlib.papers.foroutan import published
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.analysis.gains import UNITS
from lnlib.papers.foroutan.analysis.measures import MEASURES, Tables
from lnlib.papers.foroutan.coverage import ALL_TASKS, MIXTURE
from lnlib.papers.foroutan.scales import HEADLINE
from lnlib.results import ledger
from lnlib.results.statistics import error_of_share

CLAIMS = ledger.read_claims(files(published).joinpath("claims.yaml"))


@cache
def published_value(measure: str, task: str) -> float:
    """The same measure on the paper's printed figures; NaN where it prints none.

    A mean over languages or pairs, of tables, figures and text.
    """
    if measure in PRINTED:
        return PRINTED[measure](task)
    if {"overlap", "retrieval"} & set(MEASURES[measure].reads):  # the paper draws most of these
        return np.nan
    return float(MEASURES[measure].of(Tables(scores=published.scores()), task).mean())


def _printed_winners(task: str) -> float:
    table = published.tickets()
    return 100.0 * float((table[table["task"] == task]["ticket_sparsity"] >= HEADLINE).mean())


def _printed_overlap(task: str, comparison: str, below: str) -> float:
    means = nulls.published_means(task)
    return means[comparison] - means[below]


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
        _printed_overlap, comparison="other language, same seed", below="independent masks"
    ),
    "seed_over_language": partial(
        _printed_overlap, comparison="same language, other seed", below="other language, same seed"
    ),
    "ranked_by_change": partial(_printed_criterion, criterion="change"),
    "ranked_by_fisher": partial(_printed_criterion, criterion="fisher"),
    "share_lost_across_tasks": _printed_across_tasks,
    "mixture_over_single": _printed_mixture,
}


# ---- verdicts ------------------------------------------------------------------------------------


def at_chance(scores: pd.DataFrame, task: str) -> bool:
    """Whether a task's full model is within three standard errors of what guessing scores."""
    rows = scores[(scores["task"] == task) & (scores["method"] == "full")]
    guess = ALL_TASKS[task].chance
    if guess is None or rows.empty:
        return False
    return bool(rows["value"].mean() < guess + 3 * error_of_share(guess, rows["n"].sum()))


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row per claim and task, in the columns of `verdicts.csv`.

    `published` and `ours` are means, `n` the languages behind ours, `rows` a hash of the rows
    behind them. `only` names claims by number; without it all are judged.
    """
    return ledger.verdicts(CLAIMS, tables.scale, partial(_verdict, tables=tables), only)


def _verdict(claim: ledger.Claim, task: str, tables: Tables) -> ledger.Verdict:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, task)
    if found.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {task} at scale {tables.scale}"
    elif at_chance(tables.scores, task):
        verdict, why = ledger.CANNOT_TELL, "the full model is at chance"
    else:
        verdict, why = ledger.judge(claim, found.dropna(), counted=measure.counted)
    printed = published_value(claim.measure, task)
    rows = ledger.rows_behind((getattr(tables, name) for name in measure.reads), task)
    return ledger.Verdict(found, measure.unit or UNITS[task], verdict, why, printed, rows)
