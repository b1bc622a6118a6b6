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
    MUTED,
    Figure,
    better,
    blank,
    figure_of,
    heatmap,
    label_ends,
    ordered,
)
from lnlib.languages import name_of
from lnlib.papers.foroutan.analysis import gains, measures
from lnlib.papers.foroutan.analysis.gains import UNITS
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.papers.foroutan.scales import HEADLINE
from lnlib.results.ledger import interval

_PAPER = {"facecolor": "white", "lw": 0, "pad": 1}  # under words that cross a line
# In the order of `gains.ORIGINS`: another language has one colour, another seed one marker. Each
# has a dash and a height of its own, so that none hides another.
_ORIGINS = (
    (COLOURS["random"], "o", ":", -0.15),
    (COLOURS["ticket"], "D", "--", 0.0),
    (COLOURS["random"], "D", "--", 0.15),
)


def sparsity_curve(scores: pd.DataFrame, task: str, lang: str, narrow: bool = False) -> Figure:
    """Score against sparsity: the own ticket, the full model as a level, the controls as points.

    Bands are the range over seeds (ticket) and one standard deviation (full model, from two seeds).
    """
    figure, (axes,) = figure_of(3.8, 3.4) if narrow else figure_of(7.0, 4.0)
    rows = scores[(scores["task"] == task) & (scores["lang"] == lang)]
    ticket = gains.own(rows, task)
    if ticket.empty:
        blank(axes, f"{TASKS[task].title}, {name_of(lang)}")
        return figure
    full = rows[rows["method"] == "full"]["value"]
    if len(full):
        axes.axhline(full.mean(), color=COLOURS["full"], ls="--")
    if len(full) > 1:
        edges = full.mean() - full.std(), full.mean() + full.std()
        axes.axhspan(*edges, color=COLOURS["full"], alpha=0.15, lw=0)
    spread = ("pi", 100) if ticket["seed"].nunique() > 1 else None
    style: dict[str, Any] = {"marker": "o", "color": COLOURS["ticket"], "errorbar": spread}
    sns.lineplot(ticket, x="sparsity", y="value", ax=axes, legend=False, **style)
    for control in _CONTROLS:
        points = rows[rows["method"] == control]
        style = {"color": COLOURS[control], "marker": MARKERS[control], "zorder": 3}
        if len(points):
            axes.scatter(points["sparsity"], points["value"], **style)
    better(axes, TASKS[task])
    axes.set(xlabel="sparsity (% of weights pruned)", xticks=range(10, 100, 10), xlim=(5, 95))
    axes.set_title(f"{name_of(lang)}, {TASKS[task].title}", wrap=narrow)
    last = ticket[ticket["sparsity"] == ticket["sparsity"].max()]["value"].mean()
    ends = {"ticket": (ticket["sparsity"].max(), last, COLOURS["ticket"])}
    if len(full):
        ends["full model"] = (95, full.mean(), COLOURS["full"])
    label_ends(axes, ends)
    at_half = rows[rows["sparsity"] == HEADLINE]
    _label_controls(axes, at_half.groupby("method")["value"].mean())
    return figure


_CONTROLS = {
    "magnitude": "largest weights", "shuffled": "shuffled labels", "random": "random mask"
}  # fmt: skip


def _label_controls(axes: Axes, means: pd.Series) -> None:
    """The names of the controls at the left of their marks at 50 %, where no curve ends."""
    shown = {
        name: (50, means[of], COLOURS["full"]) for of, name in _CONTROLS.items() if of in means
    }
    if shown:
        label_ends(axes, shown, left=True)


