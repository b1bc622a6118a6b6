"""Command lines of measurements over languages, checked before anything is loaded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from lnlib.errors import UserError
from lnlib.files import as_path
from lnlib.parameters import check

LANGS = ("en", "fr", "ar", "zh")  # two that share a script, and two other scripts


def run(main: Callable[[], object]) -> None:
    """Run a command line: what its user did wrong is one line on stderr and exit code 2."""
    try:
        main()
    except UserError as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        raise SystemExit(2) from None  # as argparse ends


def options(doc: str | None, name: str, scale: str = "demo",
            langs: Sequence[str] = LANGS) -> argparse.ArgumentParser:  # fmt: skip
    """What `python -m lnlib.NAME` takes, with the defaults it has."""
    parser = argparse.ArgumentParser(description=doc, prog=f"python -m lnlib.{name}")
    parser.add_argument("--scale", default=scale, help="demo, small or paper")
    parser.add_argument("--task", default="ner")
    parser.add_argument("--langs", default=",".join(langs))
    parser.add_argument("--data-dir", help="a folder laid out like the hub")
    parser.add_argument("--results", type=as_path, default=Path("results"), help="where tables go")
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
