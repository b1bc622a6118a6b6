"""One page per language, each with its three tasks: `python book/profiles.py` writes them.

The pages differ in the language alone, so they are written from one template; a test keeps them in
step with it. What they show is read from `results/` when the book is built.
"""

from __future__ import annotations

from pathlib import Path

import pages
import pandas as pd

from lnlib import figures, gains, nulls
from lnlib.corpora import gazetteer
from lnlib.languages import COVERAGE, LANGUAGES, PAPER_COVERAGE
from lnlib.tasks import TASKS, get_task

HOME = Path(__file__).resolve().parent / "languages"

_PAGE = """---
file_format: mystnb
---

# {name}

```{{code-cell}} python
:tags: [remove-cell]
import sys

sys.path.insert(0, "..")  # this page lies a folder below the others
import profiles

page = profiles.Profile("{code}")
```

```{{code-cell}} python
:tags: [remove-input]
page.card()
```
{tasks}"""

_TASK = """
## {title}

```{{code-cell}} python
:tags: [remove-input]
page.scores("{task}")
```

```{{code-cell}} python
---
tags: [remove-input]
mystnb:
  image:
    alt: Score against sparsity for {name}, {title}, with the full model and the controls.
---
page.curve("{task}")
```

```{{code-cell}} python
:tags: [remove-input]
page.neighbours("{task}")
```
"""


def text(code: str) -> str:
    """The page of one language as MyST."""
    name = LANGUAGES[code].name
    tasks = "".join(
        _TASK.format(task=task, title=_heading(task), name=name)
        for task in TASKS
        if code in COVERAGE[task]
    )
    return _PAGE.format(code=code, name=name, tasks=tasks)


def _heading(task: str) -> str:
    title = get_task(task).title
    return title[0].upper() + title[1:]


class Profile:
    """What the tables of scale `pages.SCALE` say of one language."""

    def __init__(self, code: str) -> None:
        """`code` is one of the eleven, e.g. "ur"."""
        self.code, self.language = code, LANGUAGES[code]
        names = ("scores", "overlap", "excess")
        self.tables = {name: pages.table(name) for name in names}

    def card(self) -> None:
        """Name, script and kin, and a sentence of each kind in the language's own script."""
        of = self.language
        pages.say(
            f"Code `{of.code}`, script {of.script}, branch {of.family}, word order "
            f"{of.word_order}. All numbers below are at scale `{pages.SCALE}`."
        )
        pages.say(pages.sample(of.endonym, of.code))  # on a line of its own: its direction is too
        rows = []
        for split in ("train", "validation"):
            example = gazetteer.load("ner", self.code, split, 1)[0]
            space = "" if self.code == "zh" else " "  # zh is split into characters
            sentence = space.join(example["tokens"])
            rows.append({"side": split, "sentence": pages.sample(sentence, self.code)})
        pages.show(pd.DataFrame(rows))

    def scores(self, task: str) -> None:
        """One table: the full model, the ticket and the controls at 50 %."""
        found = {
            name: gains.at(self.tables["scores"], task, method).get(self.code)
            for name, method in (
                ("full model", "full"),
                ("ticket", "own"),
                ("one-shot magnitude", "magnitude"),
                ("shuffled labels", "shuffled"),
                ("random mask", "random"),
            )
        }
        if all(value is None for value in found.values()):
            covered = "" if self.code in PAPER_COVERAGE[task] else " (nor by the paper)"
            pages.say(f"Not run at scale `{pages.SCALE}`{covered}.")
            return
        frame = pd.DataFrame([{f"at 50 %, {gains.UNITS[task]}": "", **found}])
        pages.show(frame, dict.fromkeys(found, pages.number))

    def curve(self, task: str) -> figures.Figure | None:
        """Score against sparsity; None where nothing has run."""
        if self.code not in set(gains.own(self.tables["scores"], task)["lang"]):
            return None
        return figures.sparsity_curve(self.tables["scores"], task, self.code)

    def neighbours(self, task: str) -> None:
        """Every other language: what the masks share, and what is gained when they change places.

        The nearest come first, by departures shared beyond chance, or by Jaccard without them.
        """
        rows = nulls.languages(nulls.compared, self.tables["overlap"], task)
        rows = rows[rows["lang"] == self.code]
        frame = (100 * rows.groupby("other")["jaccard"].mean()).rename("Jaccard, %").to_frame()
        departures = nulls.languages(nulls.departures, self.tables["excess"], task)
        beyond = departures[departures["lang"] == self.code].groupby("other")["beyond"].mean()
        frame["departures beyond chance, points"] = beyond.reindex(frame.index)
        changed = gains.change(self.tables["scores"], task)
        here, none = self.language.name, pd.Series(dtype=float)
        frame[f"its mask on {here}"] = changed.get(self.code, none).reindex(frame.index)
        frame[f"{here}'s mask on it"] = changed.T.get(self.code, none).reindex(frame.index)
        if frame.empty:
            return
        frame = frame.sort_values([frame.columns[1], frame.columns[0]], ascending=False)
        shown = frame.reset_index(names="language")
        shown["language"] = [
            f"[{LANGUAGES[code].name}]({code})" if code in LANGUAGES else code
            for code in shown["language"]
        ]
        columns = list(frame.columns)
        formats = dict.fromkeys(columns[:1], pages.number) | dict.fromkeys(
            columns[1:], pages.signed
        )
        pages.show(shown, formats)
        pages.say(f"Gains are over the target's own mask, in {gains.UNITS[task]}.")


if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for language in LANGUAGES:
        (HOME / f"{language}.md").write_text(text(language), encoding="utf-8")
