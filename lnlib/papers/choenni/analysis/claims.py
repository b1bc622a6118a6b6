"""The claims of paper 2, and what our tables say of them."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

import numpy as np
import pandas as pd

from lnlib.papers.choenni.analysis.measures import MEASURES, Tables
from lnlib.papers.choenni.coverage import TASKS
from lnlib.results import ledger

_HOME = files("lnlib.papers.choenni").joinpath("published", "claims.yaml")
CLAIMS = ledger.read_claims(_HOME)


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row a claim and task, in the columns of `verdicts.csv`.

    `ours` is the mean over the `n` languages; `published` is missing, as no number of the paper
    could be read. `only` names claims by number; without it all are judged.
    """
    rows = [
        _row(claim, task, tables)
        for claim in CLAIMS
        for task in claim.tasks
        if not only or claim.id in only
    ]
    return pd.DataFrame(rows)


def _row(claim: ledger.Claim, task: str, tables: Tables) -> dict[str, object]:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, task)
    values = found.dropna()
    if found.empty or values.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {task} at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, values, counted=measure.counted)
    return {
        "scale": tables.scale,
        "id": claim.id,
        "claim": claim.statement,
        "task": task,
        "published": np.nan,
        "ours": float(values.mean()) if len(values) else np.nan,
        "measure": claim.measure,
        "unit": measure.unit or TASKS[task].unit,
        "n": len(values),
        "verdict": verdict,
        "why": why,
        "rows": ledger.rows_behind((getattr(tables, name) for name in measure.reads), task),
    }
