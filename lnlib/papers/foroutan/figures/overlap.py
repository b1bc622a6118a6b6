"""What masks share, beside what they would share anyway; and where a mask keeps its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from scipy.cluster.hierarchy import dendrogram

from lnlib.base.errors import UserError
from lnlib.figures.style import COLOURS, MARKERS, SHARES, Figure, blank, figure_of, heatmap
from lnlib.languages import name_of
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.results.statistics import clusters, complete


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


def overlap_comparisons(overlap: pd.DataFrame, task: str, sparsity: int = 50) -> Figure:
    """The overlap between languages among its nulls and seeds; published means as diamonds.

    A dot is a pair of masks, the bar their mean, with its 95 % interval over languages and seeds.
    Left the whole range, right those from the untouched encoder's mask on, enlarged.
    """
    pairs = nulls.comparisons(overlap, task, sparsity)
    if pairs.empty:
        figure, (axes,) = figure_of(7.0, 3.8)
        blank(axes, f"overlap of {TASKS[task].title} masks")
        return figure
    figure, (whole, upper) = figure_of(8.4, 3.8, columns=2, sharey=True)
    values = pairs.set_index("comparison")["jaccard"]
    means = nulls.comparison_means(overlap, pairs)
    theirs = nulls.published_means(task) if sparsity == 50 else {}  # the paper has no other level
    for axes in (whole, upper):
        order = _rows(axes, values, nulls.COMPARISONS)
        for comparison, mean in means.iterrows():
            axes.plot(
                [mean["low"], mean["high"]], [order.index(comparison)] * 2, color="black", lw=1.2
            )
        for comparison, value in theirs.items():
            style = {"marker": "D", "s": 36, "facecolor": "white", "edgecolor": "black"}
            label = "published" if comparison == nulls.COMPARISONS[0] else None
            axes.scatter(value, order.index(comparison), label=label, zorder=4, **style)
    whole.set(xlabel="Jaccard of kept weights with a ticket's (%)", xlim=(0, 102))
    beyond_chance = pd.concat([values, pd.Series(theirs, dtype=float)]).drop(
        list(nulls.COMPARISONS[:3]), errors="ignore"
    )
    upper.set(xlabel="the same, enlarged")
    upper.set_xlim(beyond_chance.min() - 1, beyond_chance.max() + 1)
    figure.suptitle(f"{TASKS[task].title}, {sparsity} % sparsity")
    if theirs:
        whole.legend(frameon=False, loc="lower left")
    return figure


def excess_comparisons(excess: pd.DataFrame, task: str, sparsity: int = 50) -> Figure:
    """How many of their departures from the untouched encoder's mask two tickets share.

    A dot is a pair of tickets, the bar their mean; see `masks.excess`.
    """
    figure, (axes,) = figure_of(7.0, 3.0)
    pairs = nulls.excess_comparisons(excess, task, sparsity)
    if pairs.empty:
        blank(axes, f"departures of {TASKS[task].title} tickets")
        return figure
    _rows(axes, pairs.set_index("comparison")["shared"], nulls.EXCESS_COMPARISONS)
    axes.set(xlabel="departures that two tickets share (Jaccard, %)")
    axes.set_xlim(left=0)
    axes.set_title(f"{TASKS[task].title}, {sparsity} % sparsity")
    return figure


def _rows(axes: Axes, values: pd.Series, names: Sequence[str]) -> list[str]:
    """A row of dots and a bar at their mean for each name, the lowest mean on top; their order."""
    means = values.groupby(level=0).mean().reindex(names)
    order = list(means.sort_values(ascending=False, kind="stable", na_position="first").index)
    for place, comparison in enumerate(order):
        dots = values[values.index == comparison].to_numpy()
        if not len(dots):
            axes.text(0.5, place, "not run", transform=axes.get_yaxis_transform(), va="center")
            continue
        colour = COLOURS["ticket"] if comparison.startswith("other language") else COLOURS["full"]
        spread = np.linspace(-0.18, 0.18, len(dots)) if len(dots) > 1 else [0.0]
        axes.scatter(dots, place + np.asarray(spread), s=9, color=colour, alpha=0.5, lw=0)
        axes.plot([dots.mean()] * 2, [place - 0.33, place + 0.33], color=colour, lw=2.5)
    axes.set_yticks(range(len(order)), order)
    return order


def tree(similarity: pd.DataFrame, what: str) -> Figure:
    """Languages by average linkage, and the matrix behind it in the order of the leaves.

    `similarity` is `statistics.square`'s; `what` says what its values are, with the unit.
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
    """The comparisons of tickets by layer, one panel a task; bars are 95 % intervals.

    Chance is far below: the mean of what masks of the same densities share stands in the title.
    """
    comparisons = {task: nulls.layer_comparisons(overlap, task, sparsity) for task in TASKS}
    comparisons = {task: pairs for task, pairs in comparisons.items() if len(pairs)}
    if not comparisons:
        figure, (axes,) = figure_of(6.4, 4.0)
        blank(axes, "overlap by layer")
        return figure
    figure, panels = figure_of(3.2 * len(comparisons) + 0.6, 3.8, columns=len(comparisons))
    for axes, (task, pairs) in zip(panels, comparisons.items(), strict=True):
        chance = pairs.loc[pairs["comparison"] == "same density per matrix", "jaccard"].mean()
        for comparison, (marker, line) in _BY_LAYER.items():
            part = pairs[pairs["comparison"] == comparison]
            if part.empty:
                continue
            means = pd.concat(
                {n: nulls.comparison_means(overlap, of) for n, of in part.groupby("layer")}
            )
            means = means.droplevel(1)
            ends = abs(means[["low", "high"]].T - means["mean"]).fillna(0)
            colour = COLOURS["ticket" if comparison.startswith("other language") else "full"]
            style = {"label": comparison, "marker": marker, "ls": line, "color": colour}
            axes.errorbar(means.index, means["mean"], yerr=ends, capsize=2, lw=1.2, ms=5, **style)
        axes.set_xticks(sorted(pairs["layer"].unique()))
        axes.set(xlabel="layer", title=f"{task.upper()} (chance {chance:.0f} %)")
    panels[0].set_ylabel(f"Jaccard at {sparsity} % sparsity (%)")
    shown = [axes.get_legend_handles_labels() for axes in panels]
    names = {name: line for lines, words in shown for line, name in zip(lines, words, strict=True)}
    figure.legend(names.values(), names, loc="outside lower center", ncols=2, frameon=False)
    return figure


