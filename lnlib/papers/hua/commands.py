"""The verbs of mOthello on the command line: `python -m lnlib hua VERB`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from lnlib.base.command_line import RESULTS, RUNS, Command, numbers, option
from lnlib.base.files import as_path
from lnlib.base.parameters import items
from lnlib.papers.hua.coverage import TASKS

if TYPE_CHECKING:  # it brings torch
    from lnlib.papers.hua.grid import Run

SCALE = option("--scale", "demo", "demo, small or paper")


def run(p: Namespace) -> None:
    """Train and measure what is missing of a grid, in this one process."""
    from lnlib.papers.hua import grid
    from lnlib.papers.hua.experiments import runs
    from lnlib.papers.hua.scales import scale_of

    scale = scale_of(p.scale)
    folder = runs.home(p.runs, scale)
    grid.carry_out(_planned(p), scale, folder, lambda line: print(line, flush=True))


def cost(p: Namespace) -> None:
    """What a grid will cost on this device."""
    from lnlib.papers.hua.experiments import cost
    from lnlib.papers.hua.scales import scale_of

    print(cost.report(_planned(p), scale_of(p.scale)))


def _planned(p: Namespace) -> list[Run]:
    from lnlib.papers.hua import grid

    spoken = [kinds.replace("+", ",") for kinds in items(p.languages)]
    return grid.plan(p.scale, items(p.tasks), spoken, items(p.methods), numbers(p.seeds, "seeds"))


def record(p: Namespace) -> None:
    """Take over what runs have measured, and judge the claims."""
    from lnlib.papers.hua.record import record
    from lnlib.papers.hua.scales import scale_of

    taken = record(scale_of(p.scale), p.runs, p.results, p.replace)
    print("\n".join(f"{name}: {count} networks taken in" for name, count in taken.items()))


def verdicts(p: Namespace) -> None:
    """Judge the claims by what has been recorded."""
    from lnlib.papers.hua.record import judge
    from lnlib.papers.hua.scales import scale_of

    found = judge(scale_of(p.scale), p.results)
    shown = ["id", "languages", "measure", "published", "ours", "n", "verdict"]
    print(found[shown].to_string(index=False, float_format="%.1f", na_rep="-"))


def play(p: Namespace) -> None:
    """Train, pack and measure the networks that the book's page plays with."""
    from lnlib.papers.hua.page import asset, networks

    asset.write(p.out, networks.make(p.runs, lambda line: print(line, flush=True)))
    print(f"wrote {p.out}")


_GRID = (
    option("--tasks", ",".join(TASKS), f"of {','.join(TASKS)}")
    | option("--languages", "", "as in atomic+atomic,atomic+split; all of the claims, if none")
    | option("--methods", "naive,anchors,unified", "of naive,anchors,unified")
    | option("--seeds", "0,1,2", "whole numbers")
)
_OUT = {"--out": {"type": as_path, "default": Path("book/_static/othello-networks.js"),
                  "help": "the script that the page loads"}}  # fmt: skip
_REPLACE = {"--replace": {"action": "store_true",
                          "help": "let networks that were trained again take the place of the old "
                                  "ones"}}  # fmt: skip

COMMANDS = (
    Command("run", "train and measure what is missing of a grid", run, SCALE | _GRID | RUNS),
    Command("cost", "what a grid will cost, before it starts", cost, SCALE | _GRID),
    Command("record", "what runs have measured, into the tables the book reads", record,
            SCALE | RUNS | RESULTS | _REPLACE),
    Command("verdicts", "judge the claims by what has been recorded", verdicts, SCALE | RESULTS),
    Command("play", "make the networks that the book's page plays with", play, RUNS | _OUT),
)  # fmt: skip
