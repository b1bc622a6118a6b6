"""Batches: what is read, what is asked, and that both kinds of targets ask the same."""

from itertools import islice

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.papers.hua.world import games as games_module
from lnlib.papers.hua.world.batches import IGNORE, batch, batches
from lnlib.papers.hua.world.boards import Positions, World, unpack
from lnlib.papers.hua.world.games import generate, replay
from lnlib.papers.hua.world.grammar import NOWHERE, grammar
from lnlib.papers.hua.world.languages import PAD, languages

MIXED = "atomic,split,compositional"


def take(count, *arguments, **options):
    return list(islice(batches(*arguments, **options), count))


def same(a, b):
    return all(
        torch.equal(getattr(a, name), getattr(b, name)) for name in ("tokens", "hard", "expected")
    )


@pytest.mark.parametrize("games", [None, 30])
def test_a_batch_follows_from_seed_and_step_alone(games, monkeypatch):
    monkeypatch.setattr(games_module, "CHUNK", 16)  # so that batches lie across chunks
    spoken = languages(MIXED, "4x6")
    all_at_once = take(9, spoken, 10, 3, games=games)
    for start in (1, 4, 8):
        (later,) = take(1, spoken, 10, 3, games=games, start=start)
        assert same(later, all_at_once[start])
    assert not torch.equal(all_at_once[0].tokens, take(1, spoken, 10, 4)[0].tokens)


def test_games_of_a_fixed_number_come_again_in_other_languages():
    spoken = languages("atomic,atomic", "6x6")  # so large that random games never repeat

    def moves(found):  # of either language, as squares' places
        return (found.tokens - 1) % 32

    found = take(6, spoken, 20, 0, games=45)  # two batches an epoch
    assert torch.equal(moves(found[0]), moves(found[2]))
    assert not torch.equal(moves(found[0]), moves(found[1]))
    assert not torch.equal(found[0].tokens, found[2].tokens)
    fresh = take(3, spoken, 20, 0)
    assert not torch.equal(moves(fresh[0]), moves(fresh[2]))


def test_only_one_language_is_written_where_one_is_asked_for():
    spoken = languages(MIXED, "4x4")
    (found,) = take(1, spoken, 50, 0, only=1)
    tokens = {t for word in spoken.words(1).values() for t in word}
    assert set(found.tokens.unique().tolist()) <= tokens | {PAD}


@pytest.mark.parametrize("method", ["naive", "anchors"])
def test_the_target_is_the_next_token(method):
    spoken = languages(MIXED, "4x6", method)
    games = generate("4x6", 40, seed=0)
    found = batch(spoken, games, np.arange(40) % 3)
    text = spoken.write(games.moves, np.arange(40) % 3).tokens
    width = found.tokens.shape[1]
    assert np.array_equal(found.tokens, text[:, :width])
    after = text[:, 1 : width + 1]
    assert np.array_equal(found.hard, np.where(after == PAD, IGNORE, after))
    assert (text[:, width + 1 :] == PAD).all()  # what was cut off was empty


def test_unified_output_asks_for_the_next_move_where_a_word_ends():
    spoken = languages(MIXED, "4x6", "unified")
    games = generate("4x6", 40, seed=0)
    which = np.arange(40) % 3
    found = batch(spoken, games, which)
    ends = spoken.write(games.moves, which).ends
    for game, length in enumerate(games.lengths):
        answers = [spoken.spoken(0)[int(square)][0] for square in games.moves[game, 1:length]]
        at = ends[game, : length - 1]
        assert found.hard[game, at].tolist() == answers
        assert (found.hard[game] != IGNORE).sum() == length - 1


