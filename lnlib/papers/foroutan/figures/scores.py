"""Scores against sparsity, and what a mask of another language changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.style import (
    COLOURS,
    GAINS,
    MARKERS,
    Figure,
    better,
    blank,
    figure_of,
    heatmap,
    ordered,
)
from lnlib.languages import LANGUAGES, name_of
from lnlib.papers.foroutan.analysis import gains
from lnlib.papers.foroutan.analysis.gains import UNITS
from lnlib.papers.foroutan.coverage import TASKS

# In the order of `gains.ORIGINS`: another language has one colour, another seed one marker. Each
# has a dash and a height of its own, so that none hides another.
_ORIGINS = (
    (COLOURS["random"], "o", ":", -0.15),
    (COLOURS["ticket"], "D", "--", 0.0),
    (COLOURS["random"], "D", "--", 0.15),
)


def _curve(axes: Axes, scores: pd.DataFrame, task: str, lang: str) -> None:
    rows = scores[(scores["task"] == task) & (scores["lang"] == lang)]
    ticket = gains.own(rows, task)
    if ticket.empty:
        blank(axes, f"{TASKS[task].title}, {name_of(lang)}")
        return
    full = rows[rows["method"] == "full"]["value"]
    if len(full):
        axes.axhline(full.mean(), color=COLOURS["full"], ls="--", label="full model")
    if len(full) > 1:
        edges = full.mean() - full.std(), full.mean() + full.std()
        axes.axhspan(*edges, color=COLOURS["full"], alpha=0.15, lw=0)
    spread = ("pi", 100) if ticket["seed"].nunique() > 1 else None
    style: dict[str, Any] = {"marker": "o", "color": COLOURS["ticket"], "label": "ticket"}
    style["errorbar"] = spread
    sns.lineplot(ticket, x="sparsity", y="value", ax=axes, legend=False, **style)
    for control in ("magnitude", "shuffled", "random"):
        points = rows[rows["method"] == control]
        style = {"color": COLOURS[control], "marker": MARKERS[control], "zorder": 3}
        if len(points):
            axes.scatter(points["sparsity"], points["value"], label=control, **style)
    better(axes, TASKS[task])
    axes.set(xlabel="sparsity (% of weights pruned)", xticks=range(10, 100, 10))
    axes.set_title(name_of(lang))


def sparsity_curve(scores: pd.DataFrame, task: str, lang: str,
                   size: tuple[float, float] = (6.4, 4.0)) -> Figure:  # fmt: skip
    """Score against sparsity: the own ticket, the full model as a level, the controls as points.

    Bands are the range over seeds (ticket) and one standard deviation (full model, from two seeds).
    `size` is in inches.
    """
    figure, (axes,) = figure_of(*size)
    _curve(axes, scores, task, lang)
    if axes.get_legend_handles_labels()[0]:
        axes.set_title(f"{name_of(lang)}, {TASKS[task].title}")
        axes.legend(frameon=False)
    return figure


def sparsity_curves(scores: pd.DataFrame, task: str) -> Figure:
    """`sparsity_curve` for every language measured, each panel with its own axis."""
    codes = ordered(set(gains.own(scores, task)["lang"]) & set(LANGUAGES))
    if not codes:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, f"tickets for {TASKS[task].title}")
        return figure
    columns = min(3, len(codes))
    height = -(-len(codes) // columns)
    figure, panels = figure_of(3.4 * columns, 2.7 * height, height, columns)
    for place, axes in enumerate(panels):
        if place < len(codes):
            _curve(axes, scores, task, codes[place])
            axes.set_xlabel("" if place < len(codes) - columns else "sparsity (%)")
            axes.set_ylabel("" if place % columns else axes.get_ylabel())
        else:
            axes.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def transfer_matrix(
    scores: pd.DataFrame, task: str, published: pd.DataFrame | None = None
) -> Figure:
    """What the mask of another language (row) changes for a target (column), beside the paper's.

    `published` are rows of `published.scores()`, drawn below ours. Each panel has its own
    colour range, since an encoder of 128 wide does not lose what one of 768 loses.
    """
    panels = [("ours", scores)] + ([] if published is None else [("published", published)])
    figure, all_axes = figure_of(6.8, 5.2 * len(panels), len(panels))  # below each other: legible
    for axes, (name, table) in zip(all_axes, panels, strict=True):
        changed = gains.change(table, task)
        if changed.empty:
            blank(axes, f"transfer of {TASKS[task].title} masks")
            continue
        limit = float(np.nanmax(np.abs(changed.to_numpy(float))))
        bar = {"label": f"gain in {UNITS[task]} (blue is better)", "shrink": 0.8}
        style: dict[str, Any] = {
            "vmin": -limit,
            "vmax": limit,
            "fmt": ".2f" if limit < 1 else ".1f",
        }
        heatmap(axes, changed, name, GAINS, cbar_kws=bar, **style)
        axes.set(ylabel="mask found on", xlabel="trained and scored on")
    return figure


def gains_by_origin(scores: pd.DataFrame, task: str) -> Figure:
    """What each target gains under masks of another language, another seed, or both.

    Marks are the values of `gains.by_origin`, lines their means over targets.
    """
    found = gains.by_origin(scores, task)
    codes = ordered(set(found.index))
    figure, (axes,) = figure_of(6.4, 1.4 + 0.3 * len(codes))
    if not codes:
        blank(axes, f"{TASKS[task].title} under masks of another seed")
        return figure
    names = [name_of(code) for code in codes]
    axes.axvline(0, color="#444444", lw=0.8)
    places = np.arange(len(codes))
    for origin, (colour, marker, dash, aside) in zip(gains.ORIGINS, _ORIGINS, strict=True):
        style: dict[str, Any] = {"color": colour, "marker": marker, "label": origin, "zorder": 3}
        axes.scatter(found.loc[codes, origin], places + aside, **style)
        axes.axvline(found[origin].mean(), color=colour, ls=dash, lw=1)
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set(
        xlabel=f"gain over the own mask ({UNITS[task]}, right is better)", title=TASKS[task].title
    )
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def losses(curve: pd.DataFrame) -> Figure:
    """A training curve: columns step and loss (nats), and `series` where there are several."""
    figure, (axes,) = figure_of(6.4, 3.6)
    if curve.empty:
        blank(axes, "training")
        return figure
    hue = "series" if "series" in curve else None
    palette = "colorblind" if hue else None
    sns.lineplot(curve, x="step", y="loss", hue=hue, palette=palette, errorbar=None, ax=axes)
    axes.set(xlabel="optimizer steps", ylabel="loss (nats, down is better)")
    return figure
