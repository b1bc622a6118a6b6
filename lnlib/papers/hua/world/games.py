"""Random games, many at once, the same from the same seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lnlib.base.errors import UserError
from lnlib.base.seeds import check, derive
from lnlib.papers.hua.world.boards import WHITE, Positions, World, unpack

OVER = -1  # in place of a move, and of who made it, after the end of a game
# Games that are played side by side: a board's buffers then fit a core's own cache, and a call of
# numpy costs less than what it does. Also the unit of the seed: the same games come first whatever
# the number that is asked for.
CHUNK = 4_096


@dataclass(frozen=True)
class Games:
    """N games of at most T moves each; the arrays are (N, T). A pass is no move and takes no place.

    `moves` are squares (int8) and OVER after the end. `legal` (uint64) is the set of legal moves
    before each move, and once more after the last, where it is empty unless a game was stopped;
    `black` and `white` (uint64) are the discs after each move. `mover` (int8) made it.
    """

    world: World
    moves: np.ndarray
    legal: np.ndarray
    black: np.ndarray
    white: np.ndarray
    mover: np.ndarray

    def __len__(self) -> int:
        return len(self.moves)

    def __getitem__(self, which: slice | np.ndarray | Sequence[int]) -> Games:
        """Some of the games."""
        rows = {name: getattr(self, name)[which] for name in _ARRAYS}
        return replace(self, **rows)

    @classmethod
    def joined(cls, parts: Sequence[Games]) -> Games:
        """Games of one world, one after the other."""
        whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        return cls(parts[0].world, **whole)

    @property
    def lengths(self) -> np.ndarray:
        """Moves of each game, (N,)."""
        return (self.moves != OVER).sum(axis=1)

    def distinct(self) -> Games:
        """The games without those seen before: on a small board random games repeat."""
        _, first = np.unique(self.moves, axis=0, return_index=True)
        return self[np.sort(first)]

    def states(self, relative: bool = False) -> np.ndarray:
        """Classes of every square after each move, (N, T, S) int64.

        Absolute: 0 white, 1 empty, 2 black. Relative: 0 theirs, 1 empty, 2 mine, "me" being who
        made the move. (Parity of the move does not tell who that is once a player has passed.)
        """
        black, white = (unpack(discs, self.world.squares) for discs in (self.black, self.white))
        signs = black.view(np.int8) - white.view(np.int8)
        if relative:
            signs[self.mover == WHITE] *= -1
        return signs.astype(np.int64) + 1


_ARRAYS = ("moves", "legal", "black", "white", "mover")


def generate(world: World | str, count: int, seed: int = 0, prefix: Sequence[int] = ()) -> Games:
    """`count` random games: every legal move is as likely as any other.

    With a `prefix` all games begin with these squares; what follows is distributed as in random
    games that happened to begin so. The first games are the same whatever `count`. Raises UserError
    for a prefix that is no legal opening.
    """
    world = World.of(world)
    check(seed)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UserError(f"{count!r} games: expected a whole number from 1 up")
    prefix = check_prefix(world, prefix)
    chunks = [chunk(world, at, seed, prefix) for at in range(-(-count // CHUNK))]
    return Games.joined(chunks)[:count]


def chunk(world: World, number: int, seed: int, prefix: Sequence[int] = ()) -> Games:
    """The random games from `number * CHUNK` up to the next chunk's, of those that `generate` would
    make: any of them can be had without those before."""
    rng = np.random.default_rng(derive(seed, "games", world.name, number))
    drawn = rng.integers(0, 1 << 32, (world.moves, CHUNK), np.uint32)

    def draw(ply: int, legal: np.ndarray) -> np.ndarray:
        if ply < len(prefix):
            return np.full(CHUNK, 1 << prefix[ply], np.uint64)
        return _nth_bit(legal, drawn[ply].astype(np.uint64))

    return _play(world, CHUNK, draw)


def replay(world: World | str, moves: np.ndarray) -> Games:
    """The games with these moves, (N, T) or one game's (T,); OVER or nothing after the end.

    A game may stop early. Raises UserError for a move that is not legal.
    """
    world = World.of(world)
    rows = np.atleast_2d(np.asarray(moves, np.int64))
    if rows.shape[1] > world.moves:
        raise UserError(f"{rows.shape[1]} moves: a game on {world.name} has at most {world.moves}")
    told = np.full((len(rows), world.moves), OVER)
    told[:, : rows.shape[1]] = rows

    def follow(ply: int, legal: np.ndarray) -> np.ndarray:
        square, played = told[:, ply], told[:, ply] != OVER
        inside = played & (square >= 0) & (square < world.squares)
        bit = np.where(inside, np.uint64(1) << (square % 64).astype(np.uint64), np.uint64(0))
        wrong = played & ((bit & legal) == 0)
        if ply:
            wrong |= played & (told[:, ply - 1] == OVER)
        if wrong.any():
            game = int(np.argmax(wrong))
            free = np.nonzero(unpack(legal[game], world.squares))[0].tolist()
            raise UserError(
                f"move {ply + 1} of game {game}, square {square[game]}, is not legal on "
                f"{world.name}: expected one of {free}"
            )
        return bit

    return _play(world, len(rows), follow)


def check_prefix(world: World, prefix: Sequence[int]) -> tuple[int, ...]:
    """The prefix as a tuple, if it is a legal opening; UserError otherwise."""
    squares = tuple(prefix)
    if squares:
        if any(isinstance(s, bool) or not isinstance(s, (int, np.integer)) for s in squares):
            raise UserError(f"prefix {prefix!r}: expected squares, as in [21, 10, 1]")
        replay(world, np.array(squares))
    return tuple(int(square) for square in squares)


def _play(world: World, count: int, choose: Callable[[int, np.ndarray], np.ndarray]) -> Games:
    """Games in which `choose(ply, legal)` says each board's move, (B,) uint64 of one bit or 0."""
    shape = (world.moves, count)  # a move's row is written whole
    words = np.zeros((4, *shape), np.uint64)
    bits, legal, black, white = words
    mover = np.full(shape, OVER, np.int8)
    at = Positions.start(world, count)
    for ply in range(world.moves):
        legal[ply] = at.legal
        mover[ply] = at.turn
        bits[ply] = choose(ply, at.legal)
        at.play(bits[ply])
        black[ply], white[ply] = at.boards
    played = bits != 0
    legal[1:] *= played[:-1]  # of a game that was stopped, only what could have come next
    moves = np.where(played, np.bitwise_count(bits - np.uint64(1)).view(np.int8), np.int8(OVER))
    mover = np.where(played, mover, np.int8(OVER))
    return Games(world, moves.T, legal.T, black.T, white.T, mover.T)


