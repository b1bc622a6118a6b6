"""The network and its training: the loss, its gradient, and runs that are stopped."""

from itertools import islice

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.papers.hua.network import files, model, training
from lnlib.papers.hua.network.model import build, hidden
from lnlib.papers.hua.network.training import loss, train
from lnlib.papers.hua.recipes import Recipe, Size
from lnlib.papers.hua.world.batches import IGNORE, batch, batches
from lnlib.papers.hua.world.games import generate
from lnlib.papers.hua.world.grammar import grammar
from lnlib.papers.hua.world.languages import languages

TOY = Size(2, 16, 2)
RECIPE = Recipe(steps=6, batch_size=8, learning_rate=3e-3, warmup=2)


def run(path=None, size=TOY, seed=0, recipe=RECIPE, **options):
    spoken = languages("atomic,split")
    network = build(spoken, size, seed)
    course = train(
        network, lambda step: batches(spoken, 8, seed, start=step), recipe, seed, path=path,
        **options,
    )  # fmt: skip
    return network, course


def equal(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_a_token_sees_only_those_before_it():
    network = build(languages(), TOY).eval()
    tokens = torch.randint(1, 24, (5, 11))
    other = tokens.clone()
    other[:, 6:] = 3
    a, b = (network(input_ids=t).logits for t in (tokens, other))
    assert torch.allclose(a[:, :6], b[:, :6], atol=1e-6)
    assert not torch.allclose(a[:, 6:], b[:, 6:], atol=1e-3)


def test_the_papers_size_has_its_parameters():
    network = build(languages("atomic,atomic", "8x8"), Size(2, 512, 8))
    block = 12 * 512**2 + 13 * 512
    outside = 2 * 121 * 512 + 59 * 512 + 2 * 512  # embeddings, head, positions, last LayerNorm
    assert sum(p.numel() for p in network.parameters()) == 2 * block + outside


def test_all_weights_are_drawn_alike_whatever_the_depth():
    network = build(languages(), Size(8, 64, 2))
    for name, weight in network.named_parameters():
        if weight.ndim == 2:
            assert float(weight.detach().std()) == pytest.approx(0.02, rel=0.15), name


def test_hidden_states_are_those_after_each_block():
    network = build(languages(), TOY).eval()
    tokens = torch.randint(1, 24, (3, 11))
    theirs = network.transformer(input_ids=tokens, output_hidden_states=True).hidden_states
    for layer in (0, 1):
        assert torch.equal(hidden(network, tokens, layer), theirs[layer])
    last = network.transformer.ln_f(hidden(network, tokens, 2))  # theirs is normalised
    assert torch.allclose(last, theirs[2], atol=1e-6)


def test_the_loss_of_hard_targets_is_that_of_their_tokens():
    spoken = languages("atomic,split", method="unified")
    network = build(spoken, TOY).eval()
    hard = batch(spoken, generate("4x4", 10), np.arange(10) % 2)
    spread = torch.zeros(*hard.hard.shape, spoken.vocabulary)
    rows, columns = torch.nonzero(hard.hard != IGNORE, as_tuple=True)
    spread[rows, columns, hard.hard[rows, columns]] = 1
    as_expected = training.Batch(hard.tokens, hard.hard, spread)
    assert torch.allclose(loss(network, hard), loss(network, as_expected), atol=1e-5)


@pytest.mark.parametrize("method", ["naive", "unified"])
def test_both_kinds_of_targets_have_the_same_expected_gradient(method):
    """Hard targets drawn from the expected ones, for the same games read: the mean of their
    gradients goes to the other's as 1 / sqrt(draws), and is far from 0."""
    spoken = languages("atomic,compositional", method=method)
    network = build(spoken, TOY).eval()
    found = batch(spoken, generate("4x4", 6), np.arange(6) % 2, grammar(spoken))

    def gradient(asked):
        parts = torch.autograd.grad(loss(network, asked), list(network.parameters()))
        return torch.cat([part.flatten() for part in parts])

    asked = found.hard != IGNORE
    torch.manual_seed(0)
    draws = []
    for _ in range(400):
        drawn = found.hard.clone()
        drawn[asked] = torch.multinomial(found.expected[asked], 1)[:, 0]
        draws.append(gradient(training.Batch(found.tokens, drawn)))
    stacked = torch.stack(draws)
    wanted = gradient(found)
    apart = (stacked.mean(0) - wanted).norm()
    noise = stacked.var(0).sum().sqrt() / 400**0.5
    assert apart < 1.5 * noise  # the norm of a sum of many errors is close to its expected value
    assert wanted.norm() > 4 * noise


def test_the_rate_warms_up_and_falls_to_a_tenth():
    recipe = Recipe(steps=100, batch_size=1, learning_rate=1.0, warmup=10)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert (np.diff(rates[9:]) <= 0).all() and 0.1 <= rates[-1] < 0.101


def test_a_warm_up_longer_than_the_training_is_a_ramp():
    recipe = Recipe(steps=400, batch_size=1, learning_rate=5e-4, warmup=500)
    assert recipe.rate(399) == pytest.approx(4e-4)  # where the paper's fine-tuning ends


def test_embeddings_biases_and_norms_do_not_decay():
    network = build(languages(), TOY)
    decaying, rest = training._groups(network, 0.1)
    names = {id(p): name for name, p in network.named_parameters()}
    assert {names[id(p)].split(".")[-2] for p in decaying["params"]} == {
        "c_attn", "c_proj", "c_fc", "lm_head"
    }  # fmt: skip
    assert len(decaying["params"]) + len(rest["params"]) == len(names)
    assert {"transformer.wte.weight", "transformer.wpe.weight"} <= {
        names[id(p)] for p in rest["params"]
    }


def test_training_lowers_the_loss():
    _, course = run(recipe=Recipe(60, 8, 3e-3, 6))
    assert np.mean(course.losses[-10:]) < np.mean(course.losses[:10]) - 0.2


class Killed(Exception):
    pass


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("at", [1, 3, 4])
def test_a_run_that_is_killed_goes_on_bit_for_bit(tmp_path, at, dropout):
    size = Size(2, 16, 2, dropout)
    whole, course = run(size=size, every=2, watch=lambda: {"x": 1.0})

    def dying(step):
        yield from islice(batches(languages("atomic,split"), 8, 0, start=step), at)
        raise Killed

    path = tmp_path / "run.safetensors"
    network = build(languages("atomic,split"), size)
    with pytest.raises(Killed):
        train(network, dying, RECIPE, path=path, every=2, watch=lambda: {"x": 1.0})
    torch.rand(7)  # what else draws between has no part in it
    resumed, later = run(path, size, every=2, watch=lambda: {"x": 1.0})
    assert equal(resumed, whole) and later == course
    assert [row["step"] for row in course.watched] == [0, 2, 4, 6]
    again, final = run(path, size, every=2)  # a finished run is only read
    assert equal(again, whole) and final == course


def test_watching_does_not_change_a_run():
    def noisy():
        torch.manual_seed(5)
        return {"x": float(torch.rand(1))}

    size = Size(2, 16, 2, 0.3)
    assert equal(run(size=size)[0], run(size=size, every=1, watch=noisy)[0])


def test_the_users_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    run()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "other"])
def test_a_torn_checkpoint_is_refused(tmp_path, damage):
    path = tmp_path / "run.safetensors"
    run(path)
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        path.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    elif damage == "emptied":
        path.write_bytes(b"")
    else:
        from safetensors.torch import save_file

        save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(UserError, match=r"cut|damaged|another training"):
        run(path)


