"""Training and scoring: deterministic, grouped by length, scored as the paper scores."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import toys
from torch.nn.functional import cross_entropy

from lnlib import Workbench, load
from lnlib.base import seeds
from lnlib.base.device import multiplies_bf16
from lnlib.base.errors import UserError
from lnlib.corpora.loading import Corpus
from lnlib.masks.matrices import prunable
from lnlib.pruning.criteria import empirical_fisher
from lnlib.tasks.examples import IGNORE, training_order
from lnlib.tasks.mlm import MLM, perplexity
from lnlib.tasks.ner import NER, f1
from lnlib.tasks.nli import accuracy
from lnlib.training.recipe import Recipe
from lnlib.training.scoring import score


@pytest.mark.parametrize("task", ["mlm", "ner", "xnli"])
def test_the_same_seed_gives_the_same_bits(bert, task):
    bench = Workbench(bert, task, "ur", recipe=toys.RECIPE)
    first, second = bench.train(0), bench.train(0)
    assert first.losses == second.losses
    assert first.score == second.score
    assert bench.train(1).losses != first.losses


def test_a_training_is_a_plain_loop_of_torchs_adamw_bit_for_bit(bert, monkeypatch):
    """Settings that all show in the bits: dropout, warm-up, an epsilon and a clip that bite."""
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")
    recipe = replace(toys.RECIPE, steps=6, warmup=0.5, epsilon=1e-3, clip=0.5)
    bench = Workbench(bert, "ner", "ur", recipe=recipe)
    ours = bench.train(7)
    plain, data, losses = bench.model(7).train(), bench.data.train, []
    adam = torch.optim.AdamW(plain.parameters(), eps=1e-3, weight_decay=0.0, fused=True)
    torch.manual_seed(seeds.derive(7, "dropout"))
    order = training_order(data.lengths, recipe.batch_size, 6, seed=7)
    for index, share in zip(order, (1 / 3, 2 / 3, 1, 1, 2 / 3, 1 / 3), strict=True):
        adam.param_groups[0]["lr"] = recipe.learning_rate * share
        batch = NER.collate(data, index, bert.tokenizer, 0)
        loss = cross_entropy(plain(**batch.inputs).logits.flatten(0, 1), batch.labels.flatten())
        loss.backward()
        assert torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5, foreach=True) > 0.5
        adam.step()
        adam.zero_grad()
        losses.append(loss.item())
    assert ours.losses == losses
    for mine, theirs in zip(ours.model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def _alone(model, data, number, tokenizer):
    """Logits and labels at the labelled pieces of one example, fed to the model by itself."""
    batch = NER.collate(data, np.array([number]), tokenizer, 0)
    at = batch.labels[0] != IGNORE
    return model(**batch.inputs).logits[0][at], batch.labels[0][at]


def test_a_score_counts_every_word_once_whatever_its_batch(bert, monkeypatch):
    """Sentences one at a time against batches of four, four and two; some are cut off."""
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")
    recipe = replace(toys.RECIPE, validation_examples=10, batch_size=1, max_tokens=12)
    bench = Workbench(bert, "ner", "ur", recipe=recipe)
    data, names, model = bench.data.validation, bench.data.labels, bench.model(0).eval()
    total, words, tags = 0.0, 0, []
    with torch.no_grad():
        for number, gold in enumerate(data.gold):
            logits, labels = _alone(model, data, number, bert.tokenizer)
            total += float(cross_entropy(logits, labels, reduction="sum"))
            words += len(labels)
            seen = [names[tag] for tag in logits.argmax(-1)]
            tags.append(seen + ["O"] * (len(gold) - len(seen)))
    found = score(model, bench.data, recipe, bert.tokenizer, 0)
    # Padding sums in another order; a plain mean of the three batches is off by over 1e-3.
    assert found.loss == pytest.approx(total / words, rel=1e-5)
    assert found.value == f1([[names[tag] for tag in gold] for gold in data.gold], tags) > 0
    assert found.lost_words == sum(map(len, data.gold)) - words > 0


def test_nothing_is_dropped_out_while_scoring(ner):
    scored = [
        score(model, ner.data, ner.recipe, ner.encoder.tokenizer, 0)
        for model in (ner.model(0).train(), ner.model(0).eval())
    ]
    assert scored[0] == scored[1]


@pytest.mark.parametrize("nothing", ["\u200b", "\u200e", "\ufeff", "\u00ad"])
def test_a_word_without_a_piece_keeps_its_place(bert, nothing):
    """Every word that is seen is tagged right; only the end of a sentence is cut off."""
    words = ["In", nothing, "Karachi", "lives", "Ali", "Khan"]
    lines = [{"tokens": words, "ner_tags": [0, 0, 1, 0, 2, 3]},
             {"tokens": ["Ali", *["and"] * 60, "Karachi"],
              "ner_tags": [2, *[0] * 60, 1]}]  # fmt: skip
    corpus = Corpus("ner", "en", ("O", "B-LOC", "B-PER", "I-PER"), lines, lines, "test")
    data = toys.encoded(corpus, bert.tokenizer, toys.RECIPE)
    assert data.validation.lost_words > 1 and 1 not in data.validation.seen[0]

    def right(model, batch):
        return torch.zeros(()), torch.nn.functional.one_hot(batch.labels.clamp(0)).float()

    data = replace(data, task=replace(NER, loss=right))
    found = score(torch.nn.Linear(1, 1), data, toys.RECIPE, bert.tokenizer, 0)
    assert found.value == pytest.approx(100 * 2 * 3 / (3 + 4))  # 3 found, all right, of 4


def test_the_fisher_is_the_mean_of_each_examples_squared_gradient(bert, monkeypatch):
    """Two examples, so that the square of their mean gradient would be another number."""
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")
    bench = Workbench(bert, "ner", "ur", recipe=replace(toys.RECIPE, train_examples=2))
    model, data = bench.model(0).eval(), bench.data.train
    weights = {m.name: p for m, p in prunable(model).items()}
    squares = []
    for number in range(2):
        loss = cross_entropy(*_alone(model, data, number, bert.tokenizer))
        squares.append([g**2 for g in torch.autograd.grad(loss, list(weights.values()))])
    model.train()  # as a search hands it over
    found = empirical_fisher(model, data, NER, bert.tokenizer, weights, seed=0)
    for (_, ours), first, second in zip(found, *squares, strict=True):
        # The loss is averaged over the words alone or over all pieces: the last bits differ.
        np.testing.assert_allclose(ours, ((first + second) / 2).numpy(), rtol=1e-4, atol=1e-9)


def test_every_epoch_sees_every_example_once():
    lengths = np.random.default_rng(0).integers(5, 60, 103)
    order = training_order(lengths, 10, 22, seed=0)
    for epoch in (order[:11], order[11:]):
        assert sorted(np.concatenate(epoch)) == list(range(103))


def test_batches_are_grouped_by_length():
    lengths = np.random.default_rng(0).integers(5, 60, 1_000)
    order = training_order(lengths, 10, 100, seed=0)
    padding = sum(lengths[b].max() * len(b) - lengths[b].sum() for b in order) / lengths.sum()
    assert padding < 0.05  # batches in random order waste over half


def test_the_references_rate_falls_by_a_tenth_within_a_round():
    recipe = Recipe(1, 1, 100, 1, 1e-3, 8)
    rates = [recipe.rate(step, 10 * recipe.steps) for step in range(recipe.steps)]
    assert rates[0] == 1e-3 and rates[-1] == pytest.approx(0.9e-3, rel=0.002)  # one step in 1,000


def test_the_rate_rises_then_falls_to_zero():
    recipe = Recipe(1, 1, 100, 1, 1e-3, 8, warmup=0.1)
    rates = [recipe.rate(step) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == rates[9] == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-3 / 90)


def test_logits_at_masked_positions_alone_are_those_of_the_whole_head(bert):
    bench = Workbench(bert, "mlm", "ur", recipe=toys.RECIPE)
    model = bench.model(0)
    batch = MLM.collate(bench.data.train, np.arange(4), bert.tokenizer, 1)
    with torch.no_grad():
        _, picked = MLM.loss(model, batch)
        whole = model(**batch.inputs).logits.flatten(0, 1)[batch.picked]
    torch.testing.assert_close(picked, whole, atol=1e-5, rtol=0)  # sums in another order


def test_masking_takes_fifteen_percent_and_no_special_token(bert):
    bench = Workbench(bert, "mlm", "ur", recipe=toys.RECIPE)
    data = bench.data.train
    batch = MLM.collate(data, np.arange(8), bert.tokenizer, 1)
    words = int((~data.special[: data.offsets[8]]).sum())
    assert len(batch.labels) == round(0.15 * words)
    assert not set(batch.labels.tolist()) & set(range(5))


def test_no_block_of_text_is_dropped(bert):
    """The reference code loses the middle blocks of a document."""
    text = [{"text": " ".join(str(i) for i in range(1_000))}]
    corpus = Corpus("mlm", "en", (), text, text, "test")
    data = toys.encoded(corpus, bert.tokenizer, Recipe(10_000, 10_000, 1, 1, 1e-3, 48)).train
    pieces = bert.tokenizer(text[0]["text"], add_special_tokens=False, verbose=False)["input_ids"]
    assert data.ids[~data.special].tolist() == pieces


def test_labels_stand_on_first_pieces_and_lost_words_are_counted(bert):
    corpus = load("ner", "ur")
    data = toys.encoded(corpus, bert.tokenizer, Recipe(50, 50, 1, 1, 1e-3, 12)).train
    kept = int((data.labels != IGNORE).sum())
    assert data.lost_words > 0
    assert kept + data.lost_words == sum(len(e["tokens"]) for e in corpus.train[:50])


def test_f1_counts_whole_entities():
    gold = [["B-LOC", "I-LOC", "O", "B-CUR"]]
    assert f1(gold, [["B-LOC", "O", "O", "B-CUR"]]) == 50.0  # 1 right of 2 found, 1 of 2 gold


def test_accuracy_and_perplexity_by_hand():
    assert accuracy([0, 1, 2, 2], [0, 1, 1, 2]) == 75.0
    assert perplexity(math.log(8.0)) == pytest.approx(8.0)


def test_an_empty_split_is_refused(bert):
    with pytest.raises(UserError, match="no validation examples for 'ur'"):
        corpus = load("ner", "ur")
        empty = Corpus("ner", "ur", corpus.labels, corpus.train, [], "nowhere")
        toys.encoded(empty, bert.tokenizer, toys.RECIPE)


def test_training_that_diverges_is_said_with_what_to_try(bert):
    wild = Workbench(bert, "ner", "ur", recipe=Recipe(24, 12, 8, 4, 1e30, 48))
    with pytest.raises(UserError, match=r"diverged at step.*below 1e"):
        wild.train(0)


@pytest.mark.parametrize(
    ("capability", "expected"), [((7, 5), False), ((8, 0), True), ((9, 0), True)]
)
def test_bf16_is_for_gpus_that_multiply_it(monkeypatch, capability, expected):
    """A T4 (7.5) emulates it, and says that it supports it."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert multiplies_bf16(torch.device("cuda")) is expected
    assert not multiplies_bf16(torch.device("cpu"))
