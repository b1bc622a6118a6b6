"""Which matrices are prunable, and that pruned weights stay zero on the right trajectory."""

from unittest import mock

import numpy as np
import pytest
import torch
import toys
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils import prune

from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.masks import smallest
from lnlib.masks.applying import check_fit, density, masked
from lnlib.masks.matrices import prunable, threshold_groups
from lnlib.masks.smallest import fallen, threshold
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI

SIX = 6 * 2  # matrices of a BERT layer times layers


@pytest.mark.parametrize(
    "kind, task, matrices, stacks",
    [
        ("bert", "ner", SIX, 1),
        ("xlm-roberta", "ner", SIX, 1),
        ("distilbert", "xnli", SIX, 1),
        ("llama", "ner", 7 * 2, 1),  # q k v o gate up down
        ("mt5", "xnli", 7 * 2 + 11 * 2, 2),  # the decoder has cross-attention as well
    ],
)
def test_prunable_matrices_are_found_by_structure(tmp_path, kind, task, matrices, stacks):
    encoder = load_encoder(str(toys.save_encoder(tmp_path, kind)))
    found = prunable(encoder.model(TASKS[task], ("a", "b", "c")))
    assert len(found) == matrices
    assert len(threshold_groups(list(found))) == stacks
    assert {m.layer for m in found} == {0, 1}
    assert not any("embed" in m.name or "classifier" in m.name for m in found)


def test_names_are_the_same_under_every_head(bert):
    names = [[m.name for m in prunable(bert.model(TASKS[task], ("a", "b", "c")))] for task in
             ("mlm", "ner", "xnli")]  # fmt: skip
    assert names[0] == names[1] == names[2]


def test_the_pooler_counts_only_when_asked_for(bert):
    model = bert.model(NLI, ("a", "b", "c"))
    extra = set(prunable(model, pooler=True)) - set(prunable(model))
    assert [m.name for m in extra] == ["pooler.dense.weight"]


def falling(scores, alive, count):
    """Indices of what falls in a single array, rising."""
    return np.flatnonzero(fallen([scores], [alive], count)[0])


def test_exactly_the_count_falls_among_ties():
    scores = np.array([1, 1, 1, 1, 0, 2], np.float32)
    alive = np.array([1, 1, 1, 1, 1, 1], bool)
    assert list(falling(scores, alive, 3)) == [0, 1, 4]


def test_pruned_weights_do_not_fall_again():
    scores = np.array([0, 3, 1, 2], np.float32)
    alive = np.array([False, True, True, True])
    assert list(falling(scores, alive, 1)) == [2]


def test_a_diverged_model_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        falling(np.array([np.nan, 1.0]), np.ones(2, bool), 1)


def by_sorting(scores, alive, count):
    """The same, in the plainest way: all candidates at once, sorted, ties in index order."""
    candidates = np.flatnonzero(alive)
    values = scores[candidates]
    limit = np.sort(values)[count - 1] if count else -np.inf
    below = candidates[values < limit]
    return np.sort(np.append(below, candidates[values == limit][: count - len(below)]))


@settings(deadline=None)
@given(data=st.data(), floats=st.sampled_from([np.float32, np.float64]))
def test_blocks_and_samples_prune_what_sorting_prunes(data, floats):
    size = data.draw(st.integers(1, 60))
    # few values, so that ties stand at the threshold; infinities, as a score may overflow
    values = st.sampled_from([0, 0, 1, 1, 2, 3, -1, np.inf, -np.inf])
    scores = np.array(data.draw(st.lists(values, min_size=size, max_size=size)), floats)
    alive = np.array(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    count = data.draw(st.integers(0, int(alive.sum())))
    cut = data.draw(st.integers(0, size))
    run, runs = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    with mock.patch.multiple(smallest, _BLOCK=7, _RUN=run, _RUNS=runs):
        several = fallen(np.split(scores, [cut]), np.split(alive, [cut]), count)
        assert list(falling(scores, alive, count)) == list(by_sorting(scores, alive, count))
    assert list(np.flatnonzero(np.concatenate(several))) == list(falling(scores, alive, count))


SIZE = 40_000  # three runs of the sample, and ends of the array that no run looks at
HOSTILE = {
    "constant": np.ones(SIZE),
    "mostly zero": np.where(np.arange(SIZE) % 7, 0, np.arange(SIZE)),
    "ties": np.random.default_rng(0).integers(0, 4, SIZE),
    "rising": np.arange(SIZE),
    "all that the sample sees is large": np.where(
        np.arange(SIZE) % (smallest._RUN * smallest._RUNS) < smallest._RUN, 1e6, np.arange(SIZE)
    ),
    "all that the sample sees is small": np.where(
        np.arange(SIZE) % (smallest._RUN * smallest._RUNS) < smallest._RUN, -1e6, np.arange(SIZE)
    ),
}


@pytest.mark.parametrize("scores", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.999, 1])
def test_no_order_deceives_the_sample(scores, share):
    alive = np.random.default_rng(1).random(SIZE) < 0.7
    count = max(1, int(share * alive.sum()))
    scores = scores.astype(np.float32)
    assert threshold([scores], [alive], count) == np.sort(scores[alive])[count - 1]
    assert np.array_equal(falling(scores, alive, count), by_sorting(scores, alive, count))


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_not_a_number_is_found_wherever_the_threshold_is(share):
    scores = np.arange(SIZE, dtype=np.float32)
    scores[20_001] = np.nan  # no run looks here
    alive = np.ones(SIZE, bool)
    with pytest.raises(ValueError, match="not a number"):
        threshold([scores], [alive], int(share * SIZE))
    alive[20_001] = False  # a dead weight's score is nobody's concern
    assert threshold([scores], [alive], 20_003) == 20_003


