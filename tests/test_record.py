"""Recording takes over what runs have measured, and nothing twice."""

import pytest

from lnlib import nulls, runs, tables
from lnlib.ledger import verdicts
from lnlib.measures import Tables
from lnlib.record import record
from lnlib.workbench import Workbench


@pytest.fixture
def measured(bert, toy_scale, tmp_path):
    """Two languages and two seeds of NER, one of MLM, on the random BERT as scale `demo`."""
    table = tmp_path / "runs/demo/scores.csv"
    for task, lang, seed in (
        ("ner", "ur", 0),
        ("ner", "ur", 1),
        ("ner", "en", 0),
        ("mlm", "ur", 0),
    ):
        bench = Workbench(bert, task, lang)
        runs.search(bench, seed, tmp_path / "runs", table, levels=(10, 50))
    shuffled = {"method": "shuffled", "levels": (50,)}
    runs.search(Workbench(bert, "ner", "ur"), 0, tmp_path / "runs", table, **shuffled)
    return tmp_path


def everything(folder):
    record("demo", folder / "runs", folder / "results")
    home = folder / "results/demo"
    return {path.stem: path.read_bytes() for path in home.glob("*.csv")}


def test_every_ticket_is_compared_with_what_tells_something_about_it(measured):
    everything(measured)
    scores = tables.read(measured / "results/demo/scores.csv")
    assert len(scores) == 4 * 3  # full model, 10 % and 50 %
    pairs = tables.read(measured / "results/demo/overlap.csv")
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
    home = measured / "results/demo"
    found = verdicts(Tables.read(home)).set_index(tables.VERDICT_KEY)["verdict"]
    recorded = tables.read(home / "verdicts.csv").set_index(tables.VERDICT_KEY)["verdict"]
    assert recorded.to_dict() == found.to_dict()


def test_a_recording_is_of_every_table_that_runs_fill(measured):
    others = {"learning", "switches", "seed_parts", "cost", "retrieval"}  # other commands'
    others |= {"repeats"}  # takes a second machine
    assert set(everything(measured)) == set(tables.TABLES) - others


def test_recording_twice_changes_nothing(measured):
    assert everything(measured) == everything(measured)


def test_a_score_that_another_machine_measured_again_is_kept_beside_the_new_one(measured):
    everything(measured)
    home, table = measured / "results/demo", measured / "runs/demo/scores.csv"
    first = tables.read(home / "scores.csv")
    here = tables.read(table)
    again = here.head(3).assign(machine="another", value=here["value"].head(3) + 1)
    tables.add(table, again.to_dict("records"))
    everything(measured)
    kept, now = (tables.read(home / f"{name}.csv") for name in ("repeats", "scores"))
    assert kept.to_dict("records") == first.merge(again[tables.SCORE_KEY]).to_dict("records")
    assert (now["machine"] == "another").sum() == 3 and len(now) == len(first)


def test_scores_of_another_recipe_are_not_taken_over(measured):
    table = measured / "runs/demo/scores.csv"
    old = tables.read(table).assign(recipe="0" * 12, lang="fr").to_dict("records")
    tables.add(table, old[:1])
    everything(measured)
    assert "fr" not in set(tables.read(measured / "results/demo/scores.csv")["lang"])
