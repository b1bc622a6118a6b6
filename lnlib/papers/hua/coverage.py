"""Which networks the paper has: in which languages, by which methods, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lnlib.papers.hua.world.languages import Languages, languages

if TYPE_CHECKING:  # it brings torch
    from lnlib.papers.hua.scales import Scale

TASKS = ("alignment", "transfer")  # what a network is trained to be asked
SEEDS = (0, 1, 2)  # the fewest with an interval; the paper has one, and nine for claim 7
PAIRS = ("atomic,atomic", "atomic,split", "atomic,compositional")
FOUR = "atomic,atomic,split,compositional"
FIVE = "atomic,atomic,atomic,atomic,atomic"


@dataclass(frozen=True)
class Network:
    """One network without its seed: what it is asked, its languages, how they are joined."""

    task: str
    languages: str
    method: str
    anchors: int = 0

    def made(self, scale: Scale, seed: int) -> Languages:
        """Its languages on the scale's board; which squares are anchors is drawn by the seed."""
        board = scale.board if self.task == "alignment" else scale.transfer.board
        return languages(self.languages, board, self.method, self.anchors, seed)


def networks(scale: Scale) -> list[Network]:
    """All that the claims ask for, those of the main figures first."""
    few = scale.transfer.anchors
    two, *others = PAIRS
    return [
        *(Network("alignment", two, *how) for how in (("naive",), ("anchors", 1), ("anchors", 2),
                                                       ("anchors", 4), ("unified",))),
        *(Network("transfer", two, *how) for how in (("naive",), ("unified",), ("anchors", few))),
        *(Network("alignment", pair, *how) for pair in others
          for how in (("naive",), ("anchors", 4))),
        *(Network("transfer", pair, *how) for pair in others
          for how in (("anchors", few), ("unified",))),
        Network("alignment", FIVE, "naive"),
        *(Network("transfer", FOUR, *how) for how in (("anchors", few), ("unified",))),
    ]  # fmt: skip