_OCTETS = np.uint64(0x0101010101010101)
_TOPS = np.uint64(0x8080808080808080)
_HALVES = tuple(np.uint64(m) for m in (0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F))
_U = np.arange(65, dtype=np.uint64)  # shifts, of the words' own type
# The place of the k-th set bit of an octet, at 8 * octet + k.
_IN_OCTET = (
    np.argsort(~unpack(np.arange(256, dtype=np.uint64), 8), axis=1, kind="stable")
    .astype(np.uint64)
    .ravel()
)


def _nth_bit(words: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """One set bit of each word, (B,) uint64, picked by `draw`, uniform over 32 bits; 0 of 0.

    Counts of set bits up to each octet stand side by side in one word, so the octet is found by one
    subtraction; a table has the rest. No word is looped over.
    """
    sums = words - ((words >> _U[1]) & _HALVES[0])
    sums = (sums & _HALVES[1]) + ((sums >> _U[2]) & _HALVES[1])
    sums = (sums + (sums >> _U[4])) & _HALVES[2]
    sums *= _OCTETS  # set bits in octets 0 to i, in octet i
    nth = (draw * (sums >> _U[56])) >> _U[32]  # from 0, below the number of set bits
    before = ((nth * _OCTETS | _TOPS) - sums) & _TOPS  # octets whose bits all come before it
    place = ((before >> _U[7]) * _OCTETS) >> _U[56]
    place <<= _U[3]
    rest = nth - (((sums << _U[8]) >> place) & np.uint64(255))
    octet = (words >> place) & np.uint64(255)
    return np.uint64(1) << (place + _IN_OCTET[(octet << _U[3]) | rest])
