"""Networks measured into tables: skipped where they are, resumed where they stopped, recorded
whole, and the notebooks that do it."""

from dataclasses import replace
from pathlib import Path

import jupytext
import pandas as pd
import pytest

from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.papers import hua
from lnlib.papers.hua import figures, grid, parameters, record
from lnlib.papers.hua.analysis import means
from lnlib.papers.hua.analysis.claims import CLAIMS, verdicts
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.recipes import ProbeRecipe, Recipe, Size
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.tables import ALIGNMENT, PRETRAINING, TABLES, TRANSFER, VERDICTS
from lnlib.results import ledger

ROOT = Path(__file__).resolve().parents[3]
TOY = replace(
    SCALES["demo"],
    size=Size(2, 16, 2),
    training=Recipe(4, 8, 5e-3, 1),
    every=2,
    probe=ProbeRecipe(width=16, epochs=1, batch_size=256),
    probe_games=(30, 10),
    play_games=10,
    transfer=replace(
        SCALES["demo"].transfer, training=Recipe(4, 8, 5e-3, 1), fine_tuning=Recipe(4, 8, 3e-3, 1),
        every=2,
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setitem(SCALES, "demo", TOY)


def run(folder, *more):
    return main(["hua", "run", "--languages", "atomic+atomic", "--methods", "naive,unified",
                 "--runs", str(folder), *more])  # fmt: skip


def test_a_grid_is_run_once_and_recorded(tmp_path, capsys):
    there, results = tmp_path / "runs", tmp_path / "results"
    run(there, "--seeds", "0,1", "--tasks", "alignment")
    run(there, "--seeds", "0", "--tasks", "alignment,transfer")
    assert "4 of 5: transfer atomic,atomic naive 0 seed 0" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in (there / "hua/demo").rglob("*.csv")}
    run(there, "--seeds", "0,1", "--tasks", "alignment")
    assert "6 of 6 networks are done" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in before}
    recording = ["hua", "record", "--runs", str(there), "--results", str(results)]
    main(recording)
    said = capsys.readouterr().out
    assert "alignment: 6 networks" in said and "transfer: 2 networks" in said
    home = results / "hua/demo"
    assert len(PRETRAINING.read(home)) == 8 * 3 * 2  # networks, steps 0, 2 and 4, languages
    assert ALIGNMENT.read(home).equals(ALIGNMENT.read(there / "hua/demo"))
    main(recording)
    assert "alignment: 0 networks" in capsys.readouterr().out
    main([*recording, "--replace"])
    assert "alignment: 6 networks" in capsys.readouterr().out


def test_what_is_recorded_stays_unless_it_is_replaced(tmp_path):
    runs_dir, results = tmp_path / "runs", tmp_path / "results"
    home, spoken = runs.home(runs_dir, TOY), hua.languages()
    runs.align(spoken, TOY, 0, home)
    record.record(TOY, runs_dir, results)
    first = ALIGNMENT.read(runs.home(results, TOY))
    other = first.assign(value=0.5, machine="another")
    ALIGNMENT.add(home, other.to_dict("records"))
    record.record(TOY, runs_dir, results)
    assert ALIGNMENT.read(runs.home(results, TOY)).equals(first)
    record.record(TOY, runs_dir, results, replace=True)
    assert (ALIGNMENT.read(runs.home(results, TOY))["machine"] == "another").all()


def test_rows_of_other_settings_are_measured_again_and_not_judged(tmp_path):
    home, spoken = runs.home(tmp_path, TOY), hua.languages()
    old = runs.align(spoken, TOY, 0, home, kinds=("mlp",), codings=("absolute",))
    other = replace(TOY, probe=replace(TOY.probe, epochs=2))
    assert Tables.read(home, other).alignment.empty
    new = runs.align(spoken, other, 0, home, kinds=("mlp",), codings=("absolute",))
    assert len(new) == len(old) and set(new["recipe"]) != set(old["recipe"])
    assert len(Tables.read(home, TOY).alignment) == 0  # its rows gave way


