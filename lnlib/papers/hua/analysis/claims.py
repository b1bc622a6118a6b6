"""The claims of the paper, and ours on the controlled test, and what the tables of a scale say.

`claims.yaml` names for each claim a measure (`analysis.measures`) and its bounds, `ours.yaml` those
of the controlled test (`analysis.neutrality`); the verdict is `results.ledger`'s, its interval one
over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

import pandas as pd

from lnlib.papers import hua
from lnlib.papers.hua.analysis import neutrality
from lnlib.papers.hua.analysis.measures import MEASURES, Measure, Tables
from lnlib.papers.hua.coverage import TWO
from lnlib.results import ledger

CLAIMS = ledger.read_claims(files(hua).joinpath("claims.yaml"), asked_of="languages")
OURS = ledger.read_claims(files(hua).joinpath("ours.yaml"), asked_of="asked")


def verdicts(tables: Tables) -> pd.DataFrame:
    """One row per claim and languages, in the columns of `verdicts.csv`.

    `ours` is a mean over `n` seeds, `rows` a hash of the rows of these languages.
    """

    def of(claim: ledger.Claim, languages: str) -> ledger.Verdict:
        read = (tables.alignment, tables.transfer)
        return _verdict(claim, MEASURES[claim.measure], languages, languages, tables, read)

    return ledger.verdicts(CLAIMS, tables.scale, of, asked_of="languages")


def of_ours(tables: Tables) -> pd.DataFrame:
    """One row per claim of ours and what it is asked of, in the columns of `neutrality.csv`."""

    def of(claim: ledger.Claim, asked: str) -> ledger.Verdict:
        read = (tables.alignment, tables.overlap, tables.subnetworks)
        return _verdict(claim, neutrality.MEASURES[claim.measure], asked, TWO, tables, read)

    return ledger.verdicts(OURS, tables.scale, of, asked_of="asked")


def _verdict(claim: ledger.Claim, measure: Measure, asked: str, languages: str, tables: Tables,
             read: Sequence[pd.DataFrame]) -> ledger.Verdict:  # fmt: skip
    found = measure.of(tables, asked)
    values = found.dropna()
    if found.empty:
        verdict, why = ledger.NOT_RUN, f"no rows for {asked} at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, values, each="seed")
    behind = [table[table["languages"] == languages] for table in read]
    rows = ledger.rows_behind(behind, "") if len(values) else ""
    return ledger.Verdict(found, measure.unit, verdict, why, measure.published(asked), rows)
