"""mini-mT5: spans left out as T5 leaves them out, by the loop that makes mini-mBERT."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from cut_off import ends_as_one_never_stopped

from lnlib.encoders import load_encoder
from lnlib.pretraining.card import export
from lnlib.pretraining.loop import new_model, pretrain
from lnlib.pretraining.recipe import SpanPretraining
from lnlib.pretraining.spans import corrupted, prepare, spans, start, step_batch
from lnlib.tasks.examples import IGNORE
from lnlib.tasks.nli_text import NLI_TEXT

RECIPE = replace(SpanPretraining(), tokens=1_000, layers=1, length=32, tokens_per_batch=128,
                 lines=8, pairs=8)  # fmt: skip

ASKED = replace(RECIPE, gazetteer_every=0.0, asked_every=1.0)


@pytest.fixture(scope="module")
def prepared():
    return prepare(RECIPE)


def test_fifteen_per_cent_are_left_out_in_spans_of_three_behind_tokens_that_stay():
    rng = np.random.default_rng(0)
    drawn = [spans(127, SpanPretraining(), rng) for _ in range(200)]
    for which in drawn:
        assert (which >= 0).sum() == 19 and which.max() == 5  # 0.15 x 127, and a third of it
        assert which[0] == -1
        begins = np.flatnonzero(np.diff(which, prepend=-1) > 0)
        assert (which[begins - 1] == -1).all()
    first = [int((which == 0).sum()) for which in drawn]
    # A span has 19 / 6 tokens on average, and at most 14: the standard error is below 0.2.
    assert np.mean(first) == pytest.approx(19 / 6, abs=0.8) and len(set(first)) > 4


@pytest.mark.parametrize("length", [2, 3, 7])
def test_a_short_row_too_keeps_a_token_and_loses_one(length):
    which = spans(length, SpanPretraining(), np.random.default_rng(0))
    assert len(which) == length and 1 <= (which >= 0).sum() < length


def test_what_is_read_and_what_is_said_together_are_the_row():
    rows = [np.arange(100, 160), np.arange(300, 340)]
    batch = corrupted(rows, RECIPE, np.random.default_rng(0))
    for row, read, said in zip(rows, batch.inputs["input_ids"], batch.labels, strict=True):
        said = said[said != IGNORE].tolist()[:-1]  # without the end
        spoken, current = {}, None
        for piece in said:
            if piece >= RECIPE.vocab_size:
                current = spoken.setdefault(piece, [])
            else:
                current.append(piece)
        filled = [p for piece in read.tolist() for p in spoken.get(piece, [piece])]
        end = filled.index(3)
        assert filled[:end] == row.tolist() and set(filled[end + 1 :]) <= {0}
        assert len(spoken) > 1
    assert batch.tokens == 100


def test_a_pair_is_asked_about_whole_and_answered_by_a_sentinel(prepared):
    *_, records = prepared
    whole = {tuple([*a, 3, *b][:63]) for pairs in records.values() for a, b in pairs}
    batches = (step_batch(step, 0, {}, {}, records, ASKED) for step in range(20))
    rows = {0: [], 1: []}
    for batch in batches:
        assert batch.asked and batch.labels[:, 1].eq(3).all()
        for read, answer in zip(batch.inputs["input_ids"].tolist(), batch.labels[:, 0].tolist(),
                                strict=True):  # fmt: skip
            row = tuple(read[: len(read) - read[::-1].index(3) - 1])
            rows[answer - RECIPE.vocab_size].append(row in whole)
    assert all(rows[0]) and not all(rows[1])
    # A second part of eight is the pair's own one time in eight: 80 coin flips, four errors.
    share = len(rows[1]) / sum(map(len, rows.values()))
    assert share == pytest.approx(0.5, abs=0.23)


def test_word_embeddings_begin_as_those_of_mini_mbert():
    model = new_model(RECIPE)
    drawn = model.shared.weight.detach().clone()
    start(model, None, None, RECIPE)
    theirs = load_encoder().bare().get_input_embeddings().weight
    ours = model.shared.weight[: len(theirs)]
    assert torch.allclose(torch.cosine_similarity(ours, theirs), torch.ones(len(theirs)))
    assert torch.equal(model.shared.weight[len(theirs) :], drawn[len(theirs) :])  # sentinels


def test_a_stopped_run_ends_where_one_never_stopped_does(prepared, tmp_path, monkeypatch):
    _, train, held_out, records = prepared
    few = {lang: held_out[lang] for lang in ("en", "ur")}
    # the sixth step is cut off, two steps after a checkpoint
    ends_as_one_never_stopped(5, tmp_path, monkeypatch, train, few, records, RECIPE)


def test_what_is_exported_loads_and_says_what_it_is(prepared, tmp_path):
    tokenizer, train, held_out, records = prepared
    few = {"ur": held_out["ur"]}
    model = pretrain(train, few, records, RECIPE, tmp_path / "run")
    sizes = {lang: len(stream.ids) for lang, stream in train.items()}
    export(model, tokenizer, tmp_path / "run/log.jsonl", tmp_path / "out", RECIPE, sizes)
    encoder = load_encoder(str(tmp_path / "out"))
    again = encoder.model(NLI_TEXT).shared.weight
    assert torch.equal(again, model.shared.weight.to(torch.bfloat16).float())
    assert encoder.tokenizer.eos_token_id == 3
    assert encoder.tokenizer("<extra_id_2>", add_special_tokens=False)["input_ids"] == [12_002]
    assert "| ur |" in (tmp_path / "out/README.md").read_text()
