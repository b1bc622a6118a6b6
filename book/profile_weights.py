"""What the tables of wing 1 say of one language, as Markdown for `profiles`.

Every scale that has the language is shown, the most real one first.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import pages
import pandas as pd
import scale_tabs

from lnlib.languages import name_of
from lnlib.papers.foroutan import published
from lnlib.papers.foroutan.analysis import gains, nulls
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.papers.foroutan.scales import SCALES

MASKS = {  # of the table of scores: what it says, and what `gains.at` calls it
    "full model": "full",
    "ticket": "own",
    "one-shot magnitude": "magnitude",
    "shuffled labels": "shuffled",
    "random mask": "random",
}


@cache
def table(name: str, scale: str) -> pd.DataFrame:
    """A table of wing 1."""
    return pages.table(name, scale)


@cache
def neighbours(task: str, scale: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Overlaps, departures, and gains of moved masks, for all languages of a task."""
    return (
        nulls.languages(nulls.compared, table("overlap", scale), task),
        nulls.languages(nulls.departures, table("excess", scale), task),
        gains.change(table("scores", scale), task),
    )


@cache
def at_half(task: str, scale: str) -> pd.DataFrame:
    """Mean scores at 50 % sparsity: languages by `MASKS`; an empty column has not run."""
    scores = table("scores", scale) if scale else published.scores()
    return pd.DataFrame({name: gains.at(scores, task, of) for name, of in MASKS.items()})


def first(task: str, lang: str) -> str:
    """The most real scale at which the language has a ticket for the task; "" without one."""
    return next((scale for scale in scale_tabs.ordered(SCALES) if _ticket(task, lang, scale)), "")


def _ticket(task: str, lang: str, scale: str) -> bool:
    return lang in at_half(task, scale)["ticket"].dropna().index


def answer(lang: str) -> str:
    """One line: the ticket at the most real scale there is, NER first, beside its controls."""
    for task in sorted(TASKS, key=lambda name: name != "ner"):
        if scale := first(task, lang):
            values = at_half(task, scale).loc[lang]
            unit = gains.UNITS[task]
            rest = [
                f"{what} {pages.number(values[name], 1)}"
                for name, what in (
                    ("full model", "the whole encoder"),
                    ("one-shot magnitude", "the half that is largest before any training"),
                    ("random mask", "a random half"),
                )
                if pd.notna(values[name])
            ]
            seeds = int(gains.seeds_at(table("scores", scale), task, "own")[lang])
            return (
                f"**In one line**: in {TASKS[task].title} the half of the encoder that a search in "
                f"{name_of(lang)} keeps scores {pages.number(values['ticket'], 1)} {unit}; "
                f"{', '.join(rest)} ({scale_tabs.label(scale)}; seeds of the ticket: {seeds})."
            )
    return "**In one line**: no ticket of this language has been found at any scale."


def scores(lang: str) -> str:
    """Every mask at 50 %: what was measured, with its seeds, by scale; beside what is published.

    A gain over the ticket is taken seed by seed, so it need not be the difference of two means.
    """
    bodies = {}
    for scale in SCALES:
        rows = [row for task in TASKS for row in _scores_of(lang, task, scale)]
        if rows:
            bodies[scale] = pages.markdown(
                pd.DataFrame(rows),
                {"score": pages.number, "seeds": lambda n: pages.number(n, 0),
                 "gain over the ticket": pages.signed, "published": pages.number},
            )  # fmt: skip
    if not bodies:
        return "Not run at any scale."
    return (
        "Half of the weights are pruned. MLM is scored by perplexity, which is better when it is "
        "lower, NER by F1 and XNLI by accuracy. Scores are means over the seeds that were run. The "
        "*gain over the ticket* is taken seed by seed, so it need not be the difference of two "
        "means. "
        "*Published* are the paper's, of multilingual BERT.\n\n" + scale_tabs.tabs(bodies)
    )


def _scores_of(lang: str, task: str, scale: str) -> Iterable[dict[str, Any]]:
    if not _ticket(task, lang, scale):
        return
    measured = table("scores", scale)
    for name, method in MASKS.items():
        value = at_half(task, scale)[name].get(lang)
        if value is None or pd.isna(value):
            continue
        yield {
            "task": task.upper(),
            "weights": name,
            "score": value,
            "seeds": gains.seeds_at(measured, task, method).get(lang),
            "gain over the ticket": None if method == "own"
            else gains.control(measured, task, method).get(lang),
            "published": at_half(task, "")[name].get(lang),
        }  # fmt: skip


def others(lang: str) -> str:
    """Every other language: what the masks share, and what is gained when they change places."""
    bodies = {}
    for scale in SCALES:
        parts = [part for task in TASKS if (part := _others_of(lang, task, scale))]
        if parts:
            bodies[scale] = "\n\n".join(parts)
    if not bodies:
        return "Its masks have been compared with no other language's."
    return (
        "What two masks *share* is a share of the weights that either keeps (Jaccard). Most of it "
        "is there before any training. *Beyond the null* are the departures from the untouched "
        "encoder's mask that two tickets share, less those by chance ({doc}`../overlap`). Gains "
        "are over the target's own mask: *in* is another language's mask on "
        f"{name_of(lang)}, *out* is {name_of(lang)}'s mask on another language.\n\n"
        + scale_tabs.tabs(bodies)
    )


def _others_of(lang: str, task: str, scale: str) -> str:
    """The nearest first, by departures shared beyond chance, or by Jaccard without them."""
    overlap, departures, changed = neighbours(task, scale)
    rows, beyond = (part[part["lang"] == lang] for part in (overlap, departures))
    none = pd.Series(dtype=float)
    into, out = (part.get(lang, none) for part in (changed, changed.T))
    langs = set(rows["other"]) | set(into.dropna().index) | set(out.dropna().index)
    if not langs:
        return ""
    shares, points = "shared, %", ["beyond the null, points", "gain, in", "gain, out"]
    columns = [100 * rows.groupby("other")["jaccard"].mean(),
               beyond.groupby("other")["beyond"].mean(), into, out]  # fmt: skip
    frame = pd.DataFrame(dict(zip([shares, *points], columns, strict=True))).loc[sorted(langs)]
    frame = frame.astype(float).sort_values([points[0], shares], ascending=False)
    frame.insert(0, "language", [f"[{name_of(code)}]({code})" for code in frame.index])
    formats = {shares: pages.number} | dict.fromkeys(points, pages.signed)
    title = f"{TASKS[task].title.capitalize()} ({gains.UNITS[task]})"
    null = nulls.compared(table("overlap", scale), task, "magnitude")
    null = 100 * null[null["lang"] == lang]["jaccard"].mean()
    beside = (
        f"With the untouched encoder's mask, which knows no language, its tickets share "
        f"{pages.number(null)} %.\n\n"
        if pd.notna(null)
        else ""
    )
    body = beside + pages.markdown(frame, formats)
    opened = ":open:\n" if task == "ner" else ""
    return f":::{{dropdown}} {title}\n{opened}\n{body}\n:::"
