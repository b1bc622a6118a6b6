"""What costs grow with, and what they do not grow with."""

from __future__ import annotations

from textwrap import fill

import pandas as pd

from lnlib.figures.style import COLOURS, Figure, blank, panels_of

_AXES = {  # job in results/bench/growth.csv: label of the axis, unit of the axis
    "overlap against masks": ("masks compared", 1.0),
    "overlap against weights": ("millions of weights in each of nine", 1e6),
    "training step against sparsity": ("sparsity (% pruned)", 1.0),
}


def growth(table: pd.DataFrame, narrow: bool = False) -> Figure:
    """Seconds of an overlap by masks and by weights, and of a training step by sparsity.

    `table` is `results/bench/growth.csv`: columns job, at (the place on the axis), value (seconds).
    All axes start at zero, so that what is flat looks flat.
    """
    figure, panels = panels_of(len(_AXES), 2.2 if narrow else 2.6, narrow)
    for axes, (job, (label, unit)) in zip(panels, _AXES.items(), strict=True):
        rows = table[table["job"] == job].sort_values("at")
        if rows.empty:
            blank(axes, job)
            continue
        axes.plot(rows["at"] / unit, rows["value"], marker="o", color=COLOURS["ticket"])
        axes.set_title(job if narrow else fill(job, 18), size=10)
        axes.set_xlabel(label, size=9)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0, top=1.08 * rows["value"].max())
    panels[len(panels) // 2 if narrow else 0].set_ylabel("seconds (down is better)")
    return figure
