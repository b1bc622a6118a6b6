"""Runs that make up a grid: what each is, and how long they take together.

`workflow/Snakefile` runs them, on a laptop or on a cluster. A run's name is its place under
`runs/PAPER/SCALE/`; what it has measured stands in the tables there, so a run started by hand and
one started by the grid share everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

STARTUP = 10.0  # seconds of a run outside training and scoring: interpreter, imports, data, figures
# FLOP/s by the data sheets, of the arithmetic that trainings use there: fp32 on the T4 that Colab
# lends (it has no bf16 units), bf16 on an H200.
PEAKS = {"T4": 8.1e12, "H200": 989e12}


@dataclass(frozen=True)
class Run:
    """One notebook with its parameters."""

    notebook: str
    task: str
    lang: str
    seed: int
    what: str  # the last part of its name
    trainings: int  # from nothing; what other runs leave to it is not counted
    tickets: int = 0  # files that it leaves
    parameters: dict[str, str] = field(default_factory=dict)  # beside task, lang, scale and seed
    needs: tuple[str, ...] = ()  # names of other runs

    @property
    def name(self) -> str:
        """Its place under runs/PAPER/SCALE: TASK/LANG/seedN/WHAT."""
        return f"{self.task}/{self.lang}/seed{self.seed}/{self.what}"


def time_left(grid: Sequence[Run], before: Collection[str], done: Collection[str],
              elapsed: float) -> float | None:  # fmt: skip
    """Seconds to the end, if trainings go on as fast as in the `elapsed` seconds so far.

    `before` are the names of runs that were done at the start, `done` those that are now. None
    before the first run has ended.
    """
    trainings = {run.name: run.trainings for run in grid}
    lately = sum(trainings[name] for name in set(done) - set(before))
    left = sum(trainings.values()) - sum(trainings[name] for name in done)
    return elapsed * left / lately if lately else None


def hours_at_least(grid: Sequence[Run], flops: Mapping[str, float], peak: float) -> float:
    """Hours of a grid on a device of which only its peak (FLOP/s) is known: no run is faster.

    `flops` are those of one training, by task. Every run's start-up is counted; small matrices, and
    memory that is too slow for the arithmetic, are not, so that a small encoder takes far longer.
    """
    work = sum(run.trainings * flops[run.task] for run in grid)
    return (work / peak + len(grid) * STARTUP) / 3600
