"""Figures of mOthello, each from one of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.rows import Words, say_beside
from lnlib.figures.style import (
    MUTED,
    ON_DARK,
    ON_LIGHT,
    SMALL,
    Figure,
    figure_of,
    label_ends,
    not_run,
    panels_of,
    width,
)
from lnlib.papers.hua.analysis import neutrality
from lnlib.papers.hua.analysis.means import SERIES, means, method_of, rank, usual
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.world.boards import World
from lnlib.papers.hua.world.games import replay

_SAFE = sns.color_palette("colorblind").as_hex()
# Of `means.SERIES`: a colour, a marker and a place beside the others.
_PROBED = (
    (_SAFE[0], "o", -0.3), (_SAFE[3], "D", -0.1), (_SAFE[1], "^", 0.1), (_SAFE[2], "s", 0.3)
)  # fmt: skip
_BLANK = MUTED  # the network that was never trained
_LINES = "#5d6a75"  # of a board, on whose squares both colours of discs stand out
_WHITE, _EMPTY = 0, 1  # classes of a square, see `Games.states`
_DASHES = ("-", "--", "-.", ":")


def alignment(table: pd.DataFrame, probe: str = "mlp", board: str = "absolute",
              narrow: bool = False) -> Figure:  # fmt: skip
    """How much of the board a probe reads, a row a method: a mark a seed (mean over pairs).

    Grey crosses are the same of a network that was never trained; the dashed line is what the
    number of the move alone tells.
    """
    found = means(table, probe, board)
    if found.empty:
        return not_run("the alignment of languages", narrow)
    order = list(found["shown"].unique())
    figure, (axes,) = figure_of(width(narrow), 1.1 + 0.74 * len(order))
    said = []
    for name, (colour, marker, aside) in zip(SERIES, _PROBED, strict=True):
        of = found[found["series"] == name]
        of = of.assign(y=of["shown"].map(order.index).astype(float) + aside)
        blank, own = (of[of["network"] == network] for network in ("random", "trained"))
        axes.scatter(blank["value"], blank["y"], s=20, color=_BLANK, marker="x", lw=1)
        axes.scatter(own["value"], own["y"], s=30, color=colour, marker=marker)
        first = of.loc[of["shown"] == order[0], "value"]
        words = name.replace("another", "other").removesuffix(" language") if narrow else name
        said.append(Words(words, first.min(), first.max(), aside, colour))
    level, bottom = usual(table, board), len(order) - 0.5
    # Words stand between its two parts
    axes.vlines([level] * 2, [-0.68, 0.5], [-0.5, bottom], color=_BLANK, ls="--")
    axes.text(level, -0.83, "by the number of the move", ha="center", va="center",
              size=SMALL, color=_BLANK)  # fmt: skip
    for between in range(1, len(order)):
        axes.axhline(between - 0.5, color="#cccccc", lw=0.8)
    axes.set_yticks(range(len(order)), [name.replace(", ", ",\n") for name in order])
    axes.set(ylim=(bottom, -1), xlabel="squares read right (%)")
    axes.grid(visible=False, axis="y")
    say_beside(axes, said)
    return figure


def _curves(
    axes: Axes, rows: pd.DataFrame, column: str, title: str
) -> dict[str, tuple[float, float, str]]:
    """Draw a line a language; where each ends, with its colour."""
    ends = {}
    for at, (name, of) in enumerate(rows.groupby("language")):
        colour, dash = _SAFE[at % len(_SAFE)], _DASHES[at % len(_DASHES)]
        sns.lineplot(of, x="step", y=column, ax=axes, color=colour, ls=dash,
                     errorbar=("pi", 100))  # fmt: skip
        last = of["step"].max()
        ends[str(name)] = (last, of.loc[of["step"] == last, column].mean(), colour)
    axes.set(xlabel="step", ylabel="legal moves (%)", ylim=(0, 102))
    axes.set_title(title, size=10)
    return ends


def learning(table: pd.DataFrame, narrow: bool = False) -> Figure:
    """Legal moves by step of pre-training, a line a language; bands are the range over seeds."""
    if table.empty:
        return not_run("pre-training", narrow)
    figure, (axes,) = figure_of(width(narrow), 3.6)
    label_ends(axes, _curves(axes, table, "legal", ""))
    return figure


def transfer(table: pd.DataFrame, measure: str = "legal", narrow: bool = False) -> Figure:
    """Legal moves by step of fine-tuning in one language, a panel a method, a line a language."""
    rows = table[table["measure"] == measure]
    if rows.empty:
        return not_run("transfer", narrow)
    rows = rows.assign(shown=method_of(rows)).sort_values("method", key=rank, kind="stable")
    order = list(rows["shown"].unique())
    figure, panels = panels_of(len(order), 2.1 if narrow else 3.2, narrow, sharex=True, sharey=True)
    ends = []
    for axes, name in zip(panels, order, strict=True):
        of = rows[rows["shown"] == name]
        ends.append(_curves(axes, of, "value", f"{name}, tuned in {of['tuned'].iloc[0]}"))
    for axes, lines in zip(panels, ends, strict=True):
        label_ends(axes, lines)
    return figure


def position(content: Mapping[str, Any], names: Sequence[str] = ("naive", "unified output"),
             narrow: bool = False) -> Figure:  # fmt: skip
    """One position of the page's networks (`page.asset`), and what a probe reads of it from either
    language, a row a network. Wrong squares are crossed and hatched."""
    world = World(content["rows"], content["cols"])
    moves = content["openings"][0]
    true = replay(world, np.array(moves)).states()[0, len(moves) - 1]
    networks = [network for network in content["networks"] if network["name"] in names]
    height = 1.6 if narrow else 2.5
    figure, panels = figure_of(width(narrow), height * len(networks), len(networks), 3)
    size = 10.0 if narrow else 17.0  # of a disc, in points
    _board(panels[0], world, true, true, size)
    panels[0].set_title("the game", size=9)
    for row, network in enumerate(networks):
        game, *readings = panels[3 * row : 3 * row + 3]
        if row:
            game.set_axis_off()
        readings[0].set_ylabel(network["name"], size=9)
        for axes, read, name in zip(readings, network["opening"], "AB", strict=True):
            _board(axes, world, np.array(read), true, size)
            right = (np.array(read) == true).sum()
            between = "\n" if narrow else " "
            axes.set_title(f"read from {name}:{between}{right} of {world.squares}", size=9)
    return figure


def _board(axes: Axes, world: World, discs: np.ndarray, true: np.ndarray, size: float) -> None:
    """Discs by class, (S,) each, `size` points wide.

    Markers and not patches: an SVG draws one and uses it again.
    """
    sides = {"xlim": (0, world.cols), "ylim": (world.rows, 0)}
    axes.set(**sides, aspect="equal", facecolor="#c3ccd4", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.hlines(range(1, world.rows), 0, world.cols, colors=_LINES, lw=0.5)
    axes.vlines(range(1, world.cols), 0, world.rows, colors=_LINES, lw=0.5)
    row, column = np.divmod(np.arange(world.squares), world.cols)
    disc, wrong = discs != _EMPTY, discs != true
    colours = np.where(discs[disc] == _WHITE, ON_DARK, ON_LIGHT)
    axes.scatter(column[disc] + 0.5, row[disc] + 0.5, s=size**2, c=colours, edgecolors=ON_LIGHT)
    for x, y in zip(column[wrong], row[wrong], strict=True):
        axes.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], fill=False, hatch="///", lw=0,
                  ec=_LINES)  # fmt: skip
    for colour, share in ((ON_DARK, 0.3), (_SAFE[3], 0.15)):
        axes.scatter(column[wrong] + 0.5, row[wrong] + 0.5, s=(0.65 * size) ** 2, color=colour,
                     marker="x", linewidths=share * size, zorder=3)  # fmt: skip


# Of the controlled test's ways to train: a colour and a marker.
_WAYS = {
    "naive": (_SAFE[3], "X"), "1 anchor": (_SAFE[1], "v"), "2 anchors": (_SAFE[5], "s"),
    "4 anchors": (_SAFE[2], "^"), "unified": (_SAFE[0], "o"),
    "unified, 4 anchors": (_SAFE[4], "D"),
}  # fmt: skip
KINDS = {
    "ticket": "tickets", "departures": "tickets beyond magnitude",
    "change": "what training in it moves", "fisher": "Fisher", "weighted fisher": "Fisher x w²",
}  # fmt: skip


def overlap_by_kind(tables: Tables, narrow: bool = False) -> Figure:
    """Jaccard's index of two languages' masks against their alignment, a panel a kind of mask.

    A marker is a network, the grey dash at the same place the overlap of two masks of one language,
    the dashed line what chance gives; `narrow` is for a telephone.
    """
    found = neutrality.beside(tables).dropna(subset=["alignment"])
    kinds = [kind for kind in KINDS if kind in set(found["kind"])]
    if not kinds:
        return not_run("the overlap of masks where alignment is known", narrow)
    columns = 2 if narrow else 3
    rows = -(-(len(kinds) + 1) // columns)  # a place is left for the legend
    height = 2.1 if narrow else 2.4
    figure, panels = figure_of(width(narrow), height * rows, rows, columns)
    for axes, kind in zip(panels, kinds, strict=False):
        own = found[found["kind"] == kind].sort_values("alignment")
        axes.scatter(own["alignment"], own["within"], color=_BLANK, marker="_", s=90)
        axes.plot(own["alignment"], own["expected"], color=_BLANK, ls="--", lw=1)
        for shown, (colour, marker) in _WAYS.items():
            one = own[own["shown"] == shown]
            axes.scatter(one["alignment"], one["across"], color=colour, marker=marker, s=34)
        axes.set_title(fill(KINDS[kind], 14) if narrow else KINDS[kind], fontsize=9)
        axes.set_ylim(0, 1.03)
    for axes in panels[: len(kinds) : columns]:
        axes.set_ylabel("overlap (J)")
    for axes in panels[max(0, len(kinds) - columns) : len(kinds)]:
        axes.set_xlabel("alignment (%)")
    key = panels[len(kinds)]
    for shown, (colour, marker) in _WAYS.items():
        key.scatter([], [], color=colour, marker=marker, s=34, label=shown)
    key.scatter([], [], color=_BLANK, marker="_", s=90, label="one language, twice")
    key.plot([], [], color=_BLANK, ls="--", lw=1, label="chance")
    key.legend(frameon=False, loc="center", fontsize=SMALL)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    return figure


_CUT = (
    (("lesion", True), "its own language", _SAFE[3], "o", -0.25),
    (("lesion", False), "the other language", _SAFE[0], "D", 0.0),
    (("random important", None), "random among what it needs", _BLANK, "x", 0.25),
)  # fmt: skip


def lesions(tables: Tables, narrow: bool = False) -> Figure:
    """What it costs to remove the weights that one language needs most in excess: a mark a seed."""
    found = neutrality.lesions(tables.subnetworks)
    if found.empty:
        return not_run("lesions", narrow)
    found = found.assign(shown=method_of(found))
    order = [way for way in _WAYS if way in set(found["shown"])]
    figure, (axes,) = figure_of(width(narrow), 0.9 + 0.55 * len(order))
    said = []
    for (kind, own), words, colour, marker, aside in _CUT:
        rows = found[found["kind"] == kind]
        if own is None:
            rows = rows.groupby(["shown", "seed"], as_index=False)["cost"].mean()
        else:
            rows = rows[rows["own"] == own]
        y = rows["shown"].map(order.index).astype(float) + aside  # text, where there is no row
        axes.scatter(rows["cost"], y, color=colour, marker=marker, s=30)
        first = rows.loc[rows["shown"] == order[0], "cost"]
        if len(first):
            said.append(Words(words, first.min(), first.max(), aside, colour))
    axes.set_yticks(range(len(order)), [way.replace(", ", ",\n") for way in order])
    axes.set(ylim=(len(order) - 0.5, -0.6), xlabel="legal moves lost (points)")
    axes.axvline(0, color=_BLANK, lw=1)
    axes.grid(visible=False, axis="y")
    say_beside(axes, said)
    return figure
