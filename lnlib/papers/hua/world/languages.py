"""Made-up languages: the same games, written in different tokens.

*atomic*: one token a move. *split*: one to three tokens a move, drawn once, none used twice.
*compositional*: a token for the row and one for the column. Two languages have no token in common,
but for *anchors*: squares whose word one language takes from another. With *unified output* the
network answers in one more, atomic vocabulary, whatever the language of the game.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import check, derive
from lnlib.papers.hua.world.boards import World
from lnlib.papers.hua.world.games import OVER

KINDS = ("atomic", "split", "compositional")
METHODS = ("naive", "anchors", "unified")
ANCHORS = 4  # of method "anchors": the fewest with which the paper finds all pairs aligned
LONGEST = 3  # tokens of a word
PAD = 0  # also where the official code has it

Word = tuple[int, ...]
Anchors = int | list[int] | tuple[int, ...] | Mapping[int, Sequence[Sequence[int]]] | None


@dataclass(frozen=True)
class Languages:
    """K languages of one world; make them by `languages`.

    `anchors` are (square, languages that share its word), the first of which it is taken from.
    """

    world: World
    kinds: tuple[str, ...]
    anchors: tuple[tuple[int, tuple[int, ...]], ...] = ()
    unified: bool = False
    seed: int = 0

    def __len__(self) -> int:
        return len(self.kinds)

    # -- names --------------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The kind, numbered from 1 where there are several of one: "atomic 2"."""
        return tuple(
            kind if self.kinds.count(kind) == 1 else f"{kind} {self.kinds[: at + 1].count(kind)}"
            for at, kind in enumerate(self.kinds)
        )

    def index(self, language: int | str) -> int:
        """The place of a language that is named or counted from 0; UserError if there is none."""
        if isinstance(language, str):
            return self.names.index(choose(language, self.names, "language"))
        whole = isinstance(language, (int, np.integer)) and not isinstance(language, bool)
        if not whole or not 0 <= language < len(self):
            raise UserError(f"language {language!r}: expected 0 to {len(self) - 1}, or a name")
        return int(language)

    @property
    def method(self) -> str:
        """One of METHODS."""
        return "unified" if self.unified else "anchors" if self.anchors else "naive"

    # -- words --------------------------------------------------------------------------------

    @cached_property
    def _vocabularies(self) -> tuple[int, tuple[dict[int, Word], ...], dict[int, Word]]:
        """Number of tokens with PAD, each language's words by square, and the output's words."""
        free = 1
        output: dict[int, Word] = {}
        if self.unified:
            output = {s: (free + at,) for at, s in enumerate(self.world.playable)}
            free += self.world.moves
        taken_from = {(s, k): group[0] for s, group in self.anchors for k in group[1:]}
        words: list[dict[int, Word]] = []
        for at, kind in enumerate(self.kinds):
            own: dict[int, Word] = {}
            rng = np.random.default_rng(derive(self.seed, "split", at))
            sizes = rng.integers(1, LONGEST + 1, self.world.squares)
            rows, cols = free, free + self.world.rows
            if kind == "compositional":
                free += self.world.rows + self.world.cols
            for square in self.world.playable:
                if (square, at) in taken_from:
                    own[square] = words[taken_from[square, at]][square]
                elif kind == "compositional":
                    row, col = divmod(square, self.world.cols)
                    own[square] = (rows + row, cols + col)
                else:
                    size = int(sizes[square]) if kind == "split" else 1
                    own[square] = tuple(range(free, free + size))
                    free += size
            words.append(own)
        return free, tuple(words), output

    @property
    def vocabulary(self) -> int:
        """V: tokens of all languages, of the output, and PAD."""
        return self._vocabularies[0]

    def words(self, language: int) -> dict[int, Word]:
        """The tokens of every square that can be moved to."""
        return self._vocabularies[1][language]

    def spoken(self, language: int) -> dict[int, Word]:
        """The words in which a move is to be answered after a game in `language`."""
        return self._vocabularies[2] or self.words(language)

    def tokens(self, language: int) -> np.ndarray:
        """Which tokens these answers may have, (V,) of bool."""
        found = np.zeros(self.vocabulary, bool)
        found[[token for word in self.spoken(language).values() for token in word]] = True
        return found

    @cached_property
    def context(self) -> int:
        """C: tokens that the network reads at most. The last token of a game is only predicted."""
        return max(sum(map(len, self.words(k).values())) for k in range(len(self))) - 1

    @cached_property
    def _sizes(self) -> np.ndarray:
        """Tokens of each word, (K, S + 1); the last place is for OVER."""
        return (self._table > PAD).sum(axis=-1)

    @cached_property
    def _table(self) -> np.ndarray:
        """Tokens of each word, (K, S + 1, LONGEST), padded."""
        table = np.full((len(self), self.world.squares + 1, LONGEST), PAD)
        for language in range(len(self)):
            for square, word in self.words(language).items():
                table[language, square, : len(word)] = word
        return table

    # -- games --------------------------------------------------------------------------------

    def write(self, moves: np.ndarray, language: np.ndarray | int) -> Text:
        """Games (N, T) in tokens, each in one language, (N,) or the same for all."""
        spoken = np.broadcast_to(np.asarray(language), (len(moves),))[:, None]
        sizes = self._sizes[spoken, moves]
        starts = np.cumsum(sizes, axis=1) - sizes
        tokens = np.full((len(moves), self.context + 1), PAD)
        move = np.full(tokens.shape, OVER)
        part = np.zeros(tokens.shape, np.int64)
        for place in range(LONGEST):
            game, at = np.nonzero(sizes > place)
            column = starts[game, at] + place
            tokens[game, column] = self._table[spoken[game, 0], moves[game, at], place]
            move[game, column] = at
            part[game, column] = place
        ends = np.where(sizes > 0, starts + sizes - 1, OVER)
        return Text(tokens, move, part, ends)

    # -- as a record --------------------------------------------------------------------------

    @property
    def record(self) -> dict[str, Any]:
        """All that makes these languages, for JSON."""
        return {
            "board": self.world.name,
            "kinds": list(self.kinds),
            "anchors": [[square, list(group)] for square, group in self.anchors],
            "unified": self.unified,
            "seed": self.seed,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Languages:
        """The languages of a record."""
        anchors = tuple((square, tuple(group)) for square, group in record["anchors"])
        world = World.of(record["board"])
        return cls(world, tuple(record["kinds"]), anchors, record["unified"], record["seed"])


@dataclass(frozen=True)
class Text:
    """N games in tokens: of each token (N, C + 1) the move it belongs to (OVER: padding) and its
    place in the word; of each move (N, T) where its word ends (OVER: no such move)."""

    tokens: np.ndarray
    move: np.ndarray
    part: np.ndarray
    ends: np.ndarray


def languages(kinds: str | Sequence[str] = "atomic,atomic", board: World | str = "4x4",
              method: str = "naive", anchors: Anchors = None,
              seed: int = 0) -> Languages:  # fmt: skip
    """Languages of these kinds, as in "atomic,split", for one of METHODS.

    `anchors` is how many squares all languages share, or which, or a map from a square to groups of
    languages counted from 0: {5: [[0, 2], [1, 3]]}. Squares that are not named are drawn by `seed`,
    and those of k anchors are among those of k + 1. The default is ANCHORS for method "anchors",
    none for "unified"; "naive" has none. Raises UserError for what is unknown or does not fit.
    """
    world = World.of(board)
    named = [k.strip() for k in kinds.split(",")] if isinstance(kinds, str) else list(kinds)
    if not named:
        raise UserError(f"no languages: expected one or more of {', '.join(KINDS)}")
    for kind in named:
        choose(kind, KINDS, "language")
    choose(method, METHODS, "method")
    if anchors is None:
        anchors = ANCHORS if method == "anchors" else 0
    groups = _groups(world, len(named), anchors, check(seed))
    if method == "naive" and groups:
        raise UserError(f"method 'naive' has no anchors, not {anchors!r}: try method 'anchors'")
    if method == "anchors" and not groups:
        raise UserError("method 'anchors' needs one or more anchors: without, it is 'naive'")
    return Languages(world, tuple(named), groups, method == "unified", seed)


def _groups(world: World, count: int, anchors: Anchors,
            seed: int) -> tuple[tuple[int, tuple[int, ...]], ...]:  # fmt: skip
    """Anchors as (square, languages), checked."""
    everyone = [list(range(count))]
    if isinstance(anchors, Mapping):
        try:
            told = {
                square: [sorted(group) for group in shared] for square, shared in anchors.items()
            }
        except TypeError as cause:
            raise UserError(
                f"anchors {anchors!r}: expected groups of languages a square, as in "
                "{5: [[0, 2], [1, 3]]}"
            ) from cause
    elif isinstance(anchors, (list, tuple)):
        told = dict.fromkeys(anchors, everyone)
        if len(told) < len(anchors):
            raise UserError(f"anchors {anchors!r}: a square is named twice")
    else:
        if isinstance(anchors, bool) or not isinstance(anchors, int) or anchors < 0:
            raise UserError(f"anchors {anchors!r}: expected a number, squares, or squares by group")
        if anchors > world.moves:
            raise UserError(
                f"{anchors} anchors: board {world.name} has {world.moves} squares to move to"
            )
        order = np.random.default_rng(derive(seed, "anchors")).permutation(world.playable)
        told = dict.fromkeys(order[:anchors].tolist(), everyone)
    if told and count < 2:
        raise UserError("an anchor is shared by two languages or more, and there is one")
    for square, shared in told.items():
        if square not in world.playable:
            raise UserError(
                f"anchor {square!r} is no square to move to on {world.name}: expected one of "
                f"{list(world.playable)}"
            )
        members = [k for group in shared for k in group]
        if any(not isinstance(k, int) or not 0 <= k < count for k in members):
            raise UserError(f"anchor {square}: languages are 0 to {count - 1}, not {members}")
        if len(set(members)) < len(members) or any(len(group) < 2 for group in shared):
            raise UserError(
                f"anchor {square}: expected groups of two languages or more, each in one group at "
                f"most, not {shared}"
            )
    return tuple((int(s), tuple(group)) for s, shared in sorted(told.items()) for group in shared)
