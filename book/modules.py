"""The library seen from outside: which module imports which, and what its public names say."""

from __future__ import annotations

import ast
import inspect
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


def depths(graph: dict[str, set[str]]) -> dict[str, int]:
    """For each module the longest chain of imports below it; ValueError names a circle."""
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
    """Modules from left to right in the order that data flow; a line is an import."""
    graph = imports()
    column = depths(graph)
    figure, (axes,) = figure_of(9.0, 5.2)
    place = {}
    for number in range(max(column.values()) + 1):
        names = sorted(name for name in graph if column[name] == number)
        for row, name in enumerate(names):
            place[name] = (number, (row + 0.5) / len(names))
    for name, below in graph.items():
        for other in below - {deeper for one in below for deeper in _all_below(one, graph)}:
            (x0, y0), (x1, y1) = place[other], place[name]
            axes.plot([x0, x1], [y0, y1], color="#bbbbbb", lw=0.8, zorder=1)
    for name, (x, y) in place.items():
        box = {
            "boxstyle": "round,pad=0.25",
            "facecolor": "white",
            "edgecolor": "#666666",
            "lw": 0.8,
        }
        axes.text(x, y, name, ha="center", va="center", size=7, bbox=box, zorder=2)
    axes.set_axis_off()
    axes.set_xlim(-0.6, max(column.values()) + 0.6)
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
