"""Recording takes over what runs have measured, and nothing twice."""

import itertools
import shutil
import signal
import weakref
from dataclasses import replace

import pandas as pd
import pytest
import toys
from house import ROOT
from stopped import Stop, no_verdicts, record_runs

from lnlib import Workbench
from lnlib.__main__ import main
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import record as recording
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.analysis.claims import verdicts
from lnlib.papers.foroutan.analysis.measures import Tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.record import MASK, record
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results import runs

RESULTS = ROOT / "results/foroutan"


@pytest.fixture(scope="module")
def searched(bert, tmp_path_factory):
    """Two languages and two seeds of NER, one of MLM, on the random BERT."""
    folder = tmp_path_factory.mktemp("searched")
    home = places(folder / "runs", "demo")
    for task, lang, seed in (
        ("ner", "ur", 0),
        ("ner", "ur", 1),
        ("ner", "en", 0),
        ("mlm", "ur", 0),
    ):
        bench = Workbench(bert, task, lang, recipe=toys.RECIPE)
        runs.search(bench, seed, home, levels=(10, 50))
    bench = Workbench(bert, "ner", "ur", recipe=toys.RECIPE)
    runs.search(bench, 0, home, method="shuffled", levels=(50,))
    return folder


@pytest.fixture
def measured(searched, toy_scale, tmp_path):
    """A copy of these runs, where that is what scale `demo` makes."""
    return shutil.copytree(searched, tmp_path / "measured")


def everything(folder):
    record("demo", folder / "runs", folder / "results")
    home = folder / "results/foroutan/demo"
    return {path.stem: path.read_bytes() for path in home.glob("*.csv")}


def test_every_ticket_is_compared_with_what_tells_something_about_it(measured):
    everything(measured)
    scores = tables.read(measured / "results/foroutan/demo/scores.csv")
    assert len(scores) == 4 * 3  # full model, 10 % and 50 %
    pairs = tables.read(measured / "results/foroutan/demo/overlap.csv")
    kinds = nulls.kind(pairs[pairs["by"] == "all"]).value_counts().to_dict()
    assert kinds == {
        "other seed": 1, "other language": 1, "other language and seed": 1,  # NER: ur 0, ur 1, en 0
        "random": 4, "magnitude": 4,  # and MLM: ur 0
        "shuffled": 2,  # of ur, beside both seeds
        "other task": 1,
    }  # fmt: skip
    assert set(pairs["by"]) == {"all", "layer", "component"}


def test_the_verdicts_are_those_of_the_recorded_tables(measured):
    everything(measured)
    home = measured / "results/foroutan/demo"
    found = verdicts(Tables.read(home)).set_index(list(tables.VERDICTS.key))["verdict"]
    recorded = tables.read(home / "verdicts.csv").set_index(list(tables.VERDICTS.key))["verdict"]
    assert recorded.to_dict() == found.to_dict()


def test_a_recording_is_of_every_table_that_runs_fill(measured):
    others = {"learning", "switches", "seed_parts", "cost", "retrieval"}  # other commands'
    others |= {"repeats"}  # takes a second machine
    assert set(everything(measured)) == {table.name for table in tables.TABLES} - others


def test_no_ticket_is_held_whole_beside_another(measured, monkeypatch):
    """116 of mBERT's take 10 GB, their masks at one level 1.2."""
    alive, at_once = weakref.WeakSet(), []
    load = Ticket.load

    def counted(path):
        at_once.append(len(alive) + 1)
        alive.add(ticket := load(path))
        return ticket

    monkeypatch.setattr(Ticket, "load", counted)
    everything(measured)
    assert at_once == [1] * 5


def test_recording_twice_changes_nothing(measured):
    assert everything(measured) == everything(measured)


def elsewhere(folder, task="ner", lang="ur", seed=0):
    """As if another machine had searched a ticket: other scores, and another mask."""
    table = folder / "runs/foroutan/demo/scores.csv"
    here = tables.read(table)
    found = here[(here["task"] == task) & (here["lang"] == lang) & (here["seed"] == seed)]
    again = found.assign(machine="another", value=found["value"] + 1)
    tables.add(table, again.to_dict("records"))
    path = places(folder / "runs", "demo").ticket(task, lang, seed)
    ticket = Ticket.load(path)
    large = max(ticket.matrices, key=lambda matrix: matrix.weights).name
    codes = {m.name: ticket.codes(m.name).copy() for m in ticket.matrices}
    codes[large].flat[:50] = 1  # pruned first, whatever it was
    Ticket(ticket.record, ticket.matrices, codes).save(path)
    return again


