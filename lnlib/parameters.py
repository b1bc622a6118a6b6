"""What a notebook was asked to do, checked in its first cell before anything runs.

Papermill only warns about a parameter no notebook has, and reads `-p lang nan` as a number, `007`
as 7 and a list as text; so every name and value is looked at here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lnlib import seeds
from lnlib.corpora import check_data_dir
from lnlib.errors import UserError, choose
from lnlib.languages import check_language
from lnlib.pruning import check_levels
from lnlib.scales import SCALES
from lnlib.tasks import TASKS
from lnlib.training import default_device


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

    Knows task, lang, langs, scale, seed, sparsities, sparsity, data_dir and runs_dir; `values`
    holds those a notebook has.
    """
    check_names(cells, values)
    out = dict(values)
    if "scale" in out:
        choose(out["scale"], SCALES, "scale")
    if "task" in out:
        choose(out["task"], TASKS, "task")
    if "lang" in out:
        check_language(out.get("task", "mlm"), out["lang"])
    if "langs" in out:
        out["langs"] = _languages(out["langs"], out.get("task", "mlm"))
    if "seed" in out:
        seeds.check(out["seed"])
    if "sparsities" in out:
        out["sparsities"] = check_levels(_numbers(out["sparsities"], "sparsities"))
    if "sparsity" in out:
        out["sparsity"] = check_levels([out["sparsity"]])[0]
    if out.get("data_dir") is not None:
        folder = _path(out["data_dir"], "data_dir")
        if not folder.is_dir():
            raise UserError(f"data_dir {str(out['data_dir'])!r} is not a folder")
        check_data_dir(out.get("scale", "demo"), folder)
        out["data_dir"] = folder
    if "runs_dir" in out:
        out["runs_dir"] = _path(out["runs_dir"], "runs_dir")
        if out["runs_dir"].exists() and not out["runs_dir"].is_dir():
            raise UserError(f"runs_dir {str(out['runs_dir'])!r} is a file, not a folder")
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


def _languages(value: Any, task: str) -> list[str]:
    names = value.replace(",", " ").split() if isinstance(value, str) else value
    if not isinstance(names, Sequence):  # papermill reads `-p langs nan` as a number
        raise UserError(f"languages {value!r}: expected codes such as 'ur,en', in quotes")
    for name in names:
        check_language(task, name)
    if len(set(names)) < len(names):
        raise UserError(f"languages {value!r} name one twice")
    if len(names) < 2:
        raise UserError(f"languages {value!r}: name at least two, such as 'ur,en'")
    return list(names)
