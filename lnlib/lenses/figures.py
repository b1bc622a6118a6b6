"""The figures across papers: how lenses agree, what each sees, profiles by depth, Fisher masks.

Each comes wide, and narrow for a telephone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lnlib.figures.style import COLOURS, GAINS, SHARES, Figure, blank, figure_of
from lnlib.lenses.reading.matrices import (
    DEPARTURES,
    FISHER,
    INFLUENTIAL,
    LENSES,
    MOVED,
    SCRIPT_AND_FAMILY,
    STATES_ALIKE,
    TICKETS,
    ZERO_SHOT,
    Tables,
    fisher_pairs,
    matrix,
)
from lnlib.lenses.reading.profiles import PROFILES, REINITIALISED
from lnlib.lenses.scales import TASK
from lnlib.papers.foroutan.analysis import nulls

# What a reader calls a lens, in two lines, and the unit of its numbers.
TITLES = {
    TICKETS: "tickets'\noverlap",
    DEPARTURES: "tickets'\ndepartures",
    MOVED: "moved\nmasks",
    FISHER: "Fisher\noverlap",
    STATES_ALIKE: "states\n(CKA)",
    INFLUENTIAL: "influence",
    ZERO_SHOT: "zero-shot\ntransfer",
    REINITIALISED: "layers re-\ninitialised",
}
UNITS = {
    TICKETS: "%", DEPARTURES: "points", MOVED: "points of F1", FISHER: "%", STATES_ALIKE: "",
    INFLUENTIAL: "cosine", ZERO_SHOT: "% of own", REINITIALISED: "points of F1",
}  # fmt: skip
_BY_SCRIPT = ("en", "de", "fr", "es", "sw", "ru", "fa", "ur", "ar", "hi", "zh")
_NULL, _INK = "#888888", "#333333"


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
    size = 4.0 if narrow else 7.2
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
    small = 6.0 if narrow else 9.0
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
    figure, panels = figure_of(4.0 if narrow else 8.8, rows * (2.2 if narrow else 2.45), rows,
                               columns)  # fmt: skip
    for axes, lens in zip(panels, LENSES, strict=False):
        square = matrix(tables, lens)
        if square.empty:
            axes.set_axis_off()
            axes.set_title(f"{TITLES[lens]}\nnot run".replace("\n", " ", 1), size=7)
            continue
        codes = [code for code in _BY_SCRIPT if code in square.index]
        shown = square.reindex(index=codes, columns=codes)
        _squares(axes, shown.to_numpy(float), cmap=SHARES)
        axes.set_facecolor("#eeeeee")
        small = 6 if narrow else 7.5
        axes.set_xticks(range(len(codes)), codes, size=small, rotation=90 if narrow else 0)
        axes.set_yticks(range(len(codes)), codes, size=small)
        axes.tick_params(length=0)
        axes.grid(visible=False)
        low, high = np.nanmin(shown), np.nanmax(shown)
        digits = 2 if high - low < 2 else 0
        ends = " to ".join(f"{end:.{digits}f}".replace("-", "−") for end in (low, high))
        title = TITLES[lens].replace("\n", " ")
        axes.set_title(f"{title}\n{ends} {UNITS[lens]}", size=7 if narrow else 9)
    for axes in panels[len(LENSES) :]:
        axes.set_axis_off()
    return figure


def profiles(found: pd.DataFrame, narrow: bool = False) -> Figure:
    """Strips over one axis of depth, from rows of `reading.profiles`, each beside its null.

    A line is the mean over languages, with its 95 % interval; the grey band what the lens sees
    where languages have nothing to do with it; the dashed line what it sees of one language.
    """
    lenses = [lens for lens in PROFILES if lens in set(found["lens"])]
    if not lenses:
        figure, (axes,) = figure_of(6.0, 2.0)
        blank(axes, "profiles by depth")
        return figure
    shape = (len(lenses), 1) if narrow else (1, len(lenses))
    figure, panels = figure_of(*((3.9, 1.75 * len(lenses)) if narrow else (8.6, 3.0)), *shape)
    deepest = found["depth"].max()
    for axes, lens in zip(panels, lenses, strict=True):
        rows = found[found["lens"] == lens]
        depth, value = rows["depth"].to_numpy(), rows["value"].to_numpy()
        if len(rows) > 1:
            axes.fill_between(depth, rows["null_low"], rows["null_high"], color=_NULL, alpha=0.35,
                              lw=1)  # fmt: skip
        errors = [value - rows["low"], rows["high"] - value]
        axes.errorbar(depth, value, errors, fmt="o-", ms=4, capsize=2, color=COLOURS["ticket"])
        if rows["ceiling"].notna().any():
            axes.plot(depth, rows["ceiling"], "--", color=_INK, lw=1)
        if lens == REINITIALISED:
            axes.axhline(0, color=_INK, lw=0.6)
        axes.set_xlim(-0.4, deepest + 0.4)
        axes.set_xticks(range(int(deepest) + 1))
        unit = f" ({UNITS[lens]})" if UNITS[lens] else ""
        title = TITLES[lens].replace("re-\n", "re-").replace("\n", " ")
        axes.set_title(f"{title}{unit}", size=9)
        axes.tick_params(labelsize=8)
    last = panels[-1:] if narrow else panels
    for axes in last:
        axes.set_xlabel("layer, from below", size=8)
    clearest = FISHER if FISHER in lenses else lenses[0]
    _explained(panels[lenses.index(clearest)], found[found["lens"] == clearest])
    return figure


def _explained(axes: Axes, rows: pd.DataFrame) -> None:
    """What dashes, line and band are, in their own colours."""
    said = [("one language", _INK), ("two languages", COLOURS["ticket"]), ("by chance", "#777777")]
    said = said[0 if rows["ceiling"].notna().any() else 1 :]
    for place, (words, colour) in enumerate(said):
        axes.text(0.97, 0.96 - 0.1 * place, words, color=colour, size=8, ha="right", va="top",
                  transform=axes.transAxes)  # fmt: skip


LADDER = ("independent, same density", "random", "untouched encoder's weights", "shuffled labels",
          "other language", "same language, other data")  # fmt: skip


def ladder(tables: Tables) -> pd.DataFrame:
    """What a mask shares with other masks: columns kind ("tickets", "fisher"), comparison (of
    `LADDER`) and jaccard (%), one row a pair of masks.

    Tickets are of two seeds, and so of two trainings; Fisher masks of two halves of the data.
    """
    names = {"same density per matrix": LADDER[0], "random mask": LADDER[1],
             "one-shot magnitude": LADDER[2], "shuffled labels": LADDER[3],
             nulls.BETWEEN: LADDER[4], nulls.CEILING: LADDER[5]}  # fmt: skip
    pairs = nulls.comparisons(tables.overlap, TASK).drop_duplicates(["comparison", "pair"])
    parts = [
        pairs.assign(kind=TICKETS, comparison=pairs["comparison"].map(names))[
            ["kind", "comparison", "jaccard"]
        ].dropna()
    ]
    own = fisher_pairs(tables, FISHER)
    same = own["lang_a"] == own["lang_b"]
    between = {
        LADDER[0]: own.loc[~same, "expected"],
        LADDER[4]: own.loc[~same, "jaccard"],
        LADDER[5]: own.loc[same, "jaccard"],
        **{LADDER[place]: fisher_pairs(tables, FISHER, other)["jaccard"]
           for place, other in ((1, "random"), (2, "magnitude"), (3, "shuffled"))},
    }  # fmt: skip
    for comparison, values in between.items():
        found = 100 * values.astype(float)
        parts.append(pd.DataFrame({"kind": FISHER, "comparison": comparison, "jaccard": found}))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def fisher_beside_tickets(tables: Tables, narrow: bool = False) -> Figure:
    """`ladder` as dots with their means, tickets and Fisher masks one above the other."""
    found = ladder(tables)
    if FISHER not in set(found["kind"]):
        figure, (axes,) = figure_of(6.0, 2.0)
        blank(axes, "Fisher masks")
        return figure
    shape = (2, 1) if narrow else (1, 2)
    figure, panels = figure_of(*((3.9, 5.6) if narrow else (8.2, 3.3)), *shape)
    titles = {TICKETS: "tickets, by magnitude", FISHER: "masks by Fisher information"}
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        for place, comparison in enumerate(LADDER):
            values = found.loc[(found["kind"] == kind) & (found["comparison"] == comparison),
                               "jaccard"].to_numpy()  # fmt: skip
            if not len(values):
                continue
            colour = COLOURS["ticket"] if comparison == LADDER[4] else _INK
            axes.scatter(values, place + np.linspace(-0.18, 0.18, len(values)), s=6, color=colour,
                         alpha=0.3, lw=0)  # fmt: skip
            axes.plot([values.mean()] * 2, [place - 0.26, place + 0.26], color=colour, lw=2.5)
            axes.text(values.mean(), place - 0.28, f"{values.mean():.0f}", ha="center", va="bottom",
                      size=8, color=colour)  # fmt: skip
        shown = not narrow and kind == FISHER
        axes.set_yticks(range(len(LADDER)), ["" if shown else name for name in LADDER], size=8)
        axes.set(xlim=(28, 100), ylim=(len(LADDER) - 0.4, -1.0))
        axes.set_title(title, size=9)
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(visible=False, axis="y")
    panels[-1].set_xlabel("weights that both keep, % of those that either keeps", size=8)
    return figure
