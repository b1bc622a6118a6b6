"""What all figures share: colours, the figure itself, empty panels, which way is better."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from io import StringIO
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib import figure as mpl_figure
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, ScalarFormatter

from lnlib.languages import LANGUAGES
from lnlib.tasks.task import Task

# The one place for colours. Okabe and Ito's set (seaborn's "colorblind"); every series differs in
# its marker or dash as well, so that the figures can be read without colour.
_SAFE = sns.color_palette("colorblind").as_hex()
COLOURS: dict[str, str] = {
    "ticket": _SAFE[0],
    "full": "#444444",
    "random": _SAFE[3],
    "magnitude": _SAFE[1],
    "shuffled": _SAFE[2],
    "mlm": _SAFE[4],
    "ner": _SAFE[0],
    "xnli": _SAFE[1],
}
MARKERS = {"random": "X", "magnitude": "s", "shuffled": "^", "mlm": "o", "ner": "s", "xnli": "^"}
GAINS = "RdBu"  # red is worse, blue is better
SHARES = "viridis"
MUTED = "#777777"  # nulls, and what only frames the data
SMALL = 8.0  # points: words beside marks, which are ten pixels in a page and on a telephone
ON_DARK, ON_LIGHT = "#fefefe", "#111111"  # words in a coloured cell, whatever the page's colours
_STYLE = {"axes.grid": True, "grid.color": "#dddddd", "axes.edgecolor": "#888888"}
# Text stays text: it can be searched, copied and read at any size. The first family is the one
# that widths are measured with, the next is as wide, and the rest have the other scripts.
_SVG = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lnlib",  # the same figure gives the same file
    "font.sans-serif": [
        "DejaVu Sans", "Verdana", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei",
        "Noto Sans Arabic", "Geeza Pro", "Noto Sans Devanagari", "Nirmala UI", "sans-serif",
    ],
}  # fmt: skip


class Figure(mpl_figure.Figure):
    """A matplotlib figure that a notebook shows as the last value of a cell, in any backend.

    It is not pyplot's: nothing has to be closed, and nothing is shown twice.
    """

    def savefig(self, *args: Any, **options: Any) -> None:
        """As matplotlib's, with text as text in an SVG."""
        with mpl.rc_context(_SVG):
            super().savefig(*args, **options)

    def _repr_svg_(self) -> str:
        text = StringIO()
        self.savefig(text, format="svg", metadata={"Date": None})
        return text.getvalue()


def figure_of(width: float, height: float, rows: int = 1, columns: int = 1,
              sharex: bool = False, sharey: bool = False) -> tuple[Figure, Any]:  # fmt: skip
    """A figure of `width` x `height` inches and its axes as a flat array.

    Parameters:

    - `width`, `height`: inches.
    - `rows`, `columns`: of panels.
    - `sharex`, `sharey`: whether all panels have one range.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    with sns.axes_style("ticks", _STYLE):
        return figure, figure.subplots(
            rows, columns, squeeze=False, sharex=sharex, sharey=sharey
        ).ravel()


def panels_of(
    count: int, height: float, narrow: bool = False, **shared: bool
) -> tuple[Figure, Any]:
    """So many panels, `height` inches each: side by side, or one below the other on a telephone."""
    shape = (count, 1) if narrow else (1, count)
    return figure_of(width(narrow), height * shape[0], *shape, **shared)


def width(narrow: bool) -> float:
    """Inches of a figure that is as wide as a page's column, or as a telephone.

    Both are shown at about 1.3 times their size: words of eight points are ten pixels.
    """
    return 3.8 if narrow else 7.2


def not_run(what: str, narrow: bool = False) -> Figure:
    """A figure that says what has not run."""
    figure, (axes,) = figure_of(width(narrow), 2.0)
    blank(axes, what)
    return figure


def blank(axes: Axes, what: str) -> None:
    """An empty panel that says what is missing from it."""
    axes.set_axis_off()
    text = textwrap.fill(f"Not run at this scale: {what}", 40)
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, color="#444444")


def label_ends(axes: Axes, ends: Mapping[str, tuple[float, float, str]],
               left: bool = False) -> None:  # fmt: skip
    """Words beside the ends (x, y, colour) of lines, moved apart so that none covers another.

    At the left of marks they stand inside of the panel, and are smaller.
    """
    gap = 12.0 * max(name.count("\n") + 1 for name in ends)  # points: a line of words, and some air
    axes.figure.draw_without_rendering()  # so that it is laid out
    scale = 72 / axes.figure.dpi
    heights = {name: scale * axes.transData.transform(end[:2])[1] for name, end in ends.items()}
    order = sorted(ends, key=lambda name: heights[name])
    places = [heights[name] for name in order]
    box = axes.bbox
    for _ in range(99):  # neighbours that are too close push each other away, until none is
        places[0] = max(places[0], scale * box.y0)
        places[-1] = min(places[-1], scale * box.y1)
        for below, above in pairwise(range(len(places))):
            if (short := gap - (places[above] - places[below])) > 0:
                places[below] -= short / 2
                places[above] += short / 2
    for name, place in zip(order, places, strict=True):
        x, y, colour = ends[name]
        line = {"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 0, "shrinkB": 3}
        axes.annotate(name, (x, y), (-9 if left else 11, place - heights[name]), color=colour,
                      textcoords="offset points", va="center", ha="right" if left else "left",
                      size=SMALL if left else None, arrowprops=line)  # fmt: skip


def better(axes: Axes, task: Task) -> None:
    """Turn the axis so that up is better, and say so on it."""
    if task.higher_is_better:
        axes.set_ylabel(f"{task.unit} (points, up is better)")
        return
    axes.set_yscale("log")
    axes.invert_yaxis()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.minorticks_off()
    axes.set_ylabel(f"{task.unit} (axis reversed: up is better)")


def ordered(codes: pd.Index | set[str]) -> list[str]:
    """Language codes in the paper's order, anything else after them."""
    order = {code: place for place, code in enumerate(LANGUAGES)}
    return sorted(codes, key=lambda code: (order.get(code, len(order)), code))


def heatmap(axes: Axes, shares: pd.DataFrame, title: str, colours: str,
            order: list[str] | None = None, **style: Any) -> None:  # fmt: skip
    """Shares by language, in the paper's order by default; what is missing is grey, never 0."""
    codes = order or ordered(set(shares.index) | set(shares.columns))
    shares = shares.reindex(index=codes, columns=codes).astype(float)
    fixed = {"annot": True, "annot_kws": {"size": 7.8}, "square": True, "linewidths": 0.5}
    sns.heatmap(shares, ax=axes, cmap=colours, **fixed, **style)
    axes.set_facecolor("#eeeeee")  # what is missing, the diagonal of a transfer matrix too
    for words in axes.texts:
        words.set_color(ON_DARK if words.get_color() == "w" else ON_LIGHT)
    axes.grid(visible=False)
    axes.tick_params(length=0, rotation=0)
    axes.set(title=title, xlabel="", ylabel="")
