"""What a notebook was asked to do, checked in its first cell before anything runs.

Papermill only warns about a parameter no notebook has, and reads `-p lang nan` as a number, `007`
as 7 and a list as text; so every name and value is looked at here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lnlib.base import seeds
from lnlib.base.errors import UserError, choose
from lnlib.corpora.loading import check_data_dir
from lnlib.languages import check_language
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pruning.methods import METHODS
from lnlib.pruning.search import check_levels
from lnlib.tasks.task import TASKS
from lnlib.training.loop import default_device

CONTROLS = tuple(method for method in METHODS if method != "ticket")


def check_names(cells: Iterable[str], known: Iterable[str]) -> None:
    """Raise UserError if papermill's injected cell sets a name the notebook does not have.

    `cells` are the sources run so far (IPython's `In`); papermill's begins with "# Parameters".
    """
    for source in cells:
        if not source.startswith("# Parameters"):
            continue
        for statement in ast.parse(source).body:
            for target in getattr(statement, "targets", []):
                if isinstance(target, ast.Name):
                    choose(target.id, known, "parameter")


def check(values: Mapping[str, Any], cells: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters as the library takes them; UserError for the first that is wrong.

    Knows task, source_task, lang, langs, scale, seed, source_seed, sparsities, sparsity, controls,
    tokens, and the folders data_dir and text_dir (to read), runs_dir and out_dir (to write);
    `values` holds those a notebook has. Where source_task or source_seed is None, it is the task or
    the seed; data_dir may be None.
    """
    check_names(cells, values)
    out = dict(values)
    if "scale" in out:
        choose(out["scale"], SCALES, "scale")
    if "task" in out:
        choose(out["task"], TASKS, "task")
    if "source_task" in out:
        out["source_task"] = choose(out["source_task"] or out["task"], TASKS, "source_task")
    if "lang" in out:
        check_language(out.get("task", "mlm"), out["lang"])
    if "langs" in out:
        out["langs"] = _languages(out["langs"], out.get("source_task", out.get("task", "mlm")))
    if "seed" in out:
        seeds.check(out["seed"])
    if "source_seed" in out:
        given = out["source_seed"]
        out["source_seed"] = out["seed"] if given is None else seeds.check(given, "source_seed")
    if "sparsities" in out:
        out["sparsities"] = check_levels(_numbers(out["sparsities"], "sparsities"))
    if "sparsity" in out:
        out["sparsity"] = check_levels([out["sparsity"]])[0]
    if "controls" in out:
        names = _names(out["controls"], "controls")
        out["controls"] = [choose(name, CONTROLS, "control") for name in names]
    if "tokens" in out and seeds.check(out["tokens"], "tokens") < 1:
        raise UserError("tokens 0: nothing would be learnt")
    for name in ("data_dir", "text_dir"):
        if name not in out or (name == "data_dir" and out[name] is None):
            continue
        out[name] = _path(out[name], name)
        if not out[name].is_dir():
            raise UserError(f"{name} {str(out[name])!r} is not a folder: pass -p {name} FOLDER")
        if "scale" in out:  # pre-training has none
            check_data_dir(out["scale"], out[name])
    for name in ("runs_dir", "out_dir"):
        if name in out:
            out[name] = _path(out[name], name)
            if out[name].exists() and not out[name].is_dir():
                raise UserError(f"{name} {str(out[name])!r} is a file, not a folder")
    default_device()  # the one asked for is there
    return out


def _path(value: Any, name: str) -> Path:
    if not isinstance(value, str | Path) or not str(value) or "\0" in str(value):
        raise UserError(f"{name} {value!r} is no path: expected one such as 'folder', in quotes")
    return Path(value).expanduser()


def _numbers(value: Any, name: str) -> list[Any]:
    """A list of numbers, also as papermill hands it over: "[10, 50]", "10,50" or 50."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: "[[[[..."
            raise UserError(f"{name} {value!r} is no list of numbers such as [10, 50]") from None
    return list(value) if isinstance(value, Sequence) else [value]


def _names(value: Any, what: str) -> list[Any]:
    """A list of names, also as papermill hands it over: "ur,en"."""
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, Sequence):  # papermill reads `-p langs nan` as a number
        raise UserError(f"{what} {value!r}: expected names such as 'a,b', in quotes")
    return list(names)


def _languages(value: Any, task: str) -> list[str]:
    names = _names(value, "langs")
    for name in names:
        check_language(task, name)
    if len(set(names)) < len(names):
        raise UserError(f"languages {value!r} name one twice")
    if not names:
        raise UserError(f"languages {value!r}: name one at least, such as 'ur,en'")
    return names