def searches(pairs, number):
    """How many different numbers each mask has in a table of pairs, by part; one search has one."""
    where = [name for name in ("by", "part") if name in pairs]
    sides = [
        pairs[[*where, *(f"{name}_{side}" for name in MASK), f"{number}_{side}"]].set_axis(
            [*where, *MASK, number], axis=1
        )
        for side in "ab"
    ]
    return pd.concat(sides).groupby([*where, *MASK])[number].nunique()


@pytest.mark.parametrize(("name", "number"), [("overlap", "density"), ("excess", "departed")])
@pytest.mark.parametrize("scale", sorted(path.parent.name for path in RESULTS.glob("*/scores.csv")))
def test_every_recorded_pair_that_names_a_ticket_is_of_one_search(scale, name, number):
    found = searches(tables.read(RESULTS / scale / f"{name}.csv"), number)
    assert len(found) and found[found != 1].empty


def test_what_another_machine_has_measured_again_stands_beside_and_not_in_place(measured, capsys):
    before = everything(measured)
    again = elsewhere(measured)
    main(
        [
            "foroutan",
            "record",
            "--runs",
            str(measured / "runs"),
            "--results",
            str(measured / "results"),
        ]
    )
    assert "ner ur seed 0 (ticket)" in capsys.readouterr().out
    home = measured / "results/foroutan/demo"
    assert len(tables.read(home / "repeats.csv")) == len(again)
    now = {path.stem: path.read_bytes() for path in home.glob("*.csv")}
    assert {name: now[name] for name in before} == before


def test_a_ticket_that_was_searched_again_takes_the_place_of_the_old_one_as_a_whole(measured):
    everything(measured)
    home = measured / "results/foroutan/demo"
    first, pairs = (tables.read(home / f"{name}.csv") for name in ("scores", "overlap"))
    again = elsewhere(measured)
    record("demo", measured / "runs", measured / "results", replace=True)
    now = tables.read(home / "scores.csv")
    assert (now["machine"] == "another").sum() == len(again) and len(now) == len(first)
    kept = tables.read(home / "repeats.csv")
    assert kept.to_dict("records") == first.merge(again[list(tables.SCORES.key)]).to_dict("records")
    assert len(tables.read(home / "overlap.csv")) == len(pairs)
    assert (searches(tables.read(home / "overlap.csv"), "density") == 1).all()


def test_what_was_measured_under_a_mask_that_is_gone_leaves_with_it(measured):
    """Its pairs with tickets that are not in these runs cannot be made again; nor moved scores."""
    everything(measured)
    home = measured / "results/foroutan/demo"
    own = tables.read(home / "scores.csv").query(
        "task == 'ner' and sparsity == 50 and lang == 'ur'"
    )
    moved = own.query("seed == 0").assign(lang="en").to_dict("records")
    tables.add(home / "scores.csv", moved)
    places(measured / "runs", "demo").ticket("ner", "en", 0).unlink()
    elsewhere(measured)
    record("demo", measured / "runs", measured / "results", replace=True)
    left = tables.read(home / "scores.csv")
    assert left.query("lang == 'en' and mask_lang == 'ur'").empty
    assert len(tables.read(home / "repeats.csv").query("lang == 'en' and mask_lang == 'ur'")) == 1
    pairs = tables.read(home / "overlap.csv").query("method_a == method_b == 'ticket'")
    named = {frozenset([(r.task_a, r.lang_a, r.seed_a), (r.task_b, r.lang_b, r.seed_b)])
             for r in pairs.itertuples()}  # fmt: skip
    assert frozenset([("ner", "ur", 0), ("ner", "en", 0)]) not in named
    assert frozenset([("ner", "ur", 1), ("ner", "en", 0)]) in named


def all_scores(home):
    """Every score that stands in a folder of tables, wherever it stands."""
    rows = pd.concat([tables.read(home / f"{name}.csv") for name in ("scores", "repeats")])
    return set(rows[[*tables.SCORES.key, "machine", "value"]].itertuples(index=False, name=None))


def bytes_of(home):
    return {path.name: path.read_bytes() for path in home.glob("*.csv")}


