"""What a command of `python -m lnlib` is: a name, its options, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lnlib.base.errors import UserError
from lnlib.base.files import as_path


@dataclass(frozen=True)
class Command:
    """One verb. `run` takes what was given, and may return an exit status.

    `options` maps the name of an argument ("--scale", or "path" for one without dashes) to what
    `argparse` is told about it; `what` is the line that the list of commands has.
    """

    name: str
    what: str
    run: Callable[[argparse.Namespace], int | None]
    options: dict[str, dict[str, Any]]


# Options that mean the same in every command.
RUNS = {"--runs": {"type": as_path, "default": Path("runs"), "help": "where tickets are kept"}}
RESULTS = {"--results": {"type": as_path, "default": Path("results"), "help": "where tables go"}}
ENCODER = {"--encoder-dir": {"type": as_path, "help": "a folder with the encoder, not the hub's"}}
DATA = {"--data-dir": {"type": as_path, "help": "a folder laid out like the hub"}}


def option(name: str, default: object, what: str, **more: Any) -> dict[str, dict[str, Any]]:
    """One option with its default, for `Command.options`."""
    return {name: {"default": default, "help": what, **more}}


def numbers(text: str, name: str, least: int = 0) -> list[int]:
    """Whole numbers from `least` up, given as "1,2,3"; UserError for the first that is none."""
    found = []
    for part in text.split(","):
        if not part.strip().isdecimal() or int(part) < least:
            raise UserError(
                f"{name} {part!r}: expected whole numbers from {least} up, such as "
                f"{least},{least + 1}"
            )
        found.append(int(part))
    return found
