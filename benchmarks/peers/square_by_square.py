"""Random Othello as the paper's code makes it: one game at a time, square by square.

For every move each square of an 8x8 array is tried, for the player and then for the one who moves
if the player must pass. It also counts all discs at every try and uses the count for nothing; that
is left out here.
"""

from __future__ import annotations

import random

import numpy as np

SIDE = 8
DIRECTIONS = [[-1, 0], [-1, 1], [0, 1], [1, 1], [1, 0], [1, -1], [0, -1], [-1, -1]]


class Board:
    """Black 1, white -1, empty 0, in floats."""

    def __init__(self) -> None:
        self.state = np.zeros((SIDE, SIDE))
        self.state[3, 3] = self.state[4, 4] = -1
        self.state[3, 4] = self.state[4, 3] = 1
        self.age = np.zeros((SIDE, SIDE))
        self.colour = 1
        self.history: list[int] = []

    def _turned(self, row: int, col: int, colour: int) -> list[list[int]]:
        turned: list[list[int]] = []
        for down, right in DIRECTIONS:
            run: list[list[int]] = []
            r, c = row, col
            while True:
                r, c = r + down, c + right
                if r < 0 or r > 7 or c < 0 or c > 7 or self.state[r, c] == 0:
                    break
                if self.state[r, c] == colour:
                    turned.extend(run)
                    break
                run.append([r, c])
        return turned

    def legal(self) -> list[int]:
        """Squares that the player can move to or, if there are none, those of the other player."""
        own, after_pass = [], []
        for square in range(SIDE * SIDE):
            row, col = divmod(square, SIDE)
            if self.state[row, col] != 0:
                continue
            if self._turned(row, col, self.colour):
                own.append(square)
            elif self._turned(row, col, -self.colour):
                after_pass.append(square)
        return own or after_pass

    def play(self, square: int) -> None:
        """Put a disc, after a pass where the player's would turn nothing."""
        row, col = divmod(square, SIDE)
        turned = self._turned(row, col, self.colour)
        if not turned:
            self.colour *= -1
            turned = self._turned(row, col, self.colour)
        self.age += 1
        for r, c in turned:
            self.state[r, c] *= -1
            self.age[r, c] = 0
        self.state[row, col] = self.colour
        self.age[row, col] = 0
        self.colour *= -1
        self.history.append(square)


def game() -> list[int]:
    """The moves of one random game."""
    board = Board()
    legal = board.legal()
    while legal:
        board.play(random.choice(legal))
        legal = board.legal()
    return board.history
