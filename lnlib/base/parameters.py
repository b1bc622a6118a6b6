"""Reading what a notebook was asked to do, before anything runs.

Papermill only warns about a parameter no notebook has, and reads `-p lang nan` as a number, `007`
as 7 and a list as text; so every name and value is looked at here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lnlib.base.errors import UserError, brief, choose
from lnlib.base.files import as_path

_PAPERMILLS = ("PAPERMILL_INPUT_PATH", "PAPERMILL_OUTPUT_PATH")  # set by its --inject-paths


def check_names(cells: Iterable[str], known: Iterable[str]) -> None:
    """Raise UserError if papermill's injected cell sets a name the notebook does not have.

    `cells` are the sources run so far (IPython's `In`); papermill's begins with "# Parameters".
    """
    for source in cells:
        if not source.startswith("# Parameters"):
            continue
        for statement in ast.parse(source).body:
            for target in getattr(statement, "targets", []):
                if isinstance(target, ast.Name) and target.id not in _PAPERMILLS:
                    choose(target.id, known, "parameter")


def folder_to_read(value: object, name: str) -> Path:
    """The folder a parameter names; UserError where it is none."""
    path = as_path(value, name)
    if not path.is_dir():
        raise UserError(f"{name} {str(path)!r} is not a folder: pass -p {name} FOLDER")
    return path


def folder_to_write(value: object, name: str) -> Path:
    """The folder a parameter names, which need not be there; UserError where it is a file."""
    path = as_path(value, name)
    if path.exists() and not path.is_dir():
        raise UserError(f"{name} {str(path)!r} is a file, not a folder")
    return path


def items(text: str) -> list[str]:
    """What a list that was given as text holds: "ur,en", "ur en", "[ur, en]" or "['ur', 'en']"."""
    inner = text.strip()
    if (inner[:1], inner[-1:]) in (("[", "]"), ("(", ")")):
        inner = inner[1:-1]
    return [word for part in re.split(r"[,\s]+", inner) if (word := part.strip("'\""))]


def numbers(value: Any, name: str) -> list[Any]:
    """A list of numbers, also given as text or as one number."""
    if not isinstance(value, str):
        return list(value) if isinstance(value, Sequence) else [value]
    try:
        return [ast.literal_eval(item) for item in items(value)]
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two: "[[[[..."
        raise UserError(f"{name} {value!r} is no list of numbers such as [10, 50]") from None


def names(value: Any, what: str) -> list[Any]:
    """A list of names, also given as text."""
    found = items(value) if isinstance(value, str) else value
    if not isinstance(found, Sequence):  # papermill reads `-p langs nan` as a number
        raise UserError(f"{what} {brief(value)}: expected names such as 'a,b', in quotes")
    return list(found)
