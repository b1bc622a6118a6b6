"""What re-initialising a block costs, from rows of `ablation.csv`.

d(b) is a target's score with block b re-initialised minus its score without, of one seed; means are
over seeds. A target is left out (`left_out` says why) where it has nothing to lose: its score is at
the floor, or re-initialising everything costs it little.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lnlib.papers.muller.coverage import SOURCES
from lnlib.papers.muller.reinitialisation import ALL, NONE

SOURCE = SOURCES[0]
SPAN = 3.0  # points between none and all re-initialised, below which d(b) is noise of either sign
_ONE_METRIC = {"parsing": "las"}  # of the two that a parser has


def scores(ablation: pd.DataFrame, task: str, source: str = SOURCE,
           start: str = "bert") -> pd.DataFrame:  # fmt: skip
    """Scores by target and seed (rows) and block (columns, "none", from below, "all").

    The source is one of the targets. Rows whose seed lacks the score without are dropped.
    """
    metric = _ONE_METRIC.get(task)
    rows = ablation[(ablation["task"] == task) & (ablation["source"] == source)]
    rows = rows[rows["start"].isin([start, ""]) | (rows["block"] == NONE)]
    if metric:
        rows = rows[rows["metric"] == metric]
    wide = rows.astype({"value": float}).pivot_table(
        index=["target", "seed"], columns="block", values="value", aggfunc="mean"
    )
    if NONE not in wide:
        return wide.iloc[:0]
    return wide[[b for b in (NONE, *_in_order(wide.columns), ALL) if b in wide]].dropna(
        subset=[NONE]
    )


def losses(ablation: pd.DataFrame, task: str, source: str = SOURCE,
           start: str = "bert") -> pd.DataFrame:  # fmt: skip
    """d(b) in points: targets (the source among them) by blocks, mean over seeds."""
    wide = scores(ablation, task, source, start)
    if wide.empty:
        return pd.DataFrame()
    change = wide.drop(columns=NONE).sub(wide[NONE], axis=0)
    return change.groupby("target").mean()


def left_out(ablation: pd.DataFrame, task: str, source: str = SOURCE) -> pd.Series:
    """Why each target that is left out is, by its code; empty where none is."""
    wide = scores(ablation, task, source).groupby("target").mean()
    rows = ablation[(ablation["task"] == task) & (ablation["source"] == source)]
    if metric := _ONE_METRIC.get(task):
        rows = rows[rows["metric"] == metric]
    floors = rows.astype({"floor": float}).groupby("target")["floor"].mean()
    out = {}
    for target, row in wide.drop(index=source, errors="ignore").iterrows():
        floor = floors.get(target, np.nan)
        span = row[NONE] - row.get(ALL, np.nan)
        if row[NONE] <= floor:
            out[target] = f"its score, {row[NONE]:.1f}, is not above the floor, {floor:.1f}"
        elif span < SPAN:
            out[target] = f"re-initialising everything costs it {span:.1f}, under {SPAN:g} points"
    return pd.Series(out, dtype=object)


def counted(ablation: pd.DataFrame, task: str, source: str) -> pd.DataFrame:
    """`losses` of the targets that count: not the source, and none that is left out."""
    change = losses(ablation, task, source)
    gone = [source, *left_out(ablation, task, source).index]
    return change.drop(index=gone, errors="ignore")


def _in_order(names: pd.Index) -> list[str]:
    """Blocks from below; "none" and "all" are none."""
    blocks = [name for name in names if name not in (NONE, ALL)]
    return sorted(blocks, key=lambda name: int(name.partition("-")[0]))


def of_block(change: pd.DataFrame, place: int) -> pd.Series:
    """d of the lowest (0) or highest (-1) block; empty or missing where no block was measured."""
    blocks = [name for name in change.columns if name != ALL]
    return change[blocks[place]] if blocks else pd.Series(np.nan, change.index)
