"""What the page plays with: one network a method, with its probe, trained, packed and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from lnlib.base.provenance import versions
from lnlib.base.seeds import derive
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.experiments.pretraining import legal_rates, play_games, pretrain
from lnlib.papers.hua.network.model import build, default_layer
from lnlib.papers.hua.page import packing
from lnlib.papers.hua.page.asset import Asset, digest
from lnlib.papers.hua.probing.probe import Probe, accuracy, majority
from lnlib.papers.hua.probing.scores import probe_accuracy, probe_games, train_probe
from lnlib.papers.hua.probing.states import Boards, boards, move_states
from lnlib.papers.hua.recipes import Size
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.world.games import Games, replay
from lnlib.papers.hua.world.languages import Languages, languages

# `demo` at half the width: a page carries four networks and is to take 400 KB at most, and this
# many weights are 65 KB. Twice the steps make up for the width (97 % of legal moves) in some 20 s
# of a core. The probe is narrower too: at 128 it would read a point more, in 14 KB more.
PAGE = replace(
    SCALES["demo"],
    name="page",
    size=Size(layers=3, width=32, heads=2),
    training=replace(SCALES["demo"].training, steps=1_600, warmup=80),
    probe=replace(SCALES["demo"].probe, width=96),
)
SEED = 0  # of everything: the first that was drawn, not the best of several
# What each is called, and the method and anchors that it is trained with (None: not at all).
METHODS: dict[str, tuple[str, int] | None] = {
    "naive": ("naive", 0),
    "4 anchors": ("anchors", 4),
    "unified output": ("unified", 0),
    "untrained": None,
}
_OPENING = 5  # moves of a recorded opening: boards can be told apart, and most is still to come


def make(runs_dir: Path, say: Callable[[str], object] = print) -> Asset:
    """All that the page needs; trainings under `runs_dir` are taken up where they stand.

    `say` is told what was measured of each network.
    """
    folder, networks = runs.home(runs_dir, PAGE), []
    for name, trained in METHODS.items():
        spoken = languages("atomic,atomic", PAGE.board, *(trained or ("naive", 0)), SEED)
        if trained:
            path = runs.place(folder, "alignment", spoken, SEED)
            model = pretrain(spoken, PAGE, SEED, path=path).model
        else:
            model = build(spoken, PAGE.size, derive(SEED, "random network"))
        networks.append(packed(name, model, spoken))
        say(f"{name}: {networks[-1]['measured']}")
    begun = openings(_probe_games(spoken)[1])
    for network in networks:
        network["opening"] = readings(network, begun[0])
    train, test = (boards(games) for games in _probe_games(spoken))
    return {
        "rows": spoken.world.rows,
        "cols": spoken.world.cols,
        "openings": begun,
        "usual": usual(train),
        "networks": networks,
        "about": {
            "command": "python -m lnlib hua play",
            "seed": SEED,
            "recipe": PAGE.hash("alignment"),
            "steps": PAGE.training.steps,
            "blocks": PAGE.size.layers,
            "width": PAGE.size.width,
            "games": PAGE.probe_games[1],
            "majority": accuracy(majority(train, test), test.classes),
            "weights": digest(networks),
            **versions("papers.hua.page.networks"),
        },
    }


def packed(name: str, model: GPT2LMHeadModel, spoken: Languages) -> dict[str, Any]:
    """A network, and a probe of what it is once rounded, trained on the first language.

    `words` are each language's tokens by square, `answers` the tokens that stand for the next move
    (0: no move goes there); the probe reads states after `probed` blocks. `make` adds what it reads
    after the first `opening`, for a page without scripts.
    """
    weights = packing.pack_network(model)
    model = packing.network(weights, spoken, PAGE.size)
    probe = train_probe(model, spoken, _probe_games(spoken)[0], 0, None, PAGE.probe, SEED)
    squares, own = range(spoken.world.squares), range(len(spoken))
    made = {
        "name": name,
        "languages": spoken.record,
        "heads": PAGE.size.heads,
        "probed": default_layer(model),
        "words": [[spoken.words(k).get(s, (0,))[0] for s in squares] for k in own],
        "answers": [[spoken.spoken(k).get(s, (0,))[0] for s in squares] for k in own],
        "weights": weights,
        "probe": packing.pack_probe(probe),
    }
    return made | {"measured": measured(made)}


def unpacked(network: dict[str, Any]) -> tuple[GPT2LMHeadModel, Languages, Probe]:
    """A network of the page as torch's, its languages and its probe."""
    spoken = Languages.of(network["languages"])
    model = packing.network(network["weights"], spoken, PAGE.size)
    return model, spoken, packing.probe(network["probe"], spoken.world.squares, PAGE.probe)


def measured(network: dict[str, Any]) -> dict[str, Any]:
    """Of a packed network, by language: legal moves (%), and the share of squares (%) that its
    probe reads right in games that it was not trained on."""
    model, spoken, probe = unpacked(network)
    _, test = _probe_games(spoken)
    legal = legal_rates(model, spoken, play_games(spoken, PAGE, SEED))
    read = [100 * probe_accuracy(probe, model, spoken, test, k) for k in range(len(spoken))]
    return {"legal": [round(rate, 2) for rate in legal.values()],
            "read": [round(share, 2) for share in read]}  # fmt: skip


def readings(network: dict[str, Any], moves: list[int]) -> list[list[int]]:
    """The classes that the probe reads after these moves, by language."""
    model, spoken, probe = unpacked(network)
    game = replay(spoken.world, np.array(moves))
    layer = network["probed"]
    states = [move_states(model, spoken, game, k, layer)[-1:] for k in range(len(spoken))]
    return [probe.read(state)[0].tolist() for state in states]


def openings(games: Games) -> list[list[int]]:
    """How the first three games begin, and the first in which a player passes, up to the move
    after it."""
    repeated = games.mover[:, 1:] == games.mover[:, :-1]
    repeated &= games.mover[:, 1:] >= 0
    passing = int(repeated.any(axis=1).argmax())
    until = int(repeated[passing].argmax()) + 2
    begun = [games.moves[game, :_OPENING] for game in range(3)]
    return [moves.tolist() for moves in (*begun, games.moves[passing, :until])]


def usual(train: Boards) -> list[list[int]]:
    """Every square's most frequent class after each number of moves, from one up."""
    each = np.arange(train.move.max() + 1)
    asked = Boards(each, each, torch.zeros(len(each), train.classes.shape[1], dtype=torch.int64))
    found: list[list[int]] = majority(train, asked).tolist()
    return found


def _probe_games(spoken: Languages) -> tuple[Games, Games]:
    return probe_games(spoken, *PAGE.probe_games, SEED)
