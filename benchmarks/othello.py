"""Random games of Othello, 8x8: seconds a game of ours beside the paper's way."""

from __future__ import annotations

import numpy as np

from benchmarks.peers import square_by_square
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.papers.hua.world.games import CHUNK, generate

JOB = "random games of Othello"
PEER = "square by square (official)"
NOTE = "seconds for one game; ours also keeps legal moves and boards of every position"


def rows(options: Options) -> list[Row]:
    ours, theirs, rounds = (8, 1, 1) if options.toy else (4 * CHUNK, 8, 9)
    seeds = iter(range(10_000))
    ways = {
        PEER: lambda: [square_by_square.game() for _ in range(theirs)],
        "ours": lambda: generate("8x8", ours, next(seeds)),
    }
    seconds = interleaved(ways, rounds)
    a_game = {PEER: seconds[PEER] / theirs, "ours": seconds["ours"] / ours}
    # A toy is too small for bitboards to pay.
    out = time_rows(JOB, "8x8", a_game, "ours", {} if options.toy else {PEER: "ratio >= 500"},
                    dict.fromkeys(ways, NOTE))  # fmt: skip
    return out + [
        Row(JOB, "8x8", who, "rate", float(np.median(1 / times)), "games/s")
        for who, times in a_game.items()
    ]


if __name__ == "__main__":
    main("othello", rows)
