"""`python -m lnlib muller VERB`: what is asked for reaches the library; bad input is one line."""

from types import MappingProxyType

import pytest
import toys

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