@pytest.mark.parametrize("replaced", [False, True], ids=["beside", "replace"])
def test_a_recording_killed_at_any_write_and_started_again_is_one_never_killed(
    server, bert, toy_scale, tmp_path, monkeypatch, replaced
):
    """Its state: a ticket that was searched and scored again elsewhere, and one that is new."""
    monkeypatch.setattr(recording, "verdicts", no_verdicts)
    start, how = tmp_path / "start", {"levels": (50,)}
    home = places(start / "runs", "demo")
    for seed in (0, 1):
        runs.search(Workbench(bert, "ner", "ur"), seed, home, **how)
    record("demo", start / "runs", start / "results")
    elsewhere(start)
    runs.search(Workbench(bert, "ner", "en"), 0, home, **how)

    def again(folder, replaced=replaced):
        record("demo", folder / "runs", folder / "results", replaced)
        return bytes_of(folder / "results/foroutan/demo")

    before = all_scores(start / "results/foroutan/demo")
    expected = again(shutil.copytree(start, tmp_path / "never"))
    for call in itertools.count(1):
        folder = shutil.copytree(start, tmp_path / str(call))
        stop = Stop("before the rename", call)
        process = server.Process(target=record_runs, args=(bert.path, folder, replaced, stop))
        process.start()
        process.join(60)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        assert all_scores(folder / "results/foroutan/demo") >= before
        if replaced:  # and whoever forgets the switch, until he finds it
            other = shutil.copytree(folder, tmp_path / f"{call}, without")
            home = other / "results/foroutan/demo"
            if again(other, False) != expected:
                scores = tables.read(home / "scores.csv")
                assert not ((scores["machine"] == "another") & (scores["method"] == "ticket")).any()
            assert again(other) == expected
        assert again(folder) == expected
    assert call == (11 if replaced else 7)


def test_a_ticket_of_another_encoder_is_not_recorded_as_one_of_this(measured):
    path = places(measured / "runs", "demo").ticket("ner", "en", 0)
    ticket = Ticket.load(path)
    codes = {matrix.name: ticket.codes(matrix.name) for matrix in ticket.matrices}
    other = replace(ticket.record, encoder_fingerprint="0" * 12)
    Ticket(other, ticket.matrices, codes).save(path)
    everything(measured)
    pairs = tables.read(measured / "results/foroutan/demo/overlap.csv")
    assert "en" not in set(pairs.query("method_a == 'ticket'")["lang_a"])


def test_a_task_with_an_encoder_of_its_own_is_recorded_beside_the_others(
    measured, mt5, monkeypatch
):
    before = everything(measured)
    scale = SCALES["demo"]
    recipes, encoders = {**scale.recipes, "xnli_text": toys.RECIPE}, {"xnli_text": mt5.path}
    monkeypatch.setitem(SCALES, "demo", replace(scale, recipes=recipes, encoders=encoders))
    home = places(measured / "runs", "demo")
    tickets = {}
    for lang in ("ur", "en"):
        bench = Workbench(mt5, "xnli_text", lang, recipe=toys.RECIPE)
        tickets[lang] = runs.search(bench, 0, home, levels=(50,))
    runs.measure(bench, tickets["ur"], 50, 0, home.home)
    after = everything(measured)
    assert {name for name in before if after[name] != before[name]} >= {"scores", "density"}
    for name in ("overlap", "excess"):  # of masks of one encoder
        assert after[name] == before[name]
    kept = measured / "results/foroutan/demo"
    scores = tables.read(kept / "scores.csv")
    ours = scores[scores["task"] == "xnli_text"]
    assert len(ours) == 5 and set(ours["encoder"]) == {mt5.fingerprint}
    assert set(scores[scores["task"] != "xnli_text"]["encoder"]) != {mt5.fingerprint}
    density = tables.read(kept / "density.csv")
    assert set(density[density["task"] == "xnli_text"]["mask"]) == {
        ticket.digest(50) for ticket in tickets.values()
    }
    found = verdicts(Tables.read(kept), only=(13,))
    assert found["n"].tolist() == [1]  # a target with a mask of another language


def test_verdicts_do_not_stand_on_scores_of_another_recipe(measured):
    everything(measured)
    home = measured / "results/foroutan/demo"
    scores = tables.read(home / "scores.csv")
    tables.replace(home / "scores.csv", scores.assign(recipe="0" * 12).to_dict("records"))
    assert Tables.read(home).scores.empty


def test_scores_of_another_recipe_are_not_taken_over(measured):
    table = measured / "runs/foroutan/demo/scores.csv"
    old = tables.read(table).assign(recipe="0" * 12, lang="fr").to_dict("records")
    tables.add(table, old[:1])
    everything(measured)
    assert "fr" not in set(tables.read(measured / "results/foroutan/demo/scores.csv")["lang"])
