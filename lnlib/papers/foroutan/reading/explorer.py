"""What the book's overlap explorer shows: each selection's matrix and nulls, ready-made.

The page has no kernel, so everything that a reader can choose is computed when the book is built.
The definitions are those of `nulls`; this module only arranges them. Shares go to the page as
whole hundredths of a percent (8354 is 83.54 %): exact in a script, and short.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from lnlib.figures import scripts
from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan import figures
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE, TASKS
from lnlib.papers.foroutan.scales import LEVELS, SCALES

GLOBAL = "overlapExplorer"  # the script's one variable
_STEPS = 17  # colours sent; between two of them a straight line is within a shade of the map
_ORDER = {code: place for place, code in enumerate(LANGUAGES)}


def data(tables: Mapping[str, pd.DataFrame],
         names: Mapping[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
    """Everything the page needs, from the overlap table of each scale; empty tables will do.

    `names` is what readers call a scale, where that is not its own name. `runs` holds one entry for
    each scale, task and level that has pairs of tickets, in the order of `tables`, of the tasks and
    of the levels; `start` is the place of the one to open with. A run has its
    `langs` (codes, in the book's order) and its `parts`: the whole mask, a layer, a component. Each
    part has

    - `cells`, the lower triangle of the matrix row by row, its diagonal being two seeds of one
      language: [mean, expected] for one pair of masks, [mean, expected, lowest, highest, pairs]
      for several, null where nothing was measured;
    - `comparisons`, in their order: [mean, lowest, highest, pairs], or null.
    """
    runs = [run for scale, table in tables.items() for run in _runs(table, scale)]
    called = {scale: (names or {}).get(scale, scale) for scale in (*tables, *SCALES)}
    colours = colormaps[figures.SHARES]
    return {
        "languages": {code: language.name for code, language in LANGUAGES.items()},
        "scales": called,
        "tasks": {name: task.title for name, task in TASKS.items()},
        "comparisons": list(nulls.COMPARISONS),
        "published": {task: _published(task) for task in TASKS},
        "colours": [to_hex(colours(step / (_STEPS - 1))) for step in range(_STEPS)],
        "runs": runs,
        "start": _start(runs),
        "notRun": not_run(runs, called),
    }


def script(content: Mapping[str, Any]) -> str:
    """The data as the page's script."""
    return scripts.script(GLOBAL, content)


def not_run(runs: list[dict[str, Any]], called: Mapping[str, str]) -> list[str]:
    """What the tables do not hold, one sentence a gap; `called` is what readers call a scale."""
    if not runs:
        return ["No overlap has been measured yet. `make reproduce` measures it."]
    there = {run["scale"] for run in runs}
    said = [f"{called[scale]}: not run." for scale in SCALES if scale not in there]
    for scale in (scale for scale in SCALES if scale in there):
        own = [run for run in runs if run["scale"] == scale]
        for task, codes in PAPER_COVERAGE.items():
            found = {code for run in own if run["task"] == task for code in run["langs"]}
            rest = [LANGUAGES[code].name for code in codes if code not in found]
            if rest:
                which = f" in {', '.join(rest)}" if found else ""
                said.append(f"{called[scale]}, {TASKS[task].title}: not run{which}.")
        levels = sorted({run["level"] for run in own})
        if set(levels) != set(LEVELS):
            only = ", ".join(f"{level} %" for level in levels)
            said.append(f"{called[scale]}: masks have been compared at {only} sparsity only.")
    if not any(part["layer"] and part["component"] for run in runs for part in run["parts"]):
        said.append("A layer and a component together: not compared.")
    return said


def _runs(overlap: pd.DataFrame, scale: str) -> Iterator[dict[str, Any]]:
    rows = overlap[overlap["scale"] == scale].reset_index(drop=True)
    rows = rows.assign(part=rows["part"].astype(str))
    for task in TASKS:
        for level in sorted(rows["sparsity"].unique()):
            here = rows[rows["sparsity"] == level]
            pairs = _pairs(here, task, int(level))
            if pairs.empty:
                continue
            codes = sorted({*pairs["lang"], *pairs["other"]}, key=_ORDER.__getitem__)
            parts: list[dict[str, Any]] = []
            for (by, part), found in pairs.groupby(["by", "part"]):
                own = here[(here["by"] == by) & (here["part"] == part)]
                parts.append(
                    {
                        **_place(by, part),
                        "cells": _cells(found, codes),
                        "comparisons": _comparisons(own, task, int(level), by),
                    }
                )
            parts.sort(key=_depth)
            yield {"scale": scale, "task": task, "level": int(level), "langs": codes,
                   "parts": parts}  # fmt: skip


def _pairs(overlap: pd.DataFrame, task: str, level: int) -> pd.DataFrame:
    """Every pair of tickets once: columns of the table, and lang and other in the book's order."""
    parts = []
    for by in ("all", *overlap["by"].unique()):  # "all" first: concat wants one at least
        parts.append(nulls.languages(nulls.compared, overlap, task, by=str(by), sparsity=level))
        parts.append(nulls.compared(overlap, task, "other seed", str(by), level))
    both = pd.concat(parts)
    both = both[both["lang"].isin(_ORDER) & both["other"].isin(_ORDER)]
    both = both[both["lang"].map(_ORDER) <= both["other"].map(_ORDER)]
    return both[~both.index.duplicated()]  # two seeds of one language come both ways


def _place(by: str, part: str) -> dict[str, str]:
    """The layer and the component that a part of the table stands for; "" for all of them."""
    inside = re.search(r"\.(\d+)\.(.+)$", part) if by == "matrix" else None
    if inside:
        return {"layer": inside[1], "component": inside[2]}
    return {
        "layer": part if by in ("layer", "matrix") else "",
        "component": part if by == "component" else "",
    }


def _depth(part: Mapping[str, Any]) -> tuple[bool, float, str]:
    """The whole first, then layers by number; one without a number (a pooler) comes last."""
    layer = part["layer"]
    return bool(layer), int(layer) if layer.isdigit() else math.inf, part["component"]


def _cells(pairs: pd.DataFrame, codes: list[str]) -> list[list[int] | None]:
    groups = pairs.groupby(["lang", "other"])
    stats = groups["jaccard"].agg(["mean", "min", "max", "count"]).join(groups["expected"].mean())
    measured = {}
    for pair, row in stats.iterrows():
        several = [_share(row["min"]), _share(row["max"]), int(row["count"])]
        measured[pair] = [_share(row["mean"]), _share(row["expected"])]
        measured[pair] += several if row["count"] > 1 else []
    return [measured.get((a, b)) for place, b in enumerate(codes) for a in codes[: place + 1]]


def _comparisons(overlap: pd.DataFrame, task: str, level: int, by: str) -> list[list[int] | None]:
    pairs = nulls.comparisons(overlap, task, level, by).groupby("comparison")
    stats = pairs["jaccard"].agg(["mean", "min", "max"]).join(pairs["pair"].nunique())
    measured = {
        comparison: [
            *(_share(row[name] / 100) for name in ("mean", "min", "max")),
            int(row["pair"]),
        ]
        for comparison, row in stats.iterrows()
    }
    return [measured.get(comparison) for comparison in nulls.COMPARISONS]


def _published(task: str) -> list[int | None]:
    """The paper's means by comparison: whole masks at 50 %, which is all that it prints."""
    means = nulls.published_means(task)
    return [
        _share(means[comparison] / 100) if comparison in means else None
        for comparison in nulls.COMPARISONS
    ]


def _share(value: float) -> int:
    return round(10_000 * float(value))


def _start(runs: list[dict[str, Any]]) -> int:
    """The first scale's run with the most languages on its diagonal: it has all that is shown."""
    here = [run for run in runs if run["scale"] == runs[0]["scale"]]
    diagonals = [_on_diagonal(run) for run in here]
    return diagonals.index(max(diagonals)) if here else 0


def _on_diagonal(run: Mapping[str, Any]) -> int:
    ends = [n * (n + 3) // 2 for n in range(len(run["langs"]))]  # 0, 2, 5, 9, ...
    return max(sum(part["cells"][end] is not None for end in ends) for part in run["parts"])
