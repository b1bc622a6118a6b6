"""What a grid costs follows from the plan; only the seconds of a training are measured."""

import numpy as np
import pytest
import toys

from lnlib import Workbench
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.grid import plan
from lnlib.papers.foroutan.scales import LEVELS
from lnlib.results import cost, runs
from lnlib.results.plan import hours_at_least
from lnlib.tasks.examples import training_order


def test_a_search_has_as_many_trainings_as_it_writes_rows(bert, toy_scale, tmp_path):
    """The plan's count is the table's, plus the rounds of other searches, which have no score."""
    (run,) = plan("demo", ["ner"], ["en"], [0])
    home = places(tmp_path, "demo")
    runs.search(Workbench(bert, "ner", "en"), 0, home, levels=LEVELS)
    controls = run.parameters["controls"].split(",")
    assert controls == ["random", "magnitude", "shuffled", "change", "fisher"]
    rows = len(tables.SCORES.read(home.home)) + len(controls)
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


def test_which_batches_are_timed_does_not_matter():
    """Seconds that follow from a batch's padded size: the mean is an epoch's, not the sample's."""
    lengths = np.random.default_rng(0).integers(5, 60, 1_000)
    order = training_order(lengths, 10, 100, 0)
    tokens = np.array([len(batch) * lengths[batch].max() for batch in order])
    seconds = 0.1 + 1e-4 * tokens
    some = seconds[cost.WARM_UP : cost.WARM_UP + 3]
    assert abs(some.mean() / seconds.mean() - 1) > 0.02  # so there is something to mend
    assert cost._typical(some, lengths, 10) == pytest.approx(seconds.mean())


def test_batches_of_one_size_need_no_line():
    assert cost._typical(np.array([1.0, 3.0]), np.full(100, 64), 10) == 2.0


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


def test_no_device_is_faster_than_its_peak_and_the_start_of_the_runs():
    grid = plan("demo", ["mlm"], ["ur", "en"], [0])
    trainings = sum(run.trainings for run in grid)
    least = hours_at_least(grid, {"mlm": 3e12}, peak=1e12)
    assert least == pytest.approx((3 * trainings + cost.STARTUP * len(grid)) / 3600)


def test_what_was_measured_is_kept_where_it_is_asked_for(bert, toy_scale, tmp_path):
    main(["foroutan", "cost", "--tasks", "ner", "--langs", "ur", "--record", str(tmp_path)])
    (found,) = tables.read(tmp_path / "foroutan/demo/cost.csv").to_dict("records")
    assert (found["task"], found["lang"], found["recipe"]) == ("ner", "ur", toys.RECIPE.hash)
    assert found["seconds"] > 0
    bench = Workbench(bert, "ner", "ur")
    assert found["flops"] == pytest.approx(cost.flops(bench, toys.RECIPE), rel=1e-5)  # six digits


def test_a_seed_that_is_no_number_is_said_before_anything_is_loaded():
    with pytest.raises(UserError, match="seeds 'a': expected whole numbers from 0 up"):
        main(["foroutan", "cost", "--seeds", "0,a"])


def test_the_command_names_every_task_it_was_asked_for(bert, toy_scale, capsys):
    main(["foroutan", "cost", "--tasks", "ner,mlm", "--langs", "ur"])
    said = capsys.readouterr().out
    assert "ner" in said and "mlm" in said and "hours on" in said
