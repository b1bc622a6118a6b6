"""Which networks the paper has: in which languages, by which methods, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lnlib.papers.hua.world.languages import Languages, languages

if TYPE_CHECKING:  # it brings torch
    from lnlib.papers.hua.scales import Scale

# What a network is trained to be asked; those from the third on are `neutrality.runs.TESTS`.
TASKS = ("alignment", "transfer", "overlap", "lesions", "exchange", "early", "long")
SEEDS = (0, 1, 2)  # the fewest with an interval; the paper has one, and nine for claim 7
TWO = "atomic,atomic"
PAIRS = (TWO, "atomic,split", "atomic,compositional")
FOUR = "atomic,atomic,split,compositional"
FIVE = "atomic,atomic,atomic,atomic,atomic"
# Of the controlled test, in order of alignment; the paper has the first five. The last tells what
# anchors do beside unified output. What takes longer is asked of three.
CONTROLLED = (
    ("naive", 0), ("anchors", 1), ("anchors", 2), ("anchors", 4), ("unified", 0), ("unified", 4)
)  # fmt: skip
_ENDS = (("naive", 0), ("anchors", 4), ("unified", 0))


@dataclass(frozen=True)
class Network:
    """One network without its seed: what it is asked, its languages, how they are joined."""

    task: str
    languages: str
    method: str
    anchors: int = 0

    def made(self, scale: Scale, seed: int) -> Languages:
        """Its languages on the scale's board; which squares are anchors is drawn by the seed."""
        board = scale.transfer.board if self.task == "transfer" else scale.board
        return languages(self.languages, board, self.method, self.anchors, seed)


def networks(scale: Scale) -> list[Network]:
    """All that the claims ask for, those of the main figures first."""
    few = scale.transfer.anchors
    others = PAIRS[1:]
    return [
        *(Network("alignment", TWO, *how) for how in CONTROLLED),
        *(Network("transfer", TWO, *how) for how in (("naive",), ("unified",), ("anchors", few))),
        *(Network(task, TWO, *how) for task in ("overlap", "lesions") for how in CONTROLLED),
        *(Network("exchange", TWO, *how) for how in _ENDS),
        *(Network("alignment", pair, *how) for pair in others
          for how in (("naive",), ("anchors", 4))),
        *(Network("transfer", pair, *how) for pair in others
          for how in (("anchors", few), ("unified",))),
        Network("alignment", FIVE, "naive"),
        *(Network("transfer", FOUR, *how) for how in (("anchors", few), ("unified",))),
        *(Network(task, TWO, *how) for task in ("early", "long") for how in _ENDS),
    ]  # fmt: skip
