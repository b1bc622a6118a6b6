"""Does the network know the rules: how often its most probable move is legal."""

from __future__ import annotations

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from lnlib.papers.hua.network.model import asleep, check_world
from lnlib.papers.hua.world.boards import unpack
from lnlib.papers.hua.world.games import OVER, Games
from lnlib.papers.hua.world.grammar import NOWHERE, grammar
from lnlib.papers.hua.world.languages import PAD, Languages

_ROWS = 512  # sequences at a time: logits of 8x8 in three languages stay under 100 MB


def legal_rate(model: GPT2LMHeadModel, languages: Languages, games: Games, language: int | str,
               within: int | str | None = None) -> float:  # fmt: skip
    """Share (%) of beginnings of games that the network goes on from with a legal move.

    Every beginning of one move or more, that has a next one, is read in `language` and its most
    probable word taken, token by token. As in the paper this asks for two things, the rules and the
    vocabulary: a word of another language is no legal move. `within` a language only its tokens are
    chosen from, so that the rules alone count. With unified output there is one vocabulary for all.
    """
    played = answers(model, languages, games, language, within)
    asked = _asked(games)
    legal = unpack(games.legal[:, 1:], games.world.squares)[asked]
    square = played[asked]
    right = legal[np.arange(len(square)), square] & (square != NOWHERE)
    return 100 * float(right.mean())


def answers(model: GPT2LMHeadModel, languages: Languages, games: Games, language: int | str,
            within: int | str | None = None) -> np.ndarray:  # fmt: skip
    """The square that the network's most probable word means after each move, (N, T - 1).

    NOWHERE where it is no word of the language (`within`, if that is given), or there was no move.
    """
    check_world(model, languages, games)
    read = languages.index(language)
    spoken = read if within is None else languages.index(within)
    rules = grammar(languages)
    allowed = None if within is None else torch.from_numpy(languages.tokens(spoken))
    text = languages.write(games.moves, read)
    out = np.full((len(games), games.world.moves - 1), NOWHERE)
    game, move = np.nonzero(_asked(games))
    end = text.ends[game, move]
    # The first token for all beginnings of a game at once; then those that began a longer word.
    token = _most_probable(model, text.tokens[:, : languages.context], allowed)[game, end]
    node = rules.step[rules.start[spoken], token]
    lines = text.tokens[game, : languages.context]
    place = np.arange(languages.context)
    while True:
        whole = node >= rules.nodes
        out[game[whole], move[whole]] = node[whole] - rules.nodes
        on = (node != NOWHERE) & ~whole & (end + 1 < languages.context)
        if not on.any():
            return out
        game, move, end, token, node, lines = (
            part[on] for part in (game, move, end + 1, token, node, lines)
        )
        lines = np.where(place < end[:, None], lines, PAD)
        lines[np.arange(len(lines)), end] = token
        token = _most_probable(model, lines, allowed, end)
        node = rules.step[node, token]


def spoken_share(model: GPT2LMHeadModel, languages: Languages, games: Games,
                 language: int | str) -> dict[str, float]:  # fmt: skip
    """Share (%) of most probable next tokens that are of each language, after games in `language`.

    A token that several languages share counts for all of them.
    """
    check_world(model, languages, games)
    text = languages.write(games.moves, languages.index(language))
    game, move = np.nonzero(_asked(games))
    token = _most_probable(model, text.tokens[:, : languages.context], None)
    said = token[game, text.ends[game, move]]
    return {
        name: 100 * float(languages.tokens(k)[said].mean())
        for k, name in enumerate(languages.names)
    }


def _asked(games: Games) -> np.ndarray:
    """Moves (N, T - 1) after which there is another."""
    return games.moves[:, 1:] != OVER


def _most_probable(model: GPT2LMHeadModel, tokens: np.ndarray, allowed: torch.Tensor | None,
                   at: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """The most probable next token at each place (B, C), or `at` one place a row (B,)."""
    found = []
    with asleep(model) as device:
        for start in range(0, len(tokens), _ROWS):
            part = torch.from_numpy(tokens[start : start + _ROWS]).to(device)
            states = model.transformer(input_ids=part).last_hidden_state
            if at is not None:
                places = torch.from_numpy(at[start : start + _ROWS]).to(device)
                states = states[torch.arange(len(part), device=device), places]
            logits = model.lm_head(states)
            logits[..., PAD] = -torch.inf  # it is never a target, so nothing keeps it down
            if allowed is not None:
                logits[..., ~allowed.to(device)] = -torch.inf
            found.append(logits.argmax(-1).cpu().numpy())
    return np.concatenate(found)
