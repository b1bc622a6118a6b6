"""What a notebook was asked to do, checked in its first cell before anything runs.

Papermill only warns about a parameter no notebook has, and reads `-p lang nan` as a number, `007`
as 7 and a list as text; so every name and value is looked at here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lnlib.corpora import check_data_dir
from lnlib.errors import UserError, choose
from lnlib.languages import check_language
from lnlib.pruning import METHODS, check_levels
from lnlib.scales import SCALES
from lnlib.tasks import TASKS

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

    Knows task, source_task, lang, langs, scale, seed, sparsities, sparsity, controls, data_dir and
    runs_dir; `values` holds those a notebook has. A source_task that is None is the task.
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
        out["seed"] = _whole(out["seed"], "seed")
    if "sparsities" in out:
        out["sparsities"] = check_levels(_numbers(out["sparsities"], "sparsities"))
    if "sparsity" in out:
        out["sparsity"] = check_levels([out["sparsity"]])[0]
    if "controls" in out:
        out["controls"] = [choose(name, CONTROLS, "control") for name in _names(out["controls"])]
    if out.get("data_dir") is not None:
        folder = Path(str(out["data_dir"])).expanduser()
        if not folder.is_dir():
            raise UserError(f"data_dir {str(out['data_dir'])!r} is not a folder")
        check_data_dir(out.get("scale", "demo"), folder)
        out["data_dir"] = folder
    if "runs_dir" in out:
        out["runs_dir"] = Path(str(out["runs_dir"])).expanduser()
    return out


def _whole(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"{name} {value!r} is not a whole number from 0 up")
    return value


def _numbers(value: Any, name: str) -> list[Any]:
    """A list of numbers, also as papermill hands it over: "[10, 50]", "10,50" or 50."""
    if isinstance(value, str):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise UserError(f"{name} {value!r} is no list of numbers such as [10, 50]") from None
    return list(value) if isinstance(value, Sequence) else [value]


def _names(value: Any) -> list[Any]:
    """A list of names, also as papermill hands it over: "ur,en"."""
    return value.replace(",", " ").split() if isinstance(value, str) else list(value)


def _languages(value: Any, task: str) -> list[str]:
    names = _names(value)
    if len(set(names)) < len(names):
        raise UserError(f"languages {value!r} name one twice")
    if not names:
        raise UserError(f"languages {value!r}: name one at least, such as 'ur,en'")
    for name in names:
        check_language(task, name)
    return names
