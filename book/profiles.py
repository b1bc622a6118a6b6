"""One page a language: `python book/profiles.py` writes them, a directive fills them.

The script also lists them in the contents of the book. A page holds no more than a title and
`{profile}` with its language. Sphinx runs the directive in its own process, which reads each table
once: a kernel for each of the pages would cost minutes of every build.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pages
import pandas as pd
import profile_lenses as lenses
import profile_weights as weights
import scale_tabs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lnlib.corpora import gazetteer
from lnlib.figures.style import Figure
from lnlib.languages import LANGUAGES, name_of
from lnlib.papers.foroutan import figures
from lnlib.papers.foroutan.analysis import gains
from lnlib.papers.foroutan.coverage import COVERAGE, TASKS
from lnlib.papers.foroutan.scales import SCALES

HOME = Path(__file__).resolve().parent / "languages"
CONTENTS = pages.ROOT / "_toc.yml"


def text(lang: str) -> str:
    """The source of one page."""
    of = LANGUAGES[lang]
    own = f", [{of.endonym}]{{.language-{lang}}}" if of.endonym != of.name else ""
    question = f"*What does each instrument find in {of.name}?*"
    return f"# {of.name}{own}\n\n{question}\n\n```{{profile}} {lang}\n```\n"


def listed(contents: str) -> str:
    """The book's contents (_toc.yml) with all the pages, and no other, below `book/by_language`."""
    entries = [f"          - file: book/languages/{lang}\n" for lang in LANGUAGES]
    section = "      - file: book/by_language\n        sections:\n"
    found = re.compile(re.escape(section) + r"(?: +- file: book/languages/.*\n)*")
    if not found.search(contents):
        raise ValueError(f"{CONTENTS.name} has no {section!r} to list the pages below")
    return found.sub(section + "".join(entries), contents)


def body(lang: str, start: Path) -> str:
    """The whole page below its question, with figures linked from `start`."""
    parts = [
        "## In short",
        weights.answer(lang),
        card(lang),
        curves(lang, start),
        "## Weights: what its tickets score",
        weights.scores(lang),
        "## Weights: other languages' tickets",
        weights.others(lang),
        "## Layers",
        lenses.layers(lang),
        "## Data",
        lenses.data(lang),
        "## How the gazetteer writes it",
        sentences(lang),
        "## Measure it again",
        again(lang),
    ]
    return "\n\n".join(parts)


def card(lang: str) -> str:
    """What typology says of it."""
    of = LANGUAGES[lang]
    return f"Code `{of.code}`, script {of.script}, branch {of.family}, word order {of.word_order}."


def sentences(lang: str) -> str:
    """A validation example of each task in the language's own script; names are bold."""
    rows = []
    for task in TASKS:
        if lang not in COVERAGE[task]:
            continue
        example = gazetteer.load(task, lang, "validation", 1)[0]
        if "tokens" in example:
            shown = {"": marked(example["tokens"], example["ner_tags"], lang)}
        else:
            shown = {
                kind: example[kind] for kind in ("text", "premise", "hypothesis") if kind in example
            }
        for kind, words in shown.items():
            what = f", {kind}" if kind in ("premise", "hypothesis") else ""
            rows.append({"task": task.upper() + what, "text": pages.sample(words, lang)})
        if "premise" in example:
            rows[-1]["task"] += f" ({gazetteer.NLI_LABELS[example['label']]})"
    return pages.markdown(pd.DataFrame(rows))


_CLOSING, _OPENING = set(",.;:!?)]}»،؛؟、。:,%"), set("([{«")


