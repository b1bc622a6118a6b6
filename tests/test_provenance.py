"""What made a number: code by what it does and what it imports, whatever is said about it."""

import pytest

from lnlib import TASKS
from lnlib.base import provenance

DECIDES = "from lnlib.rest import HALF\n\n\ndef twice(x):\n    return x / HALF\n"


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of three modules: one imports another, the third stands alone."""
    (tmp_path / "decides.py").write_text(DECIDES)
    (tmp_path / "rest.py").write_text("HALF = 0.5\n")
    (tmp_path / "draws.py").write_text("COLOUR = 'red'\n")
    monkeypatch.setattr(provenance, "ROOT", tmp_path)

    def code(**changed):
        for name, text in changed.items():
            (tmp_path / f"{name}.py").write_text(text)
        provenance.imports.cache_clear()
        provenance.code.cache_clear()
        return provenance.code("decides")

    yield code
    provenance.imports.cache_clear()
    provenance.code.cache_clear()


def test_words_about_code_are_no_part_of_it(library):
    said = DECIDES.replace("def twice(x):\n", 'def twice(x):\n    """Twice x."""  # by halves\n')
    assert library() == library(decides=f'"""Doubles."""\n\n{said}', rest="# a half\nHALF = 0.5\n")


def test_code_that_is_imported_is_part_of_it_and_other_code_is_not(library):
    before = library()
    assert library(draws="COLOUR = 'blue'\n") == before
    assert library(rest="HALF = 0.25\n") != before


def test_a_module_that_moves_with_its_imports_is_the_same(library, tmp_path):
    before = library()
    (tmp_path / "rest.py").rename(tmp_path / "halves.py")
    assert library(decides=DECIDES.replace("lnlib.rest", "lnlib.halves")) == before


@pytest.mark.parametrize("task", TASKS.values(), ids=str)
def test_what_a_score_is_counts_by_the_tasks_own_module(task):
    """A training takes tasks as objects, so no import tells which one."""
    assert task.module in provenance.imports()
    other = next(t for t in TASKS.values() if t.module != task.module)
    code = provenance.code
    assert code("pruning.transfer", task.module) != code("pruning.transfer", other.module)


def test_drawing_a_number_does_not_decide_it():
    needed, todo = set(), ["pruning.transfer", "masks.overlap", "masks.excess", "states.retrieval"]
    while todo:
        needed.add(module := todo.pop())
        todo += provenance.imports()[module] - needed
    assert not {m for m in needed if m.split(".")[0] in ("figures", "results", "papers")}
