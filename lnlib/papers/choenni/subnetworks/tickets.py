"""Tickets as sub-networks: of searches that have been, or searched here."""

from __future__ import annotations

from pathlib import Path

from lnlib.base.errors import UserError
from lnlib.base.files import as_path
from lnlib.masks.ticket import Ticket
from lnlib.papers.choenni.joint import Joint
from lnlib.pruning.search import check_ticket, search
from lnlib.results.places import Places
from lnlib.training.workbench import Workbench


def read_tickets(folder: str | Path, joint: Joint, seed: int, level: int) -> dict[str, Ticket]:
    """The ticket of every language of `joint`, as it stood at `level` %.

    `folder` holds a scale's searches as `results.places` says: TASK/LANG/seedN/ticket.safetensors.
    Raises UserError where one is missing, was found in another encoder or has no such level.
    """
    places, found = Places(as_path(folder, "tickets")), {}
    for lang, bench in joint.benches.items():
        ticket = Ticket.load(places.ticket(joint.task.name, lang, seed))
        check_ticket(ticket, bench.encoder, level)
        found[lang] = ticket.cut(ticket.levels.index(level) + 1)
    return found


def ticket_of(bench: Workbench, given: Ticket | None, seed: int, level: int, path: Path) -> Ticket:
    """The `given` ticket, kept at `path`; without one a search down to `level` %, which goes on.

    Raises UserError where another one is kept there: rows of one run are of one search.
    """
    if given is None:
        return search(bench, tuple(range(10, level + 1, 10)), seed=seed, path=path)
    if path.exists() and Ticket.load(path).digest(level) != given.digest(level):
        raise UserError(
            f"the ticket of {bench.lang!r} is another one than in {str(path)!r}, with which this "
            "run began: expected that one, or other folders for runs and results"
        )
    if not path.exists():
        given.save(path)
    return given
