"""What masks share, beside what they would share anyway."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import dendrogram

from lnlib.base.errors import UserError
from lnlib.figures.style import (
    COLOURS,
    MUTED,
    SHARES,
    Figure,
    blank,
    figure_of,
    heatmap,
    label_ends,
)
from lnlib.languages import name_of
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.results.statistics import clusters, complete


def overlap_matrix(overlap: pd.DataFrame, task: str, sparsity: int = 50,
                   narrow: bool = False) -> Figure:  # fmt: skip
    """Jaccard of masks for each pair of languages, %; two seeds of one on the diagonal."""
    figure, (axes,) = figure_of(3.8, 4.0) if narrow else figure_of(6.2, 5.0)
    seeds = nulls.compared(overlap, task, "other seed", sparsity=sparsity)
    languages = nulls.languages(nulls.compared, overlap, task, sparsity=sparsity)
    rows = pd.concat([languages, seeds.assign(other=seeds["lang"])])
    if rows.empty:
        blank(axes, f"overlap of {TASKS[task].title} masks")
        return figure
    rows = rows.assign(percent=100 * rows["jaccard"])
    shares = rows.pivot_table(index="lang", columns="other", values="percent", aggfunc="mean")
    bar = {"label": "Jaccard of kept weights (%)", "location": "bottom", "shrink": 0.7}
    heatmap(axes, shares, "", SHARES, fmt=".1f", cbar_kws=bar)
    return figure


def overlap_comparisons(overlap: pd.DataFrame, task: str, sparsity: int = 50,
                        narrow: bool = False) -> Figure:  # fmt: skip
    """What a ticket shares with other masks, the most alike on top; published means as diamonds.

    A dot is a pair of masks, the bar their mean, with its 95 % interval over languages and seeds.
    The axis starts beyond chance, which is the first three comparisons; words say where that is.
    """
    pairs = nulls.comparisons(overlap, task, sparsity)
    if pairs.empty:
        figure, (axes,) = figure_of(7.0, 3.8)
        blank(axes, f"overlap of {TASKS[task].title} masks")
        return figure
    figure, (axes,) = figure_of(3.8, 4.6) if narrow else figure_of(8.0, 4.2)
    pairs = pairs.drop_duplicates(["comparison", "pair"])  # a pair of tickets comes both ways
    values = pairs.set_index("comparison")["jaccard"]
    means = nulls.comparison_means(overlap, pairs)
    theirs = nulls.published_means(task) if sparsity == 50 else {}  # the paper has no other level
    beyond = nulls.COMPARISONS[3:]
    order = _rows(axes, values, beyond, narrow)
    for comparison, mean in means.loc[means.index.isin(beyond)].iterrows():
        place = order.index(comparison)
        axes.plot([mean["low"], mean["high"]], [place] * 2, color="black", lw=1.2)
    published = {name: value for name, value in theirs.items() if name in order}
    for comparison, value in published.items():
        style = {"marker": "D", "s": 36, "facecolor": "white", "edgecolor": "black", "zorder": 4}
        axes.scatter(value, order.index(comparison), **style)
        axes.annotate(f"paper {value:.1f}", (value, order.index(comparison)), (0, -14),
                      textcoords="offset points", ha="center", size=8)  # fmt: skip
    chance = values[values.index.isin(nulls.COMPARISONS[:3])]
    where = "\n" if narrow else " "
    axes.set_xlabel(
        f"weights that both keep,{where}% of those that either keeps{where}"
        f"(← chance: {chance.min():.0f} to {chance.max():.0f} %)"
    )
    return figure


def excess_comparisons(excess: pd.DataFrame, task: str, sparsity: int = 50,
                       narrow: bool = False) -> Figure:  # fmt: skip
    """How many of their departures from the untouched encoder's mask two tickets share.

    A dot is a pair of tickets, the bar their mean; see `masks.excess`. The dashed line is chance
    among weights of like size.
    """
    figure, (axes,) = figure_of(3.8, 4.2) if narrow else figure_of(8.0, 3.6)
    pairs = nulls.excess_comparisons(excess, task, sparsity)
    if pairs.empty:
        blank(axes, f"departures of {TASKS[task].title} tickets")
        return figure
    values = pairs.set_index("comparison")["shared"]
    _rows(axes, values, nulls.EXCESS_COMPARISONS, narrow)
    axes.axvline(values[nulls.EXCESS_COMPARISONS[1]].mean(), color=MUTED, ls="--", zorder=0)
    where = "\n" if narrow else " "
    axes.set(xlabel=f"departures that two tickets share{where}(% of those that either has)")
    axes.set_xlim(left=0)
    return figure


def _rows(axes: Axes, values: pd.Series, names: Sequence[str], narrow: bool) -> list[str]:
    """A row of dots and a bar at their mean for each name, the highest mean on top; their order."""
    means = values.groupby(level=0).mean().reindex(names)
    order = list(means.sort_values(ascending=False, kind="stable", na_position="last").index)
    for place, comparison in enumerate(order):
        dots = values[values.index == comparison].to_numpy()
        if not len(dots):
            axes.text(0.5, place, "not run", transform=axes.get_yaxis_transform(), va="center")
            continue
        colour = COLOURS["ticket"] if comparison.startswith("other language") else COLOURS["full"]
        spread = np.linspace(-0.16, 0.16, len(dots)) if len(dots) > 1 else [0.0]
        axes.scatter(dots, place + np.asarray(spread), s=9, color=colour, alpha=0.4, lw=0)
        axes.plot([dots.mean()] * 2, [place - 0.3, place + 0.3], color=colour, lw=2.5)
        axes.text(dots.mean(), place - 0.36, f"{dots.mean():.1f}", color=colour, ha="center",
                  weight="bold")  # fmt: skip
    shown = [nulls.SHOWN.get(name, name) for name in order]
    axes.set_yticks(range(len(order)), [fill(name, 16) if narrow else name for name in shown])
    for label, name in zip(axes.get_yticklabels(), order, strict=True):
        label.set_color(COLOURS["ticket" if name.startswith("other language") else "full"])
    axes.set_ylim(len(order) - 0.4, -0.8)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    return order


def tree(similarity: pd.DataFrame, what: str, narrow: bool = False) -> Figure:
    """Languages by average linkage, and the matrix behind it in the order of the leaves.

    `similarity` is `statistics.square`'s; `what` says what its values are, with the unit.
    """
    try:
        linkage, fit, leaves = clusters(similarity)
    except UserError:
        figure, (axes,) = figure_of(7.0, 2.0)
        blank(axes, "a tree of languages")
        return figure
    figure, (left, right) = figure_of(3.8, 7.0, 2) if narrow else figure_of(8.4, 4.0, 1, 2)
    names = [name_of(code) for code in complete(similarity).index]
    dendrogram(linkage, ax=left, orientation="left", labels=names, color_threshold=0,
               above_threshold_color=COLOURS["full"])  # fmt: skip
    left.set_title(f"cophenetic correlation {fit:.2f}", size=9)
    left.grid(visible=False)
    left.set(xlabel="distance from the closest pair")
    style: dict[str, Any] = {
        "order": leaves[::-1],
        "fmt": ".1f",
        "cbar_kws": {"label": what, "shrink": 0.8, "location": "bottom"},
    }
    heatmap(right, similarity, "", SHARES, **style)  # the tree's first leaf is at the bottom
    return figure


def layer_profile(overlap: pd.DataFrame, sparsity: int = 50, narrow: bool = False) -> Figure:
    """The comparisons of tickets by layer, a panel a task, with one range; bars: 95 % intervals.

    Chance is far below: the mean of what masks of the same densities share stands in the title.
    """
    comparisons = {task: nulls.layer_comparisons(overlap, task, sparsity) for task in TASKS}
    comparisons = {task: pairs for task, pairs in comparisons.items() if len(pairs)}
    if not comparisons:
        figure, (axes,) = figure_of(6.4, 4.0)
        blank(axes, "overlap by layer")
        return figure
    count = len(comparisons)
    figure, panels = (
        figure_of(3.8, 3.2 * count, count, sharey=True)
        if narrow
        else figure_of(2.4 * count + 2.0, 3.8, columns=count, sharey=True)
    )
    ends: list[dict[str, tuple[float, float, str]]] = []
    for axes, (task, pairs) in zip(panels, comparisons.items(), strict=True):
        chance = pairs.loc[pairs["comparison"] == "same density per matrix", "jaccard"].mean()
        ends.append(_by_depth(axes, overlap, pairs))
        axes.set_xticks(sorted(pairs["layer"].unique()))
        axes.set(title=f"{task.upper()} (chance {chance:.0f} %)")
        if not narrow or axes is panels[-1]:
            axes.set_xlabel("layer")
        axes.spines[["top", "right"]].set_visible(False)
    panels[count // 2 if narrow else 0].set_ylabel("weights that both keep, % of either's")
    for place, (axes, lines) in enumerate(zip(panels, ends, strict=True)):
        seen = set().union(*ends[place + 1 :])  # beside the last panel that has the line
        if missing := {name: end for name, end in lines.items() if narrow or name not in seen}:
            label_ends(axes, missing)
    return figure


def _by_depth(axes: Axes, overlap: pd.DataFrame,
              pairs: pd.DataFrame) -> dict[str, tuple[float, float, str]]:  # fmt: skip
    """A line a comparison; where each ends, with its colour."""
    ends = {}
    for comparison, (marker, line) in _BY_LAYER.items():
        part = pairs[pairs["comparison"] == comparison]
        if part.empty:
            continue
        means = pd.concat(
            {n: nulls.comparison_means(overlap, of) for n, of in part.groupby("layer")}
        ).droplevel(1)
        bounds = abs(means[["low", "high"]].T - means["mean"]).fillna(0)
        colour = COLOURS["ticket" if comparison.startswith("other language") else "full"]
        style = {"marker": marker, "ls": line, "color": colour, "capsize": 2, "lw": 1.2, "ms": 5}
        axes.errorbar(means.index, means["mean"], yerr=bounds, **style)
        name = fill(nulls.SHOWN[comparison], 14)
        ends[name] = (means.index[-1], means["mean"].iloc[-1], colour)
    return ends


_BY_LAYER = {  # how a comparison is drawn: marker and line
    "other language, same seed": ("s", "-"),  # as in the paper's commands, so it comes first
    "other language, other seed": ("o", "--"),
    "same language, other seed": ("D", "-"),
    "one-shot magnitude": ("^", ":"),
}
