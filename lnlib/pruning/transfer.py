"""Put a mask on the pre-trained weights, train on a target, score: the one unit of every table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lnlib.masks.applying import Mask, without_absent
from lnlib.masks.ticket import Ticket
from lnlib.pruning.methods import WITHOUT_DATA
from lnlib.pruning.search import check_ticket
from lnlib.tasks.task import Score
from lnlib.training.workbench import Workbench


@dataclass(frozen=True)
class Source:
    """Where a mask comes from; the full model has none."""

    method: str = "full"  # or one of pruning.methods.METHODS
    mask_task: str = ""  # empty for masks that have seen no data
    mask_lang: str = ""
    mask_seed: int | None = None
    sparsity: int = 0  # %
    mask: str = ""  # the digest of its bits

    @classmethod
    def of(cls, ticket: Ticket | None, level: int) -> Source:
        """The source of a ticket's mask at `level` %; None, or level 0, is the full model."""
        level = 0 if ticket is None else ticket.check_level(level)
        if ticket is None or level == 0:
            return cls()
        r = ticket.record
        if r.method in WITHOUT_DATA:
            return cls(r.method, sparsity=level, mask=ticket.digest(level))
        return cls(r.method, r.task, r.lang, r.seed, level, ticket.digest(level))


@dataclass(frozen=True)
class Result:
    """One measurement: a mask (or none) trained and scored on a target."""

    task: str
    lang: str
    seed: int
    source: Source
    score: Score
    seconds: float


def transfer(ticket: Ticket | None, bench: Workbench, level: int, seed: int,
             progress: Callable[[int, float], None] | None = None) -> Result:  # fmt: skip
    """Train the ticket's mask at `level` % on a target, from pre-trained weights, and score it.

    `ticket` None trains the full model. Raises UserError for a ticket of another encoder and for a
    level that it has not. Source: paper, section 4.3.
    """
    mask: Mask | None = None if ticket is None else check_ticket(ticket, bench.encoder, level)
    if mask is not None and ticket is not None and bench.task.name != ticket.record.task:
        mask = without_absent(mask, bench.model(seed))  # the pooler stays dense where it has none
    began = time.perf_counter()
    trained = bench.train(seed, mask, progress=progress)
    seconds = time.perf_counter() - began
    source = Source.of(ticket, level)
    return Result(bench.task.name, bench.lang, seed, source, trained.score, seconds)