def test_another_runs_checkpoint_is_refused(tmp_path):
    path = tmp_path / "run.safetensors"
    run(path, key="a")
    before = path.read_bytes()
    with pytest.raises(UserError, match="another training"):
        run(path, key="b")
    assert path.read_bytes() == before


def test_a_network_comes_back_from_its_file(tmp_path):
    path = tmp_path / "network.safetensors"
    spoken = languages("atomic,split", "4x6", "unified", 3)
    network = build(spoken, Size(2, 16, 2, 0.1), seed=4)
    model.save(path, network, spoken, {"seed": 4})
    back, told, record = model.load(path)
    assert equal(back, network) and told == spoken and record == {"seed": 4}
    assert model.size_of(back) == Size(2, 16, 2, 0.1) and not back.training


def test_what_is_no_network_is_refused(tmp_path):
    with pytest.raises(UserError, match="no file"):
        model.load(tmp_path / "none")
    files.write(tmp_path / "other", {"a": torch.zeros(1)}, {"what": "else"})
    with pytest.raises(UserError, match="no network of mOthello"):
        model.load(tmp_path / "other")


def test_a_network_of_another_world_is_refused():
    network = build(languages("atomic,atomic", "4x4"), TOY)
    with pytest.raises(UserError, match="another world or in other languages"):
        model.check_world(network, languages("atomic,atomic", "4x6"))
