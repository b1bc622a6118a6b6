"""How lenses agree, and what each sees between the same languages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lnlib.figures.style import GAINS, SHARES, Figure, blank, figure_of
from lnlib.lenses.figures.names import TITLES, UNITS, in_one_line
from lnlib.lenses.reading.matrices import LENSES, SCRIPT_AND_FAMILY, Tables, matrix

_BY_SCRIPT = ("en", "de", "fr", "es", "sw", "ru", "fa", "ur", "ar", "hi", "zh")


def correlations(found: pd.DataFrame, narrow: bool = False) -> Figure:
    """Rank correlations between lenses, from rows of `relations`, each with its 95 % interval.

    Below the diagonal as they are, above it beyond script and family. Blue is above 0; bold where
    the interval leaves out 0.
    """
    lenses = [lens for lens in LENSES if lens in {*found["lens_a"], *found["lens_b"]}]
    if not lenses:
        figure, (axes,) = figure_of(6.0, 2.0)
        blank(axes, "lenses compared")
        return figure
    size = 3.8 if narrow else 7.2
    figure, (axes,) = figure_of(size, size * 0.92)
    values = np.full((len(lenses), len(lenses)), np.nan)
    for given, (first, second) in {"": ("b", "a"), SCRIPT_AND_FAMILY: ("a", "b")}.items():
        for row in found[found["given"] == given].to_dict("records"):
            if {row["lens_a"], row["lens_b"]} <= {*lenses}:
                y, x = (lenses.index(row[f"lens_{side}"]) for side in (first, second))
                values[y, x] = row["r"]
                _cell(axes, x, y, row, narrow)
    _squares(axes, values, cmap=GAINS, vmin=-1, vmax=1)
    for place in range(len(lenses)):
        axes.add_patch(
            Rectangle((place - 0.5, place - 0.5), 1, 1, color="#888888", alpha=0.2, lw=0)
        )
    small = 6.5 if narrow else 9.0
    titles = [TITLES[lens] for lens in lenses]
    axes.set_xticks(range(len(lenses)), titles, size=small, rotation=90 if narrow else 0)
    axes.set_yticks(range(len(lenses)), titles, size=small)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_title("above the diagonal: beyond script and family", size=small, loc="right")
    axes.set_xlabel("below: as they are", size=small, loc="left")
    return figure


def _squares(axes: Axes, values: np.ndarray, **colours: Any) -> None:
    """A square a cell, from the top, as shapes: a page takes up an SVG's shapes, and no images."""
    edges = np.arange(len(values) + 1) - 0.5
    axes.pcolormesh(edges, edges, values, **colours)
    axes.set(xlim=(-0.5, len(values) - 0.5), ylim=(len(values) - 0.5, -0.5), aspect="equal")


def _cell(axes: Axes, x: int, y: int, row: dict, narrow: bool) -> None:
    apart = row["low"] > 0 or row["high"] < 0
    ink = "#fefefe" if abs(row["r"]) > 0.6 else "#1f1f1f"  # by the cell, not by the page
    weight = "bold" if apart else "normal"
    axes.text(x, y - 0.1, _signed(row["r"]), ha="center", va="center", color=ink, weight=weight,
              size=6.5 if narrow else 11)  # fmt: skip
    if not narrow:
        ends = f"{_signed(row['low'])} to {_signed(row['high'])}"
        axes.text(x, y + 0.25, ends, ha="center", va="center", color=ink, size=6.5)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def maps(tables: Tables, narrow: bool = False) -> Figure:
    """Every lens between the same languages in one order; each has a colour range of its own."""
    columns = 2 if narrow else 4
    rows = -(-len(LENSES) // columns)
    figure, panels = figure_of(3.8 if narrow else 8.8, rows * (2.2 if narrow else 2.45), rows,
                               columns)  # fmt: skip
    for axes, lens in zip(panels, LENSES, strict=False):
        square = matrix(tables, lens)
        if square.empty:
            axes.set_axis_off()
            axes.set_title(f"{in_one_line(lens)}\nnot run", size=7)
            continue
        codes = [code for code in _BY_SCRIPT if code in square.index]
        shown = square.reindex(index=codes, columns=codes)
        _squares(axes, shown.to_numpy(float), cmap=SHARES)
        axes.set_facecolor("#eeeeee")
        small = 6.5 if narrow else 7.5
        axes.set_xticks(range(len(codes)), codes, size=small, rotation=90 if narrow else 0)
        axes.set_yticks(range(len(codes)), codes, size=small)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        low, high = np.nanmin(shown), np.nanmax(shown)
        digits = 2 if high - low < 2 else 0
        ends = " to ".join(f"{end:.{digits}f}".replace("-", "−") for end in (low, high))
        axes.set_title(f"{in_one_line(lens)}\n{ends} {UNITS[lens]}", size=7 if narrow else 9)
    for axes in panels[len(LENSES) :]:
        axes.set_axis_off()
    return figure
