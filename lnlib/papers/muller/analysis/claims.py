"""The claims of Muller et al. with what was published of them, and what our tables say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from importlib.resources import files

import pandas as pd

from lnlib.papers.muller import published
from lnlib.papers.muller.analysis.blocks import left_out
from lnlib.papers.muller.analysis.measures import MEASURES, Tables
from lnlib.papers.muller.coverage import TASKS
from lnlib.results import ledger

CLAIMS = ledger.read_claims(files(published).joinpath("claims.yaml"))


def verdicts(tables: Tables, only: Collection[int] = ()) -> pd.DataFrame:
    """One row a claim and task, in the columns of `verdicts.csv`.

    `published` and `ours` are means, `n` the targets behind ours, `rows` a hash of the rows behind
    them; `why` names the targets that were left out. `only` names claims by number; without it all
    are judged.
    """
    return ledger.verdicts(CLAIMS, tables.scale, partial(_verdict, tables=tables), only)


def in_words(judged: pd.DataFrame, measure: str, tasks: Iterable[str],
             words: Mapping[str, str]) -> str:  # fmt: skip
    """`ledger.in_words` of several tasks: "In NER and POS, ...; in parsing, ...".

    Tasks of one verdict stand together. Those that have not run are left out; "" if none has.
    """
    ran = judged[judged["verdict"] != ledger.NOT_RUN]
    ran = set(ran.loc[ran["measure"] == measure, "task"])
    said: dict[str, list[str]] = {}
    for task in (task for task in tasks if task in ran):
        clause = ledger.in_words(judged, measure, task, words)
        said.setdefault(clause, []).append(TASKS[task].title)
    text = "; ".join(f"in {_joined(titles)}, {clause}" for clause, titles in said.items())
    return text[:1].upper() + text[1:]


def _joined(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _verdict(claim: ledger.Claim, task: str, tables: Tables) -> ledger.Verdict:
    measure = MEASURES[claim.measure]
    found = measure.of(tables, task)
    gone = left_out(tables.ablation, task, measure.source)
    gone = gone if measure.leaves_out else gone.iloc[:0]
    if found.empty and gone.empty:
        what = f"{task} " if task else ""
        verdict, why = ledger.NOT_RUN, f"no {what}rows at scale {tables.scale}"
    else:
        verdict, why = ledger.judge(claim, found.dropna())
    if len(gone):
        why += f"; left out: {', '.join(f'{lang} ({reason})' for lang, reason in gone.items())}"
    printed = published.value(claim.measure, task)
    rows = ledger.rows_behind((getattr(tables, name) for name in measure.reads), task)
    return ledger.Verdict(found, measure.unit, verdict, why, printed, rows)
