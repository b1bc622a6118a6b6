"""The library seen from outside: what imports what, and what its public names say."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import lnlib
from lnlib.figures.style import Figure, figure_of

ROOT = Path(lnlib.__file__).parent


def imports() -> dict[str, set[str]]:
    """Each module of lnlib, by its name below `lnlib`, with those it imports.

    Imports inside functions count too: they are late, to make `import lnlib` fast.
    """
    files = {_name(path): path for path in sorted(ROOT.rglob("*.py"))}
    graph = {}
    for module, path in files.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lnlib"):
                base = (node.module or "").removeprefix("lnlib").removeprefix(".")
                for alias in node.names:  # a module of a package, or a name in a module
                    whole = f"{base}.{alias.name}" if base else alias.name
                    found.add(whole if whole in files else base)
        graph[module] = {name for name in found if name in files} - {module, ""}
    return {module: found for module, found in graph.items() if module}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def packages(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """`imports` by package: each with the packages that its modules import from.

    A paper is a package, and so is a module that stands in none.
    """
    out: dict[str, set[str]] = {}
    for module, below in graph.items():
        own = package_of(module)
        out.setdefault(own, set()).update({package_of(name) for name in below} - {own})
    return out


def package_of(module: str) -> str:
    """The package that a module belongs to: "tasks", or "papers.foroutan" for a paper."""
    return ".".join(module.split(".")[: 2 if module.startswith("papers.") else 1])


def depths(graph: dict[str, set[str]]) -> dict[str, int]:
    """For each node the longest chain of imports below it; ValueError names a circle."""
    out: dict[str, int] = {}

    def depth(module: str, above: tuple[str, ...] = ()) -> int:
        if module in above:
            raise ValueError(f"modules import each other: {' -> '.join((*above, module))}")
        if module not in out:
            below = [depth(name, (*above, module)) for name in graph[module]]
            out[module] = 1 + max(below) if below else 0
        return out[module]

    for module in graph:
        depth(module)
    return out


def draw() -> Figure:
    """Packages from left to right in the order that data flow; a line is an import.

    In brackets how many modules there are in each. The command line is left out, which opens a
    paper by its name, and with it the list of papers.
    """
    doors = {"__main__", "papers"}
    modules = {name: below - doors for name, below in imports().items() if name not in doors}
    graph = packages(modules)
    files = (name for name in modules if not (ROOT / name.replace(".", "/")).is_dir())
    size = Counter(map(package_of, files))
    column = depths(graph)
    figure, (axes,) = figure_of(9.0, 3.0)
    place = {}
    for number in range(max(column.values()) + 1):
        names = sorted(name for name in graph if column[name] == number)
        for row, name in enumerate(names):
            # Every other column is lifted, or a line would run behind the boxes of the next
            place[name] = (number, (row + 0.5) / len(names) + 0.12 * (number % 2))
    for name, below in graph.items():
        for other in below - {deeper for one in below for deeper in _all_below(one, graph)}:
            (x0, y0), (x1, y1) = place[other], place[name]
            axes.plot([x0, x1], [y0, y1], color="#bbbbbb", lw=0.8, zorder=1)
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": "#666666", "lw": 0.8}
    for name, (x, y) in place.items():
        words = f"{name}\n({size[name]})" if size[name] > 1 else name
        axes.text(x, y, words, ha="center", va="center", size=8, bbox=box, zorder=2)
    axes.set_axis_off()
    axes.set_xlim(-0.6, max(column.values()) + 0.6)
    axes.set_ylim(-0.05, 1.17)
    return figure


def _all_below(module: str, graph: dict[str, set[str]]) -> set[str]:
    return set().union(*({name} | _all_below(name, graph) for name in graph[module]))


def reference() -> Iterator[str]:
    """Markdown for each public name: how it is called and what its docstring says."""
    for name in lnlib.__all__:
        thing = getattr(lnlib, name)
        module = lnlib._HOME[name]
        yield f"## `{name}`"
        if not callable(thing):
            said = inspect.getdoc(import_module(f"lnlib.{module}")) or ""
            yield f"In `lnlib.{module}`: {said.partition(chr(10) * 2)[0]}"
            continue
        yield f"```python\n{_call(name, thing)}\n```\n\n{_prose(thing)}"
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            for part, value in vars(thing).items():
                what = value.__func__ if isinstance(value, classmethod) else value
                if part.startswith("_") or not (callable(what) or isinstance(what, property)):
                    continue
                call = part if isinstance(what, property) else _call(part, what)
                yield f"```python\n.{call}\n```\n\n{_prose(what)}"


def _call(name: str, thing: object) -> str:
    """Parameters and defaults; the types stand in the source."""
    try:
        signature = inspect.signature(thing)  # type: ignore[arg-type]
    except ValueError:
        return name
    plain = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name not in ("self", "cls")
    ]
    return name + str(signature.replace(parameters=plain, return_annotation=signature.empty))


def _prose(thing: object) -> str:
    return inspect.getdoc(thing) or ""
