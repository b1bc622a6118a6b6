"""Which tasks paper 1 has, and in which languages each can be run and was."""

from __future__ import annotations

from lnlib.base.errors import UserError, choose
from lnlib.languages import NOT_THERE, codes_of
from lnlib.tasks.mlm import MLM
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.tasks.nli_text import NLI_TEXT
from lnlib.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (MLM, NER, NLI)}
# And mT5's (Table 6). It has an encoder of its own at every scale, so its scores and masks are
# not compared with those of the others.
ALL_TASKS: dict[str, Task] = {**TASKS, NLI_TEXT.name: NLI_TEXT}
_ALL = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar", "hi", "sw")  # section 4.1
COVERAGE: dict[str, tuple[str, ...]] = {  # what can be run
    "mlm": _ALL,
    "ner": _ALL,
    "xnli": tuple(code for code in _ALL if code != "fa"),
}
# What the paper ran (section 4.1); the grid's default.
PAPER_COVERAGE: dict[str, tuple[str, ...]] = {
    **COVERAGE,
    "ner": tuple(code for code in _ALL if code not in ("hi", "sw")),
}
MIXTURE = "en+fa+fr+zh"  # whose data the paper's multilingual mask was found on (Table 1)


def get_task(name: object) -> Task:
    """The task of that name, or the task itself; UserError names the nearest for another."""
    return name if isinstance(name, Task) else ALL_TASKS[choose(name, ALL_TASKS, "task")]


def check_language(task: str | Task, lang: object) -> tuple[str, ...]:
    """The codes in `lang` ("ur", or "en+fa+fr+zh" for a mixture), checked against the task.

    Raises UserError for an unknown or doubled code, and for one the task does not cover.
    """
    codes, name = codes_of(lang), get_task(task).corpus
    for code in codes:
        if code not in COVERAGE[name]:
            raise UserError(
                f"task {name!r} does not cover {code!r}: {NOT_THERE[name, code]}; "
                f"it covers {', '.join(COVERAGE[name])}"
            )
    return codes
