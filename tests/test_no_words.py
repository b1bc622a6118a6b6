"""Sentences without a word or a word piece: they count as examples and teach nothing.

Doubled blank lines in a CoNLL file make the first, words of zero-width spaces the second.
"""

import hashlib
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
import toys

from lnlib import Workbench
from lnlib.base.errors import UserError
from lnlib.corpora.loading import Corpus
from lnlib.pruning.criteria import empirical_fisher
from lnlib.states.retrieval import pooled_states
from lnlib.tasks.examples import IGNORE, encode_sentences
from lnlib.tasks.mlm import MLM
from lnlib.tasks.ner import NER, f1
from lnlib.training.scoring import score

LABELS = ("O", "B-PER", "I-PER")
BLANK = [
    {"tokens": [], "ner_tags": []},
    {"tokens": ["\u200b", "\u200b"], "ner_tags": [1, 2]},
]
WORDS = [{"tokens": ["5", "years"], "ner_tags": [1, 0]} for _ in range(3)]
RECIPE = replace(toys.RECIPE, train_examples=9, validation_examples=9, batch_size=2, steps=4)


@pytest.fixture(autouse=True)
def on_cpu(monkeypatch):
    monkeypatch.setenv("LNLIB_DEVICE", "cpu")


def corpus(examples, task="ner"):
    return Corpus(task, "ur", LABELS, examples, examples, "test")


@pytest.fixture
def bench(bert):
    data = toys.encoded(corpus([*BLANK, *WORDS, *BLANK]), bert.tokenizer, RECIPE)
    return Workbench(bert, "ner", "ur", recipe=RECIPE, data=data)


def test_they_are_examples_without_a_label(bench):
    data = bench.data.train
    assert data.lengths.tolist() == [2, 2, 4, 4, 4, 2, 2]  # [CLS] and [SEP] are tokens
    assert data.lost_words == 4
    assert (data.labels != IGNORE).sum() == 6


def test_a_batch_of_them_has_no_loss_and_no_gradient(bench):
    model = bench.model(0)
    batch = NER.collate(bench.data.train, np.array([0, 1]), bench.encoder.tokenizer, 0)
    loss, _ = NER.loss(model, batch)
    loss.backward()
    assert loss.item() == 0.0
    assert all(not p.grad.any() for p in model.parameters() if p.grad is not None)


def test_a_training_and_its_score_meet_them(bench):
    """Batches are sorted by length, so of seven examples in pairs one batch has no label."""
    trained = bench.train(0)
    assert 0.0 in trained.losses
    assert np.isfinite(trained.losses).all() and max(trained.losses) > 0
    assert trained.score.n == 7
    assert np.isfinite([trained.score.value, trained.score.loss]).all()


def test_a_score_weighs_them_by_their_words_and_counts_lost_ones_as_found_by_nobody(bench):
    model, tokenizer = bench.model(0), bench.encoder.tokenizer
    found = score(model, bench.data, bench.recipe, tokenizer, 0)
    with torch.no_grad():
        batch = NER.collate(bench.data.validation, np.array([2]), tokenizer, 0)
        loss, logits = NER.loss(model, batch)
    assert found.loss == pytest.approx(loss.item(), rel=1e-5)  # its three sentences are one
    tags = [LABELS[tag] for tag in logits[0, 1:3].argmax(-1)]
    gold, lost = ["B-PER", "O"], [[], ["O", "O"]]
    told = f1([*([], ["B-PER", "I-PER"]) * 2, *[gold] * 3], [*lost * 2, *[tags] * 3])
    assert found.value == told


def test_a_fisher_counts_them_as_examples_of_no_gradient(bench):
    model, tokenizer = bench.model(0), bench.encoder.tokenizer
    name, weight = next((n, p) for n, p in model.named_parameters() if "query.weight" in n)
    data = bench.data.train
    words = toys.encoded(corpus(WORDS[:1]), tokenizer, RECIPE).train
    ((_, mixed),) = empirical_fisher(model, data, NER, tokenizer, {name: weight}, 0)
    ((_, alone),) = empirical_fisher(model, words, NER, tokenizer, {name: weight}, 0)
    np.testing.assert_allclose(mixed, alone * 3 / 7, rtol=1e-5)