def test_one_look_is_enough_for_a_fair_sample():
    scores = np.abs(np.random.default_rng(0).standard_normal(2_000_000, np.float32))
    alive = np.random.default_rng(1).random(scores.size) < 0.5
    with mock.patch.object(np, "concatenate", side_effect=np.concatenate) as joined:
        threshold([scores], [alive], alive.sum() // 2)
    _, *kept = [len(np.concatenate(call.args[0])) for call in joined.mock_calls]
    # of 6,100 sampled and alive, four standard errors are 3.2 % on either side
    assert len(kept) == 1 and kept[0] < 0.08 * alive.sum()


def _half(model, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        m.name: torch.rand(p.shape, generator=generator) < 0.5 for m, p in prunable(model).items()
    }


def _batches(bench, count):
    rows = np.arange(len(bench.data.train))
    return [NER.collate(bench.data.train, rows[4 * i : 4 * i + 4], bench.encoder.tokenizer, 0)
            for i in range(count)]  # fmt: skip


def _steps(model, batches, each=lambda: None, clip=0.1):
    """Six AdamW steps with clipping that bites: that is where wrong masking shows."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.0)
    for batch in batches:
        NER.loss(model, batch)[0].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        optimizer.zero_grad()
        each()


def test_a_pruned_weight_is_zero_after_every_step(bert, ner):
    model = ner.model(0)
    mask = _half(model)
    parameters = check_fit(mask, model)

    def all_zero():
        for name, parameter in parameters.items():
            assert (parameter[~mask[name]] == 0).all(), name

    with masked(model, mask):
        _steps(model, _batches(ner, 6), all_zero)
    assert abs(density(mask) - 0.5) < 0.03  # 4,096 coin flips: three standard errors are 0.023


def test_masked_training_is_torch_prune_training(bert, ner):
    ours, peer = ner.model(0), ner.model(0)
    mask = _half(ours)
    with masked(ours, mask):
        _steps(ours, _batches(ner, 6))
    modules = dict(peer.base_model.named_modules())
    for name, kept in mask.items():
        prune.custom_from_mask(modules[name.removesuffix(".weight")], "weight", kept)
    _steps(peer, _batches(ner, 6))
    for name, parameter in check_fit(mask, ours).items():
        module = modules[name.removesuffix(".weight")]
        # Six float32 steps of 1e-2: products in another order differ in the last bits; a wrong
        # norm in the clipping would show at 1e-4 and more.
        torch.testing.assert_close(
            parameter, module.weight_orig * module.weight_mask, atol=1e-6, rtol=0
        )


def test_the_hooks_are_gone_after_the_with(bert, ner):
    model = ner.model(0)
    mask = _half(model)
    with masked(model, mask):
        pass
    NER.loss(model, _batches(ner, 1)[0])[0].backward()
    name, parameter = next(iter(check_fit(mask, model).items()))
    assert parameter.grad[~mask[name]].abs().sum() > 0


def test_a_mask_for_another_encoder_is_refused_by_matrix_name(bert):
    model = bert.model(NER, ("a", "b"))
    mask = _half(model)
    mask["encoder.layer.7.output.dense.weight"] = torch.ones(2, 2, dtype=torch.bool)
    with pytest.raises(UserError, match=r"another encoder.*encoder\.layer\.7"):
        check_fit(mask, model)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.uint8, torch.int64])
def test_a_mask_of_zeros_and_ones_trains_as_the_bool_one_does(ner, dtype):
    mask = _half(ner.model(0))
    cast = {name: part.to(dtype) for name, part in mask.items()}
    assert ner.train(0, cast).losses == ner.train(0, mask).losses


@pytest.mark.parametrize(
    "spoil, said",
    [
        (
            lambda part: part.to(torch.uint8) * 255,
            r"\(torch.uint8\) has values such as 255: expected",
        ),
        (lambda part: part * 0.5, r"\(torch.float32\) has values such as 0.5: expected bool"),
        (lambda part: part * torch.nan, "has values such as nan"),
        (lambda part: -part.int(), "has values such as -1"),
        (lambda part: part.float().to_sparse(), "is torch.sparse_coo: expected a dense tensor"),
        (lambda part: part.numpy(), "is no tensor but ndarray"),
        (lambda part: part[:, :1], r"is \(\d+, 1\) in the mask and"),
        (lambda part: part.flatten(), "in the mask and"),
    ],
    ids=["255", "half", "nan", "negative", "sparse", "numpy", "narrow", "flat"],
)
def test_what_is_no_mask_is_named_by_its_matrix_and_nothing_is_zeroed(bert, spoil, said):
    model = bert.model(NER, ("a", "b"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mask = _half(model)
    last = list(mask)[-1]
    mask[last] = spoil(mask[last])
    with pytest.raises(UserError, match=f"{last}.*{said}"), masked(model, mask):
        pass
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_mask_of_nothing_is_not_the_full_model(bert):
    model = bert.model(NER, ("a", "b"))
    for wrong, said in (({}, "it lacks 'encoder"), ("mask", "maps names of matrices")):
        with pytest.raises(UserError, match=said), masked(model, wrong):
            pass
