"""Alignment: each measure on states whose alignment is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.papers.hua.network.model import build, hidden
from lnlib.papers.hua.probing import parallel, probe, scores
from lnlib.papers.hua.probing.probe import accuracy, fit, majority, under
from lnlib.papers.hua.probing.states import boards, move_states
from lnlib.papers.hua.recipes import ProbeRecipe, Size
from lnlib.papers.hua.world.boards import World, unpack
from lnlib.papers.hua.world.games import OVER, generate, replay
from lnlib.papers.hua.world.languages import languages

QUICK = ProbeRecipe(width=64, epochs=6, batch_size=256)


@pytest.fixture(scope="module")
def spoken():
    return languages("split,atomic,compositional", "4x4", seed=2)


@pytest.fixture(scope="module")
def network(spoken):
    return build(spoken, Size(4, 16, 2)).eval()


def test_a_moves_state_is_that_of_its_last_token(spoken, network):
    games = generate("4x4", 7, seed=1)
    told = boards(games)
    for k in range(3):
        states = move_states(network, spoken, games, k, 3)
        assert len(states) == len(told.game)
        for row in (0, 5, -1):
            game, move = told.game[row], told.move[row]
            begun = games.moves[game, : move + 1].tolist()
            tokens = [t for square in begun for t in spoken.words(k)[square]]
            alone = hidden(network, torch.tensor([tokens]), 3)[0, -1]
            assert torch.allclose(states[row], alone, atol=1e-5)


def test_boards_are_those_after_the_move_just_read():
    games = generate("4x6", 5, seed=1)
    told = boards(games)
    for row in (0, 30, -1):
        game, move = told.game[row], told.move[row]
        black = unpack(games.black, 24)[game, move]
        assert np.array_equal(told.classes[row] == 2, black)
    assert told.move.max() == 18  # of 20 moves, from 0: the last is read by no network


def test_every_move_of_a_short_game_is_there():
    short = generate("4x4", 400, seed=0)
    short = short[short.lengths < 11]
    assert len(boards(short).game) == short.lengths.sum()


def test_states_are_taken_without_dropout(spoken):
    wet = build(spoken, Size(4, 16, 2, 0.5)).train()
    games = generate("4x4", 5)
    assert torch.equal(*(move_states(wet, spoken, games, 0, 2) for _ in range(2)))
    assert wet.training


def test_a_probe_reads_what_is_in_its_states():
    train, test = (boards(generate("4x4", n, seed=n)) for n in (300, 100))
    # the classes themselves, turned: a linear map has all of them
    turn = torch.linalg.qr(torch.randn(48, 48, generator=torch.Generator().manual_seed(0)))[0]
    states = [torch.nn.functional.one_hot(b.classes, 3).flatten(1).float() @ turn
              for b in (train, test)]  # fmt: skip
    for kind in ("mlp", "linear"):
        recipe = ProbeRecipe(kind, 64, epochs=40, batch_size=128, learning_rate=1e-2)
        read = fit(states[0], train.classes, recipe).read(states[1])
        assert accuracy(read, test.classes) > 0.97


def test_a_probe_is_the_same_from_the_same_seed():
    told = boards(generate("4x4", 20))
    states = torch.randn(len(told.game), 8, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(3)
    first = fit(states, told.classes, QUICK, seed=1).read(states)
    torch.manual_seed(4)
    assert torch.equal(first, fit(states, told.classes, QUICK, seed=1).read(states))


def test_the_majority_is_counted_by_number_of_moves():
    train, test = (boards(generate("4x4", n, seed=n)) for n in (500, 50))
    found = majority(train, test)
    for row in (0, 100, -1):
        alike = train.classes[torch.from_numpy(train.move == test.move[row])]
        usual = [int(torch.bincount(column, minlength=3).argmax()) for column in alike.T]
        assert found[row].tolist() == usual
    assert 0.55 < accuracy(found, test.classes) < 0.75  # the pilot's is .628


@pytest.mark.parametrize("board", ["4x4", "4x6"])
def test_turning_what_was_read_turns_the_game(board):
    games = generate(board, 20, seed=3)
    for mapped in World.of(board).symmetries.values():
        turned = replay(board, np.where(games.moves == OVER, OVER, mapped[games.moves]))
        assert torch.equal(under(boards(games).classes, mapped), boards(turned).classes)


def test_a_rotation_is_found_again_and_nothing_else_is():
    rng = torch.Generator().manual_seed(0)
    target = torch.randn(400, 16, generator=rng) * torch.linspace(0.2, 3, 16)
    turn = torch.linalg.qr(torch.randn(16, 16, generator=rng))[0]
    source = (target - 5) @ turn + 2
    found = parallel.Rotation.of(source[:300], target[:300])
    assert torch.allclose(found(source[300:]), target[300:], atol=1e-4)
    assert torch.allclose(found.map @ found.map.T, torch.eye(16), atol=1e-5)
    stretched = parallel.Rotation.of(target[:300] * torch.linspace(1, 9, 16), target[:300])
    assert torch.allclose(stretched.map @ stretched.map.T, torch.eye(16), atol=1e-5)


def test_retrieval_finds_a_state_among_those_of_other_moves():
    games = generate("4x4", 300, seed=0)  # whose beginnings repeat
    rows = len(boards(games).game)
    _, same = np.unique(
        [games.moves[g, : m + 1].tobytes() + bytes([m]) for g, m in _places(games)],
        return_inverse=True,
    )
    vectors = torch.randn(rows, 32, generator=torch.Generator().manual_seed(0))[same]
    noise = torch.randn(rows, 32, generator=torch.Generator().manual_seed(1))
    assert parallel.retrieval(vectors, 3 * vectors, games) == 1  # though rows repeat
    assert parallel.retrieval(vectors, noise, games) < 0.02  # chance is 1 in 500
    assert parallel.cosine(vectors, 3 * vectors) == pytest.approx(1, abs=1e-5)
    assert parallel.cosine(vectors, -vectors) == pytest.approx(-1, abs=1e-5)


def _places(games):
    told = boards(games)
    return zip(told.game, told.move, strict=True)


def test_games_to_probe_are_in_one_part_only():
    train, test = scores.probe_games(languages(), 1_000, 300, seed=1)
    rows = {tuple(m) for m in train.moves}, {tuple(m) for m in test.moves}
    assert [len(r) for r in rows] == [1_000, 300] and not rows[0] & rows[1]


def test_more_games_than_there_are_is_refused():
    with pytest.raises(UserError, match="ask for fewer"):
        scores.probe_games(languages(), 10, 100, prefix=(4, 0, 1, 2, 11, 15))


def table(spoken, network, **options):
    train, test = scores.probe_games(spoken, 150, 60)
    return scores.alignment(network, spoken, train, test, 2, QUICK, **options)


def test_a_language_is_aligned_with_its_own_twin():
    """Two languages of one vocabulary."""
    twins = languages("atomic,atomic", "4x4", "anchors", 12)
    rows = table(twins, build(twins, Size(3, 16, 2)), kinds=["mlp"], codings=["absolute"])
    rows = rows[(rows.network == "trained") & (rows.source == "atomic 1")]
    value = rows.set_index(["measure", "target"])["value"]
    own = value["accuracy", "atomic 1"]
    assert value["accuracy", "atomic 2"] == own
    assert value["rotation", "atomic 2"] == pytest.approx(own, abs=5e-3)  # float32 of a map near 1
    assert value["cosine", "atomic 2"] == pytest.approx(1) and value["retrieval", "atomic 2"] == 1


@pytest.mark.parametrize("name", ["half turn", "diagonal", "other diagonal"])
def test_a_language_of_mirrored_boards_is_found_out(name):
    """States that hold the board, and in the second language the board turned."""
    twins = languages("atomic,atomic", "4x4")
    mapped = twins.world.symmetries[name]
    parts = scores.probe_games(twins, 400, 100)
    states = [[torch.nn.functional.one_hot(c, 3).flatten(1).float()
               for c in (boards(g).classes, under(boards(g).classes, mapped))]
              for g in parts]  # fmt: skip
    recipe = ProbeRecipe("linear", epochs=40, batch_size=256, learning_rate=1e-2)
    rows = pd.DataFrame(scores._probed(twins, *states, *parts, "absolute", recipe, 0))
    across = rows[rows.source != rows.target].set_index(["measure", "source"])
    for source in twins.names:
        assert across.loc[("accuracy", source), "value"] < 0.8
        assert across.loc[("best symmetry", source), "value"] > 0.97
        assert across.loc[("best symmetry", source), "symmetry"] == name
        assert across.loc[("rotation", source), "value"] > 0.97  # a permutation is orthogonal


def test_every_measure_stands_once_for_every_pair(spoken, network):
    rows = table(spoken, network)
    key = ["network", "board", "probe", "source", "target", "measure"]
    assert not rows.duplicated(key).any() and not rows.isna().any(axis=None)
    count = rows["measure"].value_counts().to_dict()
    # networks x codings x kinds x pairs
    assert count == {
        "accuracy": 2 * 2 * 2 * 9, "best symmetry": 2 * 2 * 2 * 6, "rotation": 2 * 2 * 2 * 6,
        "cosine": 2 * 6, "retrieval": 2 * 6, "majority": 2,
    }  # fmt: skip
    assert rows["value"].between(-1, 1).all()
    assert tuple(rows.columns) == scores.COLUMNS


def test_the_table_agrees_with_one_probe_by_itself(spoken, network):
    train, test = scores.probe_games(spoken, 150, 60)
    rows = table(spoken, network, kinds=["mlp"], codings=["relative"])
    own = rows[(rows.network == "trained") & (rows.measure == "accuracy")]
    own = own.set_index(["source", "target"])["value"]
    alone = scores.train_probe(
        network, spoken, train, "split", 2, QUICK, probe.derive(0, 0), relative=True
    )
    for target in spoken.names:
        value = scores.probe_accuracy(alone, network, spoken, test, target, 2, relative=True)
        assert value == pytest.approx(own["split", target])


@pytest.mark.parametrize("layer", [-1, 5, 1.0, True])
def test_a_layer_that_is_not_there_is_refused(spoken, network, layer):
    with pytest.raises(UserError, match="expected 0"):
        move_states(network, spoken, generate("4x4", 2), 0, layer)


def test_a_kind_of_probe_that_is_not_there_is_refused():
    with pytest.raises(UserError, match="did you mean 'linear'"):
        fit(torch.zeros(2, 4), torch.zeros(2, 16, dtype=torch.long), ProbeRecipe("lineer"))


def test_the_size_of_states_has_no_part_in_what_a_probe_learns():
    """An untrained network's are small: a baseline that is only slow to learn would flatter."""
    told = boards(generate("4x4", 100))
    states = torch.randn(len(told.game), 8, generator=torch.Generator().manual_seed(0))
    first = fit(states, told.classes, QUICK).read(states)
    small = states / 64 - 3  # exact in float32 but for the shift
    again = fit(small, told.classes, QUICK).read(small)
    assert (first == again).float().mean() > 0.99
