"""Which networks make up the grid of mOthello, and running those that are missing, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import check
from lnlib.papers.hua.coverage import SEEDS, TASKS, Network, networks
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.neutrality.runs import TESTS, measure
from lnlib.papers.hua.scales import Scale, scale_of
from lnlib.papers.hua.tables import ALIGNMENT, TRANSFER
from lnlib.papers.hua.world.languages import METHODS, languages
from lnlib.results.table import find


@dataclass(frozen=True)
class Run:
    """One network of one seed."""

    network: Network
    seed: int

    @property
    def name(self) -> str:
        """As in "alignment atomic,atomic anchors 4 seed 0"."""
        own = self.network
        return f"{own.task} {own.languages} {own.method} {own.anchors} seed {self.seed}"


def plan(scale: Scale | str = "demo", tasks: Sequence[str] = TASKS, kinds: Sequence[str] = (),
         methods: Sequence[str] = METHODS, seeds: Sequence[int] = SEEDS) -> list[Run]:  # fmt: skip
    """Every run of a grid, those of the main figures first, and of these all seeds.

    `kinds` are languages, as in "atomic,split"; without them all that the claims ask for. Raises
    UserError for unknown names, and where nothing is left to run.
    """
    scale = scale_of(scale)
    for task in tasks:
        choose(task, TASKS, "task")
    for method in methods:
        choose(method, METHODS, "method")
    for kind in kinds:
        languages(kind, scale.board)
    numbers = sorted({check(seed) for seed in seeds})
    asked = [
        one
        for one in networks(scale)
        if one.task in tasks and one.method in methods and (not kinds or one.languages in kinds)
    ]
    if not asked or not numbers:
        there = dict.fromkeys(one.languages for one in networks(scale))
        raise UserError(
            f"nothing to run: no {' or '.join(methods)} of {' and '.join(kinds) or 'any'} for "
            f"{' or '.join(tasks)}; languages are {'; '.join(there)}"
        )
    firsts = dict.fromkeys((one.task, one.languages) for one in asked)
    return [
        Run(one, seed)
        for first in firsts
        for seed in numbers
        for one in asked
        if (one.task, one.languages) == first
    ]


def done(run: Run, scale: Scale, folder: Path) -> bool:
    """Whether its rows are in the tables of a folder, by the scale's present settings."""
    own = run.network
    about = runs.network(own.made(scale, run.seed), scale, run.seed)
    if own.task in TESTS:
        table, about = TESTS[own.task][0], about | {"test": own.task, "recipe": scale.hash("masks")}
    else:
        table = ALIGNMENT if own.task == "alignment" else TRANSFER
        about |= {"recipe": scale.hash(own.task)}
    return not find(table.read(folder), about).empty


def carry_out(grid: Sequence[Run], scale: Scale, folder: Path,
              tell: Callable[[str], None] = print) -> None:  # fmt: skip
    """Run what is missing; tell how long each network took."""
    missing = [run for run in grid if not done(run, scale, folder)]
    tell(f"{len(grid) - len(missing)} of {len(grid)} networks are done")
    for number, run in enumerate(missing, len(grid) - len(missing) + 1):
        began, own = perf_counter(), run.network
        spoken = own.made(scale, run.seed)
        if own.task in TESTS:
            measure(own.task, spoken, scale, run.seed, folder)
        else:
            train = runs.align if own.task == "alignment" else runs.move
            train(spoken, scale, run.seed, folder)
        tell(f"{number} of {len(grid)}: {run.name} ({perf_counter() - began:.0f} s)")
