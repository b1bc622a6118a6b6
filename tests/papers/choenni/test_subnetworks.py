"""Sub-networks of a language: heads, ranked weights, controls, unions."""

import numpy as np
import pytest
import torch
import toys

from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.papers import choenni
from lnlib.papers.choenni.attribution.gradients import collate
from lnlib.papers.choenni.subnetworks.heads import Heads
from lnlib.papers.choenni.subnetworks.masks import applied, digest, in_model
from lnlib.papers.choenni.subnetworks.ranked import importance
from lnlib.papers.foroutan.doors import Workbench
from lnlib.pruning import controls
from lnlib.pruning.criteria import empirical_fisher

INDEX = np.arange(5)


@pytest.fixture(scope="module")
def joint(bert):
    return choenni.join("ner", ("en", "ur"), encoder=bert, recipe=toys.RECIPE)


@pytest.fixture
def model(joint):
    return joint.model(0).eval()


@pytest.fixture(scope="module")
def half(bert):
    return controls.random(bert, (50,), 0).packed(50)


def logits(bench, model):
    batch = collate(bench.task, bench.data.train, INDEX, bench.encoder.tokenizer, 0)
    with torch.no_grad():
        return bench.task.loss(model, batch)[1]


# ---- masks -----------------------------------------------------------------------------------


def test_an_applied_mask_leaves_the_model_bit_for_bit_as_it_was(model, half):
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    mask = in_model(half, model)
    with pytest.raises(KeyboardInterrupt), applied(model, mask):
        for matrix, weight in prunable(model).items():
            assert (weight[~mask[matrix.name]] == 0).all()
        raise KeyboardInterrupt
    assert all(torch.equal(p, before[n]) for n, p in model.named_parameters())


def test_a_masks_digest_is_that_of_its_packed_form(model, half):
    assert digest(in_model(half, model)) == half.digest
    assert digest(in_model(None, model)) == ""


def test_a_random_control_keeps_as_many_weights_in_every_matrix(half):
    drawn = [choenni.random_like(half, seed) for seed in (0, 1)]
    for mask in drawn:
        assert np.array_equal(mask.density("matrix"), half.density("matrix"))
    assert jaccard(*drawn) < 0.5 and drawn[0].digest != half.digest
    assert choenni.random_like(half, 0).digest == drawn[0].digest


def test_union_and_intersection_are_of_the_weights(model, half):
    other = choenni.random_like(half, 3)
    a, b = (in_model(mask, model) for mask in (half, other))
    for name, mask in in_model(choenni.union(half, other), model).items():
        assert torch.equal(mask, a[name] | b[name])
    for name, mask in in_model(choenni.intersection(half, other), model).items():
        assert torch.equal(mask, a[name] & b[name])
    assert choenni.union(half, half).digest == half.digest
    assert choenni.intersection(half, other).record.lang == "+"


def test_masks_of_another_encoder_are_refused(model, half, tmp_path):
    wide = {**toys.BERT, "hidden_size": 32}
    from transformers import BertConfig, BertModel

    from lnlib.encoders import load_encoder

    BertModel(BertConfig(vocab_size=600, **wide)).save_pretrained(tmp_path)
    toys.tokenizer().save_pretrained(tmp_path)
    other = controls.random(load_encoder(str(tmp_path)), (50,), 0).packed(50)
    with pytest.raises(UserError, match="another encoder"):
        in_model(other, model)
    with pytest.raises(UserError, match="different encoders"):
        choenni.union(half, other)
    with pytest.raises(UserError, match="expected a mask"):
        in_model("half", model)


# ---- heads -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "distilbert", "roberta"])
def test_heads_are_found_by_structure(kind, tmp_path):
    save = toys.save_encoder if kind in toys.CONFIGS else toys.save_family
    bench = Workbench(str(save(tmp_path, kind)), "xnli", "ur", recipe=toys.RECIPE)
    model = bench.model(0).eval()
    heads = Heads.of(model)
    assert len(heads.layers) == 2 and heads.number == 2
    plain = logits(bench, model)
    with heads.gates(torch.ones(2, 2)):
        assert torch.equal(logits(bench, model), plain)
    assert not any(m._forward_pre_hooks for m in model.modules())


@pytest.mark.parametrize("kind", ["bert", "distilbert"])
def test_a_gate_of_zero_is_a_mask_of_weights(kind, tmp_path):
    """To 1e-5: the same sums with zeros in other places."""
    bench = Workbench(str(toys.save_encoder(tmp_path, kind)), "ner", "ur", recipe=toys.RECIPE)
    model = bench.model(0).eval()
    heads, plain = Heads.of(model), logits(bench, model)
    stays = np.array([[True, False], [True, True]])
    mask = heads.mask(stays, model)
    with heads.gates(torch.from_numpy(stays).float()):
        gated = logits(bench, model)
    with applied(model, mask):
        assert torch.allclose(logits(bench, model), gated, atol=1e-5)
    assert not torch.equal(gated, plain)
    assert np.array_equal(heads.kept(mask), stays)


def test_a_gated_heads_query_key_and_value_have_no_gradient(joint, model):
    heads, bench = Heads.of(model), joint.first
    stays = np.array([[True, False], [True, True]])
    batch = collate(bench.task, bench.data.train, INDEX, joint.tokenizer, 0)
    with heads.gates(torch.from_numpy(stays).float()):
        joint.task.loss(model, batch)[0].backward()
    grads = {m.name: p.grad for m, p in prunable(model).items()}
    for name in heads.layers[0].inputs:
        assert (grads[name][8:] == 0).all()  # the second head's rows, of a width of 8
        assert (grads[name][:8] != 0).any()