@pytest.mark.parametrize("examples", [BLANK[:1], BLANK[1:], BLANK])
def test_a_split_of_nothing_else_is_refused(bert, examples):
    with pytest.raises(UserError, match="test: no train example for 'ur' has a word piece"):
        toys.encoded(corpus(examples), bert.tokenizer, RECIPE)


def test_a_text_batch_in_which_nothing_can_be_masked_teaches_nothing(bert):
    text = [{"text": "5 years"}] * 4
    data = toys.encoded(corpus(text, "mlm"), bert.tokenizer, replace(RECIPE, max_tokens=5)).train
    data = replace(data, special=np.ones_like(data.special))
    model = bert.model(MLM)
    batch = MLM.collate(data, np.array([0, 1]), bert.tokenizer, 0)
    assert batch.labels.shape == batch.picked.shape == (0,)
    loss, _ = MLM.loss(model, batch)
    loss.backward()
    assert loss.item() == 0.0
    assert all(not p.grad.any() for p in model.parameters() if p.grad is not None)


@pytest.fixture
def bare(bert):
    """A tokenizer that adds no special tokens, as GPT-2's: these sentences have no token at all."""
    tokenizer = deepcopy(bert.tokenizer)
    tokenizer.backend_tokenizer.post_processor = None
    return tokenizer


def test_without_special_tokens_they_are_finite_too(bert, bare):
    data = toys.encoded(corpus([*BLANK, *WORDS]), bare, RECIPE)
    assert data.train.lengths.tolist() == [0, 0, 2, 2, 2]
    model = bert.model(NER, LABELS)
    for index in ([0, 1], [0, 2]):  # alone, and beside a sentence that has words
        loss, _ = NER.loss(model, NER.collate(data.train, np.array(index), bare, 0))
        loss.backward()
        assert np.isfinite(loss.item())
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    states = pooled_states(model.bert, encode_sentences(["", "5 years"], bare, max_tokens=8), bare)
    assert states.isfinite().all()


def test_labels_are_by_piece_even_where_there_are_as_many_pieces_as_sentences(bare):
    """Two pieces in one sentence and none in the other are two labels for two sentences."""
    data = toys.encoded(corpus([BLANK[0], WORDS[0]]), bare, RECIPE).train
    assert NER.collate(data, np.array([1]), bare, 0).labels.tolist() == [[1, 0]]


def test_data_are_told_apart_by_the_tags_of_words_that_were_cut_off(bert):
    """A score counts them, so two sets of data that differ in one have two fingerprints."""
    long = {"tokens": ["5", "years", "5", "years"], "ner_tags": [1, 0, 1, 0]}
    other = long | {"ner_tags": [1, 0, 1, 2]}
    cut, whole = replace(RECIPE, max_tokens=5), replace(RECIPE, max_tokens=8)

    def prints(recipe, example):
        made = Corpus("ner", "ur", LABELS, WORDS, [example], "test")
        data = toys.encoded(made, bert.tokenizer, recipe)
        return data.validation.fingerprint, data.fingerprint

    assert prints(cut, long)[0] == prints(cut, other)[0]  # a model sees no difference
    assert prints(cut, long)[1] != prints(cut, other)[1]
    assert prints(whole, long)[0] != prints(whole, other)[0]


def test_where_labels_say_all_the_fingerprint_is_that_of_recorded_rows(bert):
    data = toys.encoded(corpus(WORDS), bert.tokenizer, RECIPE)
    both = data.train.fingerprint + data.validation.fingerprint
    assert data.fingerprint == hashlib.sha256(both.encode()).hexdigest()[:12]
