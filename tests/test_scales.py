"""Scales that do not have every task, and an encoder that stands in a folder and not on the hub."""

import shutil
from pathlib import Path

import pytest
import toys

from lnlib import SCALES, find_ticket, load_encoder
from lnlib.__main__ import commands, main
from lnlib.base.errors import UserError
from lnlib.papers.foroutan.coverage import ALL_TASKS
from lnlib.papers.foroutan.doors import Workbench, places
from lnlib.papers.foroutan.grid import plan
from lnlib.papers.foroutan.parameters import check
from lnlib.papers.foroutan.record import record
from lnlib.papers.foroutan.verification import verify
from lnlib.results import runs
from lnlib.results.scores import SCORES

MISSING = "scale 'medium' has no mlm: its checkpoint has no head"
ASKED = {"scale": "medium", "task": "ner", "lang": "ur", "data_dir": None, "encoder_dir": None}


def test_scales_stand_in_the_order_of_a_readers_path():
    assert list(SCALES) == ["demo", "small", "medium", "paper"]


def test_every_scale_has_every_task_or_says_why_not():
    for scale in SCALES.values():
        assert set(scale.recipes) | set(scale.without) == set(ALL_TASKS)
        assert not set(scale.recipes) & set(scale.without)


def test_the_grid_of_a_scale_is_of_the_tasks_it_has():
    assert {run.task for run in plan("medium")} == {"ner", "xnli"}
    assert not [run for run in plan("medium") if "mlm" in run.name]
    with pytest.raises(UserError, match=MISSING):
        plan("medium", ["mlm", "ner"])


def test_no_mask_is_moved_between_tasks_of_two_encoders():
    apart = plan("paper", ["xnli", "xnli_text"], ["en", "ur"])
    assert {run.task for run in apart} == {"xnli", "xnli_text"}
    assert {run.parameters.get("source_task", run.task) == run.task for run in apart} == {True}
    assert any(run.notebook == "transfer" and run.task == "xnli_text" for run in apart)
    assert "xnli_text" not in {run.task for run in plan("paper")}  # it has to be asked for
    asked = {"scale": "paper", "task": "xnli", "source_task": "xnli_text"}
    with pytest.raises(UserError, match="masks are of 'google/mt5-base', and 'xnli' is done by"):
        check(asked)


@pytest.mark.parametrize("asked", [{"task": "mlm"}, {"source_task": "mlm"}])
def test_a_task_that_a_scale_does_not_have_is_refused_with_the_reason(asked):
    with pytest.raises(UserError, match=MISSING):
        check({**ASKED, "source_task": None, **asked})


def test_an_encoder_that_is_no_folder_is_refused_before_anything_is_loaded(tmp_path):
    with pytest.raises(UserError, match=r"encoder_dir 'nowhere' is not a folder"):
        check({**ASKED, "encoder_dir": "nowhere"})
    (tmp_path / "scores.csv").write_text("")
    verbs = [verb for verb, it in commands("foroutan").items() if "--encoder-dir" in it.options]
    assert {"cost", "record", "retrieval", "verify", "learning"} <= set(verbs)
    for verb in ("learning", "switches", "seed-parts"):
        with pytest.raises(UserError, match=r"encoder_dir 'nowhere' is not a folder"):
            main(["foroutan", verb, "--scale", "small", "--encoder-dir", "nowhere"])
    with pytest.raises(UserError, match=r"encoder_dir 'nowhere' is not a folder"):
        load_encoder("intfloat/multilingual-e5-small", "nowhere")


@pytest.fixture
def elsewhere(tmp_path_factory, toy_scale, monkeypatch):
    """Scale `demo` with an encoder that cannot be had, and a folder that holds one."""
    from lnlib.training.recipe import Scale

    toy = SCALES["demo"]
    monkeypatch.setitem(
        SCALES, "demo", Scale("demo", "nobody/no-encoder", "gazetteer", toy.recipes)
    )
    return toys.save_encoder(tmp_path_factory.mktemp("elsewhere"))


def test_a_run_in_an_encoders_folder_is_recorded_and_verified_there(elsewhere, tmp_path):
    encoder = load_encoder(SCALES["demo"].encoder, elsewhere)
    bench = Workbench(encoder, "ner", "ur")
    kept = places(tmp_path / "runs", "demo")
    runs.search(bench, 0, kept, levels=(10, 50))
    runs.measure(bench, find_ticket(encoder, "ner", "ur", method="random"), 50, 0, kept.home)
    record("demo", tmp_path / "runs", tmp_path / "results", encoder_dir=elsewhere)
    table = SCORES.path(places(tmp_path / "results", "demo").home)
    assert set(SCORES.read(table.parent)["encoder"]) == {encoder.fingerprint}
    for path in (kept.ticket("ner", "ur", 0), table):
        again = verify(path, 1, tmp_path / "runs", encoder_dir=Path(elsewhere))
        assert again["same"].all() and set(again["made_with"]) == {""}


def test_an_encoders_folder_may_move_between_two_runs(elsewhere, tmp_path, monkeypatch):
    encoder, kept = load_encoder(SCALES["demo"].encoder, elsewhere), places(tmp_path, "demo")
    runs.search(Workbench(encoder, "ner", "ur"), 0, kept, levels=(10,))
    moved = shutil.copytree(elsewhere, tmp_path / "moved")
    monkeypatch.setattr(runs, "transfer", lambda *_: pytest.fail("trained again"))
    monkeypatch.setattr("lnlib.pruning.search.one_round", lambda *_: pytest.fail("searched again"))
    there = load_encoder(SCALES["demo"].encoder, moved)
    runs.search(Workbench(there, "ner", "ur"), 0, kept, levels=(10,))


def test_recipes_of_medium_leave_out_the_rows_that_nobody_reads():
    for recipe in SCALES["medium"].recipes.values():
        assert recipe.only_used_rows
        # A round sees every sentence once, or the few pairs that there are several times.
        assert recipe.steps * recipe.batch_size <= recipe.train_examples
