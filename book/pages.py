"""What the book's pages share: reading tables, and printing numbers, tables and what is missing.

Pages import this module from their own folder. Nothing here measures: it reads `results/` and says
so where a table is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import myst_nb
import numpy as np
import pandas as pd
import scale_tabs
import yaml
from drawing import drawing
from IPython.display import Markdown, display

from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import gains
from lnlib.papers.foroutan.analysis.measures import NAMES, Tables
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE, TASKS
from lnlib.papers.foroutan.grid import plan
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results import ledger
from lnlib.results.places import Places
from lnlib.results.plan import PEAKS, STARTUP, Run, hours_at_least

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY: str = CONFIG["repository"]["url"]
BRANCH: str = CONFIG["repository"]["branch"]
COLAB = REPOSITORY.replace("//github.com", "//colab.research.google.com/github", 1)
COLAB += f"/blob/{BRANCH}/notebooks"
PAPER = "foroutan"  # whose tables the pages read
SCALE = "demo"  # where nothing else is said: what a reader can measure again in minutes
NONE = "–"

_BENCH = (
    "job size who measure value unit ratio beside target note status at verdict clock machine "
    "device threads"
)


def home(scale: str = SCALE) -> Path:
    """The folder of a scale's tables."""
    return Places.of(ROOT / "results", PAPER, scale).home


def table(name: str, scale: str = SCALE) -> pd.DataFrame:
    """The table NAME.csv of a scale, or an empty one with its columns if it has not been made.

    Scores of a recipe that is not the scale's any more are stale: they are left out, and
    `run_so_far` says so. A learning curve has recipes of its own.
    """
    rows = tables.read(home(scale) / f"{name}.csv")
    if name == "learning" or "recipe" not in rows or rows.empty:
        return rows
    kept = rows[SCALES[scale].current(rows)]
    kept.attrs["stale"] = len(rows) - len(kept)
    return kept


def tables_of(scale: str) -> Tables:
    """The tables that the verdicts of one scale follow from."""
    return Tables(scale, *(table(name, scale) for name in NAMES))


def related(
    relation: Callable[..., dict[str, pd.DataFrame]], scale: str, task: str
) -> dict[str, pd.DataFrame]:
    """`relations.between_languages` or `between_moved` of a scale's tables."""
    return relation(*(table(name, scale) for name in ("overlap", "excess", "scores")), task)


def bench(name: str) -> pd.DataFrame:
    """`results/bench/<name>.csv`, a table of `benchmarks/`, or an empty one with its columns."""
    path = ROOT / "results" / "bench" / f"{name}.csv"
    if not path.exists():
        return pd.DataFrame(columns=_BENCH.split())
    words = ("note", "target", "verdict", "beside", "unit")
    return pd.read_csv(path).fillna(dict.fromkeys(words, ""))


def scales(name: str = "scores") -> list[str]:
    """The scales whose table NAME.csv has rows, the most real one first."""
    return [scale for scale in scale_tabs.ordered(SCALES) if len(table(name, scale))]


label = scale_tabs.label  # what pages call a scale
__all__ = ["drawing"]  # which pages have from here


def real() -> str:
    """The most real scale that the book's sentences can be about, or `SCALE`.

    They compare languages, seeds and tasks, and the parts of a seed, in named-entity recognition:
    that takes tickets of three languages (an interval's fewest) with two seeds each, and of another
    task. Tabs and tables show a scale that has run with less.
    """
    for scale in scales("seed_parts"):
        tickets = table("scores", scale)
        seeds = gains.own(tickets, "ner").groupby("lang")["seed"].nunique()
        others = [task for task in TASKS if task != "ner" and len(gains.own(tickets, task))]
        if (seeds > 1).sum() >= ledger.FEWEST and others:
            return scale
    return SCALE


REAL = real()


OF_REAL = f" ({label(REAL)}.)"  # after a sentence that holds at this scale, beside tabs of all


