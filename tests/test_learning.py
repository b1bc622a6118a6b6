"""The curve over steps: one row a number of steps, and none twice."""

import pytest
import toys

from lnlib import Workbench
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.experiments import learning
from lnlib.results import runs
from lnlib.training import workbench


def test_the_curve_goes_through_the_full_models_score_and_is_measured_once(
    bert, toy_scale, tmp_path, monkeypatch
):
    bench, table = Workbench(bert, "ner", "ur"), tmp_path / "learning.csv"
    learning.learning_curve(bench, [1, toys.RECIPE.steps], tmp_path)
    rows = tables.read(table)
    assert rows["steps"].tolist() == [1, toys.RECIPE.steps]
    assert rows["value"].nunique() == 2
    whole = runs.measure(bench, None, 0, 0, tmp_path)
    assert rows["value"].iloc[1] == whole["value"] and rows["recipe"].iloc[1] == whole["recipe"]
    before = table.read_bytes()
    monkeypatch.delattr(workbench.Workbench, "train")
    learning.learning_curve(bench, [1, toys.RECIPE.steps], tmp_path)
    assert table.read_bytes() == before


def test_an_unknown_language_is_said_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match="unknown language 'ut'"):
        main(
            ["foroutan", "learning", "--scale", "demo", "--langs", "ut", "--results", str(tmp_path)]
        )
    assert not list(tmp_path.iterdir())
