"""One page per language and task: `python book/profiles.py` writes them, a directive fills them.

The script also lists them in the contents of the book. A page holds no more than a title and
`{profile}` with its language and task. Sphinx runs the directive in its own process: a kernel for
each of the pages would cost minutes of every build.
"""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import pages
import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lnlib.corpora import gazetteer
from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan import figures, published
from lnlib.papers.foroutan.analysis import gains, nulls
from lnlib.papers.foroutan.coverage import COVERAGE, PAPER_COVERAGE, TASKS

HOME = Path(__file__).resolve().parent / "languages"
CONTENTS = pages.ROOT / "_toc.yml"
PAGES = [(lang, task) for lang in LANGUAGES for task in TASKS if lang in COVERAGE[task]]

PUBLISHED = "published"
_COLUMNS = {  # of the table of scores: what it says, and what `gains.at` calls it
    "full model": "full",
    "ticket": "own",
    "one-shot magnitude": "magnitude",
    "shuffled labels": "shuffled",
    "random mask": "random",
}


def text(lang: str, task: str) -> str:
    """The source of one page."""
    title = f"{LANGUAGES[lang].name}, {TASKS[task].title}"
    return f"# {title}\n\n```{{profile}} {lang} {task}\n```\n"


def listed(contents: str) -> str:
    """The book's contents (_toc.yml) with all the pages, and no other, below `book/by_language`."""
    entries = [f"          - file: book/languages/{lang}-{task}\n" for lang, task in PAGES]
    section = "      - file: book/by_language\n        sections:\n"
    found = re.compile(re.escape(section) + r"(?: +- file: book/languages/.*\n)*")
    if not found.search(contents):
        raise ValueError(f"{CONTENTS.name} has no {section!r} to list the pages below")
    return found.sub(section + "".join(entries), contents)


@cache
def table(name: str, scale: str = pages.SCALE) -> pd.DataFrame:
    """A table of a scale, read once for all pages."""
    return pages.table(name, scale)


@cache
def _sources() -> dict[str, pd.DataFrame]:
    """Scores by where they are from, in the order of the columns."""
    ours = {f"`{scale}`": table("scores", scale) for scale in pages.scales()}
    return {**ours, PUBLISHED: published.scores()}


