"""The claims of Muller et al. with what was published of them, and what our tables say."""

from __future__ import annotations

from collections.abc import Collection
from importlib.resources import files

import numpy as np
import pandas as pd

from lnlib.papers.muller import published
from lnlib.papers.muller.analysis.blocks import left_out
from lnlib.papers.muller.analysis.measures import MEASURES, Tables
from lnlib.results import ledger

CLAIMS = ledger.read_claims(files(published).joinpath("claims.yaml"))


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row a claim and task, in the columns of `verdicts.csv`.

    `published` and `ours` are means, `n` the targets behind ours, `rows` a hash of the rows behind
    them; `why` names the targets that were left out. `only` names claims by number; without it all
    are judged.
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
    gone = left_out(tables.ablation, task, measure.source)
    gone = gone if measure.leaves_out else gone.iloc[:0]
    if found.empty and gone.empty:
        what = f"{task} " if task else ""
        verdict, why = ledger.NOT_RUN, f"no {what}rows at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, values)
    if len(gone):
        why += f"; left out: {', '.join(f'{lang} ({reason})' for lang, reason in gone.items())}"
    return {
        "scale": tables.scale,
        "id": claim.id,
        "claim": claim.statement,
        "task": task,
        "published": published.value(claim.measure, task),
        "ours": float(values.mean()) if len(values) else np.nan,
        "measure": claim.measure,
        "unit": measure.unit,
        "n": len(values),
        "verdict": verdict,
        "why": why,
        "rows": ledger.rows_behind((getattr(tables, name) for name in measure.reads), task),
    }