def marked(tokens: list[str], tags: list[int], lang: str) -> str:
    """A sentence of NER as it is written, its names bold."""
    out, inside = "", False
    for place, (token, tag) in enumerate(zip(tokens, tags, strict=True)):
        begins = tag and gazetteer.NER_LABELS[tag].startswith("B-")
        if inside and (begins or not tag):
            out, inside = f"{out}</b>", False
        # Chinese is split into characters; Arabic writes its "and" with the word that follows
        joined = (
            lang == "zh" or token in _CLOSING or (place and tokens[place - 1] in _OPENING)
            or (lang == "ar" and place and tokens[place - 1] == "و")
        )  # fmt: skip
        out += "" if joined or not place else " "
        if begins:
            out, inside = f"{out}<b>", True
        out += token
    return f"{out}</b>" if inside else out


def curves(lang: str, start: Path) -> str:
    """Score against sparsity, a figure a task, each at the most real scale that has it."""
    cells = []
    for task in TASKS:
        scale = weights.first(task, lang)
        if not scale:
            continue
        found = weights.at_half(task, scale).loc[lang].dropna()
        said = ", ".join(f"{what} {pages.number(value)}" for what, value in found.items())
        title, where = TASKS[task].title.capitalize(), scale_tabs.label(scale)
        drawn = pages.drawing(
            f"{lang}-{task}-curve", partial(_curve, lang, task, scale),
            f"{title}: score at each sparsity ({where}).",
            f"Score ({gains.UNITS[task]}) against sparsity for {name_of(lang)}. At 50 %: {said}.",
            start=start,
        )  # fmt: skip
        cells.append(f":::{{grid-item}}\n{drawn}\n:::")
    return "\n\n".join(["::::{grid} 1 1 2 2", *cells, "::::"]) if cells else ""


def _curve(lang: str, task: str, scale: str, _narrow: bool) -> Figure:
    """Two stand side by side in a page, each as wide as a telephone."""
    return figures.sparsity_curve(weights.table("scores", scale), task, lang, narrow=True)


def again(lang: str) -> str:
    """The commands that measure the page's tickets again."""
    lines = [
        f'make reproduce GRID="scale={scale} tasks={task} langs={lang}"'
        for task in TASKS
        if lang in COVERAGE[task]
        for scale in [weights.first(task, lang) or pages.SCALE]
    ]
    commands = "\n".join(lines)
    return f"```bash\n{commands}\n```\n\n{{doc}}`../reproduce` says what they cost."


def index() -> str:
    """The way in: a row a language, a column a task, with its ticket's score at 50 %."""
    bodies = {}
    for scale in SCALES:
        halves = {task: weights.at_half(task, scale)["ticket"].dropna() for task in TASKS}
        rows = [
            {"language": f"[{of.name}](languages/{lang})",
             "own name": pages.sample(of.endonym, lang)}
            | {f"{task.upper()}, {gains.UNITS[task]}": half.get(lang)
               for task, half in halves.items() if len(half)}
            for lang, of in LANGUAGES.items()
        ]  # fmt: skip
        if any(map(len, halves.values())):
            frame = pd.DataFrame(rows)
            bodies[scale] = pages.markdown(frame, dict.fromkeys(frame.columns[2:], pages.number))
    return scale_tabs.tabs(bodies)


class IndexDirective(SphinxDirective):
    """`{profile-index}`: the table of all pages."""

    def run(self) -> list[nodes.Node]:
        """The table as nodes."""
        return self.parse_text_to_nodes(index())


class ProfileDirective(SphinxDirective):
    """`{profile} ur`: the body of the page of a language."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The page as nodes."""
        start = Path(self.env.doc2path(self.env.docname)).parent
        # MyST hangs sections into the page by itself, so no text may stand outside of one
        return self.parse_text_to_nodes(body(self.arguments[0], start), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.add_directive("profile", ProfileDirective)
    app.add_directive("profile-index", IndexDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    for old in HOME.glob("*.md"):
        old.unlink()
    for lang in LANGUAGES:
        (HOME / f"{lang}.md").write_text(text(lang), encoding="utf-8")
    CONTENTS.write_text(listed(CONTENTS.read_text(encoding="utf-8")), encoding="utf-8")