@cache
def _neighbours(task: str, scale: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Overlaps, departures, and gains of moved masks, for all languages of a task."""
    return (
        nulls.languages(nulls.compared, table("overlap", scale), task),
        nulls.languages(nulls.departures, table("excess", scale), task),
        gains.change(table("scores", scale), task),
    )


@cache
def _measured(lang: str, task: str) -> str | None:
    """The first scale at which the language has a ticket for the task, if it has one."""
    for scale in pages.scales():
        if lang in set(gains.own(table("scores", scale), task)["lang"]):
            return scale
    return None


class Profile:
    """What the tables say of one language and task, as Markdown, at the first scale that has it."""

    def __init__(self, lang: str, task: str) -> None:
        """Both must be a pair of `PAGES`."""
        self.lang, self.task = lang, task
        self.name, self.title = LANGUAGES[lang].name, TASKS[task].title
        self.scale = _measured(lang, task) or pages.SCALE

    def card(self) -> str:
        """The language, and ways to its other tasks and to the task's other languages."""
        of = LANGUAGES[self.lang]
        tasks = [
            f"**{task.upper()}**" if task == self.task else f"[{task.upper()}]({self.lang}-{task})"
            for task in TASKS
            if (self.lang, task) in PAGES
        ]
        langs = [
            f"**{LANGUAGES[lang].name}**"
            if lang == self.lang
            else f"[{LANGUAGES[lang].name}]({lang}-{self.task})"
            for lang in COVERAGE[self.task]
        ]
        return (
            f"{pages.sample(of.endonym, of.code)}\n\nCode `{of.code}`, script {of.script}, branch "
            f"{of.family}, word order {of.word_order}. Where nothing else is said, numbers are at "
            f"scale `{self.scale}`.\n\n"
            f"Tasks: {', '.join(tasks)}. Languages: {', '.join(langs)}."
        )

    def sentences(self) -> str:
        """Two validation examples in the language's own script; the names of NER are bold."""
        rows = []
        for example in gazetteer.load(self.task, self.lang, "validation", 2):
            if "tokens" in example:
                space = "" if self.lang == "zh" else " "  # zh is split into characters
                tagged = zip(example["tokens"], example["ner_tags"], strict=True)
                shown = {"sentence": space.join(f"<b>{w}</b>" if tag else w for w, tag in tagged)}
            else:
                kinds = ("text", "premise", "hypothesis")
                shown = {kind: example[kind] for kind in kinds if kind in example}
            row = {kind: pages.sample(words, self.lang) for kind, words in shown.items()}
            if "premise" in example:
                row["label"] = gazetteer.NLI_LABELS[example["label"]]
            rows.append(row)
        return "Of the gazetteer:\n\n" + pages.markdown(pd.DataFrame(rows))

    def at_half(self, scores: pd.DataFrame) -> dict[str, float | None]:
        """Mean scores at 50 % sparsity by column; None for what has not run."""
        return {
            name: gains.at(scores, self.task, method).get(self.lang)
            for name, method in _COLUMNS.items()
        }

    def scores(self) -> str:
        """The full model, the ticket and the controls at 50 %: what was measured, ours and theirs.

        A difference to the ticket is taken seed by seed, so it need not be that of the two means.
        """
        columns: dict[str, dict[str, Any]] = {}
        formats: dict[str, Any] = {}
        for who, scores in _sources().items():
            values = self.at_half(scores)
            if not any(value is not None for value in values.values()):
                continue
            columns[who], formats[who] = values, pages.number
            if who == PUBLISHED:
                continue
            seeds, less = f"seeds, {who}", f"gain over the ticket, {who}"
            columns[seeds] = {
                name: gains.seeds_at(scores, self.task, method).get(self.lang)
                for name, method in _COLUMNS.items()
            }
            columns[less] = {
                name: gains.control(scores, self.task, method).get(self.lang)
                for name, method in _COLUMNS.items()
                if method != "own"
            }
            formats |= {seeds: lambda n: pages.number(n, 0), less: pages.signed}
        unit = f"{gains.UNITS[self.task]} at 50 %"
        shown = pd.DataFrame(columns, dtype=float).reindex(list(_COLUMNS))
        return pages.markdown(shown.rename_axis(unit).reset_index(), formats) + (
            "\n\nScores are means over the seeds that were run; the *gain over the ticket* is "
            "taken seed by seed, so it need not be the difference of two means."
        )

    def curve_alt(self) -> str:
        """What the curve shows, for those who do not see it."""
        found = self.at_half(table("scores", self.scale))
        said = ", ".join(
            f"{name} {pages.number(value)}" for name, value in found.items() if value is not None
        )
        return f"{gains.UNITS[self.task]} against sparsity for {self.name}. At 50 %: {said}."

    def density(self) -> pd.DataFrame:
        """Densities of this page's tickets, and of the untouched encoder's mask."""
        rows = table("density", self.scale)
        ticket = (rows["lang"] == self.lang) & (rows["task"] == self.task)
        return rows[(ticket & (rows["method"] == "ticket")) | (rows["method"] == "magnitude")]

    def density_alt(self, by: str) -> str:
        """The thinnest and the fullest part."""
        rows = self.density()
        rows = rows[(rows["by"] == by) & (rows["method"] == "ticket") & (rows["sparsity"] == 50)]
        kept = (100 * rows.groupby("part")["density"].mean()).sort_values()
        if kept.empty:
            return f"An empty panel: density by {by} has not been recorded."
        return (
            f"Points of the share of weights kept, by {by}: least in {kept.index[0]} "
            f"({pages.number(kept.iloc[0], 1)} %), most in {kept.index[-1]} "
            f"({pages.number(kept.iloc[-1], 1)} %)."
        )

    def others(self) -> str:
        """Every other language: what the masks share, and what is gained when they change places.

        The nearest come first, by departures shared beyond chance, or by Jaccard without them.
        """
        overlap, departures, changed = _neighbours(self.task, self.scale)
        rows, beyond = (part[part["lang"] == self.lang] for part in (overlap, departures))
        none = pd.Series(dtype=float)
        into, out = (part.get(self.lang, none) for part in (changed, changed.T))
        langs = set(rows["other"]) | set(into.dropna().index) | set(out.dropna().index)
        if not langs:
            return "No other language has been compared with it at this scale."
        frame = pd.DataFrame(
            {
                "Jaccard, %": 100 * rows.groupby("other")["jaccard"].mean(),
                "departures beyond chance, points": beyond.groupby("other")["beyond"].mean(),
                f"in: its mask on {self.name}": into,
                f"out: {self.name}'s mask on it": out,
            }
        ).loc[sorted(langs)]
        frame = frame.sort_values([frame.columns[1], frame.columns[0]], ascending=False)
        order = [LANGUAGES[code].name for code in frame.index]
        links = [
            f"[{name}]({code}-{self.task})" for code, name in zip(frame.index, order, strict=True)
        ]
        shares, *points = frame.columns
        formats = {shares: pages.number} | dict.fromkeys(points, pages.signed)
        frame.insert(0, "language", links)
        return (
            f"Nearest{' by departures' if len(beyond) else ''}: {order[0]}. Farthest: {order[-1]}. "
            f"Gains are over the target's own mask, in {gains.UNITS[self.task]}; the other columns "
            "are those of {doc}`../overlap`.\n\n" + pages.markdown(frame, formats)
        )

    def again(self) -> str:
        """How the page's curve is drawn again, and the one command that measures it again."""
        where = pages.home(self.scale).relative_to(pages.ROOT)
        replay = (
            "from lnlib.papers.foroutan import figures, tables\n"
            f'scores = tables.read("{where}/scores.csv")\n'
            f'figures.sparsity_curve(scores, "{self.task}", "{self.lang}").savefig("curve.svg")'
        )
        return pages.again(replay, tasks=[self.task], langs=[self.lang], scale=self.scale)

    def page(self, folder: Path, start: Path) -> str:
        """The whole page below its title, with figures in `folder`, linked from `start`."""
        parts = ["## The language", self.card(), "## Sentences", self.sentences(), "## Score"]
        if not _measured(self.lang, self.task):
            covered = "" if self.lang in PAPER_COVERAGE[self.task] else " (nor by the paper)"
            parts += [f"Not run at any scale{covered}.", self.again()]
            return "\n\n".join(parts)

        def drawn(what: str, figure: figures.Figure, caption: str, alt: str) -> str:
            name = f"{self.lang}-{self.task}-{what}"
            path = folder / f"{name}.svg"
            path.write_text(figure._repr_svg_(), encoding="utf-8")
            link = Path(os.path.relpath(path, start)).as_posix()
            options = f":name: fig-{name}\n:alt: {alt}"
            return f"```{{figure}} {link}\n{options}\n\n{caption}\n```"

        where = f"{self.name}, {self.title}, scale {self.scale}"
        curve = figures.sparsity_curve(table("scores", self.scale), self.task, self.lang)
        bars = [
            drawn(
                by,
                figures.density_profile(self.density(), by),
                f"{where}: share of weights kept in each {by} at 50 % sparsity.",
                self.density_alt(by),
            )
            for by in ("layer", "component")
        ]
        parts += [
            self.scores(),
            drawn("curve", curve, f"{where}: score at each sparsity.", self.curve_alt()),
            self.again(),
            "## Where the mask keeps its weights",
            *bars,
            "## Other languages",
            self.others(),
        ]
        return "\n\n".join(parts)


def index() -> str:
    """The way in: a row a language, a column a task, the ticket's score at 50 % as the link."""
    rows = [
        {"language": language.name, "own name": pages.sample(language.endonym, lang)}
        | {task.upper(): _link(lang, task) for task in TASKS}
        for lang, language in LANGUAGES.items()
    ]
    return pages.markdown(pd.DataFrame(rows))


def _link(lang: str, task: str) -> str:
    if (lang, task) not in PAGES:
        return pages.NONE
    words, scale = "not run", _measured(lang, task)
    if scale:
        words = pages.number(gains.at(table("scores", scale), task, "own").get(lang))
        words += f" ({scale})" if scale != pages.SCALE else ""
    return f"[{words}](languages/{lang}-{task})"


class IndexDirective(SphinxDirective):
    """`{profile-index}`: the table of all pages."""

    def run(self) -> list[nodes.Node]:
        """The table as nodes."""
        return self.parse_text_to_nodes(index())


class ProfileDirective(SphinxDirective):
    """`{profile} ur ner`: the body of the page of a language and a task."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """The page as nodes; its figures lie beside the notebooks' outputs."""
        folder = Path(self.env.app.doctreedir).parent / "profiles"
        folder.mkdir(parents=True, exist_ok=True)
        start = Path(self.env.doc2path(self.env.docname)).parent
        body = Profile(*self.arguments).page(folder, start)
        # MyST hangs sections into the page by itself, so no text may stand outside of one
        return self.parse_text_to_nodes(body, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.add_directive("profile", ProfileDirective)
    app.add_directive("profile-index", IndexDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for old in HOME.glob("*.md"):
        old.unlink()
    for lang, task in PAGES:
        (HOME / f"{lang}-{task}.md").write_text(text(lang, task), encoding="utf-8")
    CONTENTS.write_text(listed(CONTENTS.read_text(encoding="utf-8")), encoding="utf-8")
