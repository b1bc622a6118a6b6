"""What the book's pages share: reading tables, and printing numbers, tables and what is missing.

Pages import this module from their own folder. Nothing here measures: it reads `results/` and says
so where a table is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from IPython.display import Markdown, display

from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import gains, nulls
from lnlib.papers.foroutan.analysis.measures import NAMES, Tables
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE, TASKS
from lnlib.papers.foroutan.grid import plan
from lnlib.results.plan import PEAKS, Run, STARTUP, hours_at_least
from lnlib.papers.foroutan.scales import of_scale
from lnlib.results import statistics

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
REPOSITORY: str = CONFIG["repository"]["url"]
BRANCH: str = CONFIG["repository"]["branch"]
SCALE = "demo"  # where nothing else is said: what a reader can measure again in minutes
REAL = "small"  # real text: what the main figures show
NONE = "–"

_BENCH = (
    "job size who measure value unit ratio beside target note status at verdict clock machine "
    "device threads"
)


def table(name: str, scale: str = SCALE) -> pd.DataFrame:
    """`results/<scale>/<name>.csv`, or an empty table with its columns if it has not been made.

    Scores of a recipe that is not the scale's any more are stale: they are left out, and
    `run_so_far` says so. A learning curve has recipes of its own.
    """
    rows = tables.read(ROOT / "results" / scale / f"{name}.csv")
    if name == "learning" or "recipe" not in rows or rows.empty:
        return rows
    kept = rows[of_scale(rows, scale)]
    kept.attrs["stale"] = len(rows) - len(kept)
    return kept


def tables_of(scale: str) -> Tables:
    """The tables that the verdicts of one scale follow from."""
    return Tables(scale, *(table(name, scale) for name in NAMES))


JACCARD, BEYOND, GAIN = "Jaccard", "departures beyond chance", "gain of a moved mask"


def moved(scores: pd.DataFrame, task: str) -> pd.DataFrame:
    """Gain of a moved mask over the own one, by pair of languages: mean of both directions."""
    changed = gains.change(scores, task).rename_axis(index="lang", columns="other")
    return statistics.square(changed.stack().rename("gain").reset_index(), "gain")


def between_languages(scale: str, task: str) -> dict[str, pd.DataFrame]:
    """What two languages share and what a mask gains between them: square matrices by `JACCARD`
    (0 to 1), `BEYOND` (points) and `GAIN` (unit of the metric); empty where nothing has run.

    What they share is across seeds where every pair was searched so: it is the languages', and not
    the head's."""
    pairs = nulls.languages(nulls.compared, table("overlap", scale), task)
    beyond = nulls.languages(nulls.departures, table("excess", scale), task)
    return _squares(pairs, beyond, table("scores", scale), task)


def between_moved(scale: str, task: str) -> dict[str, pd.DataFrame]:
    """`between_languages`, but what is shared is between the very masks that were moved: two of one
    seed."""
    scores = table("scores", scale)
    seeds = set(gains.moved(scores, task)["seed"])
    pairs, beyond = (
        rows[rows["seed_a"].isin(seeds)]
        for rows in (
            nulls.compared(table("overlap", scale), task, "other language"),
            nulls.departures(table("excess", scale), task, "other language"),
        )
    )
    return _squares(pairs, beyond, scores, task)


def _squares(
    pairs: pd.DataFrame, beyond: pd.DataFrame, scores: pd.DataFrame, task: str
) -> dict[str, pd.DataFrame]:
    return {
        JACCARD: statistics.square(pairs, "jaccard"),
        BEYOND: statistics.square(beyond, "beyond"),
        GAIN: moved(scores, task),
    }


def seed_parts(scale: str, task: str) -> pd.DataFrame:
    """Searches that share part of a seed, one row a pair: `whose` ("same language" or "other
    language"), `points` (Jaccard, %) and `beyond` (departures they share beyond chance, points)."""
    rows = table("seed_parts", scale).query("task == @task")
    same = (rows["lang"] == rows["other"]).map({True: "same language", False: "other language"})
    beyond = 100 * (rows["shared"] - rows["expected_near"])
    return rows.assign(whose=same, points=100 * rows["jaccard"], beyond=beyond)


def bench(name: str) -> pd.DataFrame:
    """`results/bench/<name>.csv`, a table of `benchmarks/`, or an empty one with its columns."""
    path = ROOT / "results" / "bench" / f"{name}.csv"
    if not path.exists():
        return pd.DataFrame(columns=_BENCH.split())
    words = ("note", "target", "verdict", "beside", "unit")
    return pd.read_csv(path).fillna(dict.fromkeys(words, ""))


def scales() -> list[str]:
    """The scales with tables of scores, in the order of a reader's path."""
    return [s for s in ("demo", "small", "paper") if (ROOT / "results" / s / "scores.csv").exists()]


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


def again(replay: str, tasks: Sequence[str] = tuple(TASKS), langs: Sequence[str] = (),
          seeds: Sequence[int] = (), then: str = "", scale: str = SCALE) -> str:  # fmt: skip
    """How a reader gets a page's main figure again: from the tables, or from nothing.

    `replay` is Python, run from the repository's folder; the rest says which part of the grid the
    figure needs, and which command comes after it. Hours are counted trainings times recorded
    seconds.
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


def speeds(replay: str, **part: Sequence[Any]) -> None:
    """Print `again`, with its parameters."""
    say(again(replay, **part))


def sample(text: str, lang: str) -> str:
    """Text of a language as HTML with its language and direction, for screen readers and layout."""
    return f'<span class="sample" lang="{lang}" dir="{LANGUAGES[lang].direction}">{text}</span>'


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
            lines.append(f"- {title}: not run at scale `{scale}`.")
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
