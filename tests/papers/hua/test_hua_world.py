"""Games on bitboards are the games of a naive engine."""

import numpy as np
import pytest

from lnlib.base.errors import UserError
from lnlib.papers.hua.world import games as games_module
from lnlib.papers.hua.world.boards import Positions, World, unpack
from lnlib.papers.hua.world.games import OVER, generate, replay

BOARDS = ("4x4", "4x6", "6x6", "8x8")
BLACK, WHITE, EMPTY = 1, -1, 0


class Naive:
    """One board, one square at a time, from the rules alone."""

    def __init__(self, rows, cols):
        self.rows, self.cols, self.turn = rows, cols, BLACK
        self.board = [[EMPTY] * cols for _ in range(rows)]
        r, c = rows // 2, cols // 2
        self.board[r - 1][c - 1] = self.board[r][c] = WHITE
        self.board[r - 1][c] = self.board[r][c - 1] = BLACK

    def flips(self, r, c, colour):
        if self.board[r][c] != EMPTY:
            return []
        out = []
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                run, y, x = [], r + dr, c + dc
                while (dr or dc) and 0 <= y < self.rows and 0 <= x < self.cols:
                    if self.board[y][x] != -colour:
                        out += run if self.board[y][x] == colour else []
                        break
                    run.append((y, x))
                    y, x = y + dr, x + dc
        return out

    def legal(self, colour):
        squares = [(r, c) for r in range(self.rows) for c in range(self.cols)]
        return {r * self.cols + c for r, c in squares if self.flips(r, c, colour)}

    def next(self):
        """Legal moves, after a pass where there are none."""
        found = self.legal(self.turn)
        if not found and self.legal(-self.turn):
            self.turn = -self.turn
            found = self.legal(self.turn)
        return found

    def play(self, square):
        r, c = divmod(square, self.cols)
        for y, x in self.flips(r, c, self.turn):
            self.board[y][x] = self.turn
        self.board[r][c] = self.turn
        self.turn = -self.turn


@pytest.mark.parametrize("board", BOARDS)
def test_300_games_are_those_of_a_naive_engine_position_by_position(board):
    games = generate(board, 300, seed=7)
    world, passes = games.world, 0
    legal = unpack(games.legal, world.squares)
    states, relative = games.states() - 1, games.states(relative=True) - 1
    for game in range(300):
        naive = Naive(world.rows, world.cols)
        for ply in range(games.lengths[game]):
            expected = naive.turn
            found = naive.next()
            passes += naive.turn != expected
            assert set(np.nonzero(legal[game, ply])[0]) == found
            assert games.mover[game, ply] == (0 if naive.turn == BLACK else 1)
            mover = naive.turn
            assert games.moves[game, ply] in found
            naive.play(int(games.moves[game, ply]))
            board_now = np.ravel(naive.board)
            assert np.array_equal(states[game, ply], board_now)
            assert np.array_equal(relative[game, ply], board_now * mover)
        assert naive.next() == set()  # the game is over where the moves end
        assert not legal[game, games.lengths[game] :].any()
    assert passes > 100  # so the rule is exercised


def test_the_tree_of_4x4_has_60060_games():
    world = World.of("4x4")
    at, ended = Positions.start(world, 1), 0
    for _ in range(world.moves + 1):
        ended += int((at.legal == 0).sum())
        which, square = np.nonzero(unpack(at.legal, world.squares))
        if len(which) == 0:
            break
        at = Positions(world, at.own[which], at.other[which], at.turn[which])
        at.play(np.uint64(1) << square.astype(np.uint64))
    assert ended == 60_060


