"""Which notebook runs make up the grid of paper 1, and what each needs before it can start."""

from __future__ import annotations

from collections.abc import Sequence

from lnlib.base.errors import UserError, choose
from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan.coverage import ALL_TASKS, COVERAGE, MIXTURE, PAPER_COVERAGE, TASKS
from lnlib.papers.foroutan.scales import HEADLINE, LEVELS, SCALES, SPARSER, levels_to
from lnlib.pruning.methods import CRITERIA, WITHOUT_DATA
from lnlib.results.plan import Run

# For searches: another seed of the same language is the ceiling of overlap. Three, where the
# paper's three are needed (its winning tickets are within a standard deviation); two elsewhere.
SEEDS = {"ner": (0, 1, 2), "mlm": (0, 1), "xnli": (0, 1), "xnli_text": (0,)}
# Where the paper moves masks at the higher sparsity too (its Figure 6), and where it ranks weights
# otherwise (its Appendix D).
SPARSER_TASKS = ("ner", "xnli")
RANKED_LANGS, RANKED_TASKS = ("en", "fr", "de", "ar"), ("ner", "xnli")


def plan(scale: str = "demo", tasks: Sequence[str] = (), langs: Sequence[str] = (),
         seeds: Sequence[int] = ()) -> list[Run]:  # fmt: skip
    """Every run of a grid, those that others need first.

    Searches for all seeds, with the controls that look at no data; for the first seed also the
    search on shuffled labels, the masks of all other languages (at `SPARSER` too, where the paper
    has that), those of other tasks, the own one of the second seed, other criteria where the paper
    tries them and, where its languages are covered, the paper's mixture. Without `tasks` those of
    the scale's encoder, without `langs` those of the paper, without `seeds` `SEEDS`. Raises
    UserError for unknown names, for a task that the scale does not have, and where nothing is left
    to run.
    """
    setting = SCALES[choose(scale, SCALES, "scale")]
    asked = tasks or [task for task in TASKS if task not in setting.without]
    tasks = [choose(task, ALL_TASKS, "task") for task in asked]
    for task in tasks:
        setting.recipe(task)
    langs = [choose(lang, LANGUAGES, "language") for lang in langs]
    of = {task: ALL_TASKS[task].corpus for task in tasks}
    covered = {
        task: [code for code in langs if code in COVERAGE[of[task]]]
        or list(PAPER_COVERAGE[of[task]])
        for task in tasks
        if not langs or set(langs) & set(COVERAGE[of[task]])
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
            others = [
                other
                for other in covered
                if other != task
                and code in covered[other]
                and setting.encoder_of(other) == setting.encoder_of(task)
            ]
            moves += [_move(task, code, first, [code], other, HEADLINE) for other in others]
            if more:
                moves.append(_move(task, code, first, [code], task, HEADLINE, more[0]))
    return searches + moves


def _search(task: str, lang: str, seed: int, controls: Sequence[str] = ()) -> Run:
    searched = [name for name in controls if name not in WITHOUT_DATA]  # a ticket each
    trainings = 1 + len(LEVELS) + len(controls) + len(levels_to(HEADLINE)) * len(searched)
    return Run("prune", task, lang, seed, "prune", trainings, 1 + len(searched),
               {"controls": ",".join(controls)})  # fmt: skip


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
    trainings = len(sources) + (sparsity != HEADLINE)  # there also the random mask of that level
    return Run("transfer", task, lang, seed, what, trainings, 0, parameters,
               tuple(dict.fromkeys([*needs, own])))  # fmt: skip
