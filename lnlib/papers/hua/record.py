"""What runs have measured, into the tables the book reads: `python -m lnlib hua record`.

A network's rows come in together or not at all. What the tables have of a network by the present
settings stays, so that its rows are of one machine; with `replace` the new ones take its place. The
verdicts follow from all of it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lnlib.base.errors import UserError
from lnlib.base.files import locked
from lnlib.papers.hua.analysis.claims import of_ours, verdicts
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.experiments.runs import home
from lnlib.papers.hua.scales import Scale
from lnlib.papers.hua.tables import (
    ALIGNMENT,
    NETWORK,
    OURS,
    OVERLAP,
    PRETRAINING,
    SUBNETWORKS,
    TRANSFER,
    VERDICTS,
)
from lnlib.results.table import Table

_ONE = {
    PRETRAINING: (*NETWORK, "task"), ALIGNMENT: NETWORK, TRANSFER: (*NETWORK, "tuned"),
    OVERLAP: (*NETWORK, "test"), SUBNETWORKS: (*NETWORK, "test"),
}  # fmt: skip


def record(scale: Scale, runs_dir: str | Path, results_dir: str | Path,
           replace: bool = False) -> dict[str, int]:  # fmt: skip
    """Everything under `runs_dir`/hua/SCALE into `results_dir`/hua/SCALE.

    Returns how many networks each table has taken in. Raises UserError where nothing has run.
    """
    source, target = home(runs_dir, scale), home(results_dir, scale)
    if not PRETRAINING.path(source).exists():
        raise UserError(f"nothing has run in {str(source)!r}: python -m lnlib hua run")
    taken = {}
    with locked(target / "record", f"another process records {str(target)!r}: waiting"):
        for table in _ONE:
            new = _current(table, table.read(source), scale)
            old = _current(table, table.read(target), scale)
            if not replace:
                new = new[~_names(table, new).isin(_names(table, old))]
            if len(new):  # all that was there of these networks goes: a mask's key is its bits
                there = table.read(target)
                there = there[~_names(table, there).isin(_names(table, new))]
                table.replace(target, [*there.to_dict("records"), *new.to_dict("records")])
            taken[table.name] = len(_names(table, new).unique())
        judge(scale, results_dir)
    return taken


def judge(scale: Scale, results_dir: str | Path) -> pd.DataFrame:
    """The verdicts on what has been recorded, written beside it and returned: ours come last."""
    target = home(results_dir, scale)
    tables = Tables.read(target, scale)
    found, own = verdicts(tables), of_ours(tables)
    VERDICTS.replace(target, found.to_dict("records"))
    OURS.replace(target, own.to_dict("records"))
    return pd.concat([found, own.rename(columns={"asked": "languages"})], ignore_index=True)


def _current(table: Table, rows: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Rows that were made by the scale's present settings."""
    if table is PRETRAINING:
        return rows[rows["recipe"] == rows["task"].map(scale.hash)]
    of_masks = table in (OVERLAP, SUBNETWORKS)
    return rows[rows["recipe"] == scale.hash("masks" if of_masks else table.name)]


def _names(table: Table, rows: pd.DataFrame) -> pd.MultiIndex:
    """Of which network each row is."""
    return pd.MultiIndex.from_frame(rows[list(_ONE[table])])
