"""One run: a search or a measurement, its place on disk, and skipping what is already done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import pandas as pd

from lnlib.encoders import Encoder
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.scales import LEVELS, levels_to
from lnlib.pruning.search import Search, find_ticket
from lnlib.pruning.transfer import Result, Source, transfer
from lnlib.results import stamp, tables
from lnlib.training.workbench import Trained, Workbench


def ticket_path(runs_dir: str | Path, scale: str, task: str, lang: str, seed: int,
                method: str = "ticket") -> Path:  # fmt: skip
    """Where a search keeps its ticket: runs/SCALE/TASK/LANG/seedN/METHOD.safetensors."""
    return Path(runs_dir) / scale / task / lang / f"seed{seed}" / f"{method}.safetensors"


def ticket_at(encoder: Encoder, task: str, lang: str, scale: str, sparsity: int, seed: int,
              runs_dir: str | Path, table: str | Path,
              data_dir: str | Path | None = None) -> Ticket:  # fmt: skip
    """The ticket in `runs_dir` that has a mask at `sparsity` %, searched first if there is none.

    A search that was stopped before that level goes on with the levels it was started with, one
    that was to end before it goes on to it.
    """
    path = ticket_path(runs_dir, scale, task, lang, seed)
    levels = levels_to(sparsity)
    if path.exists():
        ticket = Ticket.load(path)
        if sparsity in ticket.levels:
            return ticket
        if sparsity in ticket.record.levels:
            levels = ticket.record.levels
    bench = Workbench(encoder, task, lang, scale, data_dir=data_dir)
    return search(bench, seed, runs_dir, table, levels=levels)


def search(
    bench: Workbench,
    seed: int,
    runs_dir: str | Path,
    table: str | Path,
    *,
    method: str = "ticket",
    levels: Sequence[int] = LEVELS,
    settings: Search | None = None,
    on_round: Callable[[Ticket, int, Trained], None] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Ticket:
    """Find a ticket, or take up the one on disk, and see that every score stands in the table.

    A ticket's own scores go in as they come. A row that is missing though its round is done (a run
    killed between the two) is measured again, which gives the same number.
    """
    tables.read(table)  # a damaged one is said now, not after the first training
    began = perf_counter()

    def note(ticket: Ticket, sparsity: int, trained: Trained) -> None:
        nonlocal began
        if method == "ticket":
            source, seconds = Source.of(ticket, sparsity), perf_counter() - began
            result = Result(bench.task, bench.lang, seed, source, trained.score, seconds)
            tables.add(table, [stamp.score_row(result, bench)])
        if on_round:
            on_round(ticket, sparsity, trained)
        began = perf_counter()

    path = ticket_path(runs_dir, bench.scale, bench.task, bench.lang, seed, method)
    ticket = find_ticket(
        bench.encoder, bench.task, bench.lang, bench.scale, seed=seed, method=method,
        levels=levels, search=settings, path=path, bench=bench, on_round=note, progress=progress,
    )  # fmt: skip
    if method == "ticket":
        measure(bench, None, 0, seed, table, progress=progress)
        for level in ticket.levels:
            measure(bench, ticket, level, seed, table, progress=progress)
    return ticket


def measure(bench: Workbench, ticket: Ticket | None, level: int, seed: int, table: str | Path,
            progress: Callable[[int, float], None] | None = None) -> pd.Series:  # fmt: skip
    """The table's row for this mask on this target; trained and scored only if it is not there."""
    key = {
        "scale": bench.scale,
        "task": bench.task,
        "lang": bench.lang,
        "seed": seed,
        **asdict(Source.of(ticket, level)),
        "recipe": bench.recipe.hash,
        "data": bench.data.fingerprint,
        "encoder": bench.encoder.fingerprint,
    }
    found = find(tables.read(table), key)
    if found.empty:
        result = transfer(ticket, bench.encoder, level=level, seed=seed, bench=bench,
                          progress=progress)  # fmt: skip
        tables.add(table, [stamp.score_row(result, bench)])
        found = find(tables.read(table), key)  # in a file's six digits, as every later call
    return found.iloc[-1]


def find(table: pd.DataFrame, key: dict[str, object]) -> pd.DataFrame:
    """Rows whose columns equal `key`; None stands for an empty cell."""
    if table.empty:
        return table
    match = pd.Series(True, index=table.index)
    for name, value in key.items():
        match &= table[name].isna() if value is None else (table[name] == value).fillna(False)
    return table[match]
