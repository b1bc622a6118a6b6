"""Legal-move rates: decoding many beginnings at once is decoding each by itself."""

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.papers.hua.network.model import build
from lnlib.papers.hua.network.playing import answers, legal_rate, spoken_share
from lnlib.papers.hua.network.training import train
from lnlib.papers.hua.recipes import Recipe, Size
from lnlib.papers.hua.world.batches import batches
from lnlib.papers.hua.world.games import generate
from lnlib.papers.hua.world.languages import PAD, languages

MIXED = "split,compositional,atomic"


def trained(spoken, steps=40):
    """Far enough that it begins words, and so little that it is often wrong."""
    network = build(spoken, Size(2, 32, 2))
    train(network, lambda s: batches(spoken, 32, 0, start=s), Recipe(steps, 32, 5e-3, 5))
    return network.eval()


@torch.no_grad()
def greedy(network, spoken, begun, within):
    """One beginning, one token at a time."""
    tokens = [t for square in begun for t in spoken.words(within[0])[square]]
    words = {word: square for square, word in spoken.spoken(within[1] or 0).items()}
    said = ()
    for _ in range(3):
        if len(tokens) > spoken.context:
            return -1
        logits = network(input_ids=torch.tensor([tokens])).logits[0, -1]
        logits[PAD] = -torch.inf
        if within[2]:
            logits[torch.from_numpy(~spoken.tokens(within[1]))] = -torch.inf
        said += (int(logits.argmax()),)
        tokens.append(said[-1])
        if said in words:
            return words[said]
        if not any(word[: len(said)] == said for word in words):
            return -1
    return -1


@pytest.mark.parametrize("method", ["naive", "unified"])
def test_answers_are_those_of_decoding_each_beginning_by_itself(method):
    spoken = languages(MIXED, "4x4", method, seed=1)
    network = trained(spoken)
    games = generate("4x4", 6, seed=9)
    seen = set()
    for read, within in ((0, None), (1, None), (2, None), (0, 1), (1, 0), (2, 0)):
        found = answers(network, spoken, games, read, within)
        told = (read, read if within is None else within, within is not None)
        for game, length in enumerate(games.lengths):
            for ply in range(1, length):
                begun = games.moves[game, :ply].tolist()
                assert found[game, ply - 1] == greedy(network, spoken, begun, told)
            assert (found[game, length - 1 :] == -1).all()
        seen |= {len(spoken.spoken(told[1])[s]) for s in np.unique(found[found >= 0])}
    assert seen == ({1} if method == "unified" else {1, 2, 3})  # words of all lengths were said


def test_the_rate_counts_legal_answers():
    spoken = languages(MIXED, "4x4")
    network = trained(spoken, 80)
    games = generate("4x4", 50, seed=9)
    for language in range(3):
        found = answers(network, spoken, games, language)
        right = asked = 0
        for game, length in enumerate(games.lengths):
            for ply in range(1, length):
                square = int(found[game, ply - 1])
                right += square >= 0 and bool(int(games.legal[game, ply]) >> square & 1)
                asked += 1
        assert legal_rate(network, spoken, games, language) == pytest.approx(100 * right / asked)


def test_rules_alone_are_known_at_least_as_well_where_all_words_are_one_token():
    spoken = languages("atomic,atomic", "4x4")
    network = trained(spoken)
    games = generate("4x4", 50, seed=9)
    for k in (0, 1):
        assert legal_rate(network, spoken, games, k, within=k) >= legal_rate(
            network, spoken, games, k
        )


def test_with_unified_output_no_vocabulary_can_be_missed():
    spoken = languages("atomic,split", "4x4", "unified")
    network = trained(spoken)
    games = generate("4x4", 50, seed=9)
    rates = {legal_rate(network, spoken, games, 0, within) for within in (None, 0, 1)}
    assert len(rates) == 1


def test_shares_of_languages_add_up_where_they_share_nothing():
    spoken = languages("atomic,atomic", "4x4")
    shares = spoken_share(trained(spoken), spoken, generate("4x4", 20), "atomic 2")
    assert set(shares) == {"atomic 1", "atomic 2"} and sum(shares.values()) == pytest.approx(100)
    assert shares["atomic 2"] > 60


def test_a_network_in_training_stays_so():
    spoken = languages("atomic")
    network = build(spoken, Size(1, 16, 1, 0.5)).train()
    games = generate("4x4", 20)
    rates = {legal_rate(network, spoken, games, 0) for _ in range(3)}
    assert len(rates) == 1 and network.training  # and it was asked without dropout


def test_other_languages_and_networks_are_refused():
    spoken = languages("atomic,split")
    network, games = build(spoken, Size(1, 16, 1)), generate("4x4", 2)
    with pytest.raises(UserError, match="did you mean 'split'"):
        legal_rate(network, spoken, games, "splitt")
    with pytest.raises(UserError, match="another world"):
        legal_rate(network, languages("atomic"), games, 0)
    with pytest.raises(UserError, match="games on 4x6 cannot be written"):
        legal_rate(network, spoken, generate("4x6", 2), 0)
