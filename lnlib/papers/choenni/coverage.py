"""Which tasks paper 2 has here, and the five languages of each."""

from __future__ import annotations

from collections.abc import Sequence

from lnlib.base.errors import UserError, choose
from lnlib.languages import codes_of
from lnlib.tasks.ner import NER
from lnlib.tasks.nli import NLI
from lnlib.tasks.pos import POS
from lnlib.tasks.task import Task

TASKS: dict[str, Task] = {task.name: task for task in (POS, NER, NLI)}
_ALL = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar", "hi", "sw")
COVERAGE: dict[str, tuple[str, ...]] = {  # where each can be trained and scored
    "pos": tuple(code for code in _ALL if code != "sw"),  # XTREME's
    "ner": _ALL,
    "xnli": tuple(code for code in _ALL if code != "fa"),
}
# The pilot's: three that share a script and two other scripts. XNLI has no Persian.
LANGS: dict[str, tuple[str, ...]] = {
    "pos": ("ar", "en", "fa", "ur", "zh"),
    "ner": ("ar", "en", "fa", "ur", "zh"),
    "xnli": ("ar", "en", "hi", "ur", "zh"),
}


def get_task(name: object) -> Task:
    """The task of that name, or the task itself; UserError names the nearest for another."""
    return name if isinstance(name, Task) else TASKS[choose(name, TASKS, "task")]


def check_languages(task: str | Task, langs: Sequence[str] = ()) -> tuple[str, ...]:
    """The codes, checked against the task; its five where none are given.

    Raises UserError for an unknown or doubled code, for one that the task has no data in, and for
    one language alone: influence between languages takes two.
    """
    name = str(task)
    codes = codes_of("+".join(langs)) if langs else LANGS[name]
    for code in codes:
        if code not in COVERAGE.get(name, codes):
            have = ", ".join(COVERAGE[name])
            raise UserError(f"task {name!r} has no data in {code!r}: it has {have}")
    if len(codes) < 2:
        raise UserError(
            f"language {codes[0]!r} alone: influence between languages takes two or more, such as "
            f"{','.join(LANGS.get(name, LANGS['ner']))}"
        )
    return codes
