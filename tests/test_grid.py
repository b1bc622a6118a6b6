"""The grid on a toy scale: every part fills its rows, and a second run changes nothing."""

from types import MappingProxyType

import pytest
import toys

from lnlib import grid, live, tables
from lnlib.scales import SCALES, Scale


@pytest.fixture
def toy_scale(bert, monkeypatch):
    """Scale `demo` with the random BERT, and two languages a task."""
    recipes = MappingProxyType(dict.fromkeys(("mlm", "ner", "xnli"), toys.RECIPE))
    monkeypatch.setitem(SCALES, "demo", Scale("demo", bert.path, "gazetteer", recipes))
    for task in grid.PAPER_COVERAGE:
        monkeypatch.setitem(grid.PAPER_COVERAGE, task, ("ur", "en"))


def everything(folder):
    for group in grid.plan("demo", ("ner", "xnli"), folder / "runs", folder / "results"):
        for job in group:
            grid.run(job)
    grid.compare("demo", folder / "runs", folder / "results")
    return {name: tables.read(folder / "results" / "demo" / f"{name}.csv")
            for name in tables.TABLES}  # fmt: skip


def test_the_grid_fills_every_part_once_and_then_rests(toy_scale, tmp_path):
    found = everything(tmp_path)
    scores = found["scores"]
    ner = scores[(scores.task == "ner") & (scores.seed == 0)]
    assert sorted(ner[ner.lang == "ur"].mask_lang.unique()) == ["", "en", "en+fa+fr+zh", "ur"]
    assert set(ner.method) == {"full", "ticket", "random", "magnitude", "shuffled"}
    assert set(scores[scores.task == "ner"].seed) == {0, 1, 2}
    pairs = found["overlap"]
    assert {"other", "magnitude", "random", "shuffled"} <= {
        "other",
        *pairs.method_a,
        *pairs.method_b,
    }
    assert ((pairs.lang_a == pairs.lang_b) & (pairs.seed_a != pairs.seed_b)).any()  # the ceiling
    assert ((pairs.task_a != pairs.task_b) & (pairs.lang_a == pairs.lang_b)).any()
    before = {name: (tmp_path / "results/demo" / f"{name}.csv").read_bytes() for name in found}
    everything(tmp_path)
    for name, content in before.items():
        assert (tmp_path / "results/demo" / f"{name}.csv").read_bytes() == content, name


def test_the_live_report_stands_the_recorded_value_beside_the_live_one(tmp_path):
    row = {"scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "full",
           "sparsity": 0, "metric": "f1", "encoder": "a", "data": "b", "recipe": "c"}  # fmt: skip
    tables.add(tmp_path / "runs/live/demo/scores.csv", [{**row, "value": 81.0}])
    tables.add(tmp_path / "results/demo/scores.csv", [{**row, "value": 80.5}])
    said = live.report(tmp_path)
    assert "full model: live 81.00 F1, recorded 80.50 F1\n" in said
    assert "ticket at 50 %: live not run, recorded not recorded" in said


def test_the_live_report_says_when_two_values_cannot_be_compared(tmp_path):
    row = {"scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "full",
           "sparsity": 0, "metric": "f1", "data": "b", "recipe": "c", "value": 80.0}  # fmt: skip
    tables.add(tmp_path / "runs/live/demo/scores.csv", [{**row, "encoder": "new"}])
    tables.add(tmp_path / "results/demo/scores.csv", [{**row, "encoder": "old"}])
    assert "other encoder: not comparable" in live.report(tmp_path)
