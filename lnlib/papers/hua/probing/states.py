"""States of games: one vector a move, so that those of two languages stand side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from lnlib.papers.hua.network.model import asleep, check_layer, check_world, hidden
from lnlib.papers.hua.world.games import OVER, Games
from lnlib.papers.hua.world.languages import Languages

_ROWS = 512  # games at a time


@dataclass(frozen=True)
class Boards:
    """What is true after each of P moves: which game's it is (P,), the how-manieth, from 0 (P,),
    and the classes of the squares (P, S)."""

    game: np.ndarray
    move: np.ndarray
    classes: torch.Tensor


def boards(games: Games, relative: bool = False) -> Boards:
    """Every move but the last that a game can have, which no network reads; see `Games.states`."""
    game, move = np.nonzero(games.moves[:, :-1] != OVER)
    return Boards(game, move, torch.from_numpy(games.states(relative)[game, move]))


def move_states(model: GPT2LMHeadModel, languages: Languages, games: Games, language: int | str,
                layer: int) -> torch.Tensor:  # fmt: skip
    """States (P, H) after `layer` blocks, without dropout, at the last token of each move.

    They stay on the network's device. The rows are those of `boards`, whatever the language. Raises
    UserError for a network of other languages, games of another world, or a layer that is not
    there.
    """
    check_world(model, languages, games)
    check_layer(model, layer)
    text = languages.write(games.moves, languages.index(language))
    ends = text.ends[:, :-1]
    found = []
    with asleep(model) as device:
        for start in range(0, len(games), _ROWS):
            part = torch.from_numpy(text.tokens[start : start + _ROWS, : languages.context])
            states = hidden(model, part.to(device), layer)
            game, move = np.nonzero(ends[start : start + _ROWS] != OVER)
            found.append(states[game, ends[start + game, move]].float())
    return torch.cat(found)
