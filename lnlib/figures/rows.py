"""Dot plots in rows: small dots and their mean, a null behind them, words beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes

from lnlib.figures.style import MUTED, SMALL


class Words(NamedTuple):
    """What is said beside marks that reach from `low` to `high` at the height `y`."""

    words: str
    low: float
    high: float
    y: float
    colour: str


def dots(axes: Axes, values: pd.Series, y: float, colour: str, marker: str = "o") -> None:
    """A small dot for each value, and a large mark for their mean; nothing where there is none."""
    values = values.dropna()
    if len(values):
        axes.scatter(values, [y] * len(values), s=10, color=colour, alpha=0.6, lw=0)
        axes.scatter(values.mean(), y, s=45, color=colour, marker=marker, zorder=3)


def band(axes: Axes, y: float, low: float, high: float) -> None:
    """What the null of one row gives."""
    axes.fill_betweenx([y - 0.42, y + 0.42], low, high, color=MUTED, alpha=0.3, lw=0)


def say_beside(axes: Axes, said: Iterable[Words], until: float | None = None) -> None:
    """Write words at the right of their marks, or at the left where the right has no room.

    The room ends where the panel does, or at the line that stands at `until`. To be called when all
    else is drawn: how wide the panel is follows from what stands around it.
    """
    axes.figure.draw_without_rendering()
    points = axes.bbox.width * 72 / axes.figure.dpi
    until = axes.get_xlim()[1] if until is None else until
    for words, low, high, y, colour in said:
        start, end, edge = (
            axes.transLimits.transform((x, 0))[0] * points for x in (low, high, until)
        )
        right = edge - end > 0.62 * SMALL * len(words) + 8 or edge - end > start
        axes.annotate(words, (high if right else low, y), (7 if right else -7, 0), size=SMALL,
                      textcoords="offset points", ha="left" if right else "right", va="center",
                      color=colour)  # fmt: skip
