"""Gradients of single examples: exact, whatever batch an example stands in."""

import numpy as np
import pytest
import torch
import toys

from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable
from lnlib.papers.choenni.attribution.gradients import Gradients, batches, collate
from lnlib.papers.foroutan.doors import Workbench

INDEX = np.arange(7)


def one_by_one(bench, model, data, index, seed=0):
    """(B, W) by autograd, an example at a time."""
    weights = list(prunable(model).values())
    rows = []
    for number in index:
        batch = collate(bench.task, data, np.array([number]), bench.encoder.tokenizer, seed)
        loss, _ = bench.task.loss(model, batch)
        found = torch.autograd.grad(loss, weights)
        rows.append(torch.cat([g.flatten() for g in found]))
    return torch.stack(rows)


def relative(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


@pytest.fixture(scope="module", params=["ner", "xnli", "mlm"])
def bench(request, bert):
    return Workbench(bert, request.param, "ur", recipe=toys.RECIPE)


def test_gradients_are_those_of_autograd_one_by_one(bench):
    """To 1e-5: float32 sums in another order differ in the seventh digit."""
    model, data = bench.model(0), bench.data.train
    batch = collate(bench.task, data, INDEX, bench.encoder.tokenizer, 0)
    wanted = one_by_one(bench, model, data, INDEX)
    assert relative(Gradients(model)(bench.task, batch), wanted) < 1e-5


def test_an_example_has_the_same_gradient_in_any_batch(bench):
    model, data = bench.model(0), bench.data.train
    gradients, found = Gradients(model), {}
    for size in (2, 5):
        out = torch.zeros(len(INDEX), gradients.size)
        for places, batch in batches(bench.task, data, INDEX, bench.encoder.tokenizer, 0, size):
            out[places] = gradients(bench.task, batch)
        found[size] = out
    assert relative(found[2], found[5]) < 1e-5


def test_padding_changes_no_gradient(ner):
    """Float32 as above: longer rows are summed in another order."""
    model, task = ner.model(0), ner.task
    lengths = ner.data.train.lengths
    short, long = int(lengths.argmin()), int(lengths.argmax())
    assert lengths[short] < lengths[long]
    tokenizer, gradients = ner.encoder.tokenizer, Gradients(model)
    alone = gradients(task, collate(task, ner.data.train, np.array([short]), tokenizer, 0))
    beside = gradients(task, collate(task, ner.data.train, np.array([short, long]), tokenizer, 0))
    assert relative(beside[:1], alone) < 1e-5


@pytest.mark.parametrize("kind", ["xlm-roberta", "distilbert"])
def test_relatives_of_bert_are_read_too(kind, tmp_path):
    bench = Workbench(str(toys.save_encoder(tmp_path, kind)), "ner", "ur", recipe=toys.RECIPE)
    model = bench.model(0)
    batch = collate(bench.task, bench.data.train, INDEX, bench.encoder.tokenizer, 0)
    wanted = one_by_one(bench, model, bench.data.train, INDEX)
    assert relative(Gradients(model)(bench.task, batch), wanted) < 1e-5


def test_a_frozen_model_has_the_same_gradients_and_keeps_no_hook(ner):
    model = ner.model(0)
    batch = collate(ner.task, ner.data.train, INDEX, ner.encoder.tokenizer, 0)
    free = Gradients(model)(ner.task, batch)
    model.requires_grad_(False)
    assert torch.equal(Gradients(model)(ner.task, batch), free)
    assert not any(module._forward_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_an_example_without_a_label_has_no_gradient(ner):
    model, batch = ner.model(0), collate(ner.task, ner.data.train, INDEX, ner.encoder.tokenizer, 0)
    batch.labels[2] = -100
    norms = Gradients(model)(ner.task, batch).norm(dim=1)
    assert norms[2] == 0 and (norms[[0, 1, 3]] > 0).all()


def test_gradients_that_are_not_finite_are_refused(ner):
    model = ner.model(0)
    with torch.no_grad():
        next(iter(prunable(model).values()))[0, 0] = torch.nan
    batch = collate(ner.task, ner.data.train, INDEX, ner.encoder.tokenizer, 0)
    with pytest.raises(UserError, match="not finite"):
        Gradients(model)(ner.task, batch)


def test_gradients_are_float32_where_training_is_not(ner, monkeypatch):
    """On a device with bf16 arithmetic, which the CPU is made to be here: bit for bit the same."""
    from lnlib.base import device

    model = ner.model(0)
    batch = collate(ner.task, ner.data.train, INDEX, ner.encoder.tokenizer, 0)
    plain, loss = Gradients(model)(ner.task, batch), ner.task.loss(model, batch)[0].detach()
    monkeypatch.setattr(device, "multiplies_bf16", lambda device: True)
    assert torch.equal(Gradients(model)(ner.task, batch), plain)
    assert ner.task.loss(model, batch)[0].detach() != loss


def test_the_names_are_the_prunable_matrices_in_their_order(ner):
    model = ner.model(0)
    assert list(Gradients(model).shapes) == [matrix.name for matrix in prunable(model)]
