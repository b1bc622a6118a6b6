"""What masks share, beside what they would share anyway; and where a mask keeps its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import dendrogram

from lnlib import nulls
from lnlib.errors import UserError
from lnlib.figures.style import COLOURS, MARKERS, SHARES, Figure, blank, figure_of, heatmap
from lnlib.languages import name_of
from lnlib.statistics import clusters, complete
from lnlib.tasks import TASKS


def overlap_matrix(overlap: pd.DataFrame, task: str, sparsity: int = 50) -> Figure:
    """Jaccard of masks for each pair of languages, %; two seeds of one on the diagonal."""
    figure, (axes,) = figure_of(6.2, 5.0)
    seeds = nulls.compared(overlap, task, "other seed", sparsity=sparsity)
    languages = nulls.languages(nulls.compared, overlap, task, sparsity=sparsity)
    rows = pd.concat([languages, seeds.assign(other=seeds["lang"])])
    if rows.empty:
        blank(axes, f"overlap of {TASKS[task].title} masks")
        return figure
    rows = rows.assign(percent=100 * rows["jaccard"])
    shares = rows.pivot_table(index="lang", columns="other", values="percent", aggfunc="mean")
    bar = {"label": "Jaccard of kept weights (%)"}
    heatmap(axes, shares, f"{task.upper()}, {sparsity} % sparsity", SHARES, fmt=".1f", cbar_kws=bar)
    return figure


def overlap_ladder(overlap: pd.DataFrame, task: str, sparsity: int = 50) -> Figure:
    """The overlap between languages among its nulls and seeds; published means as diamonds.

    A dot is a pair of masks, the bar their mean, with its 95 % interval over languages and seeds.
    Left the whole range, right the rungs from the untouched encoder's mask on, enlarged.
    """
    rungs = nulls.ladder(overlap, task, sparsity)
    if rungs.empty:
        figure, (axes,) = figure_of(7.0, 3.8)
        blank(axes, f"overlap of {TASKS[task].title} masks")
        return figure
    figure, (whole, upper) = figure_of(8.4, 3.8, columns=2, sharey=True)
    values = rungs.set_index("rung")["jaccard"]
    means = nulls.ladder_means(overlap, rungs)
    theirs = nulls.published_ladder(task) if sparsity == 50 else {}  # the paper has no other level
    for axes in (whole, upper):
        order = _rungs(axes, values, nulls.RUNGS)
        for rung, mean in means.iterrows():
            axes.plot([mean["low"], mean["high"]], [order.index(rung)] * 2, color="black", lw=1.2)
        for rung, value in theirs.items():
            style = {"marker": "D", "s": 36, "facecolor": "white", "edgecolor": "black"}
            label = "published" if rung == nulls.RUNGS[0] else None
            axes.scatter(value, order.index(rung), label=label, zorder=4, **style)
    whole.set(xlabel="Jaccard of kept weights with a ticket's (%)", xlim=(0, 102))
    beyond_chance = pd.concat([values, pd.Series(theirs, dtype=float)]).drop(
        list(nulls.RUNGS[:3]), errors="ignore"
    )
    upper.set(xlabel="the same, enlarged")
    upper.set_xlim(beyond_chance.min() - 1, beyond_chance.max() + 1)
    figure.suptitle(f"{TASKS[task].title}, {sparsity} % sparsity")
    if theirs:
        whole.legend(frameon=False, loc="lower left")
    return figure


def excess_ladder(excess: pd.DataFrame, task: str, sparsity: int = 50) -> Figure:
    """How many of their departures from the untouched encoder's mask two tickets share.

    A dot is a pair of tickets, the bar their mean; see `lnlib.excess`.
    """
    figure, (axes,) = figure_of(7.0, 3.0)
    rungs = nulls.excess_ladder(excess, task, sparsity)
    if rungs.empty:
        blank(axes, f"departures of {TASKS[task].title} tickets")
        return figure
    _rungs(axes, rungs.set_index("rung")["shared"], nulls.EXCESS_RUNGS)
    axes.set(xlabel="departures that two tickets share (Jaccard, %)")
    axes.set_xlim(left=0)
    axes.set_title(f"{TASKS[task].title}, {sparsity} % sparsity")
    return figure


def _rungs(axes: Axes, values: pd.Series, names: Sequence[str]) -> list[str]:
    """One row of dots and a bar at their mean for each name, from the top; returns their order."""
    order = list(names[::-1])
    for place, rung in enumerate(order):
        dots = values[values.index == rung].to_numpy()
        if not len(dots):
            axes.text(0.5, place, "not run", transform=axes.get_yaxis_transform(), va="center")
            continue
        colour = COLOURS["ticket"] if rung.startswith("other language") else COLOURS["full"]
        spread = np.linspace(-0.18, 0.18, len(dots)) if len(dots) > 1 else [0.0]
        axes.scatter(dots, place + np.asarray(spread), s=9, color=colour, alpha=0.5, lw=0)
        axes.plot([dots.mean()] * 2, [place - 0.33, place + 0.33], color=colour, lw=2.5)
    axes.set_yticks(range(len(order)), order)
    return order


def tree(similarity: pd.DataFrame, what: str) -> Figure:
    """Languages by average linkage, and the matrix behind it in the order of the leaves.

    `similarity` is `lnlib.statistics.square`'s; `what` says what its values are, with the unit.
    """
    try:
        linkage, fit, leaves = clusters(similarity)
    except UserError:
        figure, (axes,) = figure_of(7.0, 2.0)
        blank(axes, "a tree of languages")
        return figure
    figure, (left, right) = figure_of(8.4, 3.8, 1, 2)
    names = [name_of(code) for code in complete(similarity).index]
    dendrogram(linkage, ax=left, orientation="left", labels=names, color_threshold=0,
               above_threshold_color=COLOURS["full"])  # fmt: skip
    left.set_title(f"cophenetic correlation {fit:.2f}", size=9)
    left.grid(visible=False)
    left.set(xlabel="distance from the closest pair")
    style: dict[str, Any] = {
        "order": leaves[::-1],
        "fmt": ".1f",
        "cbar_kws": {"label": what, "shrink": 0.8},
    }
    heatmap(right, similarity, "", SHARES, **style)  # the tree's first leaf is at the bottom
    return figure


def layer_profile(overlap: pd.DataFrame, sparsity: int = 50) -> Figure:
    """Overlap between languages by layer, one line a task; dotted: same densities, no relation."""
    figure, (axes,) = figure_of(6.4, 4.0)
    for task in TASKS:
        rows = nulls.layers(overlap, task, sparsity)
        if rows.empty:
            continue
        layer = rows["layer"]
        style = {"color": COLOURS[task], "label": task.upper(), "marker": MARKERS[task]}
        stats = (100 * rows["jaccard"]).groupby(layer).agg(["mean", "std"])
        axes.plot(stats.index, stats["mean"], **style)
        edges = stats["mean"] - stats["std"], stats["mean"] + stats["std"]
        axes.fill_between(stats.index, *edges, color=COLOURS[task], alpha=0.15, lw=0)
        expected = (100 * rows["expected"]).groupby(layer).mean()
        axes.plot(expected.index, expected, ls=":", color=COLOURS[task])
        axes.set_xticks(sorted(layer.unique()))
    if not axes.lines:
        blank(axes, "overlap by layer")
        return figure
    axes.set(xlabel="layer", ylabel="Jaccard between languages (%)")
    axes.set_title(
        f"{sparsity} % sparsity; band: one standard deviation over pairs; dotted: expected"
    )
    axes.legend(frameon=False)
    return figure


def density_bars(density: pd.DataFrame, by: str, sparsity: int = 50) -> Figure:
    """Share of weights kept in each part ("layer", "component", "matrix"), by task.

    Lines on the bars are the range over languages and seeds; the one-shot magnitude mask stands
    beside them.
    """
    figure, (axes,) = figure_of(7.0, 4.0)
    rows = density[(density["by"] == by) & (density["sparsity"] == sparsity)]
    rows = rows[rows["method"].isin(["ticket", "magnitude"])]
    if rows[rows["method"] == "ticket"].empty:
        blank(axes, f"density by {by}")
        return figure
    rows = rows.assign(
        kept=100 * rows["density"],
        mask=rows["task"].where(rows["method"] == "ticket", "magnitude").str.upper(),
    )
    order = [n.upper() for n in (*TASKS, "magnitude") if n.upper() in set(rows["mask"])]
    colours = ["#999999" if name == "MAGNITUDE" else COLOURS[name.lower()] for name in order]
    style = {"hue_order": order, "palette": colours, "errorbar": ("pi", 100)}
    sns.barplot(rows, x="part", y="kept", hue="mask", ax=axes, err_kws={"lw": 1}, **style)
    axes.axhline(100 - sparsity, color="black", lw=0.8)
    axes.set(xlabel=by, ylabel="weights kept (%)")
    if by != "layer":
        axes.tick_params(axis="x", rotation=60)
    axes.legend(frameon=False, title=None, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
