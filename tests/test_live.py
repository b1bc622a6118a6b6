"""What `make book` says last: the live run beside the recorded one."""

from lnlib import live, tables


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
