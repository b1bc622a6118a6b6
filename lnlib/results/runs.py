"""One run: a search or a measurement, its place on disk, and skipping what is already done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import pandas as pd

from lnlib.base import seeds
from lnlib.masks.ticket import Ticket
from lnlib.pruning.rounds import Search
from lnlib.pruning.search import search as find
from lnlib.pruning.transfer import Result, Source, transfer
from lnlib.results import table as tables
from lnlib.results.places import Places
from lnlib.results.scores import SCORES, score_row
from lnlib.results.table import Table
from lnlib.training.workbench import Trained, Workbench


def search(
    bench: Workbench,
    seed: int,
    places: Places,
    *,
    method: str = "ticket",
    levels: Sequence[int],
    settings: Search | None = None,
    on_round: Callable[[Ticket, int, Trained], None] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Ticket:
    """Find a ticket, or take up the one on disk, and see that every score stands in the table.

    Parameters:

    - `bench`, `seed`: what is searched on.
    - `places`: where the ticket and the table of scores are.
    - `method`, `levels`, `settings`: of the search, see `pruning.search`.
    - `on_round`, `progress`: called after every training, and after every step.

    A ticket's own scores go in as they come. A row that is missing though its round is done (a run
    killed between the two) is measured again, which gives the same number.
    """
    SCORES.read(places.home)  # a damaged one is said now, not after the first training
    began = perf_counter()

    def note(ticket: Ticket, sparsity: int, trained: Trained) -> None:
        nonlocal began
        if method == "ticket":
            source, seconds = Source.of(ticket, sparsity), perf_counter() - began
            result = Result(bench.task.name, bench.lang, seed, source, trained.score, seconds)
            SCORES.add(places.home, [score_row(result, bench)])
        if on_round:
            on_round(ticket, sparsity, trained)
        began = perf_counter()

    path = places.ticket(bench.task.name, bench.lang, seed, method)
    ticket = find(bench, tuple(levels), seed=seed, method=method, settings=settings, path=path,
                  on_round=note, progress=progress)  # fmt: skip
    if method == "ticket":
        measure(bench, None, 0, seed, places.home, progress=progress)
        for level in ticket.levels:
            measure(bench, ticket, level, seed, places.home, progress=progress)
    return ticket


def measure(bench: Workbench, ticket: Ticket | None, level: int, seed: int, home: str | Path,
            table: Table = SCORES,
            progress: Callable[[int, float], None] | None = None) -> pd.Series:  # fmt: skip
    """The row in `home` for this mask on this target; trained and scored only if it is not there.

    Parameters:

    - `bench`, `seed`: the target.
    - `ticket`, `level`: whose mask, at which sparsity (%); None is the full model.
    - `home`: the folder of the table.
    - `table`: that of scores, or one with its columns.
    - `progress`: called after every step.
    """
    seed = seeds.check(seed)
    key = {
        "scale": bench.scale.name,
        "task": bench.task.name,
        "lang": bench.lang,
        "seed": seed,
        **asdict(Source.of(ticket, level)),
        "recipe": bench.recipe.hash,
        "data": bench.data.fingerprint,
        "encoder": bench.encoder.fingerprint,
    }
    found = tables.find(table.read(home), key)
    if found.empty:
        result = transfer(ticket, bench, level, seed, progress)
        table.add(home, [score_row(result, bench)])
        found = tables.find(table.read(home), key)  # in a file's six digits, as every later call
    return found.iloc[-1]
