"""Which notebook runs make up a grid, and what each needs before it can start.

`workflow/Snakefile` runs them, on a laptop or on a cluster. A run's name is its place under
`runs/SCALE/`; what it has measured stands in the tables beside the tickets, so a run started by
hand and one started by the grid share everything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from lnlib.errors import UserError, choose
from lnlib.languages import COVERAGE, LANGUAGES, PAPER_COVERAGE
from lnlib.scales import HEADLINE, LEVELS, SCALES, levels_to
from lnlib.tasks import TASKS

MIXTURE = "en+fa+fr+zh"  # the paper's multilingual mask (Table 1)
# For searches: another seed of the same language is the ceiling of overlap. Three, where the
# paper's three are needed (its winning tickets are within a standard deviation); two elsewhere.
SEEDS = {"ner": (0, 1, 2), "mlm": (0, 1), "xnli": (0, 1)}


@dataclass(frozen=True)
class Run:
    """One notebook with its parameters; `needs` are names of other runs."""

    notebook: str  # "prune" or "transfer"
    task: str
    lang: str
    seed: int
    what: str  # the last part of its name
    parameters: dict[str, str] = field(default_factory=dict)  # beside task, lang, scale and seed
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its place under runs/SCALE: TASK/LANG/seedN/WHAT."""
        return f"{self.task}/{self.lang}/seed{self.seed}/{self.what}"

    @property
    def trainings(self) -> int:
        """What it takes from nothing; what other runs leave to it is not counted."""
        if self.notebook == "transfer":
            return len(self.parameters["langs"].split(","))
        controls = [name for name in self.parameters["controls"].split(",") if name]
        rounds = len(levels_to(HEADLINE)) if "shuffled" in controls else 0
        return 1 + len(LEVELS) + len(controls) + rounds


def plan(scale: str = "demo", tasks: Sequence[str] = tuple(TASKS), langs: Sequence[str] = (),
         seeds: Sequence[int] = ()) -> list[Run]:  # fmt: skip
    """Every run of a grid, those that others need first.

    Searches for all seeds, with the controls that look at no data; for the first seed also the
    search on shuffled labels, the masks of all other languages, those of other tasks and, where its
    languages are covered, the paper's mixture. Without `langs` those of the paper, without `seeds`
    `SEEDS`. Raises UserError for unknown names, and where nothing is left to run.
    """
    choose(scale, SCALES, "scale")
    tasks = [choose(task, TASKS, "task") for task in tasks]
    langs = [choose(lang, LANGUAGES, "language") for lang in langs]
    covered = {
        task: [code for code in langs if code in COVERAGE[task]] or list(PAPER_COVERAGE[task])
        for task in tasks
        if not langs or set(langs) & set(COVERAGE[task])
    }
    if not covered:
        raise UserError(f"no task of {', '.join(tasks)} covers {', '.join(langs)}: nothing to run")
    searches, moves = [], []
    for task, codes in covered.items():
        first, *more = sorted(set(seeds)) or SEEDS[task]
        mixed = [MIXTURE] if task == "ner" and set(MIXTURE.split("+")) <= set(codes) else []
        for seed in (first, *more):
            shuffled = ["shuffled"] if seed == first else []
            controls = ",".join(["random", "magnitude", *shuffled])
            searches += [_search(task, code, seed, controls) for code in codes]
        searches += [_search(task, code, first, "") for code in mixed]
        for code in codes:
            sources = [other for other in (*codes, *mixed) if other != code]
            if sources:
                moves.append(_move(task, code, first, sources, task))
            others = [other for other in covered if other != task and code in covered[other]]
            moves += [_move(task, code, first, [code], other) for other in others]
    return searches + moves


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


def _search(task: str, lang: str, seed: int, controls: str) -> Run:
    return Run("prune", task, lang, seed, "prune", {"controls": controls})


def _move(task: str, lang: str, seed: int, sources: Sequence[str], source_task: str) -> Run:
    what = "transfer" if source_task == task else f"transfer-from-{source_task}"
    parameters = {"langs": ",".join(sources), "source_task": source_task}
    needs = [_search(source_task, source, seed, "").name for source in sources]
    own = _search(task, lang, seed, "").name
    return Run("transfer", task, lang, seed, what, parameters, tuple(dict.fromkeys([*needs, own])))
