"""Command lines of measurements over languages, checked before anything is loaded."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from lnlib.base.errors import UserError
from lnlib.parameters import check

LANGS = ("en", "fr", "ar", "zh")  # two that share a script, and two other scripts


def options(doc: str | None, name: str, scale: str = "demo",
            langs: Sequence[str] = LANGS) -> argparse.ArgumentParser:  # fmt: skip
    """What `python -m lnlib.NAME` takes, with the defaults it has."""
    parser = argparse.ArgumentParser(description=doc, prog=f"python -m lnlib.{name}")
    parser.add_argument("--scale", default=scale, help="demo, small or paper")
    parser.add_argument("--task", default="ner")
    parser.add_argument("--langs", default=",".join(langs))
    parser.add_argument("--data-dir", help="a folder laid out like the hub")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where tables go")
    return parser


def parse(parser: argparse.ArgumentParser,
          arguments: Sequence[str] | None = None) -> argparse.Namespace:  # fmt: skip
    """What was given, as a notebook's parameters are checked; UserError for the first wrong one."""
    given = vars(parser.parse_args(arguments))
    asked = {name: given[name] for name in ("scale", "task", "langs", "data_dir")}
    return argparse.Namespace(**{**given, **check(asked)})


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