def so_far(scale: str, task: str) -> str:
    """What a title begins with where a scale has too little of a task for more than a first look:
    fewer than three languages (an interval's fewest), or one seed."""
    seeds = gains.own(table("scores", scale), task).groupby("lang")["seed"].nunique()
    langs = [code for code in LANGUAGES if code in seeds.index]
    most = int(seeds.max()) if langs else 0
    if len(langs) >= ledger.FEWEST and most > 1:
        return ""
    where = names(langs) if 0 < len(langs) < 5 else f"{len(langs)} languages"
    return f"Measured so far in {where}, with {'one seed' if most == 1 else f'{most} seeds'}. "


def _card() -> str:
    return files("lnlib").joinpath("assets/mini-mbert/README.md").read_text(encoding="utf-8")


def worth_of_pretraining() -> pd.DataFrame:
    """F1 on WikiAnn from random weights and from mini-mBERT's, by language: its card's table."""
    rows = _card().split("| language | random weights | mini-mBERT | gain |")[1].splitlines()[2:]
    cells = [line.strip("|").split("|") for line in rows if line.startswith("|")]
    frame = pd.DataFrame(cells, columns=["lang", "random", "pretrained", "gain"])
    frame = frame.assign(lang=frame["lang"].str.strip()).set_index("lang")
    return frame[["random", "pretrained"]].astype(float)


def encoder_weights() -> str:
    """Millions of weights of mini-mBERT, as its card says them."""
    return _card().split("M weights in all")[0].split()[-1]


def p_value(p: float) -> str:
    """A p value for reading: three digits, and never 0."""
    return "under 0.001" if p < 0.001 else f"{p:.3f}"


def keep(name: str, value: object) -> None:
    """Keep a value or a figure for the page's text; numpy's own numbers could not be formatted."""
    myst_nb.glue(name, value.item() if isinstance(value, np.generic) else value, display=False)


def say(text: str) -> None:
    """Print Markdown into the page."""
    display(Markdown(text))


def number(value: object, digits: int = 2, sign: str = "") -> str:
    """A number for reading, with a true minus sign and none on a zero; a dash for what is missing
    or has no bound."""
    if value is None or pd.isna(value) or abs(float(value)) == float("inf"):  # type: ignore[arg-type]
        return NONE
    exact = round(float(value), 9)  # type: ignore[arg-type]  # a mean of decimals is one again
    shown = f"{exact:{sign}.{digits}f}"
    return shown.lstrip("+-") if float(shown) == 0 else shown.replace("-", "−")


def signed(value: object) -> str:
    """`number` with its sign."""
    return number(value, sign="+")


def markdown(
    frame: pd.DataFrame, formats: Mapping[str, Callable[[object], str]] | None = None
) -> str:
    """A table as Markdown: numbers right, words left; what is missing is a dash."""
    formats = formats or {}
    plain: Callable[[object], str] = lambda v: NONE if pd.isna(v) else str(v)  # noqa: E731
    right = [name for name in frame if name in formats or frame[name].dtype.kind in "if"]
    lines = [list(map(str, frame.columns)), ["--:" if c in right else ":--" for c in frame]]
    lines += [
        [formats.get(name, plain)(value) for name, value in zip(frame, row, strict=True)]
        for row in frame.itertuples(index=False)
    ]
    return "\n".join("| " + " | ".join(cell or " " for cell in line) + " |" for line in lines)


def show(
    frame: pd.DataFrame,
    formats: Mapping[str, Callable[[object], str]] | None = None,
    folded: str = "",
) -> None:
    """Print `markdown`; with a `folded` title the table is closed until the reader opens it."""
    text = markdown(frame, formats)
    say(f":::{{dropdown}} {folded}\n{text}\n:::" if folded else text)


def judged(measure: str, task: str, agrees: str, differs: str, unclear: str,
           scale: str = REAL) -> str:  # fmt: skip
    """Which of three sentences holds, by the recorded verdict on a measure: none says more."""
    words = {ledger.AGREES: agrees, ledger.DIFFERS: differs, "": unclear}
    return ledger.in_words(table("verdicts", scale), measure, task, words)


def gained(value: float, digits: int = 1) -> str:
    """A gain as a verb with its number: "gain 1.8" or "lose 6.6"."""
    return f"{'lose' if value < 0 else 'gain'} {number(abs(value), digits)}"


