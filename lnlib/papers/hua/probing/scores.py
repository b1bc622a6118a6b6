"""The alignment of languages in one table, beside everything that it has to be read against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from transformers import GPT2LMHeadModel

from lnlib.base.errors import UserError
from lnlib.base.seeds import derive
from lnlib.papers.hua.network.model import build, default_layer, size_of
from lnlib.papers.hua.probing import parallel
from lnlib.papers.hua.probing.probe import (
    KINDS,
    Probe,
    ProbeRecipe,
    accuracy,
    fit,
    majority,
    under,
)
from lnlib.papers.hua.probing.states import boards, move_states
from lnlib.papers.hua.world.games import Games, generate
from lnlib.papers.hua.world.languages import Languages

BOARDS = ("absolute", "relative")  # black and white (the paper's), or mine and theirs
COLUMNS = (
    "network", "board", "probe", "source", "target", "measure", "value", "symmetry", "states"
)  # fmt: skip


def probe_games(languages: Languages, train: int, test: int, seed: int = 0,
                prefix: tuple[int, ...] = ()) -> tuple[Games, Games]:  # fmt: skip
    """Games to train probes on and others to test them on, no game in both nor twice in one.

    Raises UserError where the board has not so many.
    """
    wanted, drawn = train + test, 2 * (train + test)
    while True:
        seed_of = derive(seed, "games to probe")
        games = generate(languages.world, drawn, seed_of, prefix).distinct()
        if len(games) >= wanted:
            return games[:train], games[train:wanted]
        if drawn > 64 * wanted:
            raise UserError(
                f"{wanted} different games: {drawn} random ones on {languages.world.name} held "
                f"{len(games)}; ask for fewer"
            )
        drawn *= 2


def train_probe(model: GPT2LMHeadModel, languages: Languages, games: Games, language: int | str = 0,
                layer: int | None = None, recipe: ProbeRecipe | None = None, seed: int = 0,
                relative: bool = False) -> Probe:  # fmt: skip
    """A probe of the board, trained on the states of games in one language (`default_layer`)."""
    layer = default_layer(model) if layer is None else layer
    states = move_states(model, languages, games, language, layer)
    return fit(states, boards(games, relative).classes, recipe, seed)


def probe_accuracy(probe: Probe, model: GPT2LMHeadModel, languages: Languages, games: Games,
                   language: int | str = 0, layer: int | None = None,
                   relative: bool = False) -> float:  # fmt: skip
    """Share of squares that the probe reads right from games in a language, 0 to 1.

    In the language that the probe was trained in, this is what it knows; in another, how far the
    two are aligned (the paper's measure).
    """
    layer = default_layer(model) if layer is None else layer
    states = move_states(model, languages, games, language, layer)
    return accuracy(probe.read(states), boards(games, relative).classes)


def alignment(model: GPT2LMHeadModel, languages: Languages, train: Games, test: Games,
              layer: int | None = None, recipe: ProbeRecipe | None = None, seed: int = 0,
              kinds: Sequence[str] = KINDS,
              codings: Sequence[str] = BOARDS) -> pd.DataFrame:  # fmt: skip
    """All pairs of languages, one row a measure (COLUMNS).

    `network` is "trained", or "random": one of the same size that was never trained, with probes of
    its own. For each kind of probe and coding of the board: `accuracy`, of a probe trained in
    `source` on states of `target`; `best symmetry`, the same with the board turned by whichever
    symmetry of the start fits best on the training games (named in `symmetry`); `rotation`, the
    same with the target's states mapped orthogonally onto the source's, fitted on the training
    games; `majority`, from the number of the move alone. Without a probe: `cosine` and `retrieval`
    of parallel states. Values are 0 to 1 (cosine: -1 to 1), over `states` states of the test games.
    """
    layer = default_layer(model) if layer is None else layer
    recipe = recipe or ProbeRecipe()
    blank = build(languages, size_of(model), derive(seed, "random network"))
    blank.to(next(model.parameters()).device)
    out: list[dict[str, Any]] = []
    for name, network in (("trained", model), ("random", blank)):
        seen, new = (
            [move_states(network, languages, games, k, layer) for k in range(len(languages))]
            for games in (train, test)
        )
        for row in _parallel(languages, new, test, seed):
            out.append({"network": name, **row})
        for coding in codings:
            for kind in kinds:
                told = replace(recipe, kind=kind)
                for row in _probed(languages, seen, new, train, test, coding, told, seed):
                    out.append({"network": name, "board": coding, "probe": kind, **row})
    for coding in codings:
        train_boards, test_boards = (boards(g, coding == "relative") for g in (train, test))
        value = accuracy(majority(train_boards, test_boards), test_boards.classes)
        out.append({"board": coding, "measure": "majority", "value": value})
    states = len(boards(test).game)
    table = pd.DataFrame(out).reindex(columns=COLUMNS).assign(states=states)
    words = [c for c in COLUMNS if c not in ("value", "states")]
    return table.assign(**{c: table[c].fillna("") for c in words})


def _pairs(languages: Languages) -> Iterator[tuple[int, int, dict[str, str]]]:
    for a, source in enumerate(languages.names):
        for b, target in enumerate(languages.names):
            yield a, b, {"source": source, "target": target}


def _parallel(languages: Languages, states: list[torch.Tensor], games: Games,
              seed: int) -> Iterator[dict[str, Any]]:  # fmt: skip
    for a, b, pair in _pairs(languages):
        if a != b:
            yield {**pair, "measure": "cosine", "value": parallel.cosine(states[a], states[b])}
            found = parallel.retrieval(states[a], states[b], games, seed)
            yield {**pair, "measure": "retrieval", "value": found}


def _probed(languages: Languages, seen: list[torch.Tensor], new: list[torch.Tensor], train: Games,
            test: Games, coding: str, recipe: ProbeRecipe,
            seed: int) -> Iterator[dict[str, Any]]:  # fmt: skip
    """What probes of every language read of every language's states."""
    told, true = (boards(games, coding == "relative").classes for games in (train, test))
    probes = [fit(states, told, recipe, derive(seed, k)) for k, states in enumerate(seen)]
    maps: dict[str, np.ndarray] = languages.world.symmetries
    for a, b, pair in _pairs(languages):
        read = probes[a].read(new[b])
        yield {**pair, "measure": "accuracy", "value": accuracy(read, true)}
        if a == b:
            continue
        before = probes[a].read(seen[b])
        best = max(maps, key=lambda name: accuracy(under(before, maps[name]), told))
        value = accuracy(under(read, maps[best]), true)
        yield {**pair, "measure": "best symmetry", "value": value, "symmetry": best}
        rotated = parallel.Rotation.of(seen[b], seen[a])(new[b])
        value = accuracy(probes[a].read(rotated), true)
        yield {**pair, "measure": "rotation", "value": value}