def test_the_first_games_are_the_same_whatever_the_number(monkeypatch):
    monkeypatch.setattr(games_module, "CHUNK", 16)
    many = generate("4x6", 40, seed=3)
    for count in (1, 16, 17):
        few = generate("4x6", count, seed=3)
        for name in ("moves", "legal", "black", "white", "mover"):
            assert np.array_equal(getattr(few, name), getattr(many, name)[:count])
    assert not np.array_equal(generate("4x6", 40, seed=4).moves, many.moves)
    assert len(np.unique(many.moves[:, :8], axis=0)) > 30  # a chunk does not repeat the last one


def test_every_legal_move_is_as_likely():
    games = generate("4x4", 8_000, seed=0)
    second = games.moves[games.moves[:, 0] == games.moves[0, 0]][:, 1]
    counts = np.unique(second, return_counts=True)[1]
    assert len(counts) == 3  # after any first move
    # about 2,000 games: the standard deviation of a count is 21
    assert np.ptp(counts) < 5 * 30


def test_games_with_a_prefix_are_distributed_as_random_ones_that_began_so():
    prefix = (4, 0, 1)
    forced = generate("4x4", 6_000, seed=1, prefix=prefix)
    assert (forced.moves[:, :3] == prefix).all()
    random = generate("4x4", 60_000, seed=2)
    random = random[(random.moves[:, :3] == prefix).all(axis=1)]
    shares = [
        np.bincount(games.moves[:, 3], minlength=16) / len(games) for games in (forced, random)
    ]
    # 6,000 and about 1,700 games: the standard deviation of a difference is under .014
    assert np.abs(shares[0] - shares[1]).max() < 0.06


@pytest.mark.parametrize("board", BOARDS)
def test_replaying_the_moves_gives_the_same_games(board):
    games = generate(board, 50, seed=5)
    again = replay(board, games.moves)
    for name in ("moves", "legal", "black", "white", "mover"):
        assert np.array_equal(getattr(again, name), getattr(games, name))


def test_a_game_may_stop_early():
    games = generate("6x6", 1, seed=0)
    stopped = replay("6x6", games.moves[0, :5])
    assert stopped.lengths.tolist() == [5]
    assert stopped.legal[0, :6].tolist() == games.legal[0, :6].tolist()  # and what could come next
    assert not stopped.legal[0, 6:].any()
    assert (stopped.black[0, 4:] == games.black[0, 4]).all()


@pytest.mark.parametrize("board", BOARDS)
def test_a_symmetry_takes_games_to_games(board):
    games = generate(board, 20, seed=2)
    maps = games.world.symmetries
    assert len(maps) == (4 if games.world.rows == games.world.cols else 2)
    for mapped in maps.values():
        moved = replay(board, np.where(games.moves == OVER, OVER, mapped[games.moves]))
        assert np.array_equal(moved.states()[..., mapped], games.states())
        assert np.array_equal(moved.mover, games.mover)


@pytest.mark.parametrize(
    ("board", "message"),
    [
        ("5x5", "both sides must be even"),
        ("4x5", "both sides must be even"),
        ("2x8", "at least 4"),
        ("8x10", "80 squares; the most is 64"),
        ("large", "as in 4x4"),
        (8, "as in 4x4"),
    ],
)
def test_a_board_that_cannot_be_is_refused(board, message):
    with pytest.raises(UserError, match=message):
        generate(board, 1)


@pytest.mark.parametrize("prefix", [(0,), (21, 21), (21, 10, 99), (21, -1, 10), ("a",), (True,)])
def test_an_illegal_prefix_is_refused(prefix):
    with pytest.raises(UserError, match=r"not legal on 4x6: expected one of|expected squares"):
        generate("4x6", 10, prefix=prefix)


@pytest.mark.parametrize("count", [0, -1, 2.5, True, "10"])
def test_a_number_of_games_that_cannot_be_is_refused(count):
    with pytest.raises(UserError, match="expected a whole number from 1 up"):
        generate("4x4", count)


def test_moves_of_a_longer_game_are_refused():
    with pytest.raises(UserError, match="at most 12"):
        replay("4x4", np.zeros((1, 13)))
