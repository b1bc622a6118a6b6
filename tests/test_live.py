"""What `make book` says last: the live run beside the recorded one, and what a difference means."""

import pytest

from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.experiments import live

ROW = {"scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "full", "sparsity": 0,
       "metric": "f1", "encoder": "a", "data": "b", "recipe": "c", "machine": "x"}  # fmt: skip


def said(folder, live_row, *recorded):
    tables.add(folder / "runs/live/foroutan/demo/scores.csv", [{**ROW, **live_row}])
    tables.add(folder / "results/foroutan/demo/scores.csv", [{**ROW, **row} for row in recorded])
    return live.report(folder)


def test_what_was_not_run_is_said(tmp_path):
    text = said(tmp_path, {"value": 80.5}, {"value": 80.5})
    assert "full model: live 80.50 F1, recorded 80.50 F1; the same\n" in text
    assert "ticket at 50 %: live not run, recorded not recorded\n" in text


def test_two_values_of_other_settings_are_not_compared(tmp_path):
    text = said(tmp_path, {"value": 80.0, "encoder": "new"}, {"value": 80.0})
    assert "other encoder: not comparable" in text


def test_a_difference_on_the_same_processor_is_an_alarm(tmp_path):
    assert "NOT the same" in said(tmp_path, {"value": 80.1}, {"value": 80.0})


def test_the_yardstick_of_a_ticket_is_its_own_seeds_alone(tmp_path):
    own = {"method": "ticket", "mask_task": "ner", "mask_lang": "ur", "sparsity": 50}
    seeds = [{**own, "value": 80.0 + k, "seed": k, "mask_seed": k} for k in range(3)]  # deviation 1
    moved = {**own, "value": 60.0, "seed": 0, "mask_seed": 1}
    live = {**own, "value": 81.0, "seed": 0, "mask_seed": 0, "machine": "y"}
    text = said(tmp_path, live, *seeds, moved)
    assert "ticket at 50 %: live 81.00 F1, recorded 80.00 F1" in text
    assert "within three standard deviations of 3 seeds (1.00)" in text


@pytest.mark.parametrize("value, verdict", [(81.0, "within"), (84.0, "MORE than")])
def test_elsewhere_the_seeds_are_the_yardstick(tmp_path, value, verdict):
    seeds = [{"value": 80.0 + seed, "seed": seed} for seed in range(3)]  # deviation 1
    text = said(tmp_path, {"value": value, "machine": "y"}, *seeds)
    assert f"another machine, {verdict} three standard deviations of 3 seeds (1.00)" in text
