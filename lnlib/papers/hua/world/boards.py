"""Othello on many boards at once: a board is two 64-bit words, a rule a handful of shifts.

Square `r * cols + c` is bit `r * cols + c`. Black moves first. A move must flank at least one run
of the other colour's discs in one of 8 directions; all flanked runs turn over. A player without a
move passes silently; the game ends when neither can move.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lnlib.base.errors import UserError

BLACK, WHITE = 0, 1  # who moves


@dataclass(frozen=True)
class World:
    """A board's size: even sides, since the four discs of the start stand in the middle, and at
    most 64 squares, since a board is a 64-bit word. Raises UserError for any other."""

    rows: int
    cols: int

    def __post_init__(self) -> None:
        if min(self.rows, self.cols) < 4 or self.rows % 2 or self.cols % 2:
            raise UserError(
                f"board {self.name!r}: both sides must be even and at least 4, as in 4x4 or 6x8"
            )
        if self.squares > 64:
            raise UserError(f"board {self.name!r} has {self.squares} squares; the most is 64 (8x8)")

    @classmethod
    def of(cls, board: World | str) -> World:
        """A world from its name, as in "4x6" (rows x columns)."""
        if isinstance(board, World):
            return board
        sides = re.fullmatch(r"\s*(\d{1,3})\s*[x×]\s*(\d{1,3})\s*", str(board))
        if not sides:
            raise UserError(f"board {board!r}: expected ROWSxCOLUMNS, as in 4x4, 4x6, 6x6 or 8x8")
        return cls(int(sides[1]), int(sides[2]))

    @property
    def name(self) -> str:
        """As in "4x6"."""
        return f"{self.rows}x{self.cols}"

    @property
    def squares(self) -> int:
        """S."""
        return self.rows * self.cols

    @property
    def moves(self) -> int:
        """T: the most moves of a game; four squares are filled at the start."""
        return self.squares - 4

    @cached_property
    def start(self) -> tuple[int, int]:
        """Black's and white's discs at the start; white stands top left and bottom right."""
        top = (self.rows // 2 - 1) * self.cols + self.cols // 2 - 1
        below = top + self.cols
        return 1 << (top + 1) | 1 << below, 1 << top | 1 << (below + 1)

    @cached_property
    def playable(self) -> tuple[int, ...]:
        """The T squares that a move can go to, in order."""
        black, white = self.start
        return tuple(s for s in range(self.squares) if not (black | white) >> s & 1)

    @cached_property
    def symmetries(self) -> dict[str, np.ndarray]:
        """Maps of the board, name to (S,) squares, under which the start and its colours stay.

        A square `s` goes to `map[s]`. Four on a square board (identity, half a turn, two
        reflections over the diagonals), two on a rectangle.
        """
        grid = np.arange(self.squares).reshape(self.rows, self.cols)
        maps = {"identity": grid, "half turn": grid[::-1, ::-1]}
        if self.rows == self.cols:
            maps |= {"diagonal": grid.T, "other diagonal": grid[::-1, ::-1].T}
        return {name: mapped.ravel().copy() for name, mapped in maps.items()}


def unpack(words: np.ndarray, squares: int) -> np.ndarray:
    """Bits of uint64 words, (...) to (..., S) of bool."""
    octets = np.ascontiguousarray(words, "<u8")[..., None].view(np.uint8)
    return np.unpackbits(octets, axis=-1, bitorder="little", count=squares).view(bool)


class Positions:
    """B positions side by side, on each of which one move at a time is played.

    `own` and `other` (B,) uint64 are the discs of who is to move and of the other; `turn` (B,)
    uint8 is who that is; `legal` (B,) uint64 are the moves, none where the game is over.
    """

    def __init__(self, world: World, own: np.ndarray, other: np.ndarray, turn: np.ndarray):
        self.own, self.other = own.astype(np.uint64), other.astype(np.uint64)
        self.turn = turn.astype(np.uint8)
        self._world = world
        self._rays = _Rays(world, len(own))
        self._see()

    @classmethod
    def start(cls, world: World, count: int) -> Positions:
        """`count` boards at the start of the game."""
        black, white = (np.full(count, discs, np.uint64) for discs in world.start)
        return cls(world, black, white, np.full(count, BLACK))

    @property
    def boards(self) -> tuple[np.ndarray, np.ndarray]:
        """Black's and white's discs, (B,) uint64 each."""
        swap = (self.own ^ self.other) & (np.uint64(0) - self.turn.astype(np.uint64))
        return self.own ^ swap, self.other ^ swap

    def play(self, move: np.ndarray) -> None:
        """Play a legal move on each board, (B,) uint64 of one bit each; 0 where the game is over.

        Then it is the other's turn, or the same player's again where the other has no move.
        """
        flipped = self._rays.flips(move)
        self.own ^= flipped
        self.own |= move
        self.other ^= flipped
        self.own, self.other = self.other, self.own
        self.turn ^= 1
        self._see()

    def _see(self) -> None:
        """Find the legal moves; who has none passes."""
        self.legal = self._rays.legal(self.own, self.other)
        (stuck,) = np.nonzero(self.legal == 0)
        if len(stuck) == 0:
            return
        rays = _Rays(self._world, len(stuck))
        legal = rays.legal(self.other[stuck], self.own[stuck])
        passed = stuck[legal != 0]
        self.own[passed], self.other[passed] = self.other[passed], self.own[passed]
        self.turn[passed] ^= 1
        self.legal[passed] = legal[legal != 0]
        self._rays.runs[..., passed] = rays.runs[..., legal != 0]


class _Rays:
    """What lies in the 8 directions of B boards.

    Buffers are written anew at every move: a new array costs more than the operation on it.
    """

    def __init__(self, world: World, count: int):
        cols, full = world.cols, (1 << world.squares) - 1
        edges = sum((1 | 1 << cols - 1) << row * cols for row in range(world.rows))
        inner = full & ~edges
        # An opposing disc on an edge column is in no run along a row or a diagonal that ends on the
        # board; without these discs no run goes on across an edge.
        self._steps = tuple(
            (np.uint64(step), np.uint64(2 * step), np.uint64(inside))
            for step, inside in ((1, inner), (cols - 1, inner), (cols, full), (cols + 1, inner))
        )
        self._full = np.uint64(full)
        # A run that two discs flank is at most this long; its first two discs take a step each, the
        # others two at a time.
        self._doublings = (max(world.rows, world.cols) - 3) // 2
        # Opposing runs that begin beside an own disc, by step and ahead or back. Every disc that a
        # move turns over is in one.
        self.runs = np.empty((4, 2, count), np.uint64)
        self._buffers = np.empty((4, count), np.uint64)

    def legal(self, own: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Empty squares behind an opposing run that begins at an own disc."""
        through, beyond = self._buffers[2:]
        found = np.zeros_like(own)
        for at, (step, twice, inside) in enumerate(self._steps):
            np.bitwise_and(other, inside, out=through)
            for shift, runs in zip((np.left_shift, np.right_shift), self.runs[at], strict=True):
                self._flood(shift, own, through, step, twice, runs)
                shift(runs, step, out=beyond)
                found |= beyond
        np.bitwise_or(own, other, out=beyond)
        np.bitwise_xor(beyond, self._full, out=beyond)  # empty squares
        found &= beyond
        return found

    def flips(self, move: np.ndarray) -> np.ndarray:
        """Discs that turn over: from the move back through the runs that ended at it."""
        found = self._buffers[2]
        flipped = np.zeros_like(move)
        for at, (step, twice, _) in enumerate(self._steps):
            for shift, runs in zip((np.right_shift, np.left_shift), self.runs[at], strict=True):
                self._flood(shift, move, runs, step, twice, found)
                flipped |= found
        return flipped

    def _flood(self, shift: np.ufunc, source: np.ndarray, through: np.ndarray, step: np.uint64,
               twice: np.uint64, found: np.ndarray) -> None:  # fmt: skip
        """Into `found`, what a ray from `source` meets of `through` before the first gap."""
        wave, pairs = self._buffers[:2]
        shift(source, step, out=wave)
        np.bitwise_and(wave, through, out=found)
        shift(found, step, out=wave)
        wave &= through
        found |= wave
        if self._doublings:
            shift(through, step, out=pairs)
            pairs &= through
            for _ in range(self._doublings):
                shift(found, twice, out=wave)
                wave &= pairs
                found |= wave
