"""Translations are looked for under every mask there is, and under none twice."""

from dataclasses import replace

import pytest

from lnlib import Workbench
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.experiments import retrieval
from lnlib.results import runs

LANGS = ("en", "ur", "zh")
CONTROLS = 5  # the whole encoder, three random masks, one by magnitude


@pytest.fixture
def measured(bert, toy_scale, tmp_path, monkeypatch):
    """Runs with one ticket of NER, three languages, twelve records."""
    monkeypatch.setattr(retrieval, "LANGUAGES", dict.fromkeys(LANGS))
    monkeypatch.setattr("lnlib.corpora.loading._RECORDS", 12)
    bench = Workbench(bert, "ner", "ur")
    runs.search(bench, 0, places(tmp_path / "runs", "demo"), levels=(50,))
    retrieval.measure("demo", tmp_path / "runs", tmp_path / "results")
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
    real, made = retrieval.retrieval_table, []
    monkeypatch.setattr(
        retrieval, "retrieval_table", lambda *given: made.append(given) or real(*given)
    )
    for _ in range(2):
        retrieval.measure("demo", measured / "runs", measured / "results")
        assert path.read_bytes() == before
    assert len(made) == 1


def test_other_text_is_measured_again(measured, monkeypatch):
    monkeypatch.setattr("lnlib.corpora.loading._RECORDS", 9)
    table = retrieval.measure("demo", measured / "runs", measured / "results")
    assert set(table.n) == {9} and len(table) == (CONTROLS + 1) * 2 * 2 * 3


def test_a_ticket_of_another_search_is_measured_again(measured):
    """The same task, language, seed and level, under another hash: as after a change of recipe."""
    path = places(measured / "runs", "demo").ticket("ner", "ur", 0)
    ticket = Ticket.load(path)
    codes = {m.name: ticket.codes(m.name) for m in ticket.matrices}
    Ticket(replace(ticket.record, search="other"), ticket.matrices, codes).save(path)
    table = retrieval.measure("demo", measured / "runs", measured / "results")
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
