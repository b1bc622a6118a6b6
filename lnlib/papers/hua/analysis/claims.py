"""The claims of the paper, its values, and what the tables of a scale say of them.

`claims.yaml` names for each claim a measure (`analysis.measures`) and its bounds; the verdict is
`results.ledger`'s, its interval one over seeds.
"""

from __future__ import annotations

from functools import partial
from importlib.resources import files

import pandas as pd

from lnlib.papers import hua
from lnlib.papers.hua.analysis.measures import MEASURES, Tables
from lnlib.results import ledger

CLAIMS = ledger.read_claims(files(hua).joinpath("claims.yaml"), asked_of="languages")


def verdicts(tables: Tables) -> pd.DataFrame:
    """One row per claim and languages, in the columns of `verdicts.csv`.

    `ours` is a mean over `n` seeds, `rows` a hash of the rows of these languages.
    """
    of = partial(_verdict, tables=tables)
    return ledger.verdicts(CLAIMS, tables.scale, of, asked_of="languages")


def _verdict(claim: ledger.Claim, languages: str, tables: Tables) -> ledger.Verdict:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, languages)
    values = found.dropna()
    if found.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {languages} at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, values, each="seed")
    read = [table[table["languages"] == languages] for table in (tables.alignment, tables.transfer)]
    rows = ledger.rows_behind(read, "") if len(values) else ""
    printed = measure.published(languages)
    return ledger.Verdict(found, measure.unit, verdict, why, printed, rows)
