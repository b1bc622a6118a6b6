"""`python -m lnlib muller VERB`: what is asked for reaches the library; bad input is one line."""

from dataclasses import replace
from types import MappingProxyType

import datasets
import pytest
import toys
from treebank_folders import sentence, write

from lnlib import __main__ as door
from lnlib.base.errors import UserError
from lnlib.papers.muller import coverage, scales, tables
from lnlib.training.recipe import Scale


@pytest.fixture
def toy(bert, monkeypatch):
    recipes = MappingProxyType({"ner": toys.RECIPE})
    monkeypatch.setitem(scales.SCALES, "demo", Scale("demo", bert.path, "gazetteer", recipes))
    monkeypatch.setattr("lnlib.corpora.loading._RECORDS", 40)


def test_a_run_from_the_terminal_fills_the_tables(toy, tmp_path, capsys):
    given = ["--targets", "ur,en,ur", "--runs", str(tmp_path)]
    assert door.main(["muller", "reinitialise", "--blocks", "0,all", *given]) == 0
    assert "all" in capsys.readouterr().out
    assert door.main(["muller", "similarity", *given]) == 0
    kept = ["--runs", str(tmp_path), "--results", str(tmp_path / "results")]
    assert door.main(["muller", "record", *kept]) == 0
    assert "rows taken in" in capsys.readouterr().out
    assert door.main(["muller", "judge", *kept[2:]]) == 0
    home = tmp_path / "muller" / "demo"
    assert set(tables.ABLATION.read(home)["target"]) == {"en", "ur"}
    assert len(tables.SIMILARITY.read(home)) == 3 * 2 * 2
    judged = tables.VERDICTS.read(tmp_path / "results" / "muller" / "demo")
    assert set(judged["id"]) == set(range(1, 11))
    (home / "ablation.csv").write_text((home / "ablation.csv").read_text().replace("ner", "pos"))
    assert door.main(["seal", str(home / "ablation.csv")]) == 0
    assert set(tables.ABLATION.read(home)["task"]) == {"pos"}


def test_an_encoder_of_twelve_layers_in_a_folder_has_the_papers_six_blocks(tmp_path, monkeypatch):
    """Of the architecture of the one at `medium`, and by its recipe but for the size."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setitem(toys.BERT, "num_hidden_layers", 12)
    toys.save_encoder(tmp_path / "encoder", "xlm-roberta")
    medium = scales.SCALES["medium"]
    recipe = replace(toys.RECIPE, only_used_rows=medium.recipe("pos").only_used_rows)
    small = replace(medium, recipes=MappingProxyType({"pos": recipe}))
    monkeypatch.setitem(scales.SCALES, "medium", small)
    rows = [sentence(i) for i in range(24)]
    write(tmp_path / "data", "en_ewt", rows, "train")
    for name in ("en_pud", "fi_pud"):
        write(tmp_path / "data", name, rows)
    given = {"task": "pos", "scale": "medium", "targets": "fi", "encoder-dir": "encoder",
             "data-dir": "data", "runs": "runs"}  # fmt: skip
    monkeypatch.chdir(tmp_path)
    words = [word for name, value in given.items() for word in (f"--{name}", value)]
    assert door.main(["muller", "reinitialise", *words]) == 0
    table = tables.ABLATION.read(tmp_path / "runs" / "muller" / "medium")
    pairs = {f"{at}-{at + 1}" for at in range(0, 12, 2)}
    assert set(table["block"]) == {"none", "all", *pairs} and len(table) == 2 * 8
    assert table[table["target"] == "fi"]["loss"].nunique() == 8  # every block is another model


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--task", "parse"], "unknown task 'parse'.*did you mean 'parsing'"),
        (["--scale", "paper"], "unknown scale 'paper'"),
        (["--source", "fi"], "unknown language of ner 'fi'"),
        (["--task", "pos", "--source", "fi"], "no treebank to train pos on in 'fi'"),
        (["--task", "pos", "--scale", "small", "--targets", "sw"], "unknown language of pos 'sw'"),
        (["--task", "pos", "--targets", "fi"], "task at scale 'demo'"),
        (["--blocks", "0-1,7"], "'0-1' is not|'7' is not"),
        (["--start", "brt"], "did you mean 'bert'"),
        (["--seed", "x"], "seed 'x': expected whole numbers"),
    ],
)
def test_bad_input_is_one_message_and_makes_no_table(toy, tmp_path, given, said):
    with pytest.raises(UserError, match=said) as error:
        door.main(["muller", "reinitialise", "--runs", str(tmp_path), "--targets", "ur", *given])
    assert "\n" not in str(error.value) and not list(tmp_path.rglob("*.csv"))


def test_at_least_seventeen_languages_can_be_scored_on_treebanks():
    assert len(coverage.COVERAGE["pos"]) == len(coverage.COVERAGE["parsing"]) >= 18
    assert set(tables.SOURCES) <= set(coverage.TRAINED)
