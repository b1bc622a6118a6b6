"""Find a ticket: iterative magnitude pruning, its controls, and the reference code's switches.

The search (paper, section 3): train the encoder on the task; prune the smallest weights, 10 points
of the original number a round; rewind what is left to the pre-trained weights; repeat. A round is a
pure function of the encoder, the ticket so far, the data, the recipe and the seed, so a search that
was stopped goes on from its file as if it never had been.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lnlib.base import seeds
from lnlib.base.errors import UserError, choose
from lnlib.base.files import locked
from lnlib.base.provenance import versions
from lnlib.encoders import Encoder, load_encoder
from lnlib.languages import check_language
from lnlib.masks.matrices import (
    Mask,
    Matrix,
    encoder_of,
    fallen,
    magnitudes,
    prunable,
    threshold_groups,
)
from lnlib.masks.ticket import Record, Ticket
from lnlib.papers.foroutan.scales import LEVELS
from lnlib.pruning.methods import CRITERIA, METHODS, WITHOUT_DATA
from lnlib.tasks.examples import shuffle_labels
from lnlib.tasks.task import get_task
from lnlib.training.loop import empirical_fisher
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


def find_ticket(
    encoder: Encoder | str,
    task: str,
    lang: str,
    scale: str | None = None,
    *,
    seed: int = 0,
    method: str = "ticket",
    levels: Sequence[int] = LEVELS,
    search: Search | None = None,
    data_dir: str | Path | None = None,
    path: str | Path | None = None,
    bench: Workbench | None = None,
    on_round: Callable[[Ticket, int, Trained], None] | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Ticket:
    """All masks of one search, and for "ticket" the score at every level.

    Parameters: `levels` are the sparsities (%) to prune to, rising, each a multiple of 10 within 10
    to 90. `method` is "ticket" or a control that knows less: "random" (no weights looked at),
    "magnitude" (the untouched encoder's smallest weights, one shot), "shuffled" (a search on
    shuffled labels), "change" and "fisher" (searches that rank weights by these criteria; their
    rounds are not scored). `scale` is "demo" or the one of `bench`; UserError if `bench` is not of
    the encoder, task, language or scale that is asked for. With `path` the ticket is saved after
    every round and a search found there goes on, also where it was started with fewer levels or
    with more (it then stops early, or has more already); UserError if the file holds another
    search. `on_round(ticket, sparsity, trained)` is called after every training. Source: paper,
    section 3 and Appendix D.
    """
    choose(method, METHODS, "method")
    levels = check_levels(levels)
    search = search or Search()
    if method in CRITERIA[1:]:
        search = replace(search, criterion=method)
    encoder = load_encoder(encoder) if isinstance(encoder, str) else encoder
    if bench is not None:
        bench.check(encoder, task=task, lang=lang, scale=scale)
    scale = scale or (bench.scale if bench else "demo")
    seeds.check(seed)
    if method in WITHOUT_DATA:
        ticket = _control(encoder, method, task, lang, scale, seed, levels, search)
        if path is not None and _found(path, ticket.record) is None:
            ticket.save(path)
        return ticket
    bench = bench or Workbench(encoder, task, lang, scale, data_dir=data_dir)
    record = Record(
        method, bench.task, bench.lang, seed, bench.scale, levels, bench.encoder.name,
        bench.encoder.fingerprint, bench.data.fingerprint, versions=versions(),
        search=_search_hash(bench, search, method, levels, seed),
    )  # fmt: skip
    found = _taken_up(path, record, bench, search)
    if found is not None and _rounds_done(found) >= _rounds(record):
        return found  # also where nothing can be written
    # A second process on the same search waits, and then finds it done. Two that both went on would
    # do every round twice, and the slower one would put its earlier round over the other's last.
    notice = f"another process is searching {str(path)!r}: waiting for it to end"
    with nullcontext() if path is None else locked(Path(path), notice):
        found = _taken_up(path, record, bench, search)
        ticket = found or _empty(record, bench.model(seed), search)
        return _iterate(
            ticket, _rounds(record), bench, search, method, seed, path, on_round, progress
        )


def _control(encoder: Encoder, method: str, task: str, lang: str, scale: str, seed: int,
             levels: tuple[int, ...], search: Search) -> Ticket:  # fmt: skip
    """The masks of a control that looks at no data; random ones are drawn for task and language."""
    check_language(get_task(task).name, lang)
    model = encoder.model(task, seed=seed)
    what = f"{encoder.fingerprint} {method} {task} {lang} {levels} {seed} {asdict(search)}"
    record = Record(
        method, task, lang, seed, scale, levels, encoder.name, encoder.fingerprint, "",
        versions=versions(), search=hashlib.sha256(what.encode()).hexdigest()[:12],
    )  # fmt: skip
    ticket = _empty(record, model, search)
    # One draw for all rounds, so that random masks nest as well.
    ranks = _random_scores(ticket, seed) if method == "random" else magnitudes(model)
    while ticket.rounds < len(levels):
        ticket = _prune(ticket, ranks, search)
    return ticket


def _empty(record: Record, model: nn.Module, search: Search) -> Ticket:
    matrices = {m: tuple(p.shape) for m, p in prunable(model, search.pooler).items()}
    return Ticket.empty(record, matrices)


def check_levels(levels: Sequence[int]) -> tuple[int, ...]:
    """Sparsities as a tuple; UserError unless they rise and each is 10, 20, ... or 90 %."""
    try:
        out = tuple(levels)
    except TypeError:
        raise UserError(f"sparsities must be a list such as [10, 20, 30], got {levels!r}") from None
    for level in out:
        if isinstance(level, bool) or level not in LEVELS:
            near = ""
            number = isinstance(level, int | float) and not isinstance(level, bool)
            if number and abs(level) < math.inf:  # not for NaN either
                near = f"; nearest: {min(LEVELS, key=lambda x: abs(x - level))}"
            raise UserError(f"sparsity {level!r} is not one of {', '.join(map(str, LEVELS))}{near}")
    if not out or list(out) != sorted(set(out)):
        raise UserError(f"sparsities must rise and not repeat, got {list(out)!r}")
    return tuple(int(level) for level in out)


def _iterate(ticket: Ticket, rounds: int, bench: Workbench, search: Search, method: str,
             seed: int, path: str | Path | None, on_round: Callable | None,
             progress: Callable | None) -> Ticket:  # fmt: skip
    """Train, note the score, prune, rewind: from wherever the ticket stands to so many rounds."""
    record = ticket.record
    scored = method == "ticket"  # what a control is worth is measured at one level, as a transfer
    data = shuffle_labels(bench.data, seed) if method == "shuffled" else None
    head: dict[str, torch.Tensor] | None = None
    first = on_disk = _rounds_done(ticket)
    if first < rounds and first and search.keep_head:
        # The head has travelled through every round and stands in no file: start over.
        ticket, first = Ticket.empty(replace(record, scores={}), _shapes(ticket)), 0
    for number in range(first, rounds):
        sparsity = record.levels[number - 1] if number else 0
        mask = ticket.mask(sparsity) if number else None
        horizon = rounds * bench.recipe.steps if search.one_schedule else None
        trained = bench.train(seed, mask, data=data, head=head, horizon=horizon, progress=progress)
        if search.keep_head:
            head = _head_state(trained.model)
        if scored:
            ticket = ticket.scored(sparsity, trained.score.value)
        if ticket.rounds == number and number < len(record.levels):
            ranks = _scores(trained.model, bench, search, seed)
            ticket = _prune(ticket, ranks, search)
        if path is not None and number >= on_disk:  # fewer rounds never replace more
            ticket.save(path)
        if on_round:
            on_round(ticket, sparsity, trained)
    return ticket


def _prune(ticket: Ticket, scores: dict[str, np.ndarray], search: Search) -> Ticket:
    """One more round: in every threshold group the smallest scores, to the level's exact count."""
    level = ticket.record.levels[ticket.rounds]
    falls: dict[str, np.ndarray] = {}
    for group in threshold_groups(ticket.matrices, search.component_wise):
        alive = [ticket.alive(m.name) for m in group]
        dead = sum(part.size - np.count_nonzero(part) for part in alive)
        count = round(level * sum(m.weights for m in group) / 100) - int(dead)
        parts = fallen([scores[m.name] for m in group], alive, count)
        falls.update(zip([m.name for m in group], parts, strict=True))
    return ticket.pruned(falls)


