"""What the network is trained on: batches that follow from a seed and a step alone.

*Hard* targets are the paper's: the next token of the game. *Expected* targets are the distribution
of that token given what was read: since games are random it is known, uniform over the legal moves.
The loss then has the same mean, and so has its gradient, with less noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import derive
from lnlib.papers.hua.world import games as games_module
from lnlib.papers.hua.world.boards import unpack
from lnlib.papers.hua.world.games import OVER, Games, check_prefix, chunk
from lnlib.papers.hua.world.grammar import NOWHERE, Grammar, grammar
from lnlib.papers.hua.world.languages import PAD, Languages

IGNORE = -100  # torch's cross-entropy leaves it out
TARGETS = ("hard", "expected")


@dataclass(frozen=True)
class Batch:
    """B games in tokens (B, C) and what comes after each: one token (B, C), IGNORE where nothing is
    asked, or also a distribution over tokens (B, C, V), all 0 there."""

    tokens: torch.Tensor
    hard: torch.Tensor
    expected: torch.Tensor | None = None

    def to(self, device: torch.device) -> Batch:
        """The batch on another device."""
        expected = None if self.expected is None else self.expected.to(device, non_blocking=True)
        return replace(
            self, tokens=self.tokens.to(device, non_blocking=True),
            hard=self.hard.to(device, non_blocking=True), expected=expected,
        )  # fmt: skip


def batches(languages: Languages, size: int, seed: int, *, targets: str = "expected",
            games: int | None = None, prefix: tuple[int, ...] = (), only: int | None = None,
            start: int = 0) -> Iterator[Batch]:  # fmt: skip
    """Batches of `size` games from step `start` on, without end.

    Games are fresh at every step, or `games` of them over and over (the paper's 20 million, in
    whole batches); either way each is written in a language drawn anew, or in `only`. A `prefix`
    begins all games.
    """
    check_prefix(languages.world, prefix)
    choose(targets, TARGETS, "targets")
    if games is not None and games < size:
        raise UserError(f"{games} games make no batch of {size}: ask for more, or smaller batches")
    rules = grammar(languages)
    # Two chunks are kept, as a batch may lie across two; a small world's games are all one chunk.
    made = lru_cache(2)(lambda at: chunk(languages.world, at, seed, prefix))
    each = None if games is None else games // size  # steps of an epoch
    step = start
    while True:
        first = (step if each is None else step % each) * size
        drawn = np.random.default_rng(derive(seed, "languages", step))
        spoken = drawn.integers(0, len(languages), size) if only is None else np.full(size, only)
        rows = _rows(made, first, first + size)
        yield batch(languages, rows, spoken, rules if targets == "expected" else None)
        step += 1


def _rows(made: Callable[[int], Games], first: int, end: int) -> Games:
    """Games `first` to `end` of the chunks that `made` makes."""
    size = games_module.CHUNK
    parts = [
        made(at)[max(0, first - at * size) : end - at * size]
        for at in range(first // size, -(-end // size))
    ]
    return parts[0] if len(parts) == 1 else Games.joined(parts)


def batch(languages: Languages, games: Games, spoken: np.ndarray | int,
          rules: Grammar | None = None) -> Batch:  # fmt: skip
    """Whole games as a batch, with expected targets if there are `rules`.

    A target stands at each token but the last. With unified output only the last token of a word
    has one: the answer that means the next move.
    """
    language = np.broadcast_to(np.asarray(spoken), (len(games),))
    text = languages.write(games.moves, language)
    longest = int((text.move != OVER).sum(axis=1).max())  # columns beyond are padding throughout
    tokens, following = text.tokens[:, : longest - 1], text.tokens[:, 1:longest]
    ended = text.part[:, 1:longest] == 0  # the next token begins a word
    hard = np.where(following == PAD, IGNORE, following)
    if languages.unified:
        answers = np.full(languages.world.squares + 1, IGNORE)
        for square, word in languages.spoken(0).items():
            answers[square] = word[0]
        meant = np.take_along_axis(games.moves, np.maximum(text.move[:, 1:longest], 0), axis=1)
        hard = np.where((following != PAD) & ended, answers[meant], IGNORE)
    expected = None
    if rules is not None:
        expected = _expected(languages, rules, games, language, text.move[:, : longest - 1],
                             text.part[:, : longest - 1], hard != IGNORE)  # fmt: skip
    return Batch(torch.from_numpy(tokens), torch.from_numpy(hard), expected)


def _expected(languages: Languages, rules: Grammar, games: Games, spoken: np.ndarray,
              move: np.ndarray, part: np.ndarray, asked: np.ndarray) -> torch.Tensor:  # fmt: skip
    """Distribution of the next token, (B, C, V): uniform over the legal moves whose words go on
    from what was read of this one."""
    row, column = np.nonzero(asked)
    at, square = move[row, column], games.moves[row, move[row, column]]
    inside = rules.inside[spoken[row], square, part[row, column]]
    between = inside == NOWHERE  # words: the next move is open
    node = np.where(between, rules.start[spoken[row]], inside)
    legal = unpack(games.legal[row, at + between], languages.world.squares)
    token = rules.following[node]  # (P, S)
    weight = legal & (token != PAD)
    share = (weight / weight.sum(axis=1, keepdims=True)).astype(np.float32)
    out = torch.zeros(asked.size, languages.vocabulary)
    place = torch.from_numpy(row * asked.shape[1] + column)
    rows = torch.zeros(len(row), languages.vocabulary)
    out[place] = rows.scatter_add_(1, torch.from_numpy(token), torch.from_numpy(share))
    return out.view(*asked.shape, -1)
