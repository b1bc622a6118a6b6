"""Recording takes in what runs have measured, once, and judges; bad input is one message."""

import pandas as pd
import pytest

from lnlib import __main__ as door
from lnlib.base.errors import UserError
from lnlib.papers.muller.grid import home
from lnlib.papers.muller.parameters import check
from lnlib.papers.muller.record import record
from lnlib.papers.muller.scales import SCALES
from lnlib.papers.muller.tables import ABLATION, SIMILARITY, VERDICTS

SCALE = SCALES["demo"]
RECIPE = SCALE.recipe("ner").hash


def ablation(value=50.0, recipe=RECIPE, data="d", blocks=("none", "0-1", "all")):
    return [
        {"scale": "demo", "task": "ner", "source": "en", "target": target, "seed": 0,
         "block": block, "start": "" if block == "none" else "bert", "metric": "f1",
         "value": value - 10 * at, "floor": 0.0, "recipe": recipe, "data": data, "encoder": "e"}
        for target in ("en", "ur") for at, block in enumerate(blocks)
    ]  # fmt: skip


@pytest.fixture
def folders(tmp_path):
    ABLATION.add(home(tmp_path / "runs", SCALE), ablation())
    return tmp_path / "runs", tmp_path / "results"


def values(folder):
    return set(ABLATION.read(home(folder, SCALE)).query("block == 'none'")["value"])


def test_recording_again_changes_nothing(folders):
    assert record(SCALE, *folders) == {"ablation": 6, "similarity": 0}
    first = {path.name: path.read_bytes() for path in home(folders[1], SCALE).glob("*.csv")}
    assert set(first) == {"ablation.csv", "verdicts.csv"}
    assert record(SCALE, *folders) == {"ablation": 0, "similarity": 0}
    again = {path.name: path.read_bytes() for path in home(folders[1], SCALE).glob("*.csv")}
    assert again == first


def test_what_has_been_recorded_stays_unless_told_otherwise(folders):
    record(SCALE, *folders)
    ABLATION.add(home(folders[0], SCALE), ablation(60.0))
    record(SCALE, *folders)
    assert values(folders[1]) == {50.0}
    record(SCALE, *folders, replace=True)
    assert values(folders[1]) == {60.0}


def test_rows_on_other_data_take_the_place_of_the_old_ones(folders):
    record(SCALE, *folders)
    ABLATION.add(home(folders[0], SCALE), ablation(60.0, data="other"))
    assert record(SCALE, *folders)["ablation"] == 6
    assert values(folders[1]) == {60.0}


def test_rows_of_another_recipe_are_not_taken_in(folders):
    ABLATION.add(home(folders[0], SCALE), ablation(70.0, "of last week", blocks=("none",)))
    assert record(SCALE, *folders)["ablation"] == 4
    assert values(folders[1]) == set()


def test_blank_cells_do_not_make_similarity_rows_new(folders):
    """The untouched encoder has no seed, and an empty cell equals no other."""
    row = {"scale": "demo", "model_a": "pretrained", "model_b": "pretrained", "lang_a": "en",
           "lang_b": "ur", "layer_a": 0, "layer_b": 0, "measure": "anc", "length": "kept",
           "value": 0.5, "floor": 0.0, "n": 9, "data": "d", "encoder": "e"}  # fmt: skip
    SIMILARITY.add(home(folders[0], SCALE), [row])
    assert record(SCALE, *folders)["similarity"] == 1
    tuned = row | {"task": "ner", "source": "en", "seed": 0, "model_b": "fine-tuned",
                   "recipe": RECIPE}  # fmt: skip
    SIMILARITY.add(home(folders[0], SCALE), [tuned])
    assert record(SCALE, *folders)["similarity"] == 1  # seeds are read as 0.0 beside a blank
    assert record(SCALE, *folders)["similarity"] == 0
    assert len(SIMILARITY.read(home(folders[1], SCALE))) == 2


def test_verdicts_are_of_what_was_recorded(folders):
    record(SCALE, *folders)
    judged = VERDICTS.read(home(folders[1], SCALE))
    assert isinstance(judged, pd.DataFrame) and set(judged["id"]) == set(range(1, 11))


def test_recording_where_nothing_has_run_says_what_to_run(tmp_path):
    with pytest.raises(UserError, match=r"nothing has run in .*muller run"):
        record(SCALE, tmp_path / "runs", tmp_path / "results")
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--tasks", "parse"], "unknown task 'parse'.*did you mean 'parsing'"),
        (["--sources", "fi"], "unknown language of ner 'fi'"),
        (["--seeds", "0,x"], "seeds 'x': expected whole numbers"),
        (["--starts", "brt"], "unknown start 'brt'.*did you mean 'bert'"),
        (["--scale", "paper"], "unknown scale 'paper'"),
    ],
)
def test_a_grid_that_is_misspelt_is_refused_before_it_starts(tmp_path, given, said):
    with pytest.raises(UserError, match=said):
        door.main(["muller", "run", "--runs", str(tmp_path / "runs"), *given])
    assert not list(tmp_path.rglob("*.csv"))


ASKED = {"source": "en", "targets": None, "task": "ner", "blocks": None, "start": "bert",
         "scale": "demo", "seed": 0, "data_dir": None, "encoder_dir": None,
         "runs_dir": "runs"}  # fmt: skip


def test_a_notebook_is_given_what_the_library_takes():
    p = check(ASKED | {"targets": "[ur, de]", "blocks": 0})
    assert p["targets"] == ["ur", "de"] and p["blocks"] == "0"
    p = check(ASKED)
    assert p["blocks"] == "" and len(p["targets"]) == 10 and "en" not in p["targets"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": "fi"}, "unknown language of ner 'fi'"),
        ({"targets": "ur,zz"}, "unknown language of ner 'zz'"),
        ({"targets": 7}, "targets 7: expected names"),
        ({"task": "pos"}, "task at scale 'demo'"),
        ({"task": "nerr"}, "unknown task 'nerr'.*'ner'"),
        ({"start": "brt"}, "unknown start 'brt'"),
        ({"seed": -1}, "-1"),
        ({"blocks": 0.5}, "blocks 0.5: expected"),
        ({"encoder_dir": "not/there"}, "encoder_dir"),
        ({"data_dir": "."}, "reads the gazetteer and takes no data_dir"),
    ],
)
def test_a_notebook_refuses_what_is_misspelt(given, said):
    with pytest.raises(UserError, match=said):
        check(ASKED | given)
