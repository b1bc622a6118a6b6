"""Retrieval finds what it should in made-up vectors, and measures the masks it says it does."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lnlib import Workbench, find_ticket
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.experiments import retrieval as every_mask
from lnlib.results import runs
from lnlib.states import retrieval
from lnlib.states.retrieval import pooled_states, retrieval_table, retrieve
from lnlib.tasks.examples import encode_sentences

LINES = ["Karachi", "Rwanda, 66 days, and 23 October 2019", "Lusaka and 30 years", "Euro: 5"]
LANGS = ("en", "ur", "zh")
CONTROLS = 5  # the whole encoder, three random masks, one by magnitude


def vectors(rows, seed=0):
    """Random, all in one half of the space, as states are: cosines above 0."""
    return torch.from_numpy(np.random.default_rng(seed).normal(0.5, 1, (rows, 16)))


def test_a_permutation_is_recovered_in_both_directions():
    x, order = vectors(50), torch.from_numpy(np.random.default_rng(1).permutation(50))
    ahead, back = retrieve(x, 3 * x[order])  # lengths play no part
    assert torch.equal(ahead.margin, order.argsort()) and torch.equal(ahead.cosine, order.argsort())
    assert torch.equal(back.margin, order) and torch.equal(back.cosine, order)


def test_a_sentence_near_to_everything_wins_by_cosine_and_loses_by_margin():
    """The hub lies on the axis that all share: cosine 0.71 with each, where the translation, with
    an axis of its own, has 0.63 and another's translation 0.32."""
    shared, own, noise = torch.eye(17)[0], torch.eye(17)[1:9], torch.eye(17)[9:]
    x = shared + own
    y = torch.cat([x + 3**0.5 * noise, shared[None]])
    ahead, _ = retrieve(x, y)
    assert (ahead.cosine == 8).all()
    assert torch.equal(ahead.margin, torch.arange(8))


def test_the_margin_is_that_of_a_plain_loop():
    x, y = vectors(30), vectors(30) + vectors(30, seed=1)
    cosine = [[float(torch.cosine_similarity(a, b, dim=0)) for b in y] for a in x]
    near_x = [np.mean(sorted(row)[-5:]) for row in cosine]
    near_y = [np.mean(sorted(column)[-5:]) for column in zip(*cosine, strict=True)]
    expected = []
    for i, row in enumerate(cosine):
        five = np.argsort(row)[-5:]
        expected.append(max(five, key=lambda j, i=i, row=row: 2 * row[j] / (near_x[i] + near_y[j])))
    found, _ = retrieve(x, y)
    assert found.margin.tolist() == expected
    assert found.margin.tolist() != found.cosine.tolist()  # else the loop has shown nothing


@pytest.fixture(scope="module")
def sentences(bert):
    return encode_sentences(LINES, bert.tokenizer, 48)


def test_states_are_means_over_the_tokens_of_every_level(bert, sentences):
    """Padding plays no part: alone, a sentence has none. 1e-5: float32 sums in another order, of
    numbers near 1."""
    model = bert.bare()
    together = pooled_states(model, sentences, bert.tokenizer)
    assert together.shape == (3, len(LINES), 16)  # embeddings and two layers, H
    for row, line in enumerate(LINES):
        alone = model(**bert.tokenizer(line, return_tensors="pt"), output_hidden_states=True)
        means = torch.stack([level[0].mean(0) for level in alone.hidden_states])
        torch.testing.assert_close(together[:, row], means, rtol=1e-5, atol=1e-5)


def test_pruned_weights_are_zero_while_the_states_are_made(bert, sentences, monkeypatch):
    ticket = find_ticket(bert, "mlm", "en", method="random", levels=(50,))
    seen = []

    def spy(model, *rest):
        seen.append({name: p.detach().clone() for name, p in model.named_parameters()})
        return pooled_states(model, *rest)

    monkeypatch.setattr(retrieval, "pooled_states", spy)
    whole = dict(bert.bare().named_parameters())
    texts = dict.fromkeys(("en", "ur"), sentences)
    retrieval_table(bert, texts, ticket.mask(50))
    retrieval_table(bert, texts)
    for masked, untouched in zip(seen[:2], seen[2:], strict=True):
        for name, weights in whole.items():
            kept = ticket.mask(50).get(name, torch.ones_like(weights))
            assert torch.equal(masked[name], weights * kept)
            assert torch.equal(untouched[name], weights)