_BY_LAYER = {  # how a comparison is drawn: marker and line
    "other language, same seed": ("s", "-"),  # as in the paper's commands, so it comes first
    "other language, other seed": ("o", "--"),
    "same language, other seed": ("D", "-"),
    "one-shot magnitude": ("^", ":"),
}


def density_profile(density: pd.DataFrame, by: str, sparsity: int = 50) -> Figure:
    """Share of weights kept in each part ("layer", "component", "matrix"), by task.

    A point is the mean over languages and seeds, its line their range; the one-shot magnitude mask
    stands beside them, and a black line where the whole mask is.
    """
    figure, (axes,) = figure_of(7.0, 4.0)
    rows = density[(density["by"] == by) & (density["sparsity"] == sparsity)]
    rows = rows[rows["method"].isin(["ticket", "magnitude"])]
    if rows[rows["method"] == "ticket"].empty:
        blank(axes, f"density by {by}")
        return figure
    untouched = "one-shot magnitude"
    rows = rows.assign(
        kept=100 * rows["density"],
        mask=rows["task"].str.upper().where(rows["method"] == "ticket", untouched),
    )
    looks = {task.upper(): (COLOURS[task], MARKERS[task]) for task in TASKS}
    looks = looks | {untouched: ("#777777", "D")}
    looks = {name: look for name, look in looks.items() if name in set(rows["mask"])}
    colours, markers = zip(*looks.values(), strict=True)
    style = {"hue_order": list(looks), "palette": list(colours), "markers": list(markers),
             "errorbar": ("pi", 100), "linestyle": "none",
             "dodge": 0.5 * (len(looks) > 1)}  # fmt: skip
    sns.pointplot(rows, x="part", y="kept", hue="mask", ax=axes, err_kws={"lw": 1}, ms=5, **style)
    axes.axhline(100 - sparsity, color="black", lw=0.8)  # what the whole mask keeps
    axes.set(xlabel=by, ylabel="weights kept (%)")
    if by != "layer":
        axes.tick_params(axis="x", rotation=60)
    axes.legend(frameon=False, title=None, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
