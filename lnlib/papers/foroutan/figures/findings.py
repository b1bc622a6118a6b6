"""The findings in one figure each: what tickets share, and what is found of them in all."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill

import numpy as np
import pandas as pd

from lnlib.figures.style import COLOURS, Figure, blank, figure_of
from lnlib.papers.foroutan.analysis import gains, nulls, relations
from lnlib.results.ledger import interval


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


def shared(
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


def summary(scores: pd.DataFrame, overlap: pd.DataFrame, task: str, narrow: bool = False) -> Figure:
    """Do tickets exist, do they move, do they overlap: a panel a question, beside its nulls.

    A dot is a language (or a pair of masks, in the last panel), a bar the mean, with its 95 %
    interval. Zero is the full model in the first panel, the own mask in the second.
    """
    full, own = gains.control(scores, task, "full"), gains.by_origin(scores, task)
    controls = {name: gains.control(scores, task, method) for name, method in _CONTROLS.items()}
    pairs = nulls.comparisons(overlap, task).drop_duplicates(["comparison", "pair"])
    panels = {
        f"gain over the full model ({gains.UNITS[task]})": {
            "ticket": -full, **{name: (gain - full).dropna() for name, gain in controls.items()}
        },
        f"gain over the own mask ({gains.UNITS[task]})": {
            "own language, other seed": own[gains.ORIGINS[1]],
            "other language, same seed": own[gains.ORIGINS[0]],
            "other language, other seed": own[gains.ORIGINS[2]],
            "random mask": controls["random mask"],
        },
        "weights that two share (%)": {
            nulls.SHOWN[name]: pairs.loc[pairs["comparison"] == name, "jaccard"] for name in _SHARED
        },
    }  # fmt: skip
    of_pairs = nulls.comparison_means(overlap, pairs[pairs["comparison"].isin(_SHARED)])
    between = of_pairs[["low", "high"]].rename(index=nulls.SHOWN)
    shape = (3.8, 6.6, 3, 1) if narrow else (10.2, 2.9, 1, 3)
    figure, all_axes = figure_of(*shape)
    for axes, (label, rows) in zip(all_axes, panels.items(), strict=True):
        rows = {name: values for name, values in rows.items() if len(values)}
        if not rows:
            blank(axes, label)
            continue
        for place, (name, values) in enumerate(rows.items()):
            colour = COLOURS["ticket" if name in _ABOUT_LANGUAGES else "full"]
            spread = np.linspace(-0.2, 0.2, len(values))
            axes.scatter(values, place + spread, s=8, color=colour, alpha=0.4, lw=0)
            axes.plot([values.mean()] * 2, [place - 0.32, place + 0.32], color=colour, lw=2.5)
            bounds = between.loc[name] if name in between.index else interval(values)
            axes.plot(bounds, [place] * 2, color="black", lw=1.2)
        if label.startswith("gain"):
            axes.axvline(0, color=COLOURS["full"], lw=0.9)
        names = [fill(name, 18) for name in rows]
        axes.set_yticks(range(len(rows)), names)
        for words, name in zip(axes.get_yticklabels(), rows, strict=True):
            words.set_color(COLOURS["ticket" if name in _ABOUT_LANGUAGES else "full"])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(label)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.spines[["top", "right", "left"]].set_visible(False)
    return figure


_CONTROLS = {"largest weights": "magnitude", "random mask": "random"}
_SHARED = ("one-shot magnitude", "same language, other seed", "other task, same language",
           nulls.BETWEEN)  # fmt: skip
_ABOUT_LANGUAGES = {"ticket", "other language, same seed", "other language, other seed",
                    nulls.SHOWN[nulls.BETWEEN]}  # fmt: skip