def gain_over_full(scores: pd.DataFrame, task: str, narrow: bool = False) -> Figure:
    """What tickets gain over the full model by sparsity: a thin line a language, a thick one their
    mean, its band the 95 % interval; the controls at 50 %, as means over languages with intervals.

    Zero is the full model; the grey band is what a ticket may lose and still win, the mean of the
    full model's deviations.
    """
    found = gains.over_full(scores, task)
    figure, (axes,) = figure_of(3.8, 4.2) if narrow else figure_of(7.6, 4.2)
    if found.empty:
        blank(axes, f"tickets for {TASKS[task].title}")
        return figure
    deviation = measures.spread(scores, task).reindex(found.index).mean()
    if np.isfinite(deviation):
        axes.axhspan(-deviation, 0, color=MUTED, alpha=0.3, lw=0)
    axes.axhline(0, color=COLOURS["full"], lw=1.2)
    axes.plot(found.columns, found.T, color=COLOURS["ticket"], lw=0.7, alpha=0.45)
    means = found.mean()
    axes.plot(means.index, means, color=COLOURS["ticket"], lw=2.8, marker="o")
    low, high = np.transpose([interval(found[level].dropna()) for level in found])
    axes.fill_between(
        means.index, low, high, where=np.isfinite(low), color=COLOURS["ticket"], alpha=0.25, lw=0
    )
    full, controls = gains.control(scores, task, "full"), {}
    for control in _CONTROLS:
        gain = (gains.control(scores, task, control) - full).dropna()
        if len(gain):
            mean, bounds = gain.mean(), interval(gain)
            style: dict[str, Any] = {"color": COLOURS[control], "zorder": 4}
            axes.scatter(50, mean, marker=MARKERS[control], s=50, **style)
            axes.plot([50, 50], bounds if np.isfinite(bounds).all() else [mean] * 2, **style)
            controls[control] = mean
    axes.set(xlim=(5, 95), xticks=range(10, 100, 20 if narrow else 10))
    axes.set_xlabel("sparsity (% of weights pruned)")
    axes.set_ylabel(f"gain over the full model ({UNITS[task]}, up is better)")
    last = (means.index[-1], means.iloc[-1], COLOURS["ticket"])
    label_ends(axes, {"tickets": last, "full model": (95, 0.0, COLOURS["full"])})
    _label_controls(axes, pd.Series(controls, dtype=float))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def transfer_matrix(
    scores: pd.DataFrame, task: str, published: pd.DataFrame | None = None, narrow: bool = False
) -> Figure:
    """What the mask of another language (row) changes for a target (column), beside the paper's.

    `published` are rows of `published.scores()`. Both panels have one colour range and the
    languages that either has, in one order; they stand below each other where it is narrow.
    """
    panels = {"ours": gains.change(scores, task)}
    if published is not None:
        panels["published"] = gains.change(published, task)
    shown = [table for table in panels.values() if len(table)]
    order = ordered({code for table in shown for code in (*table.index, *table.columns)})
    limit = max((float(np.nanmax(np.abs(table.to_numpy(float)))) for table in shown), default=1.0)
    digits = 1 if limit > 1 else 2
    count = len(panels)
    figure, all_axes = (
        figure_of(3.8, 3.6 * count, count) if narrow else figure_of(4.4 * count, 4.8, 1, count)
    )
    style: dict[str, Any] = {
        "vmin": -limit, "vmax": limit, "fmt": f".{digits}f", "order": order, "cbar": False,
    }  # fmt: skip
    for axes, (name, changed) in zip(all_axes, panels.items(), strict=True):
        if changed.empty:
            blank(axes, f"transfer of {TASKS[task].title} masks")
            continue
        heatmap(axes, changed.round(digits) + 0.0, name, GAINS, **style)  # no -0.0
        axes.set(ylabel="mask found on", xlabel="trained and scored on")
    if shown:
        colours = next(axes.collections[0] for axes in all_axes if axes.collections)
        figure.colorbar(colours, ax=list(all_axes), label=f"gain in {UNITS[task]} (blue is better)",
                        location="bottom", shrink=0.7, aspect=40)  # fmt: skip
    return figure


def gains_by_origin(scores: pd.DataFrame, task: str, narrow: bool = False) -> Figure:
    """What each target gains under masks of another language, another seed, or both.

    Marks are the values of `gains.by_origin`, lines their means over targets.
    """
    found = gains.by_origin(scores, task)
    codes = ordered(set(found.index))
    figure, (axes,) = figure_of(3.8 if narrow else 7.2, 1.6 + 0.3 * len(codes))
    if not codes:
        blank(axes, f"{TASKS[task].title} under masks of another seed")
        return figure
    axes.axvline(0, color=COLOURS["full"], lw=0.8)
    places = np.arange(len(codes))
    for level, (origin, (colour, marker, dash, aside)) in enumerate(
        zip(gains.ORIGINS, _ORIGINS, strict=True)
    ):
        style: dict[str, Any] = {"color": colour, "marker": marker, "zorder": 3}
        axes.scatter(found.loc[codes, origin], places + aside, **style)
        mean, top = found[origin].mean(), -0.8 - 0.75 * level
        axes.plot([mean, mean], [top, len(codes) - 0.5], color=colour, ls=dash, lw=1)
        axes.scatter(mean, top, clip_on=False, **style)
        beside = {"textcoords": "offset points", "ha": "right", "va": "center"}
        axes.annotate(origin, (mean, top), (-8, 0), annotation_clip=False, **beside, bbox=_PAPER)
    axes.set_yticks(places, [name_of(code) for code in codes])
    axes.set_ylim(len(codes) - 0.5, -2.9)
    axes.spines[["top", "right"]].set_visible(False)
    where = "\n" if narrow else " "
    axes.set_xlabel(f"gain over the own mask{where}({UNITS[task]}, right is better)")
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
