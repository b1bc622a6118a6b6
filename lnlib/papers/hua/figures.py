"""Figures of mOthello, each from one of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.style import Figure, blank, figure_of
from lnlib.papers.hua.analysis.means import SERIES, means, method_of, rank, usual
from lnlib.papers.hua.world.boards import World
from lnlib.papers.hua.world.games import replay

_SAFE = sns.color_palette("colorblind").as_hex()
# Of `means.SERIES`: a colour, a marker and a place beside the others.
_PROBED = (
    (_SAFE[0], "o", -0.24), (_SAFE[3], "D", -0.08), (_SAFE[1], "^", 0.08), (_SAFE[2], "s", 0.24)
)  # fmt: skip
_BLANK = "#999999"  # the network that was never trained
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
    axes.hlines(range(1, world.rows), 0, world.cols, colors="#5d6a75", lw=0.5)
    axes.vlines(range(1, world.cols), 0, world.rows, colors="#5d6a75", lw=0.5)
    row, column = np.divmod(np.arange(world.squares), world.cols)
    disc, wrong = discs != _EMPTY, discs != true
    colours = np.where(discs[disc] == _WHITE, "#ffffff", "#111111")
    axes.scatter(column[disc] + 0.5, row[disc] + 0.5, s=260, c=colours, edgecolors="#111111")
    for x, y in zip(column[wrong], row[wrong], strict=True):
        axes.fill([x, x + 1, x + 1, x], [y, y, y + 1, y + 1], fill=False, hatch="///", lw=0)
    for colour, width in (("#ffffff", 5), (_SAFE[3], 2.5)):
        axes.scatter(column[wrong] + 0.5, row[wrong] + 0.5, s=110, color=colour, marker="x",
                     linewidths=width, zorder=3)  # fmt: skip
