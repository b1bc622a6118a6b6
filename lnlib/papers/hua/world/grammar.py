"""What may follow: the words of the answers as a tree, which is walked a token at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lnlib.papers.hua.world.languages import LONGEST, PAD, Languages, Word

NOWHERE = -1  # no node: these tokens begin no word


@dataclass(frozen=True)
class Grammar:
    """G nodes, each the beginning of a word in one language's answers; the empty one is its start.

    `start` (K,): each language's. `inside` (K, S + 1, LONGEST): the node once so many tokens of the
    square's word, and one, are read; NOWHERE where that is the whole word, or there is none.
    `following` (G, S): the token that each square's word goes on with; PAD for other words.
    `step` (G, V): where a token leads: to a node, to a square's whole word (`G + square`), NOWHERE.
    """

    start: np.ndarray
    inside: np.ndarray
    following: np.ndarray
    step: np.ndarray

    @property
    def nodes(self) -> int:
        """G."""
        return len(self.step)


def grammar(languages: Languages) -> Grammar:
    """The grammar of the languages' answers; with unified output all languages have one start, and
    no token of a game is inside an answer."""
    squares = languages.world.squares
    places: dict[tuple[int, Word], int] = {}
    own = range(1) if languages.unified else range(len(languages))
    for k in own:
        words = languages.spoken(k)
        places[k, ()] = len(places)
        for word in words.values():
            for size in range(1, len(word)):
                places.setdefault((k, word[:size]), len(places))
    following = np.full((len(places), squares), PAD)
    step = np.full((len(places), languages.vocabulary), NOWHERE)
    inside = np.full((len(languages), squares + 1, LONGEST), NOWHERE)
    for k in own:
        for square, word in languages.spoken(k).items():
            for size in range(len(word)):
                node = places[k, word[:size]]
                following[node, square] = word[size]
                if size:
                    inside[k, square, size - 1] = node
                whole = size + 1 == len(word)
                step[node, word[size]] = (
                    len(places) + square if whole else places[k, word[: size + 1]]
                )
    start = np.array([places[0 if languages.unified else k, ()] for k in range(len(languages))])
    return Grammar(start, inside, following, step)