def test_a_probe_that_is_missing_is_trained_on_the_network_there_is(tmp_path, monkeypatch):
    home, spoken = runs.home(tmp_path, TOY), hua.languages()
    few = runs.align(spoken, TOY, 0, home, kinds=("mlp",), codings=("absolute",))
    assert set(few["probe"]) == {"mlp", ""}
    whole = runs.align(spoken, TOY, 0, home)
    assert set(whole["probe"]) == {"mlp", "linear", ""}
    same = few.merge(whole, on=list(ALIGNMENT.key), suffixes=("", " later"))
    assert len(same) == len(few) and (same["value"] == same["value later"]).all()
    monkeypatch.setattr(runs, "pretrained", None)  # it would be called
    assert runs.align(spoken, TOY, 0, home).equals(whole)


def test_a_folder_of_another_network_is_refused(tmp_path):
    home = runs.home(tmp_path, TOY)
    runs.pretrained(hua.languages(), TOY, 0, home)
    longer = replace(TOY, training=replace(TOY.training, steps=6))
    with pytest.raises(UserError, match="another training"):
        runs.pretrained(hua.languages(), longer, 0, home)


def test_the_plan_has_what_every_claim_asks_for():
    there = {(r.network.task, r.network.languages, r.network.method) for r in grid.plan()}
    for claim in CLAIMS:
        for spoken in claim.tasks:
            assert {kinds for _, kinds, _ in there} >= {spoken}
    assert len({run.name for run in grid.plan()}) == len(grid.plan())
    assert [r.seed for r in grid.plan(seeds=[1])] == [1] * (len(grid.plan()) // 3)


@pytest.mark.parametrize(("words", "said"), [
    (["--methods", "niave"], "unknown method 'niave'.*did you mean 'naive'"),
    (["--tasks", "aligment"], "unknown task 'aligment'.*did you mean 'alignment'"),
    (["--languages", "atomic+splitt"], "unknown language 'splitt'.*did you mean 'split'"),
    (["--languages", "split+split"], "nothing to run.*atomic,split"),
    (["--seeds", "x"], "seeds 'x': expected whole numbers"),
])  # fmt: skip
def test_an_unknown_word_of_a_grid_is_named(tmp_path, words, said):
    with pytest.raises(UserError, match=said):
        main(["hua", "run", "--runs", str(tmp_path), *words])
    assert not list(tmp_path.iterdir())


def test_recording_nothing_is_refused(tmp_path):
    with pytest.raises(UserError, match="nothing has run"):
        main(["hua", "record", "--runs", str(tmp_path), "--results", str(tmp_path / "results")])


def test_what_has_not_run_is_named_so(tmp_path):
    found = verdicts(Tables(scale="demo"))
    assert tuple(found.columns) and set(found["verdict"]) == {ledger.NOT_RUN}
    assert set(VERDICTS.columns) == set(found.columns)
    main(["hua", "verdicts", "--results", str(tmp_path)])
    assert len(VERDICTS.read(tmp_path / "hua/demo")) == len(found)


def test_an_interval_over_seeds_says_so():
    said = ledger.judge(CLAIMS[0], pd.Series([-5.0, -6.0, -5.5]), each="seed")[1]
    assert "over 3 seeds" in said and "language" not in said


def test_every_table_can_be_sealed(tmp_path):
    for table in TABLES:
        table.replace(tmp_path / "hua/demo", [])
        assert main(["seal", str(table.path(tmp_path / "hua/demo"))]) == 0
    with pytest.raises(UserError, match=r"no table is called 'scores\.csv'"):
        main(["seal", str(tmp_path / "hua/demo/scores.csv")])


GOOD = {"method": "naive", "languages": "atomic,atomic", "anchors": None, "board": None,
        "scale": "demo", "seed": 0, "runs_dir": "runs"}  # fmt: skip


@pytest.mark.parametrize("written", ["atomic,split", "atomic+split", "['atomic', 'split']"])
def test_languages_are_read_in_every_way_of_writing_them(written):
    found = parameters.check({**GOOD, "languages": written})
    assert found["languages"] == "atomic,split" and found["board"] == "4x4"


@pytest.mark.parametrize(("wrong", "said"), [
    ({"method": "niave"}, "unknown method 'niave'.*did you mean 'naive'"),
    ({"languages": "atomic,atomc"}, "unknown language 'atomc'.*did you mean 'atomic'"),
    ({"languages": float("nan")}, "languages nan: expected names"),
    ({"method": "anchors", "anchors": 13}, "13 anchors: board 4x4 has 12 squares"),
    ({"anchors": 2}, "'naive' has no anchors"),
    ({"board": "5x5"}, "both sides must be even"),
    ({"board": "10x10"}, "the most is 64"),
    ({"scale": "dmeo"}, "did you mean 'demo'"),
    ({"seed": -1}, "seed -1 is not a whole number"),
    ({"language": "split"}, "unknown language 'split'"),
])  # fmt: skip
def test_a_wrong_parameter_is_named_with_what_was_expected(wrong, said):
    with pytest.raises(UserError, match=said):
        parameters.check({**GOOD, **wrong})


def test_a_misspelt_parameter_is_found_in_papermills_cell():
    with pytest.raises(UserError, match=r"unknown parameter 'anchor'.*did you mean 'anchors'"):
        parameters.check(GOOD, ["# Parameters\nanchor = 2\n"])


def carried_out(name, **given):
    """The notebook's cells in a plain namespace, with papermill's parameters after its own."""
    notebook = jupytext.read(ROOT / "notebooks" / f"{name}.py")
    names = {"In": []}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
        if "parameters" in cell.metadata.get("tags", []):
            names.update(given)
    return names


def test_the_notebooks_run_and_leave_rows_that_the_grid_takes_as_its_own(tmp_path, capsys):
    there = str(tmp_path / "runs")
    for method, anchors in (("unified", None), ("anchors", 2)):
        carried_out("othello", method=method, anchors=anchors, runs_dir=there)
        carried_out("probe", method=method, anchors=anchors, runs_dir=there)
    carried_out("othello_transfer", methods="naive,anchors", language="atomic 2", runs_dir=there)
    home = runs.home(there, TOY)
    assert set(TRANSFER.read(home)["tuned"]) == {"atomic 2"}
    assert len(ALIGNMENT.read(home)[["method", "anchors"]].drop_duplicates()) == 2
    unified = grid.plan(TOY, ["alignment"], ["atomic,atomic"], ["unified"], [0])
    assert [grid.done(run, TOY, home) for run in unified] == [True, False]  # the second has anchors


def test_another_board_is_another_network(tmp_path):
    carried_out("othello", board="4x6", languages="atomic,split", runs_dir=str(tmp_path))
    home = runs.home(tmp_path, TOY)
    assert set(ALIGNMENT.read(home)["world"]) == {"4x6"}
    assert Tables.read(home, TOY).alignment.empty  # a claim is judged on the scale's own


def test_figures_are_drawn_from_full_and_empty_tables(tmp_path):
    home = runs.home(tmp_path, TOY)
    spoken = hua.languages(",".join(["atomic"] * 5), method="unified", anchors=1)
    rows = runs.align(spoken, TOY, 0, home, kinds=("mlp",), codings=("absolute",))
    moved = runs.move(hua.languages(board="4x6"), TOY, 0, home)
    learnt = PRETRAINING.read(home)
    for draw, table in ((figures.alignment, rows), (figures.transfer, moved),
                        (figures.learning, learnt)):  # fmt: skip
        for narrow in (False, True):
            draw(table, narrow=narrow).draw_without_rendering()
            assert "Not run" in draw(table.iloc[:0], narrow=narrow).axes[0].texts[0].get_text()
    assert list(means.method_of(rows).unique()) == ["unified, 1 anchor"]