def _scores(model: nn.Module, bench: Workbench, search: Search, seed: int) -> dict[str, np.ndarray]:
    """Importance of every prunable weight, read from the current weights of a trained model."""
    if search.criterion == "magnitude":
        return magnitudes(model, search.pooler)
    parameters = {m.name: p for m, p in prunable(model, search.pooler).items()}
    if search.criterion == "change":
        before = prunable(bench.model(seed), search.pooler)
        return {
            m.name: (parameters[m.name].detach().cpu() - old).abs().numpy()
            for m, old in ((m, p.detach()) for m, p in before.items())
        }
    return dict(
        empirical_fisher(
            model, bench.data.train, bench.task, bench.encoder.tokenizer, parameters, seed
        )
    )


def _random_scores(ticket: Ticket, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(
        seeds.derive(seed, "random", ticket.record.task, ticket.record.lang)
    )
    return {m.name: rng.random(m.weights, dtype=np.float32) for m in ticket.matrices}


def _head_state(model: nn.Module) -> dict[str, torch.Tensor]:
    prefix = getattr(model, "base_model_prefix", "") + "."
    inside = encoder_of(model) is not model
    return {
        name: value.detach().cpu().clone()
        for name, value in model.state_dict().items()
        if inside and not name.startswith(prefix)
    }


def _shapes(ticket: Ticket) -> dict[Matrix, tuple[int, ...]]:
    return {m: ticket.codes(m.name).shape for m in ticket.matrices}


def _rounds(record: Record) -> int:
    """Trainings of a whole search: the sparsest mask is trained too where it is to be scored."""
    return len(record.levels) + (record.method == "ticket")


def _rounds_done(ticket: Ticket) -> int:
    return len(ticket.record.scores) if ticket.record.method == "ticket" else ticket.rounds


def _found(path: str | Path | None, record: Record) -> Ticket | None:
    """The ticket at `path`, if there is one; UserError if it is of another search."""
    if path is None or not Path(path).exists():
        return None
    ticket = Ticket.load(path)
    if ticket.record.search != record.search:
        raise _another(path, ticket.record)
    return ticket


def _another(path: str | Path, held: Record) -> UserError:
    return UserError(
        f"{str(path)!r} holds another search ({held.method} {held.task} {held.lang}, seed "
        f"{held.seed}, {held.scale}, levels {', '.join(map(str, held.levels))}, or other settings, "
        "data or encoder): move it away or name another path"
    )


def _taken_up(path: str | Path | None, record: Record, bench: Workbench,
              search: Search) -> Ticket | None:  # fmt: skip
    """The search at `path`, if there is one, at a round from which `record` goes on.

    Levels that come after a round do not change it, so a file with more levels serves as it is and
    one with fewer gets those asked for; only under `one_schedule` every round depends on how many
    there are. UserError if it is another search.
    """
    if path is None or not Path(path).exists():
        return None
    ticket = Ticket.load(path)
    held, asked = ticket.record.levels, record.levels
    together = held[: len(asked)] == asked[: len(held)]  # one begins with the other
    same = ticket.record.search == _search_hash(bench, search, record.method, held, record.seed)
    if not same or not together or (held != asked and search.one_schedule):
        raise _another(path, ticket.record)
    if len(held) >= len(asked):
        return ticket
    # The last training of a shorter search is scored and not pruned from: it is done again.
    ticket = ticket.cut(len(held))
    longer = replace(ticket.record, levels=asked, search=record.search)
    return Ticket(longer, ticket.matrices, {m.name: ticket.codes(m.name) for m in ticket.matrices})


def _search_hash(bench: Workbench, search: Search, method: str, levels: tuple[int, ...],
                 seed: int) -> str:  # fmt: skip
    """Twelve hex digits over everything that decides a search's masks."""
    what: dict[str, Any] = {
        "encoder": bench.encoder.fingerprint,
        "data": bench.data.fingerprint,
        "recipe": asdict(bench.recipe),
        "search": asdict(search),
        "method": method,
        "task": bench.task,
        "lang": bench.lang,
        "levels": levels,
        "seed": seed,
    }
    if bench.head_seed is not None:  # else absent, so that tickets from before it keep their hash
        what["head_seed"] = bench.head_seed
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:12]


def check_ticket(ticket: Ticket, encoder: Encoder, level: int) -> Mask:
    """The ticket's mask at `level` %, checked to be for this encoder; UserError otherwise."""
    found = ticket.record.encoder_fingerprint
    if found and found != encoder.fingerprint:
        raise UserError(
            f"this ticket was found in {ticket.record.encoder!r} ({found}), not in "
            f"{encoder.name!r} ({encoder.fingerprint}): load that encoder, or search again"
        )
    return ticket.mask(level)