def test_a_mask_with_a_poolers_part_is_applied_without_it(bert, sentences):
    """No token's state goes through the pooler, and the model of MLM has none."""
    mask = find_ticket(bert, "mlm", "en", method="random", levels=(50,)).mask(50)
    texts = dict.fromkeys(("en", "ur"), sentences)
    pooler = {**mask, "pooler.dense.weight": torch.zeros(16, 16, dtype=torch.bool)}
    assert retrieval_table(bert, texts, pooler).equals(retrieval_table(bert, texts, mask))


def test_each_share_is_of_what_its_own_measure_found(bert, sentences, monkeypatch):
    """By margin every sentence finds its translation; by cosine all find the first."""
    right = torch.arange(len(LINES))
    found = retrieval.Found(margin=right, cosine=torch.zeros_like(right))
    monkeypatch.setattr(retrieval, "retrieve", lambda x, y: (found, found))
    table = retrieval_table(bert, dict.fromkeys(("en", "ur"), sentences))
    assert set(table.accuracy) == {1.0} and set(table.cosine) == {1 / len(LINES)}


@pytest.fixture
def measured(bert, toy_scale, tmp_path, monkeypatch):
    """Runs with one ticket of NER, three languages, twelve records."""
    monkeypatch.setattr(every_mask, "LANGUAGES", dict.fromkeys(LANGS))
    monkeypatch.setattr("lnlib.corpora.loading._RECORDS", 12)
    bench = Workbench(bert, "ner", "ur")
    runs.search(bench, 0, places(tmp_path / "runs", "demo"), levels=(50,))
    every_mask.measure("demo", tmp_path / "runs", tmp_path / "results")
    return tmp_path


def test_every_mask_both_directions_and_every_level_are_in_the_table(measured):
    table = tables.read(measured / "results/foroutan/demo/retrieval.csv")
    assert len(table) == (CONTROLS + 1) * 2 * 2 * 3
    assert set(zip(table.source, table.target, strict=True)) == {
        ("en", "ur"), ("ur", "en"), ("en", "zh"), ("zh", "en")
    }  # fmt: skip
    ticket = table[table.method == "ticket"]
    assert set(ticket.mask_scale + ticket.mask_task + ticket.mask_lang) == {"demonerur"}
    assert set(table[table.method == "random"].mask_seed) == {0, 1, 2}
    first = table[table.layer == 0].groupby(["source", "target"])["accuracy"]
    assert (first.nunique() == 1).all()  # no mask changes the embeddings


def test_what_is_measured_is_not_measured_again(measured, monkeypatch):
    path = measured / "results/foroutan/demo/retrieval.csv"
    before = path.read_bytes()
    table = tables.read(path)
    table[table.method != "magnitude"].to_csv(path, index=False)  # as if killed before it
    tables.seal(path)
    real, made = every_mask.retrieval_table, []
    monkeypatch.setattr(
        every_mask, "retrieval_table", lambda *given: made.append(given) or real(*given)
    )
    for _ in range(2):
        every_mask.measure("demo", measured / "runs", measured / "results")
        assert path.read_bytes() == before
    assert len(made) == 1


def test_other_text_is_measured_again(measured, monkeypatch):
    monkeypatch.setattr("lnlib.corpora.loading._RECORDS", 9)
    table = every_mask.measure("demo", measured / "runs", measured / "results")
    assert set(table.n) == {9} and len(table) == (CONTROLS + 1) * 2 * 2 * 3


def test_a_ticket_of_another_search_is_measured_again(measured):
    """The same task, language, seed and level, under another hash: as after a change of recipe."""
    path = places(measured / "runs", "demo").ticket("ner", "ur", 0)
    ticket = Ticket.load(path)
    codes = {m.name: ticket.codes(m.name) for m in ticket.matrices}
    Ticket(replace(ticket.record, search="other"), ticket.matrices, codes).save(path)
    table = every_mask.measure("demo", measured / "runs", measured / "results")
    assert set(table[table.method == "ticket"].search) == {"other"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scale", "smal"], "did you mean 'small'"),
        (["--scale", "small", "--data-dir", "nowhere"], "data_dir: 'nowhere' is not a folder"),
        (["--scale", "small", "--data-dir", "."], "has no folder 'ntrex'"),
        (["--data-dir", "."], "takes no data_dir"),
    ],
)
def test_bad_input_is_one_message_and_leaves_the_table(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=said) as error:
        main(["foroutan", "retrieval", *arguments])
    assert "\n" not in str(error.value)
    assert not (tmp_path / "results").exists()
