"""The peer of the games' benchmark plays by the same rules."""

import numpy as np

from benchmarks.peers import square_by_square
from lnlib.papers.hua.world.boards import unpack
from lnlib.papers.hua.world.games import generate


def test_the_peer_finds_the_legal_moves_of_our_games():
    games = generate("8x8", 4, seed=11)
    legal, boards = unpack(games.legal, 64), games.states() - 1
    for game, length in enumerate(games.lengths):
        peer = square_by_square.Board()
        for ply in range(length):
            assert np.nonzero(legal[game, ply])[0].tolist() == peer.legal()
            peer.play(int(games.moves[game, ply]))
            assert np.array_equal(peer.state.ravel(), boards[game, ply])
        assert peer.legal() == []
