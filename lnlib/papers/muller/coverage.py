"""Which tasks there are, and which languages each is trained on and scored in."""

from __future__ import annotations

from lnlib.base.errors import UserError, choose
from lnlib.corpora.treebanks import SCORED, TRAINED
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.tasks.pos import POS
from lnlib.tasks.task import Task
from lnlib.tasks.trees.parsing import PARSING

# The paper's three; and NLI, which the data that ship with the package have beside NER.
TASKS: dict[str, Task] = {task.name: task for task in (POS, PARSING, NER, NLI)}
SOURCES = ("en", "ru", "ar")  # the paper's; the first is the one that claims are about
_ALL = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar", "hi", "sw")  # WikiAnn's, gazetteer's
COVERAGE: dict[str, tuple[str, ...]] = {  # where each task can be scored
    "pos": tuple(SCORED),
    "parsing": tuple(SCORED),
    "ner": _ALL,
    "xnli": tuple(code for code in _ALL if code != "fa"),
}


def get_task(name: object) -> Task:
    """The task of that name, or the task itself; UserError names the nearest for another."""
    return name if isinstance(name, Task) else TASKS[choose(name, TASKS, "task")]


def check_languages(task: Task, source: object, targets: object) -> tuple[str, list[str]]:
    """Source and targets ("fr,de", or "" for all there are), checked against the task.

    The source is no target. Raises UserError for codes that the task does not cover, and a source
    without data to train on.
    """
    covered = COVERAGE[task.name]
    source = choose(source, covered, f"language of {task.name}")
    if task in (POS, PARSING) and source not in TRAINED:
        raise UserError(
            f"no treebank to train {task.name} on in {source!r}: expected one of "
            f"{', '.join(sorted(TRAINED))}"
        )
    named = [part.strip() for part in str(targets).split(",") if part.strip()] or covered
    codes = [choose(code, covered, f"language of {task.name}") for code in named]
    return source, [code for code in dict.fromkeys(codes) if code != source]
