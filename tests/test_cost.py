"""What a grid costs follows from the plan; only the seconds of a training are measured."""

import pytest
import toys

from lnlib import cost, runs, tables
from lnlib.grid import plan
from lnlib.masks import prunable
from lnlib.scales import LEVELS
from lnlib.workbench import Workbench


def test_a_search_has_as_many_trainings_as_it_writes_rows(bert, toy_scale, tmp_path):
    """The plan's count is the table's, plus the rounds of other searches, which have no score."""
    (run,) = plan("demo", ["ner"], ["en"], [0])
    bench, table = Workbench(bert, "ner", "en"), tmp_path / "scores.csv"
    runs.search(bench, 0, tmp_path, table)
    assert run.controls == ["random", "magnitude", "shuffled", "change", "fisher"]
    rows = len(tables.read(table)) + len(run.controls)
    assert run.trainings == rows + 3 * len([level for level in LEVELS if level <= 50])


def test_operations_are_those_of_the_matrices_and_of_attention(bert, toy_scale):
    bench = Workbench(bert, "ner", "ur")
    weights = sum(m.weights for m in prunable(bench.model(0)))
    config = bench.model(0).config
    per_token = 2 * weights, 4 * config.num_hidden_layers * config.hidden_size
    train, held_out = bench.data.train.lengths, bench.data.validation.lengths
    by_hand = (per_token[0] * held_out + per_token[1] * held_out**2).sum()
    by_hand += 3 * 12 * (per_token[0] * train + per_token[1] * train**2).mean()  # 3 steps of 4
    assert cost.flops(bench, toys.RECIPE) == pytest.approx(by_hand)


def test_the_table_adds_up(bert, toy_scale):
    grid = plan("demo", ["ner"], ["ur", "en"], [0])
    measured = cost.Measured(seconds=36.0, flops=36e12, memory=1.0, ticket=2.0)
    row = cost.cost(grid, {"ner": measured}).iloc[0]
    # searches with a control of five rounds, English with three; moves at 50 % and, with a random
    # mask each, at 80 %
    assert row["runs"] == 6 and row["trainings"] == 2 * (10 + 2 + 6) + 2 * 6 + 2 + 4
    assert row["hours"] == pytest.approx((54 * 36 + 6 * cost.STARTUP) / 3600)
    assert row["disk, MB"] == pytest.approx(6 * 2.0 + 6 * cost.NOTEBOOK)
    assert row["TFLOP/s"] == 1.0


def test_the_command_names_every_task_it_was_asked_for(bert, toy_scale, capsys):
    cost.main(["--tasks", "ner,mlm", "--langs", "ur"])
    said = capsys.readouterr().out
    assert "ner" in said and "mlm" in said and "hours on" in said
