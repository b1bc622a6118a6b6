"""The claims of the paper, its values, and what the tables of a scale say of them.

`claims.yaml` names for each claim a measure (`analysis.measures`) and its bounds; the verdict is
`results.ledger`'s, its interval one over seeds.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
import pandas as pd

from lnlib.papers import hua
from lnlib.papers.hua.analysis.measures import MEASURES, Tables
from lnlib.results import ledger

CLAIMS = ledger.read_claims(files(hua).joinpath("claims.yaml"), asked_of="languages")


def verdicts(tables: Tables) -> pd.DataFrame:
    """One row per claim and languages, in the columns of `verdicts.csv`.

    `ours` is a mean over `n` seeds, `rows` a hash of the rows of these languages.
    """
    rows = [_row(claim, spoken, tables) for claim in CLAIMS for spoken in claim.tasks]
    return pd.DataFrame(rows)


def _row(claim: ledger.Claim, languages: str, tables: Tables) -> dict[str, object]:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, languages)
    values = found.dropna()
    if found.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {languages} at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, values, each="seed")
    read = [table[table["languages"] == languages] for table in (tables.alignment, tables.transfer)]
    return {
        "scale": tables.scale,
        "id": claim.id,
        "claim": claim.statement,
        "languages": languages,
        "published": measure.published(languages),
        "ours": float(values.mean()) if len(values) else np.nan,
        "measure": claim.measure,
        "unit": measure.unit,
        "n": len(values),
        "verdict": verdict,
        "why": why,
        "rows": ledger.rows_behind(read, "") if len(values) else "",
    }