def again(replay: str, tasks: Sequence[str] = (), langs: Sequence[str] = (),
          seeds: Sequence[int] = (), then: str = "", scale: str = SCALE) -> str:  # fmt: skip
    """How a reader gets a page's main figure again: from the tables, or from nothing.

    `replay` is Python, run from the repository's folder; the rest says which part of the grid the
    figure needs (without `tasks`, those of the scale), and which command comes after it. Hours are
    counted trainings times recorded seconds.
    """
    recorded, hours, grid = table("scores", scale), 0.0, plan(scale, tasks, langs, seeds)
    for run in grid:
        hours += (
            run.trainings * recorded.loc[recorded["task"] == run.task, "seconds"].median() / 3600
        )
    machine = recorded["machine"].mode()
    cost = (
        f"{number(hours, 1)} hours on one core of {machine[0]}" if len(machine) else "not measured"
    )
    parts = {"scale": [scale], "tasks": tasks, "langs": langs, "seeds": seeds}
    which = " ".join(f"{name}={','.join(map(str, v))}" for name, v in parts.items() if v)
    after = f"{then}\n" if then else ""
    return (
        f":::{{dropdown}} Get this page's figure again\n**From the tables**, in seconds:\n\n"
        f"```python\n{replay.strip()}\n```\n\n**From nothing**: "
        f"{sum(run.trainings for run in grid):,} trainings, {cost}. {on_gpus(grid, scale)}\n\n"
        f'```bash\nmake reproduce GRID="{which}"\n{after}```\n:::'
    )


def on_gpus(grid: Sequence[Run], scale: str = SCALE) -> str:
    """A sentence on what part of a grid takes on GPUs: bounds, where none has been measured."""
    work = table("cost", scale).groupby("task")["flops"].mean()
    if {run.task for run in grid} - set(work.index):
        return "On a GPU it has not been measured."
    least = [
        f"{number(60 * hours_at_least(grid, work, peak), 0)} min on {name}"
        for name, peak in (("a T4", PEAKS["T4"]), ("an H200", PEAKS["H200"]))
    ]
    return (
        f"No GPU has been measured; by counted work, data sheets' peaks and {STARTUP:.0f} seconds "
        f"to start each of {len(grid)} runs it is at least {' and '.join(least)}."
    )


def speeds(replay: str, **part: Any) -> None:
    """Print `again`, with its parameters."""
    say(again(replay, **part))


def sample(text: str, lang: str) -> str:
    """Text of a language as HTML with its language and direction, for screen readers and layout."""
    return f'<span class="sample" lang="{lang}" dir="{LANGUAGES[lang].direction}">{text}</span>'


def task_name(task: str) -> str:
    """What a reader calls a task: "NER", and "XNLI as text" where the label is written."""
    return task.upper().replace("_TEXT", " as text")


def names(codes: Iterable[str]) -> str:
    """English names of languages, joined for a sentence."""
    words = [LANGUAGES[code].name if code in LANGUAGES else code for code in codes]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def run_so_far(scores: pd.DataFrame, scale: str = SCALE) -> str:
    """One sentence a task: what has been searched, and what has not run at this scale."""
    lines = []
    for task, codes in PAPER_COVERAGE.items():
        rows = gains.own(scores, task)
        done = [code for code in codes if code in set(rows["lang"])]
        seeds = rows.groupby("lang")["seed"].nunique()
        title = TASKS[task].title
        if not done:
            why = SCALES[scale].without.get(task, "")
            lines.append(f"- {title}: not run{why and f' ({why})'}.")
            continue
        low, high = int(seeds.min()), int(seeds.max())
        count = f"{low}" if low == high else f"{low} to {high}"
        plural = "" if count == "1" else "s"
        rest = [code for code in codes if code not in done]
        tail = f" Not run: {names(rest)}." if rest else ""
        if more := [code for code in LANGUAGES if code in set(rows["lang"]) - set(codes)]:
            tail = f" Beyond the paper's: {names(more)}.{tail}"
        lines.append(
            f"- {title}: {len(done)} of {len(codes)} languages, {count} seed{plural}.{tail}"
        )
    if stale := scores.attrs.get("stale"):
        lines.append(
            f"- Left out: {stale} scores measured with other settings than this version's."
        )
    return "\n".join(lines)