@pytest.mark.parametrize("method", ["naive", "anchors", "unified"])
def test_expected_targets_are_uniform_over_legal_moves_that_go_on_so(method):
    spoken = languages(MIXED, "4x6", method)
    games = generate("4x6", 30, seed=1)
    which = np.arange(30) % 3
    found = batch(spoken, games, which, grammar(spoken))
    text = spoken.write(games.moves, which)
    legal = unpack(games.legal, 24)
    for game, column in zip(*np.nonzero(found.hard.numpy() != IGNORE), strict=True):
        move, part = text.move[game, column], text.part[game, column]
        if column == text.ends[game, move]:
            move, read = move + 1, ()
        else:
            read = tuple(text.tokens[game, column - part : column + 1])
        words = [spoken.spoken(which[game])[s] for s in np.nonzero(legal[game, move])[0].tolist()]
        words = [word for word in words if word[: len(read)] == read]
        hand = np.zeros(spoken.vocabulary)
        for word in words:
            hand[word[len(read)]] += 1 / len(words)
        # float32: 24 squares at most
        assert np.allclose(found.expected[game, column], hand, atol=1e-6)
    assert not found.expected[found.hard == IGNORE].any()


def openings(board, count):
    """All legal openings of `count` moves, and the probability of each among random games."""
    world = World.of(board)
    at, found, chance = Positions.start(world, 1), np.zeros((1, 0), np.int64), np.ones(1)
    for _ in range(count):
        which, square = np.nonzero(unpack(at.legal, world.squares))
        chance = (chance / np.bitwise_count(at.legal))[which]
        found = np.column_stack([found[which], square])
        at = Positions(world, at.own[which], at.other[which], at.turn[which])
        at.play(np.uint64(1) << square.astype(np.uint64))
    return replay(board, found), chance


@pytest.mark.parametrize("method", ["naive", "unified"])
def test_hard_targets_have_the_expected_ones_as_their_mean(method):
    """Over all openings, exactly, whatever was read before; the loss and its gradient are linear in
    the targets, so they have the same means as well."""
    spoken = languages(MIXED, "4x4", method)
    games, chance = openings("4x4", 4)
    assert chance.sum() == pytest.approx(1)
    for language in range(3):
        found = batch(spoken, games, language, grammar(spoken))
        hard = torch.zeros_like(found.expected)
        rows, columns = torch.nonzero(found.hard != IGNORE, as_tuple=True)
        hard[rows, columns, found.hard[rows, columns]] = 1
        read = {}
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            read.setdefault(tuple(found.tokens[row, : column + 1].tolist()), []).append(row)
        assert len(read) > 50
        for tokens, alike in read.items():
            weight = torch.tensor(chance[alike], dtype=torch.float32)[:, None]
            mean = (weight * hard[alike, len(tokens) - 1]).sum(0) / weight.sum()
            for row in alike:
                assert torch.allclose(mean, found.expected[row, len(tokens) - 1], atol=1e-6)


def test_the_grammar_reads_every_word():
    spoken = languages(MIXED, "8x8", "anchors", 6)
    rules = grammar(spoken)
    for k in range(3):
        for square, word in spoken.words(k).items():
            node = rules.start[k]
            for token in word:
                assert 0 <= node < rules.nodes
                node = rules.step[node, token]
            assert node == rules.nodes + square
        other = spoken.words((k + 1) % 3)
        strange = {w[0] for w in other.values()} - {w[0] for w in spoken.words(k).values()}
        assert (rules.step[rules.start[k], list(strange)] == NOWHERE).all()


def test_unknown_targets_and_too_few_games_are_refused():
    with pytest.raises(UserError, match="did you mean 'expected'"):
        take(1, languages(), 4, 0, targets="expectd")
    with pytest.raises(UserError, match="3 games make no batch of 4"):
        take(1, languages(), 4, 0, games=3)


def test_an_illegal_prefix_is_refused():
    with pytest.raises(UserError, match="not legal"):
        take(1, languages(), 4, 0, prefix=(0,))


def test_all_games_begin_with_the_prefix():
    spoken = languages("atomic", "4x6")
    (found,) = take(1, spoken, 20, 0, prefix=(21, 10, 1))
    begun = [spoken.words(0)[s][0] for s in (21, 10, 1)]
    assert (found.tokens[:, :3] == torch.tensor(begun)).all()
