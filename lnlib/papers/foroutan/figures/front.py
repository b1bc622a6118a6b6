"""The finding in one figure: how much two tickets share, beside masks with less in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lnlib.figures.style import COLOURS, Figure, blank, figure_of
from lnlib.papers.foroutan.analysis import nulls, relations


@dataclass(frozen=True)
class _Row:
    """What two masks have in common, in large words and small ones."""

    name: str
    more: str
    languages: bool = False  # whether it compares languages, which the book is about


_MEASURED = {
    "one-shot magnitude": _Row("no language, no task", "largest weights, nothing trained"),
    "same language, other seed": _Row("one language", "two heads"),
    "other task, same language": _Row("two tasks", "one language"),
    "other language, other seed": _Row("two languages", "two heads", languages=True),
}
_ONE_HEAD = {
    "same language": _Row("one language, one head", "two searches"),
    "other language": _Row("two languages, one head", "one task", languages=True),
}


def shared_by(overlap: pd.DataFrame, seed_parts: pd.DataFrame, task: str) -> pd.DataFrame:
    """Jaccard (%) of pairs of 50 % masks, the most alike kind first.

    Columns name and more (what the two have in common), languages (whether they are of two), and
    jaccard, one row a pair of masks.
    """
    pairs = nulls.comparisons(overlap, task).drop_duplicates(["comparison", "pair"])
    measured = ((row, pairs.loc[pairs["comparison"] == name]) for name, row in _MEASURED.items())
    halves = relations.seed_parts(seed_parts, task)
    halves = halves[halves["parts"] == "head"].assign(jaccard=halves["points"])
    one_head = ((row, halves[halves["whose"] == whose]) for whose, row in _ONE_HEAD.items())
    parts = [
        part[["jaccard"]].assign(name=row.name, more=row.more, languages=row.languages)
        for row, part in (*measured, *one_head)
    ]
    table = pd.concat(parts, ignore_index=True)
    order = table.groupby("name")["jaccard"].mean().sort_values(ascending=False).index
    return table.assign(name=pd.Categorical(table["name"], order)).sort_values(
        "name", kind="stable", ignore_index=True
    )


def front(
    overlap: pd.DataFrame, seed_parts: pd.DataFrame, task: str, narrow: bool = False
) -> Figure:
    """`shared_by` as rows of dots with their means; `narrow` is for a telephone."""
    table = shared_by(overlap, seed_parts, task)
    if table.empty:
        figure, (axes,) = figure_of(7.0, 3.0)
        blank(axes, "what tickets share")
        return figure
    figure, (axes,) = figure_of(3.8, 4.2) if narrow else figure_of(8.0, 3.9)
    names = list(table["name"].cat.categories)
    for place, (_, part) in enumerate(table.groupby("name", observed=True)):
        row, values = part.iloc[0], part["jaccard"].to_numpy()
        colour = COLOURS["ticket"] if row["languages"] else COLOURS["full"]
        spread = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1)
        axes.scatter(values, place + spread, s=9, color=colour, alpha=0.35, lw=0)
        mean = values.mean()
        axes.plot([mean] * 2, [place - 0.3, place + 0.3], color=colour, lw=3)
        axes.text(mean, place - 0.36, f"{mean:.1f}", color=colour, ha="center", weight="bold")
    more = table.drop_duplicates("name").set_index("name")["more"]
    axes.set_yticks(range(len(names)), [f"{name}\n{more[name]}" for name in names])
    languages = table.drop_duplicates("name")["languages"]
    for label, of_two in zip(axes.get_yticklabels(), languages, strict=True):
        label.set_color(COLOURS["ticket"] if of_two else COLOURS["full"])
    axes.set_ylim(len(names) - 0.5, -0.75)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    chance = nulls.comparisons(overlap, task).set_index("comparison")["jaccard"]
    said = ["weights that both keep,", "% of those that either keeps", "(chance: {:.0f} %)"]
    axes.set_xlabel(("\n" if narrow else " ").join(said).format(chance[nulls.FLOOR].mean()),
                    loc="right" if narrow else "center")  # fmt: skip
    return figure
