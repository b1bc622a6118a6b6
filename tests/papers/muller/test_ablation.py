"""Blocks re-initialised, trained and scored on a random encoder of two layers, three steps each."""

from types import MappingProxyType

import pandas as pd
import pytest
import torch
import toys
from treebank_folders import sentence, write

from lnlib.base.errors import UserError
from lnlib.base.provenance import code
from lnlib.papers.muller.analysis import blocks
from lnlib.papers.muller.experiments import ablation
from lnlib.papers.muller.experiments.ablation import ablate
from lnlib.papers.muller.reinitialisation import Block
from lnlib.papers.muller.tables import ABLATION
from lnlib.tasks.ner import NER
from lnlib.tasks.pos import POS
from lnlib.tasks.trees.parsing import PARSING
from lnlib.training.recipe import Scale
from lnlib.training.workbench import Workbench

TASKS = ("ner", "xnli", "pos", "parsing")


@pytest.fixture(scope="module")
def scale(bert):
    return Scale(
        "demo", bert.path, "gazetteer", MappingProxyType(dict.fromkeys(TASKS, toys.RECIPE))
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory, bert, scale):
    folder = tmp_path_factory.mktemp("demo")
    ablate(bert, NER, "en", ["fr", "ur"], "0,1,all", scale, folder)
    return folder


def test_every_block_has_a_row_for_source_and_targets(home):
    table = ABLATION.read(home)
    assert len(table) == 4 * 3
    assert set(table["block"]) == {"none", "0", "1", "all"}
    assert set(table["target"]) == {"en", "fr", "ur"}
    assert set(table[table["block"] == "none"]["start"]) == {""}
    assert set(table[table["block"] != "none"]["start"]) == {"bert"}
    assert (table["floor"] == 0).all() and (table["seconds"] > 0).all()
    assert set(table["code"]) == {code("papers.muller.experiments.ablation", NER.module)}
    assert list(blocks.losses(table, "ner").columns) == ["0", "1", "all"]


def test_nothing_is_measured_twice_and_a_stopped_run_comes_to_the_same_rows(
    home, bert, scale, tmp_path, monkeypatch
):
    whole = ABLATION.read(home)
    some = whole[(whole["block"] != "1") & ~((whole["block"] == "all") & (whole["target"] == "ur"))]
    ABLATION.add(tmp_path, some.to_dict("records"))
    made, real = [], ablation.tuned
    monkeypatch.setattr(
        ablation, "tuned", lambda *given: made.append(given[2].name) or real(*given)
    )
    for _ in range(2):
        ablate(bert, NER, "en", ["fr", "ur"], "0,1,all", scale, tmp_path)
    assert made == ["1", "all"]
    again = ABLATION.read(tmp_path)
    assert again.drop(columns="seconds").equals(whole.drop(columns="seconds"))


def test_blocks_of_one_seed_share_all_but_the_block(bert, scale):
    """None re-initialised is the workbench's own training; another block is not."""
    bench = Workbench(bert, NER, "en", scale)
    plain = bench.train(0).model.state_dict()
    none, first = (
        ablation.tuned(bench, 0, b).state_dict() for b in (Block("none", ()), Block("0", (0,)))
    )
    assert all(torch.equal(plain[name], none[name]) for name in plain)
    assert not torch.equal(plain["classifier.weight"], first["classifier.weight"])


def test_another_start_and_another_seed_are_other_rows(home, bert, scale):
    before = ABLATION.read(home)
    ablate(bert, NER, "en", ["fr"], "0", scale, home, start="shuffled")
    ablate(bert, NER, "en", [], "0", scale, home, seed=1)
    after = ABLATION.read(home)
    assert len(after) == len(before) + 2 + 2
    kept = after.merge(before[list(ABLATION.key)]).reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, before, check_like=True)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Treebanks of four words in English and Finnish, and of Urdu."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [sentence(i) for i in range(24)]
    write(tmp_path / "data", "en_ewt", rows, "train")
    for name in ("en_pud", "fi_pud", "ur_udtb"):
        write(tmp_path / "data", name, rows)
    return tmp_path / "data"


@pytest.mark.parametrize(("task", "floor"), [(POS, 20.0), (PARSING, 0.0)])
def test_tasks_on_treebanks_are_scored_where_a_language_has_no_training_data(
    bert, scale, folder, tmp_path, task, floor
):
    """Of five words each tag stands once, and no head to the right has the commonest relation."""
    real = Scale("small", bert.path, "hub", scale.recipes)
    rows = ablate(bert, task, "en", ["fi", "ur"], "all", real, tmp_path, data_dir=folder)
    assert set(rows["target"]) == {"en", "fi", "ur"} and len(rows) == 6
    assert set(rows["metric"]) == {task.metric}
    assert rows["floor"].tolist() == pytest.approx([floor] * 6)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"blocks": "4-5"}, "'4-5' is not in this encoder"),
        ({"start": "bret"}, "did you mean 'bert'"),
        ({"seed": -1}, "seed -1"),
        ({"targets": ["fr", "xx"]}, "unknown language 'xx'"),
        ({"targets": ["fi"], "task": POS, "scale": "small"}, "no config 'fi_pud'"),
        ({"source": "fi", "task": POS, "scale": "small"}, "no config 'fi_pud'"),
        ({"source": "hi", "task": POS, "scale": "small"}, "no train examples for 'hi'"),
        ({"targets": ["sw"], "task": POS, "scale": "small"}, "language with a treebank 'sw'"),
    ],
)
def test_what_cannot_be_run_is_said_before_a_training(
    bert, scale, tmp_path, monkeypatch, more, said
):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(ablation, "tuned", None)
    rows = [sentence(i) for i in range(24)]
    write(tmp_path / "data", "en_ewt", rows, "train")
    for name in ("en_pud", "hi_pud"):
        write(tmp_path / "data", name, rows)
    given = {"task": NER, "source": "en", "targets": ["fr"], "blocks": "0", **more}
    data = {}
    if given.pop("scale", ""):
        scale, data = (
            Scale("small", bert.path, "hub", scale.recipes),
            {"data_dir": tmp_path / "data"},
        )
        given["targets"] = [t for t in given["targets"] if t != "fr"]
    with pytest.raises(UserError, match=said) as error:
        ablate(bert, scale=scale, home=tmp_path, **data, **given)
    assert "\n" not in str(error.value) and not (tmp_path / "ablation.csv").exists()
