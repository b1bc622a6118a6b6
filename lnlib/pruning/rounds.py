"""One round of iterative magnitude pruning, and how many weights fall in it.

The search (paper, section 3): train the encoder on the task; prune the smallest weights, 10 points
of the original number a round; rewind what is left to the pre-trained weights; repeat. A round is a
pure function of the workbench, the ticket so far, the settings and the seed, so a search that was
stopped goes on from its file as if it never had been.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from lnlib.base import hashes
from lnlib.base.errors import UserError, brief, choose
from lnlib.masks.matrices import encoder_of, threshold_groups
from lnlib.masks.smallest import fallen
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.pruning.criteria import importances
from lnlib.pruning.methods import CRITERIA
from lnlib.tasks.task import shuffled
from lnlib.training.workbench import Trained, Workbench


@dataclass(frozen=True)
class Search:
    """How a search ranks, prunes and rewinds. The defaults are the paper's text; the switches in
    the second half bring back what its code does instead (see the book's page on differences)."""

    criterion: str = "magnitude"  # or "change" |w - w0|, "fisher": the paper's Appendix D
    pooler: bool = False  # the reference prunes it in XNLI, where the model has one
    component_wise: bool = False  # the same share in every matrix; in the reference but unused
    keep_head: bool = False  # the reference never resets the head
    one_schedule: bool = False  # the reference's rate falls over the steps of all rounds, in each

    def __post_init__(self) -> None:
        choose(self.criterion, CRITERIA, "criterion")
        for name in ("pooler", "component_wise", "keep_head", "one_schedule"):
            if not isinstance(value := getattr(self, name), bool):
                raise UserError(f"{name} {brief(value)}: expected True or False")


def one_round(
    bench: Workbench,
    ticket: Ticket,
    settings: Search,
    head: dict[str, torch.Tensor] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> tuple[Ticket, Trained]:
    """Train under the ticket's sparsest mask, note its score, and prune to the next level.

    Parameters:

    - `bench`: what to train on. A ticket of method "shuffled" trains on shuffled labels.
    - `ticket`: as it stands, with the levels it is to reach; its record has the seed.
    - `settings`: how weights are ranked and pruned.
    - `head`: the weights a head starts from, where it is not drawn anew (`settings.keep_head`).
    - `progress`: called after every step with its number and loss.

    Returns the ticket after it and what was trained. At the last level nothing is left to prune,
    and the mask is scored alone. What a control is worth is measured at one level, as a transfer,
    so only a "ticket" is scored.
    """
    record, done = ticket.record, ticket.rounds
    seed, sparsity = record.seed, ticket.sparsity
    trained = bench.train(
        seed,
        ticket.mask(sparsity) if done else None,
        data=shuffled(bench.data, seed) if record.method == "shuffled" else None,
        head=head,
        horizon=trainings(record) * bench.recipe.steps if settings.one_schedule else None,
        progress=progress,
    )
    if record.method == "ticket":
        ticket = ticket.scored(sparsity, trained.score.value)
    if done < len(record.levels):
        scores = importances(trained.model, bench, settings.criterion, settings.pooler, seed)
        ticket = prune(ticket, scores, settings)
    return ticket, trained


def trainings(record: Record) -> int:
    """Trainings of a whole search: the sparsest mask is trained too where it is to be scored."""
    return len(record.levels) + (record.method == "ticket")


def trainings_done(ticket: Ticket) -> int:
    """How many of them a ticket has behind it."""
    return len(ticket.record.scores) if ticket.record.method == "ticket" else ticket.rounds


def prune(ticket: Ticket, scores: dict[str, np.ndarray], settings: Search) -> Ticket:
    """One more level: in every threshold group the smallest scores, to the level's exact count."""
    level = ticket.record.levels[ticket.rounds]
    falls: dict[str, np.ndarray] = {}
    for group in threshold_groups(ticket.matrices, settings.component_wise):
        alive = [ticket.alive(m.name) for m in group]
        dead = sum(part.size - np.count_nonzero(part) for part in alive)
        count = round(level * sum(m.weights for m in group) / 100) - int(dead)
        parts = fallen([scores[m.name] for m in group], alive, count)
        falls.update(zip([m.name for m in group], parts, strict=True))
    return ticket.pruned(falls)


def to_every_level(ticket: Ticket, scores: dict[str, np.ndarray], settings: Search) -> Ticket:
    """All levels that are left, by the same scores: what a mask in one shot is."""
    while ticket.rounds < len(ticket.record.levels):
        ticket = prune(ticket, scores, settings)
    return ticket


def head_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """The weights of a model that are not its encoder's."""
    prefix = getattr(model, "base_model_prefix", "") + "."
    inside = encoder_of(model) is not model
    return {
        name: value.detach().cpu().clone()
        for name, value in model.state_dict().items()
        if inside and not name.startswith(prefix)
    }


def search_hash(bench: Workbench, settings: Search, method: str, levels: tuple[int, ...],
                seed: int) -> str:  # fmt: skip
    """Twelve hex digits over everything that decides a search's masks."""
    what: dict[str, Any] = {
        "encoder": bench.encoder.fingerprint,
        "data": bench.data.fingerprint,
        "recipe": hashes.settings(bench.recipe),
        "search": hashes.settings(settings),
        "method": method,
        "task": bench.task.name,
        "lang": bench.lang,
        "levels": levels,
        "seed": seed,
    }
    if bench.head_seed is not None:  # else absent, so that tickets from before it keep their hash
        what["head_seed"] = bench.head_seed
    return hashes.of_settings(what)
