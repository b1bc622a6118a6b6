"""The rules of the house: imports go one way, rooms are small, the core knows no paper."""

import ast
from collections import Counter

import pytest

from lnlib.base.provenance import ROOT, imports
from lnlib.papers import PAPERS

# Each may import from those before it. The doors stand at the end: they look names up.
ORDER = (
    "base", "languages", "masks", "corpora", "tasks", "weights", "encoders", "e5", "training",
    "pruning", "states", "pretraining", "results", "figures", "papers", "lenses", "__main__",
)  # fmt: skip
MOST_MODULES, MOST_LINES = 9, 300
GRAPH = imports()
FILES = [path for path in sorted(ROOT.rglob("*.py")) if path.name != "__init__.py"]


def room(module):
    return module.split(".")[0]


def paper_of(module):
    parts = module.split(".")
    return parts[1] if parts[0] == "papers" and len(parts) > 1 else None


def test_every_room_has_its_place_in_the_order():
    assert {room(module) for module in GRAPH} == set(ORDER)


def test_imports_go_one_way():
    backwards = [
        f"{module} imports {other}"
        for module, found in GRAPH.items()
        for other in found
        if ORDER.index(room(other)) > ORDER.index(room(module))
    ]
    assert not backwards


def test_papers_do_not_import_each_other():
    between = [
        f"{module} imports {other}"
        for module, found in GRAPH.items()
        for other in found
        if paper_of(module) and paper_of(other) and paper_of(module) != paper_of(other)
    ]
    assert not between


def test_no_modules_import_each_other():
    """Late imports too have an order, within a room as well."""
    done, above = set(), []

    def climb(module):
        assert module not in above, f"{' -> '.join([*above, module])}"
        if module not in done:
            above.append(module)
            for other in GRAPH[module]:
                climb(other)
            above.pop()
            done.add(module)

    for module in GRAPH:
        climb(module)


def test_a_room_has_two_modules_at_least_and_nine_at_most():
    counts = Counter(path.parent for path in FILES if path.parent != ROOT)
    rooms = {path.parent for path in ROOT.rglob("__init__.py")} - {ROOT}
    holds_data = {path.parent for path in ROOT.rglob("*.csv")}
    few = [room for room in rooms - holds_data if counts[room] < 2 and room.name != "papers"]
    many = [room for room in rooms if counts[room] > MOST_MODULES]
    assert not few and not many


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_it_is_for(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    assert ast.get_docstring(ast.parse(text))


def test_the_list_of_papers_is_the_folders_there_are():
    there = {path.parent.name for path in (ROOT / "papers").glob("*/__init__.py")}
    assert set(PAPERS) == there


@pytest.mark.parametrize("paper", PAPERS)
def test_a_paper_has_the_modules_that_the_doors_ask_for(paper):
    names = {path.stem for path in (ROOT / "papers" / paper).glob("*.py")}
    assert {"commands", "coverage", "scales", "tables"} <= names


def functions(path):
    """(name, node) of every public function and method of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.FunctionDef):
                    yield f"{node.name}.{part.name}", part


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_public_function_of_six_parameters_says_each_on_a_line(path):
    silent = []
    for name, node in functions(path):
        own = name.split(".")[-1]
        if own.startswith("_"):
            continue
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        names = [a.arg for a in arguments if a.arg not in ("self", "cls")]
        lines = (ast.get_docstring(node) or "").splitlines()
        told = [line for line in lines if line.startswith("- `")]
        if len(names) >= 6:
            silent += [f"{name}: {n}" for n in names if not any(f"`{n}`" in t for t in told)]
    assert not silent
