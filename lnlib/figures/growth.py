"""What costs grow with, and what they do not grow with."""

from __future__ import annotations

import pandas as pd

from lnlib.figures.style import COLOURS, Figure, blank, figure_of

_AXES = {  # job in results/bench/growth.csv: label of the axis, unit of the axis
    "overlap against masks": ("masks compared", 1.0),
    "overlap against weights": ("weights in each of nine masks (millions)", 1e6),
    "training step against sparsity": ("sparsity (% of weights pruned)", 1.0),
}


def growth(table: pd.DataFrame) -> Figure:
    """Seconds of an overlap by masks and by weights, and of a training step by sparsity.

    `table` is `results/bench/growth.csv`: columns job, at (the place on the axis), value (seconds).
    All axes start at zero, so that what is flat looks flat.
    """
    figure, panels = figure_of(9.6, 3.0, 1, len(_AXES))
    for axes, (job, (label, unit)) in zip(panels, _AXES.items(), strict=True):
        rows = table[table["job"] == job].sort_values("at")
        if rows.empty:
            blank(axes, job)
            continue
        axes.plot(rows["at"] / unit, rows["value"], marker="o", color=COLOURS["ticket"])
        axes.set(xlabel=label, ylabel="seconds (down is better)", title=job)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    return figure
