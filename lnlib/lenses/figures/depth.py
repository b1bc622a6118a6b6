"""What each lens sees by depth, each beside its null, and a world where the answer is known."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from lnlib.figures.style import COLOURS, MUTED, Figure, blank, figure_of
from lnlib.lenses.figures.names import INK, NULL, UNITS, in_one_line
from lnlib.lenses.reading.matrices import FISHER, TICKETS
from lnlib.lenses.reading.profiles import PROFILES, REINITIALISED, beyond_null

_PLACES = (0, 1, 3, 4, 5)  # of `PROFILES` in two rows of three; the third place is free
_FREE = 2
_KNOWN = {FISHER: ("Fisher", "o-", COLOURS["ticket"]), "ticket": (TICKETS, "s--", INK)}
_ENDS = {"naive": "not aligned", "unified": "aligned"}  # Hua et al.'s methods, as a reader says


def profiles(found: pd.DataFrame, known: pd.DataFrame | None = None,
             narrow: bool = False) -> Figure:  # fmt: skip
    """Strips over one axis of depth, from rows of `reading.profiles`, each beside its null.

    A line is the mean over languages, with its 95 % interval; the grey band what the lens sees
    where languages have nothing to do with it; the dashed line what it sees of one language.
    `known` adds a panel of networks whose languages are known to be aligned or not: rows of
    `hua.analysis.neutrality.beside`.
    """
    if found.empty:
        figure, (axes,) = figure_of(6.0, 2.0)
        blank(axes, "profiles by depth")
        return figure
    figure, panels = figure_of(*((3.9, 6.6, 3, 2) if narrow else (8.4, 5.0, 2, 3)))
    small, deepest = 7 if narrow else 9, found["depth"].max()
    for place, lens in zip(_PLACES, PROFILES, strict=True):
        rows = found[found["lens"] == lens]
        if rows.empty:
            blank(panels[place], in_one_line(lens))
            continue
        _strip(panels[place], rows, deepest)
        panels[place].set_title(_title(lens, rows, narrow), size=small)
    if known is None or known.empty:
        panels[_FREE].set_axis_off()
    else:
        _known(panels[_FREE], known)
        panels[_FREE].set_title("made-up languages\n0: chance, 100: one language", size=small)
    lens = FISHER if FISHER in set(found["lens"]) else found["lens"].iloc[0]
    _explained(panels[_PLACES[PROFILES.index(lens)]], found[found["lens"] == lens])
    return figure


def _strip(axes: Axes, rows: pd.DataFrame, deepest: float) -> None:
    depth, value = rows["depth"].to_numpy(), rows["value"].to_numpy()
    if len(rows) > 1:
        axes.fill_between(depth, rows["null_low"], rows["null_high"], color=NULL, alpha=0.35, lw=1)
    errors = [value - rows["low"], rows["high"] - value]
    axes.errorbar(depth, value, errors, fmt="o-", ms=4, capsize=2, color=COLOURS["ticket"])
    if rows["ceiling"].notna().any():
        axes.plot(depth, rows["ceiling"], "--", color=INK, lw=1)
    if (rows["lens"] == REINITIALISED).all():
        axes.axhline(0, color=INK, lw=0.6)
    axes.set_xlim(-0.4, deepest + 0.4)
    axes.set_xticks(range(int(deepest) + 1))
    axes.set_xlabel("layer, from below", size=8)
    axes.tick_params(labelsize=8)


def _title(lens: str, rows: pd.DataFrame, narrow: bool) -> str:
    unit = f" ({UNITS[lens]})" if UNITS[lens] and not narrow else ""
    out, of = beyond_null(rows), len(rows)
    what = "lost beyond seeds" if lens == REINITIALISED else "above chance"
    where = "blocks" if lens == REINITIALISED else "layers"
    return f"{in_one_line(lens)}{unit}\n{what}: {out} of {of} {where}"


def _explained(axes: Axes, rows: pd.DataFrame) -> None:
    """What dashes, line and band are, each beside its own."""
    row = rows.sort_values("depth").iloc[-2 if len(rows) > 1 else -1]
    (bottom, top), right = axes.get_ylim(), rows["depth"].max() + 0.3
    gap = (top - bottom) / 30
    said = [("one language", row["ceiling"] + gap, INK, "bottom"),
            ("two languages", row["low"] - gap, COLOURS["ticket"], "top"),
            ("by chance", (row["null_low"] + row["null_high"]) / 2, INK, "center")]  # fmt: skip
    for words, height, colour, side in said:
        if pd.notna(height):
            axes.text(right, height, words, color=colour, size=8, ha="right", va=side)


def _known(axes: Axes, known: pd.DataFrame) -> None:
    """Overlap between chance and ceiling where languages are aligned and where they are not."""
    rows = known[known["shown"].isin(_ENDS)]
    for kind, (name, look, colour) in _KNOWN.items():
        own = rows[rows["kind"] == kind]
        for place, end in enumerate(_ENDS):
            seeds = own.loc[own["shown"] == end, "corrected"]
            axes.scatter([place] * len(seeds), seeds, s=10, color=colour, alpha=0.5, lw=0)
        means = own.groupby("shown")["corrected"].mean().reindex(list(_ENDS))
        axes.plot(range(len(_ENDS)), means, look, color=colour, ms=5)
        above = kind != FISHER
        axes.text(0.05, means.iloc[0] + (5 if above else -5), name, color=colour, size=8,
                  va="bottom" if above else "top")  # fmt: skip
    axes.axhline(0, color=MUTED, lw=0.6)
    axes.set(xlim=(-0.3, 1.3), ylim=(-5, 115))
    axes.set_xticks(range(len(_ENDS)), [*_ENDS.values()])
    axes.set_yticks((0, 50, 100))
    axes.tick_params(labelsize=8)
    axes.grid(visible=False, axis="x")
