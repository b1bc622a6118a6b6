"""Where masks keep their weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns

from lnlib.figures.style import COLOURS, MARKERS, MUTED, Figure, blank, figure_of
from lnlib.papers.foroutan.analysis.gains import mixed
from lnlib.papers.foroutan.coverage import TASKS


def density_difference(density: pd.DataFrame, by: str, sparsity: int = 50,
                       narrow: bool = False) -> Figure:  # fmt: skip
    """How many points more of each part ("layer", "component") tickets keep than the untouched
    encoder's mask does: a dot a language, a bar the mean, a colour a task.

    Zero is that mask. Means over seeds; mixtures of languages are left out.
    """
    rows = density[(density["by"] == by) & (density["sparsity"] == sparsity)]
    untouched = rows[rows["method"] == "magnitude"].groupby("part", sort=False)["density"].mean()
    tickets = rows[(rows["method"] == "ticket") & ~mixed(rows["lang"])]
    if tickets.empty or untouched.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, f"density by {by}")
        return figure
    parts, tasks = list(untouched.index), [task for task in TASKS if task in set(tickets["task"])]
    means = tickets.groupby(["task", "lang", "part"])["density"].mean().rename("kept").reset_index()
    gain = 100 * (means["kept"] - means["part"].map(untouched))
    figure, (axes,) = figure_of(3.8 if narrow else 7.6, 1.4 + 0.48 * len(parts))
    axes.axvline(0, color=COLOURS["full"], lw=1.2)
    for aside, task in zip(np.linspace(-0.26, 0.26, len(tasks)), tasks, strict=True):
        for place, part in enumerate(parts):
            of = gain[(means["task"] == task) & (means["part"] == part)]
            style: dict[str, Any] = {"color": COLOURS[task], "lw": 0}
            axes.scatter(of, [place + aside] * len(of), s=12, alpha=0.5, **style)
            axes.scatter(of.mean(), place + aside, s=45, marker=MARKERS[task], zorder=3,
                         label=None if place else task.upper(), **style)  # fmt: skip
    axes.set_yticks(range(len(parts)), [_part(part) for part in parts])
    axes.set_ylim(len(parts) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_xlabel("points more kept than by\nthe untouched encoder's mask")
    figure.legend(loc="outside upper center", ncols=len(tasks), frameon=False)
    return figure


def _part(name: str) -> str:
    return f"layer {int(name)}" if name.isdigit() else name.replace(".", " ")


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
    looks = looks | {untouched: (MUTED, "D")}
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
