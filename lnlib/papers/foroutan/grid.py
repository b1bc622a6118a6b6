"""Which notebook runs make up a grid, and what each needs before it can start.

`workflow/Snakefile` runs them, on a laptop or on a cluster. A run's name is its place under
`runs/SCALE/`; what it has measured stands in the tables beside the tickets, so a run started by
hand and one started by the grid share everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lnlib.base.errors import UserError, choose
from lnlib.languages import COVERAGE, LANGUAGES, MIXTURE, PAPER_COVERAGE
from lnlib.papers.foroutan.scales import HEADLINE, LEVELS, SCALES, SPARSER, levels_to
from lnlib.pruning.methods import CRITERIA, WITHOUT_DATA
from lnlib.tasks.task import TASKS

# For searches: another seed of the same language is the ceiling of overlap. Three, where the
# paper's three are needed (its winning tickets are within a standard deviation); two elsewhere.
SEEDS = {"ner": (0, 1, 2), "mlm": (0, 1), "xnli": (0, 1)}
# Where the paper moves masks at the higher sparsity too (its Figure 6), and where it ranks weights
# otherwise (its Appendix D).
SPARSER_TASKS = ("ner", "xnli")
RANKED_LANGS, RANKED_TASKS = ("en", "fr", "de", "ar"), ("ner", "xnli")
STARTUP = 10.0  # seconds of a run outside training and scoring: interpreter, imports, data, figures
# FLOP/s by the data sheets, of the arithmetic that trainings use there: fp32 on the T4 that Colab
# lends (it has no bf16 units), bf16 on an H200.
PEAKS = {"T4": 8.1e12, "H200": 989e12}


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
        if self.notebook == "transfer":  # at a level of its own, also the random mask of that level
            return len(self.parameters["langs"].split(",")) + ("sparsity" in self.parameters)
        rounds = len(levels_to(HEADLINE)) * len(self.searched)
        return 1 + len(LEVELS) + len(self.controls) + rounds

    @property
    def controls(self) -> list[str]:
        """The controls of a search."""
        return [name for name in self.parameters.get("controls", "").split(",") if name]

    @property
    def searched(self) -> list[str]:
        """Those of them that are searches themselves, with a ticket each."""
        return [name for name in self.controls if name not in WITHOUT_DATA]


def plan(scale: str = "demo", tasks: Sequence[str] = tuple(TASKS), langs: Sequence[str] = (),
         seeds: Sequence[int] = ()) -> list[Run]:  # fmt: skip
    """Every run of a grid, those that others need first.

    Searches for all seeds, with the controls that look at no data; for the first seed also the
    search on shuffled labels, the masks of all other languages (at `SPARSER` too, where the paper
    has that), those of other tasks, the own one of the second seed, other criteria where the paper
    tries them and, where its languages are covered, the paper's mixture. Without `langs` those of
    the paper, without `seeds` `SEEDS`. Raises UserError for unknown names, and where nothing is
    left to run.
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
            for code in codes:
                ranked = task in RANKED_TASKS and code in RANKED_LANGS
                others = ["shuffled", *(CRITERIA[1:] if ranked else ())] if seed == first else []
                searches.append(_search(task, code, seed, [*WITHOUT_DATA, *others]))
        searches += [_search(task, code, first) for code in mixed]
        for code in codes:
            sources = [other for other in (*codes, *mixed) if other != code]
            for level in (HEADLINE, SPARSER) if task in SPARSER_TASKS else (HEADLINE,):
                if sources:
                    moves.append(_move(task, code, first, sources, task, level))
            others = [other for other in covered if other != task and code in covered[other]]
            moves += [_move(task, code, first, [code], other, HEADLINE) for other in others]
            if more:
                moves.append(_move(task, code, first, [code], task, HEADLINE, more[0]))
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


def hours_at_least(grid: Sequence[Run], flops: Mapping[str, float], peak: float) -> float:
    """Hours of a grid on a device of which only its peak (FLOP/s) is known: no run is faster.

    `flops` are those of one training, by task. Every run's start-up is counted; small matrices, and
    memory that is too slow for the arithmetic, are not, so that a small encoder takes far longer.
    """
    work = sum(run.trainings * flops[run.task] for run in grid)
    return (work / peak + len(grid) * STARTUP) / 3600


def _search(task: str, lang: str, seed: int, controls: Sequence[str] = ()) -> Run:
    return Run("prune", task, lang, seed, "prune", {"controls": ",".join(controls)})


def _move(task: str, lang: str, seed: int, sources: Sequence[str], source_task: str,
          sparsity: int, source_seed: int | None = None) -> Run:  # fmt: skip
    what = "transfer" if source_task == task else f"transfer-from-{source_task}"
    parameters = {"langs": ",".join(sources), "source_task": source_task}
    if source_seed is not None:
        what = f"{what}-from-seed{source_seed}"
        parameters["source_seed"] = str(source_seed)
    if sparsity != HEADLINE:
        what, parameters = f"{what}-at-{sparsity}", parameters | {"sparsity": str(sparsity)}
    found = seed if source_seed is None else source_seed
    needs = [_search(source_task, source, found).name for source in sources]
    own = _search(task, lang, seed).name
    return Run("transfer", task, lang, seed, what, parameters, tuple(dict.fromkeys([*needs, own])))
