"""What a child process runs in the tests that kill it: a search that ends where it is told to.

Loaded once by multiprocessing's fork server, with what takes long, so that a child of its starts
in a tenth of a second.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import seqeval.metrics  # noqa: F401  (scikit-learn: what scoring waits for)
import torch
import toys

from lnlib import Workbench, load
from lnlib.encoders import load_encoder
from lnlib.papers.foroutan import record, tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pruning import rounds
from lnlib.results import runs
from lnlib.results.table import Table
from lnlib.training import workbench
from lnlib.training.recipe import Scale

LEVELS = (10, 30, 50)
TRAININGS = len(LEVELS) + 1

CORPUS = load("ner", "ur")


@dataclass(frozen=True)
class Stop:
    """Where a child kills itself: at the n-th call (1, 2, ...) of a function."""

    kind: str
    call: int


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _half_written(whole, path: Path, data: bytes) -> int:
    whole(path, bytes(data)[: len(data) // 2])
    _die()
    return 0


# kind: what is called, and what stands in for it at the n-th call. Two thirds die before the call.
KINDS = {
    "in a step": (torch.optim.AdamW, "step", None),
    "in scoring": (workbench, "score", None),
    "in pruning": (rounds, "prune", None),
    "half-written": (Path, "write_bytes", _half_written),
    "before the flush": (os, "fsync", None),
    "before the rename": (os, "replace", None),
    "after the rename": (os, "replace", lambda whole, *args: (whole(*args), _die())),
    "before the row": (Table, "add", None),
}


def _arm(stop: Stop) -> None:
    home, name, instead = KINDS[stop.kind]
    whole, calls = getattr(home, name), 0

    def counted(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == stop.call:
            return instead(whole, *args) if instead else _die()
        return whole(*args, **kwargs)

    setattr(home, name, counted)


def search(encoder: str, folder: Path, stop: Stop | None = None) -> None:
    """The search in `folder`; every training that begins leaves a byte in `folder`/trainings."""
    begun = workbench.train

    def train(*args, **kwargs):
        with (folder / "trainings").open("ab") as file:
            file.write(b".")
        return begun(*args, **kwargs)

    workbench.train = train
    torch.set_num_threads(1)
    loaded = load_encoder(encoder)
    data = toys.encoded(CORPUS, loaded.tokenizer, toys.RECIPE)
    bench = Workbench(loaded, "ner", "ur", recipe=toys.RECIPE, data=data)
    (folder / "started").touch()
    if stop:
        _arm(stop)
    runs.search(bench, 0, places(folder, "demo"), levels=LEVELS)


def no_verdicts(_tables: object) -> pd.DataFrame:
    """In place of the verdicts, which take most of a recording and nothing stands on."""
    return pd.DataFrame(columns=list(tables.VERDICTS.columns))


def record_runs(encoder: str, folder: Path, replace: bool, stop: Stop | None = None) -> None:
    """Scale `demo`, on that encoder, of `folder`/runs into `folder`/results."""
    torch.set_num_threads(1)
    recipes = MappingProxyType(dict.fromkeys(("mlm", "ner", "xnli"), toys.RECIPE))
    SCALES["demo"] = Scale("demo", encoder, "gazetteer", recipes)
    record.verdicts = no_verdicts
    if stop:
        _arm(stop)
    record.record("demo", folder / "runs", folder / "results", replace)


def add_rows(path: Path, rows: list[dict]) -> None:
    """Rows into a table, one at a time."""
    for row in rows:
        tables.add(path, [row])
