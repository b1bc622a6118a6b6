"""Figures of mOthello, each from one of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.style import ON_DARK, ON_LIGHT, Figure, blank, figure_of
from lnlib.papers.hua.analysis import neutrality
from lnlib.papers.hua.analysis.means import SERIES, means, method_of, rank, usual
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.world.boards import World
from lnlib.papers.hua.world.games import replay

_SAFE = sns.color_palette("colorblind").as_hex()
# Of `means.SERIES`: a colour, a marker and a place beside the others.
_PROBED = (
    (_SAFE[0], "o", -0.24), (_SAFE[3], "D", -0.08), (_SAFE[1], "^", 0.08), (_SAFE[2], "s", 0.24)
)  # fmt: skip
_BLANK = "#999999"  # the network that was never trained
_LINES = "#5d6a75"  # of a board, on whose squares both colours of discs stand out
_WHITE, _EMPTY = 0, 1  # classes of a square, see `Games.states`
_DASHES = ("-", "--", "-.", ":")


def alignment(table: pd.DataFrame, probe: str = "mlp", board: str = "absolute") -> Figure:
    """How much of the board a probe reads, by method: a dot a seed (mean over pairs of languages).

    Grey crosses are the same of a network that was never trained; the line is what the number of
    the move alone tells.
    """
    found = means(table, probe, board)
    if found.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "the alignment of languages")
        return figure
    order = {name: place for place, name in enumerate(found["shown"].unique())}
    figure, (axes,) = figure_of(3.5 + 1.1 * len(order), 4.2)
    for name, (colour, marker, aside) in zip(SERIES, _PROBED, strict=True):
        for network, colours, markers, label in (
            ("random", _BLANK, "x", None), ("trained", colour, marker, name)
        ):  # fmt: skip
            of = found[(found["series"] == name) & (found["network"] == network)]
            x = of["shown"].map(order) + aside
            axes.scatter(x, of["value"], s=30, color=colours, marker=markers, label=label)
    axes.scatter([], [], color=_BLANK, marker="x", label="each in a random network")
    level = usual(table, board)
    axes.axhline(level, color=_BLANK, ls="--", label="from the number of the move")
    axes.set_xticks(list(order.values()), list(order))
    axes.set(xlim=(-0.5, len(order) - 0.5), ylabel="squares read right (%)")
    axes.grid(visible=False, axis="x")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _curves(axes: Axes, rows: pd.DataFrame, column: str, title: str) -> None:
    for at, (name, of) in enumerate(rows.groupby("language")):
        colour, dash = _SAFE[at % len(_SAFE)], _DASHES[at % len(_DASHES)]
        sns.lineplot(of, x="step", y=column, ax=axes, color=colour, ls=dash, label=name,
                     errorbar=("pi", 100))  # fmt: skip
    axes.set(title=title, xlabel="step", ylabel="legal moves (%)", ylim=(0, 102))
    axes.legend(frameon=False, fontsize=8)


def learning(table: pd.DataFrame) -> Figure:
    """Legal moves by step of pre-training, a line a language; bands are the range over seeds."""
    figure, (axes,) = figure_of(6.4, 3.6)
    if table.empty:
        blank(axes, "pre-training")
    else:
        _curves(axes, table, "legal", "")
    return figure


def transfer(table: pd.DataFrame, measure: str = "legal") -> Figure:
    """Legal moves by step of fine-tuning in one language, a panel a method, a line a language."""
    rows = table[table["measure"] == measure]
    if rows.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "transfer")
        return figure
    rows = rows.assign(shown=method_of(rows)).sort_values("method", key=rank, kind="stable")
    order = list(rows["shown"].unique())
    figure, panels = figure_of(3.4 * len(order) + 0.6, 3.6, 1, len(order), sharey=True)
    for axes, name in zip(panels, order, strict=True):
        of = rows[rows["shown"] == name]
        _curves(axes, of, "value", f"{name}, tuned in {of['tuned'].iloc[0]}")
    return figure


def position(content: Mapping[str, Any],
             names: Sequence[str] = ("naive", "unified output")) -> Figure:  # fmt: skip
    """One position of the page's networks (`page.asset`), and what a probe reads of it from either
    language, a row a network. Wrong squares are crossed and hatched."""
    world = World(content["rows"], content["cols"])
    moves = content["openings"][0]
    true = replay(world, np.array(moves)).states()[0, len(moves) - 1]
    networks = [network for network in content["networks"] if network["name"] in names]
    figure, panels = figure_of(6.4, 2.3 * len(networks), len(networks), 3)
    _board(panels[0], world, true, true)
    panels[0].set_title("the game")
    for row, network in enumerate(networks):
        game, *readings = panels[3 * row : 3 * row + 3]
        if row:
            game.set_axis_off()
        readings[0].set_ylabel(network["name"])
        for axes, read, name in zip(readings, network["opening"], "AB", strict=True):
            _board(axes, world, np.array(read), true)
            axes.set_title(f"read from {name}: {(np.array(read) == true).sum()} of {world.squares}")
    return figure


def _board(axes: Axes, world: World, discs: np.ndarray, true: np.ndarray) -> None:
    """Discs by class, (S,) each. Markers and not patches: an SVG draws one and uses it again."""
    sides = {"xlim": (0, world.cols), "ylim": (world.rows, 0)}
    axes.set(**sides, aspect="equal", facecolor="#c3ccd4", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.hlines(range(1, world.rows), 0, world.cols, colors=_LINES, lw=0.5)
    axes.vlines(range(1, world.cols), 0, world.rows, colors=_LINES, lw=0.5)
    row, column = np.divmod(np.arange(world.squares), world.cols)
    disc, wrong = discs != _EMPTY, discs != true
    colours = np.where(discs[disc] == _WHITE, ON_DARK, ON_LIGHT)
    axes.scatter(column[disc] + 0.5, row[disc] + 0.5, s=260, c=colours, edgecolors=ON_LIGHT)
    for x, y in zip(column[wrong], row[wrong], strict=True):
        axes.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], fill=False, hatch="///", lw=0,
                  ec=_LINES)  # fmt: skip
    for colour, width in ((ON_DARK, 5), (_SAFE[3], 2.5)):
        axes.scatter(column[wrong] + 0.5, row[wrong] + 0.5, s=110, color=colour, marker="x",
                     linewidths=width, zorder=3)  # fmt: skip


# Of the controlled test's ways to train: a colour and a marker.
_WAYS = {
    "naive": (_SAFE[3], "X"), "1 anchor": (_SAFE[1], "v"), "2 anchors": (_SAFE[8], "s"),
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
        figure, (axes,) = figure_of(3.8 if narrow else 6.4, 2.0)
        blank(axes, "the overlap of masks where alignment is known")
        return figure
    columns = 2 if narrow else 3
    rows = -(-(len(kinds) + 1) // columns)  # a place is left for the legend
    figure, panels = figure_of(
        3.8 if narrow else 9.6, (2.1 if narrow else 2.9) * rows, rows, columns
    )
    for axes, kind in zip(panels, kinds, strict=False):
        own = found[found["kind"] == kind].sort_values("alignment")
        axes.scatter(own["alignment"], own["within"], color=_BLANK, marker="_", s=90)
        axes.plot(own["alignment"], own["expected"], color=_BLANK, ls="--", lw=1)
        for shown, (colour, marker) in _WAYS.items():
            one = own[own["shown"] == shown]
            axes.scatter(one["alignment"], one["across"], color=colour, marker=marker, s=34)
        axes.set_title(KINDS[kind], fontsize=9 if narrow else 11)
        axes.set_ylim(0, 1.03)
    for axes in panels[: len(kinds) : columns]:
        axes.set_ylabel("overlap (J)" if narrow else "overlap of two languages (J)")
    for axes in panels[max(0, len(kinds) - columns) : len(kinds)]:
        axes.set_xlabel("alignment (%)")
    key = panels[len(kinds)]
    for shown, (colour, marker) in _WAYS.items():
        key.scatter([], [], color=colour, marker=marker, s=34, label=shown)
    key.scatter([], [], color=_BLANK, marker="_", s=90, label="one language, twice")
    key.plot([], [], color=_BLANK, ls="--", lw=1, label="chance")
    key.legend(frameon=False, loc="center", fontsize=8 if narrow else 9)
    for axes in panels[len(kinds) :]:
        axes.set_axis_off()
    return figure


_CUT = (
    (("lesion", True), "of the language whose lesion it is", _SAFE[3], "o", -0.2),
    (("lesion", False), "of the other language", _SAFE[0], "D", 0.0),
    (("random important", None), "random among what a language needs", _BLANK, "x", 0.2),
)  # fmt: skip


def lesions(tables: Tables, narrow: bool = False) -> Figure:
    """What it costs to remove the weights that one language needs most in excess: a dot a seed."""
    found = neutrality.lesions(tables.subnetworks)
    if found.empty:
        figure, (axes,) = figure_of(3.8 if narrow else 6.4, 2.0)
        blank(axes, "lesions")
        return figure
    found = found.assign(shown=method_of(found))
    order = {way: at for at, way in enumerate(w for w in _WAYS if w in set(found["shown"]))}
    figure, (axes,) = figure_of(3.8 if narrow else 7.2, 4.4 if narrow else 3.8)
    for (kind, own), label, colour, marker, aside in _CUT:
        rows = found[found["kind"] == kind]
        if own is None:
            rows = rows.groupby(["shown", "seed"], as_index=False)["cost"].mean()
        else:
            rows = rows[rows["own"] == own]
        x = rows["shown"].map(order).astype(float) + aside  # text, where there is no row
        axes.scatter(x, rows["cost"], color=colour, marker=marker, s=34, label=label)
    axes.set_xticks(list(order.values()), [way.replace(", ", ",\n") for way in order])
    axes.tick_params(axis="x", rotation=60 if narrow else 0)
    axes.set(xlim=(-0.5, len(order) - 0.5), ylabel="legal moves lost (points)")
    axes.axhline(0, color=_BLANK, lw=1)
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside upper center", ncols=1 if narrow else 3, frameon=False, fontsize=8)
    return figure
