"""What re-initialising a block costs, from rows of `ablation.csv`.

d(b) is a target's score with block b re-initialised minus its score without, of one seed; means are
over seeds. A target is left out (`left_out` says why) where it has nothing to lose: its score is at
the floor, or re-initialising everything costs it little.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lnlib.papers.muller.tables import ALL, NONE, SOURCES

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
    if rows.empty:  # most claims, where little has run
        return pd.DataFrame(index=pd.MultiIndex.from_arrays([[], []], names=["target", "seed"]))
    values = rows["value"].astype(float).groupby([rows[by] for by in ("target", "seed", "block")])
    wide = values.mean().unstack("block")  # a pivot table takes twice as long
    if NONE not in wide:
        return wide.iloc[:0]
    return wide[[b for b in (NONE, *_in_order(wide.columns), ALL) if b in wide]].dropna(
        subset=[NONE]
    )


def losses(ablation: pd.DataFrame, task: str, source: str = SOURCE,
           start: str = "bert") -> pd.DataFrame:  # fmt: skip
    """d(b) in points: targets (the source among them) by blocks, mean over seeds."""
    wide = scores(ablation, task, source, start)
    return pd.DataFrame() if wide.empty else _changes(wide).groupby("target").mean()


def _changes(wide: pd.DataFrame) -> pd.DataFrame:
    """d(b) in points of every target and seed, from `scores`."""
    return wide.drop(columns=NONE).sub(wide[NONE], axis=0)


def by_seed(ablation: pd.DataFrame, task: str, source: str = SOURCE,
            start: str = "bert") -> pd.DataFrame:  # fmt: skip
    """d(b) in points by seed: columns seed, block, who ("source" or "targets"), points.

    "targets" is the mean of those that count.
    """
    wide = scores(ablation, task, source, start)
    if wide.empty:
        return pd.DataFrame(columns=["seed", "block", "who", "points"])
    change = _changes(wide).rename_axis(columns="block")
    targets = list(counted(ablation, task, source).index)
    who = change.index.get_level_values("target").map(
        {source: "source", **dict.fromkeys(targets, "targets")}
    )
    change = change[who.notna()].groupby([who.dropna().rename("who"), "seed"]).mean()
    return change.stack().rename("points").dropna().reset_index()


def between_seeds(ablation: pd.DataFrame, task: str, source: str = SOURCE) -> float:
    """How far seeds are apart with nothing re-initialised, in points of the targets' mean: the
    largest less the smallest; NaN for one seed."""
    wide = scores(ablation, task, source)
    wide = wide[wide.index.get_level_values("target").isin(counted(ablation, task, source).index)]
    if wide.empty:
        return float("nan")
    means = wide[NONE].groupby("seed").mean()
    return float(np.ptp(means)) if len(means) > 1 else float("nan")


def left_out(ablation: pd.DataFrame, task: str, source: str = SOURCE) -> pd.Series:
    """Why each target that is left out is, by its code; empty where none is."""
    wide = scores(ablation, task, source)
    if wide.empty:
        return pd.Series(dtype=object)
    wide, change = (table.groupby("target").mean() for table in (wide, _changes(wide)))
    rows = ablation[(ablation["task"] == task) & (ablation["source"] == source)]
    if metric := _ONE_METRIC.get(task):
        rows = rows[rows["metric"] == metric]
    floors = rows.astype({"floor": float}).groupby("target")["floor"].mean()
    out = {}
    for target, row in wide.drop(index=source, errors="ignore").iterrows():
        floor = floors.get(target, np.nan)
        span = -change.loc[target].get(ALL, np.nan)  # of the seeds that have both
        if row[NONE] <= floor:
            out[target] = f"its score, {row[NONE]:.1f}, is not above the floor, {floor:.1f}"
        elif span < SPAN:
            out[target] = f"re-initialising everything costs it {span:.2f}, under {SPAN:g} points"
    return pd.Series(out, dtype=object)


def counted(ablation: pd.DataFrame, task: str, source: str,
            start: str = "bert") -> pd.DataFrame:  # fmt: skip
    """`losses` of the targets that count: not the source, and none that is left out."""
    change = losses(ablation, task, source, start)
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
