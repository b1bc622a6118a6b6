"""The page of the notebook that `make book` runs shows what that run found."""

import importlib
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def live_run(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    return importlib.import_module("live_run")


@pytest.fixture
def notebook():
    return nbformat.read(ROOT / "notebooks" / "prune.ipynb", 4)


@pytest.fixture
def run(notebook):
    """The notebook as papermill leaves it: one cell more, and something printed under each."""
    ran = deepcopy(notebook)
    for number, cell in enumerate(ran.cells):
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", text=f"cell {number}")]
    given = new_code_cell('lang = "ur"', metadata={"tags": ["injected-parameters"]})
    ran.cells.insert(3, given)
    ran.metadata.papermill = nbformat.NotebookNode(
        parameters={"lang": "ur"}, start_time="2026-11-28T06:14:24+00:00", duration=84.1
    )
    return ran


def test_each_cell_shows_what_it_printed_in_the_run_and_a_note_says_of_which(
    live_run, notebook, run
):
    sources = [cell.source for cell in notebook.cells]
    shown = live_run.with_outputs(deepcopy(notebook), run)
    note = shown.cells.pop(1).source
    assert [cell.source for cell in shown.cells] == sources
    for number, cell in enumerate(shown.cells):
        if cell.cell_type == "code":
            assert cell.outputs[0].text == f"cell {number}"
    for said in ("2026-11-28", "84 seconds", "`lang` ur"):
        assert said in note


def test_a_run_of_other_code_is_not_shown(live_run, notebook, run):
    run.cells[-1].source += "\n1 / 0"
    assert live_run.with_outputs(deepcopy(notebook), run) == notebook


def test_what_only_a_notebook_needs_is_folded_in_its_page():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        code = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
        install, _parameters, check = code[:3]
        assert "hide-input" in install.metadata.tags, path.name
        assert "hide-input" in check.metadata.tags, path.name


def test_the_run_lies_where_make_book_puts_it(live_run):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for path in live_run.RUNS.values():
        assert f"LIVE := {path.parent}" in makefile and f"$(LIVE)/{path.name}" in makefile
