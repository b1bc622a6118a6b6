"""Put a mask on the pre-trained weights, train on a target, score: the one unit of every table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lnlib import seeds
from lnlib.encoders import Encoder
from lnlib.errors import UserError, brief
from lnlib.masks import Mask, without_absent
from lnlib.pruning import check_ticket
from lnlib.scales import SCALES
from lnlib.tasks import Score
from lnlib.tickets import Ticket
from lnlib.workbench import Workbench, check_bench, encoder_of_name


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
        level = 0 if ticket is None else ticket.check_level(level)
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
    encoder: Encoder | str | Path,
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
    encoder, language or task that is asked for, or is passed beside `data_dir`. Source: paper,
    section 4.3.
    """
    if not isinstance(ticket, Ticket | None):
        raise UserError(f"{brief(ticket)} is no ticket: Ticket.load(path) reads one from a file")
    own = ticket.record if ticket else None
    seed = seeds.check(seed if seed is not None else own.seed if own else 0)
    encoder = encoder_of_name(encoder)
    mask: Mask | None = None if ticket is None else check_ticket(ticket, encoder, level)
    if bench is not None:
        check_bench(bench, encoder, data_dir, lang=lang, task=task)
    else:
        if own is not None:
            lang, task = lang or own.lang, task or own.task
        if not lang or not task:
            raise UserError("the full model needs a target: pass lang and task")
        if own is not None and own.scale not in SCALES:  # the reference code's masks
            raise UserError(
                f"{ticket!r} is of scale {own.scale!r}, which has no data: pass "
                f"bench=Workbench(encoder, {task!r}, {lang!r}, scale)"
            )
        bench = Workbench(encoder, task, lang, own.scale if own else "demo", data_dir=data_dir)
    if mask is not None and own is not None and bench.task != own.task:
        mask = without_absent(mask, bench.model(seed))  # the pooler stays dense where it has none
    began = time.perf_counter()
    trained = bench.train(seed, mask, progress=progress)
    seconds = time.perf_counter() - began
    return Result(bench.task, bench.lang, seed, Source.of(ticket, level), trained.score, seconds)
