"""What runs have measured, into the tables the book reads: `python -m lnlib muller record`.

What has been recorded by the same settings, on the same data and encoder, stays; with `replace` the
new rows take its place. The verdicts follow from all of it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lnlib.base.errors import UserError
from lnlib.base.files import locked
from lnlib.papers.muller.analysis.claims import verdicts
from lnlib.papers.muller.analysis.measures import Tables
from lnlib.papers.muller.grid import home
from lnlib.papers.muller.tables import ABLATION, SIMILARITY, VERDICTS
from lnlib.results.table import Table
from lnlib.training.recipe import Scale

_MEASURED = (ABLATION, SIMILARITY)
_SETTINGS = ("recipe", "data", "encoder")


def record(scale: Scale, runs_dir: str | Path, results_dir: str | Path,
           replace: bool = False) -> dict[str, int]:  # fmt: skip
    """Everything under `runs_dir`/muller/SCALE into `results_dir`/muller/SCALE.

    Returns how many rows each table has taken in. Raises UserError where nothing has run.
    """
    source, target = home(runs_dir, scale), home(results_dir, scale)
    if not any(table.path(source).exists() for table in _MEASURED):
        raise UserError(f"nothing has run in {str(source)!r}: python -m lnlib muller run")
    taken = {}
    with locked(target / "record", f"another process records {str(target)!r}: waiting"):
        for table in _MEASURED:
            new = table.read(source)
            new = new[scale.current(new) | (new["task"] == "")]  # trained by no recipe: untouched
            if not replace:
                new = new[~_names(table, new).isin(_names(table, table.read(target)))]
            if len(new):
                table.add(target, new.to_dict("records"))
            taken[table.name] = len(new)
        judge(scale, results_dir)
    return taken


def judge(scale: Scale, results_dir: str | Path) -> pd.DataFrame:
    """The verdicts on what has been recorded, written beside it and returned."""
    folder = home(results_dir, scale)
    found = verdicts(Tables.read(folder))
    VERDICTS.replace(folder, found.to_dict("records"))
    return found


def _names(table: Table, rows: pd.DataFrame) -> pd.MultiIndex:
    """What each row is of, and by which settings it was measured."""
    return pd.MultiIndex.from_frame(rows[[*table.key, *_SETTINGS]].astype(str))
