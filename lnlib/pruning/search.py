"""Find a ticket: rounds of pruning, each saved, taken up again wherever they were stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from lnlib.base.errors import UserError, choose
from lnlib.base.files import locked
from lnlib.encoders import Encoder
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import Matrix, prunable
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.pruning.methods import CRITERIA, METHODS, WITHOUT_DATA
from lnlib.pruning.rounds import Search, head_of, one_round, search_hash, trainings, trainings_done
from lnlib.training.workbench import Trained, Workbench

SEARCHED = tuple(method for method in METHODS if method not in WITHOUT_DATA)


def search(
    bench: Workbench,
    levels: tuple[int, ...],
    *,
    seed: int = 0,
    method: str = "ticket",
    settings: Search | None = None,
    path: Path | None = None,
    on_round: Callable[[Ticket, int, Trained], None] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Ticket:
    """All masks of one search, and for a "ticket" the score at every level.

    Parameters:

    - `bench`: encoder, data and recipe.
    - `levels`: the sparsities (%) to prune to, rising.
    - `seed`: of heads, orders and dropout.
    - `method`: "ticket", "shuffled" (a search on shuffled labels), "change" or "fisher" (searches
      that rank weights by these criteria; their rounds are not scored).
    - `settings`: how weights are ranked and pruned; the paper's text, if none are given.
    - `path`: where the ticket is saved after every round. A search found there goes on, also where
      it was started with fewer levels or with more (it then stops early, or has more already).
    - `on_round`: called after every training with the ticket, the sparsity it trained and what was
      trained.
    - `progress`: called after every step with its number and loss.

    Raises UserError if the file holds another search. Source: paper, section 3 and Appendix D.
    """
    choose(method, SEARCHED, "method")
    settings = Search() if settings is None else settings
    if method in CRITERIA[1:]:
        settings = replace(settings, criterion=method)
    record = Record(
        method, bench.task.name, bench.lang, seed, bench.scale.name, levels, bench.encoder.name,
        bench.encoder.fingerprint, bench.data.fingerprint,
        search=search_hash(bench, settings, method, levels, seed),
        versions=bench.versions("pruning.rounds"),
    )  # fmt: skip
    found = _taken_up(path, record, bench, settings)
    if found is not None and trainings_done(found) >= trainings(record):
        return found  # also where nothing can be written
    # A second process on the same search waits, and then finds it done. Two that both went on would
    # do every round twice, and the slower one would put its earlier round over the other's last.
    notice = f"another process is searching {str(path)!r}: waiting for it to end"
    with nullcontext() if path is None else locked(path, notice):
        found = _taken_up(path, record, bench, settings)
        ticket = found or start(record, bench.model(seed), settings)
        return _iterate(ticket, trainings(record), bench, settings, path, on_round, progress)


def start(record: Record, model: nn.Module, settings: Search) -> Ticket:
    """A search of which no round has run."""
    return Ticket.empty(record, _shapes_in(model, settings))


def _shapes_in(model: nn.Module, settings: Search) -> dict[Matrix, tuple[int, ...]]:
    return {m: tuple(p.shape) for m, p in prunable(model, settings.pooler).items()}


def _iterate(ticket: Ticket, rounds: int, bench: Workbench, settings: Search, path: Path | None,
             on_round: Callable | None, progress: Callable | None) -> Ticket:  # fmt: skip
    """Round after round, from wherever the ticket stands to so many trainings."""
    head: dict[str, torch.Tensor] | None = None
    first = on_disk = trainings_done(ticket)
    if first < rounds and first and settings.keep_head:
        # The head has travelled through every round and stands in no file: start over.
        shapes = {m: ticket.codes(m.name).shape for m in ticket.matrices}
        ticket, first = Ticket.empty(replace(ticket.record, scores={}), shapes), 0
    for number in range(first, rounds):
        sparsity = ticket.record.levels[number - 1] if number else 0
        so_far = ticket if ticket.rounds <= number else ticket.cut(number)
        after, trained = one_round(bench, so_far, settings, head, progress)
        if after.rounds < ticket.rounds:  # pruned before, and only its score was missing
            after = ticket.scored(sparsity, trained.score.value)
        ticket = after
        if settings.keep_head:
            head = head_of(trained.model)
        if path is not None and number >= on_disk:  # fewer rounds never replace more
            ticket.save(path)
        if on_round:
            on_round(ticket, sparsity, trained)
    return ticket


def found_at(path: Path | None, record: Record) -> Ticket | None:
    """The ticket at `path`, if there is one; UserError if it is of another search."""
    if path is None or not path.exists():
        return None
    ticket = Ticket.load(path)
    if ticket.record.search != record.search:
        raise _another(path, ticket.record)
    return ticket


def _another(path: Path, held: Record) -> UserError:
    return UserError(
        f"{str(path)!r} holds another search ({held.method} {held.task} {held.lang}, seed "
        f"{held.seed}, {held.scale}, levels {', '.join(map(str, held.levels))}, or other settings, "
        "data or encoder): move it away or name another path"
    )


def _taken_up(path: Path | None, record: Record, bench: Workbench,
              settings: Search) -> Ticket | None:  # fmt: skip
    """The search at `path`, if there is one, at a round from which `record` goes on.

    Levels that come after a round do not change it, so a file with more levels serves as it is and
    one with fewer gets those asked for; only under `one_schedule` every round depends on how many
    there are. UserError if it is another search.
    """
    if path is None or not path.exists():
        return None
    ticket = Ticket.load(path)
    held, asked = ticket.record.levels, record.levels
    together = held[: len(asked)] == asked[: len(held)]  # one begins with the other
    same = ticket.record.search == search_hash(bench, settings, record.method, held, record.seed)
    if not same or not together or (held != asked and settings.one_schedule):
        raise _another(path, ticket.record)
    if len(held) >= len(asked):
        return ticket
    # The last training of a shorter search is scored and not pruned from: it is done again.
    ticket = ticket.cut(len(held))
    longer = replace(ticket.record, levels=asked, search=record.search)
    return Ticket(longer, ticket.matrices, {m.name: ticket.codes(m.name) for m in ticket.matrices})


def check_ticket(ticket: Ticket, encoder: Encoder, level: int) -> Mask:
    """The ticket's mask at `level` %, checked to be for this encoder; UserError otherwise."""
    found = ticket.record.encoder_fingerprint
    if found and found != encoder.fingerprint:
        raise UserError(
            f"this ticket was found in {ticket.record.encoder!r} ({found}), not in "
            f"{encoder.name!r} ({encoder.fingerprint}): load that encoder, or search again"
        )
    return ticket.mask(level)
