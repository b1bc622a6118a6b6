"""Languages: what is shared between them, and that a game can be read back from its tokens."""

from itertools import pairwise

import numpy as np
import pytest

from lnlib.base.errors import UserError
from lnlib.papers.hua.world.games import OVER, generate
from lnlib.papers.hua.world.languages import METHODS, PAD, Languages, languages

MIXED = "atomic,split,compositional,atomic"


def read_back(tokens, words):
    """Squares of a sequence of tokens, word by word."""
    squares, word = [], ()
    for token in tokens[tokens != PAD]:
        word += (int(token),)
        if word in words:
            squares.append(words[word])
            word = ()
    assert word == ()
    return squares


@pytest.mark.parametrize("anchors", [0, 5, {1: [[0, 2], [1, 3]], 7: [[2, 3]]}])
@pytest.mark.parametrize("board", ["4x4", "4x6", "8x8"])
def test_a_game_can_be_read_back_from_its_tokens(board, anchors):
    spoken = languages(MIXED, board, "anchors" if anchors else "naive", anchors)
    games = generate(board, 40, seed=1)
    for k in range(len(spoken)):
        words = {word: square for square, word in spoken.words(k).items()}
        assert len(words) == games.world.moves
        # no word begins another, so that reading needs no look ahead
        assert not any(a != b and a == b[: len(a)] for a in words for b in words)
        text = spoken.write(games.moves, k)
        for game in range(len(games)):
            moves = games.moves[game, : games.lengths[game]].tolist()
            assert read_back(text.tokens[game], words) == moves


def test_a_text_tells_what_each_token_is_of():
    spoken = languages("split,compositional", "4x6", seed=3)
    games = generate("4x6", 30, seed=2)
    which = np.arange(30) % 2
    text = spoken.write(games.moves, which)
    for game in range(30):
        words = spoken.words(which[game])
        column = 0
        for at, square in enumerate(games.moves[game, : games.lengths[game]]):
            for part, token in enumerate(words[int(square)]):
                assert text.tokens[game, column] == token
                assert (text.move[game, column], text.part[game, column]) == (at, part)
                column += 1
            assert text.ends[game, at] == column - 1
        assert (text.move[game, column:] == OVER).all()
        assert (text.ends[game, games.lengths[game] :] == OVER).all()


def test_vocabularies_have_the_sizes_of_the_paper():
    assert languages("atomic,atomic", "8x8").vocabulary == 1 + 60 + 60
    assert languages("atomic,compositional", "8x8").vocabulary == 1 + 60 + 16
    assert languages("atomic,atomic", "8x8", "anchors", 8).vocabulary == 1 + 60 + 52
    assert languages("atomic,atomic", "8x8", "unified").vocabulary == 1 + 60 + 60 + 60
    assert languages("atomic,atomic", "8x8").context == 59
    assert languages("atomic,compositional", "8x8").context == 119
    sizes = [len(word) for word in languages("split", "8x8").words(0).values()]
    assert set(sizes) == {1, 2, 3}


def test_languages_share_tokens_only_at_their_anchors():
    groups = {1: [[0, 1]], 2: [[0, 2], [1, 3]], 7: [[1, 2, 3]]}
    spoken = languages(MIXED, "4x4", "anchors", groups)
    for a in range(4):
        for b in range(a + 1, 4):
            same = {s for s in spoken.words(a) if spoken.words(a)[s] == spoken.words(b)[s]}
            shared = {s for s, g in groups.items() if any({a, b} <= set(group) for group in g)}
            assert same == shared
            tokens = [
                {t for s, word in spoken.words(k).items() if s not in groups for t in word}
                for k in (a, b)
            ]
            assert not tokens[0] & tokens[1]


def test_the_anchors_of_a_smaller_number_are_among_those_of_a_larger():
    squares = [
        {square for square, _ in languages(method="anchors", anchors=k, seed=5).anchors}
        for k in range(1, 13)
    ]
    assert all(a < b for a, b in pairwise(squares))
    other = languages(method="anchors", anchors=4, seed=6).anchors
    assert other != languages(method="anchors", anchors=4, seed=5).anchors


def test_the_length_of_a_split_word_does_not_depend_on_anchors():
    whole = languages("atomic,split", "8x8").words(1)
    anchored = languages("atomic,split", "8x8", "anchors", [0, 1]).words(1)
    assert all(len(anchored[s]) == len(whole[s]) for s in whole if s > 1)


def test_with_unified_output_answers_are_in_a_vocabulary_of_their_own():
    spoken = languages("atomic,split", method="unified", anchors=2)
    answers = spoken.spoken(0)
    assert answers == spoken.spoken(1) and all(len(word) == 1 for word in answers.values())
    inputs = {t for k in (0, 1) for word in spoken.words(k).values() for t in word}
    assert not inputs & {word[0] for word in answers.values()}
    assert np.array_equal(spoken.tokens(0), spoken.tokens(1)) and spoken.tokens(0).sum() == 12


def test_a_hundred_languages_can_be():
    assert len(languages(["atomic"] * 100)) == 100


def test_names_tell_languages_of_one_kind_apart():
    spoken = languages(MIXED)
    assert spoken.names == ("atomic 1", "split", "compositional", "atomic 2")
    assert spoken.index("atomic 2") == spoken.index(3) == 3
    assert [languages(method=method).method for method in METHODS] == list(METHODS)


def test_languages_come_back_from_their_record():
    spoken = languages(MIXED, "4x6", "unified", {1: [[0, 2]]}, seed=4)
    assert Languages.of(spoken.record) == spoken


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kinds": "atomic,splitt"}, "unknown language 'splitt'.*did you mean 'split'"),
        ({"kinds": ""}, "unknown language ''"),
        ({"kinds": []}, "no languages"),
        ({"method": "anchor"}, "unknown method 'anchor'.*did you mean 'anchors'"),
        ({"method": "anchors", "anchors": 13}, "13 anchors: board 4x4 has 12 squares"),
        ({"method": "anchors", "anchors": -1}, "expected a number"),
        ({"method": "anchors", "anchors": "4"}, "expected a number"),
        ({"method": "anchors", "anchors": 0}, "needs one or more"),
        ({"method": "naive", "anchors": 2}, "has no anchors"),
        ({"method": "anchors", "anchors": [5]}, "anchor 5 is no square"),
        ({"method": "anchors", "anchors": [1, 1]}, "named twice"),
        ({"method": "anchors", "anchors": {1: [0, 1]}}, "expected groups of languages"),
        ({"method": "anchors", "anchors": {1: [[0]]}}, "two languages or more"),
        ({"method": "anchors", "anchors": {1: [[0, 2]]}}, "languages are 0 to 1"),
        ({"method": "anchors", "anchors": {1: [[0, 1], [1, 0]]}}, "in one group"),
        ({"kinds": "atomic", "method": "anchors"}, "there is one"),
        ({"board": "3x3"}, "both sides must be even"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(UserError, match=message):
        languages(**arguments)


@pytest.mark.parametrize("language", [2, -1, True, 0.5, None, "atomic", "split"])
def test_a_language_that_is_not_there_is_refused(language):
    with pytest.raises(UserError, match="language"):
        languages("atomic,atomic").index(language)
