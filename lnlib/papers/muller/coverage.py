"""Which tasks there are, and which languages each is trained on and scored in."""

from __future__ import annotations

from lnlib.base.errors import UserError, choose
from lnlib.corpora.treebanks import SCORED, TRAINED
from lnlib.languages import LANGUAGES
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.tasks.pos import POS
from lnlib.tasks.task import Task
from lnlib.tasks.trees.parsing import PARSING

# The paper's three; and NLI, which the data that ship with the package have beside NER.
TASKS: dict[str, Task] = {task.name: task for task in (POS, PARSING, NER, NLI)}
_ALL = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar", "hi", "sw")  # WikiAnn's, gazetteer's
COMPARED = tuple(LANGUAGES)  # the gazetteer's and NTREX's, whose sentences are the same in all
COVERAGE: dict[str, tuple[str, ...]] = {  # where each task can be scored
    "pos": tuple(SCORED),
    "parsing": tuple(SCORED),
    "ner": _ALL,
    "xnli": tuple(code for code in _ALL if code != "fa"),
}


def get_task(name: object) -> Task:
    """The task of that name, or the task itself; UserError names the nearest for another."""
    return name if isinstance(name, Task) else TASKS[choose(name, TASKS, "task")]


def check_languages(task: Task, source: object, targets: object,
                    compared: bool = False) -> tuple[str, list[str]]:  # fmt: skip
    """Source and targets ("fr,de", or "" for all there are), checked against the task.

    The source is no target. With `compared` targets are not scored in the task, but have their
    states compared with the source's. Raises UserError for codes that are not covered, and a source
    without data to train on.
    """
    covered, of = COVERAGE[task.name], f"language of {task.name}"
    source = choose(source, covered, of)
    if task in (POS, PARSING) and source not in TRAINED:
        raise UserError(
            f"no treebank to train {task.name} on in {source!r}: expected one of "
            f"{', '.join(sorted(TRAINED))}"
        )
    if compared:
        covered, of = COMPARED, "language with parallel sentences"
        choose(source, covered, of)
    named = [part.strip() for part in str(targets).split(",") if part.strip()] or covered
    codes = [choose(code, covered, of) for code in named]
    return source, [code for code in dict.fromkeys(codes) if code != source]
