"""Put a mask on the pre-trained weights, train on a target, score: the one unit of every table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lnlib.base.errors import UserError
from lnlib.encoders import Encoder
from lnlib.masks.matrices import Mask, without_absent
from lnlib.masks.ticket import Ticket
from lnlib.pruning.search import check_ticket
from lnlib.tasks.task import Score
from lnlib.training.workbench import Workbench


@dataclass(frozen=True)
class Source:
    """Where a mask comes from; the full model has none."""

    method: str = "full"  # or one of lnlib.methods.METHODS
    mask_task: str = ""  # empty for masks that have seen no data
    mask_lang: str = ""
    mask_seed: int | None = None
    sparsity: int = 0  # %

    @classmethod
    def of(cls, ticket: Ticket | None, level: int) -> Source:
        """The source of a ticket's mask at `level` %; None, or level 0, is the full model."""
        if ticket is None or level == 0:
            return cls()
        r = ticket.record
        if r.method in ("random", "magnitude"):
            return cls(r.method, sparsity=level)
        return cls(r.method, r.task, r.lang, r.seed, level)


@dataclass(frozen=True)
class Result:
    """One measurement: a mask (or none) trained and scored on a target."""

    task: str
    lang: str
    seed: int
    source: Source
    score: Score
    seconds: float


def transfer(
    ticket: Ticket | None,
    encoder: Encoder,
    lang: str | None = None,
    task: str | None = None,
    *,
    level: int = 50,
    seed: int | None = None,
    data_dir: str | Path | None = None,
    bench: Workbench | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Result:
    """Train the ticket's mask at `level` % on a target language and task, from pre-trained weights.

    Target and seed are the ticket's own unless given, and then the result equals the search's own
    score at that level. `ticket` None trains the full model (then `lang` and `task`, or `bench`,
    are needed). 50 % is the level the paper transfers at. UserError if `bench` is not of the
    encoder, language or task that is asked for. Source: paper, section 4.3.
    """
    own = ticket.record if ticket else None
    if bench is not None:
        bench.check(encoder, lang=lang, task=task)
    else:
        if own is not None:
            lang, task = lang or own.lang, task or own.task
        if not lang or not task:
            raise UserError("the full model needs a target: pass lang and task")
        bench = Workbench(encoder, task, lang, own.scale if own else "demo", data_dir=data_dir)
    if seed is None:
        seed = own.seed if own else 0
    mask: Mask | None = None
    if ticket is not None:
        mask = check_ticket(ticket, encoder, level)
        if bench.task != ticket.record.task:  # the pooler stays dense where the target has none
            mask = without_absent(mask, bench.model(seed))
    began = time.perf_counter()
    trained = bench.train(seed, mask, progress=progress)
    seconds = time.perf_counter() - began
    return Result(bench.task, bench.lang, seed, Source.of(ticket, level), trained.score, seconds)