def test_importance_is_the_mean_of_single_examples(joint, model):
    """An example's own derivative, also in a batch: to 1e-5, as sums are in another order."""
    heads, sample = Heads.of(model), joint.sample("train", 4)
    found = heads.importance(model, joint.task, sample, joint.tokenizer, 0, size=5)
    total = torch.zeros(2, 2)
    for number in sample.index:
        gates = torch.ones(2, 2, requires_grad=True)
        batch = collate(joint.task, sample.data, np.array([number]), joint.tokenizer, 0)
        with heads.gates(gates):
            (slope,) = torch.autograd.grad(joint.task.loss(model, batch)[0], [gates])
        total += slope.abs()
    wanted = torch.nn.functional.normalize(total, dim=1).numpy()
    assert np.allclose(found, wanted, atol=1e-5)


def test_a_search_for_heads_stops_before_the_score_falls_and_can_be_saved(
    joint, model, tmp_path, monkeypatch
):
    """Scores are given, so that the rule is seen: 100, 97, 96, then 90."""
    values = iter([100.0, 97.0, 96.0, 90.0])
    score = type(joint).score

    def given(self, *args):
        return type("Score", (), {"value": next(values)})

    monkeypatch.setattr(type(joint), "score", given)
    ticket = choenni.find_heads(model, joint, "ur", joint.sample("train", 3), per_round=0.25)
    monkeypatch.setattr(type(joint), "score", score)
    assert ticket.levels == (25, 50) and ticket.record.scores == {0: 100.0, 25: 97.0, 50: 96.0}
    heads = Heads.of(model)
    assert heads.kept(ticket.mask(50)).sum() == 2 and heads.kept(ticket.mask(25)).sum() == 3
    ticket.save(path := tmp_path / "heads.safetensors")
    assert PackedMask.load(path, 50).digest == ticket.digest(50)
    assert Ticket.load(path).record == ticket.record
    drawn = choenni.random_heads(ticket.packed(50), model, 1)
    own, other = (heads.kept(in_model(m, model)) for m in (ticket.packed(50), drawn))
    assert np.array_equal(own.sum(1), other.sum(1))
    assert np.array_equal(drawn.density("matrix"), ticket.packed(50).density("matrix"))


def test_a_search_that_cannot_take_a_round_keeps_all_heads(joint, model, tmp_path, monkeypatch):
    values = iter([100.0, 90.0])
    given = lambda self, *args: type("Score", (), {"value": next(values)})  # noqa: E731
    monkeypatch.setattr(type(joint), "score", given)
    ticket = choenni.find_heads(model, joint, "ur", joint.sample("train", 3))
    ticket.save(path := tmp_path / "heads.safetensors")
    whole = Ticket.load(path).packed(Ticket.load(path).sparsity)
    assert whole.level == 0 and digest(in_model(whole, model)) == ""
    assert choenni.random_heads(whole, model, 0).digest == ""


@pytest.mark.parametrize("family, why", [("gpt2", "told apart"), ("bart", "two attentions")])
def test_models_whose_heads_cannot_be_told_apart_are_refused(family, why, tmp_path):
    bench = Workbench(str(toys.save_family(tmp_path, family)), "xnli", "ur", recipe=toys.RECIPE)
    with pytest.raises(UserError, match=why):
        Heads.of(bench.model(0))


# ---- ranked weights --------------------------------------------------------------------------


def test_fisher_is_that_of_the_searches(joint, model):
    """To 1e-5 of the largest: the same mean of squares from batches of gradients."""
    bench, sample = joint.benches["ur"], joint.sample("train", 24)
    own = type(sample)(*(getattr(sample, n)[sample.langs == "ur"] if n != "data" else sample.data
                         for n in ("data", "index", "langs", "numbers")))  # fmt: skip
    parameters = {m.name: p for m, p in prunable(model).items()}
    wanted = dict(empirical_fisher(model, bench.data.train, bench.task, joint.tokenizer,
                                   parameters, 0))  # fmt: skip
    found = importance(model, joint.task, own, joint.tokenizer, "fisher")
    for name, part in wanted.items():
        assert np.allclose(found[name], part, rtol=1e-3, atol=1e-5 * part.max())


def test_saliency_is_the_weight_times_its_gradient(joint, model):
    sample = joint.sample("train", 1)
    found = importance(model, joint.task, sample, joint.tokenizer, "saliency")
    weights = {m.name: p for m, p in prunable(model).items()}
    total = dict.fromkeys(weights, 0)
    for number in sample.index:
        batch = collate(joint.task, sample.data, np.array([number]), joint.tokenizer, 0)
        grads = torch.autograd.grad(joint.task.loss(model, batch)[0], list(weights.values()))
        for (name, w), g in zip(weights.items(), grads, strict=True):
            total[name] = total[name] + (w * g).abs().detach().numpy() / 2
    for name, part in total.items():
        assert np.allclose(found[name], part, rtol=1e-3, atol=1e-5 * part.max())


def test_a_ranked_mask_has_its_level_exactly(joint, model):
    ticket = choenni.find_weights(model, joint, "ur", joint.sample("train", 2), "fisher", level=90)
    kept = sum(int(part.sum()) for part in ticket.mask(90).values())
    assert kept == round(ticket.weights / 10)
    assert (ticket.record.method, ticket.record.lang) == ("fisher", "ur")
    with pytest.raises(UserError, match="expected one of fisher, saliency"):
        choenni.find_weights(model, joint, "ur", joint.sample("train", 2), "fischer")
