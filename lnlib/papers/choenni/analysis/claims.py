"""The claims of paper 2, and what our tables say of them."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from importlib.resources import files

import pandas as pd

from lnlib.papers.choenni.analysis.measures import MEASURES
from lnlib.papers.choenni.coverage import TASKS
from lnlib.papers.choenni.tables import Tables
from lnlib.results import ledger

_HOME = files("lnlib.papers.choenni").joinpath("published", "claims.yaml")
CLAIMS = ledger.read_claims(_HOME)


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row a claim and task, in the columns of `verdicts.csv`.

    `ours` is the mean over the `n` languages, of claim 11 seeds; `published` is missing, as no
    number of the paper could be read. `only` names claims by number; without it all are judged.
    """
    return ledger.verdicts(CLAIMS, tables.scale, partial(_verdict, tables=tables), only)


def _verdict(claim: ledger.Claim, task: str, tables: Tables) -> ledger.Verdict:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, task)
    values = found.dropna()
    if values.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {task} at scale {tables.scale}"
    else:
        each = "seed" if values.index.name == "seed" else "language"
        verdict, why = ledger.judge(claim, values, measure.counted, each)
    rows = ledger.rows_behind((getattr(tables, name) for name in measure.reads), task)
    return ledger.Verdict(found, measure.unit or TASKS[task].unit, verdict, why, float("nan"), rows)
