"""Figures of Muller et al.: what a block costs, similarity by depth, similarity and transfer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.style import Figure, blank, figure_of
from lnlib.languages import LANGUAGES
from lnlib.papers.muller.analysis.blocks import SOURCE, between_seeds, by_seed, counted
from lnlib.papers.muller.analysis.measures import (
    PRETRAINED,
    TUNED,
    Tables,
    by_layer,
    similarity_by_layer_with_gap,
)
from lnlib.papers.muller.coverage import TASKS
from lnlib.papers.muller.tables import ALL, SHUFFLED, TRUE
from lnlib.results.ledger import interval

_SAFE = sns.color_palette("colorblind").as_hex()
_OWN, _OTHERS, _NULL = _SAFE[1], _SAFE[0], "#888888"
_STYLES = {"ner": (_SAFE[1], "s-"), "pos": (_SAFE[2], "^-"), "parsing": (_SAFE[3], "D-"),
           "xnli": (_SAFE[4], "v-")}  # fmt: skip


def losses(ablation: pd.DataFrame, tasks: str | Sequence[str], source: str = SOURCE,
           start: str = "bert") -> Figure:  # fmt: skip
    """d(b) in points by block, a panel a task: the source language beside the others.

    Small marks are seeds of the source, and languages of the others; large ones are means, with the
    95 % interval over languages. Crosses are blocks that got their own values in another order. The
    band is as wide as seeds are apart with nothing re-initialised.
    """
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    ran = [task for task in tasks if not counted(ablation, task, source, start).empty]
    if not ran:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "re-initialised blocks")
        return figure
    figure, panels = figure_of(max(7.6, 3.6 * len(ran)), 4.0, 1, len(ran))
    entries: dict[str, Any] = {}
    for axes, task in zip(panels, ran, strict=True):
        _losses(axes, ablation, task, source, start)
        handles, labels = axes.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    panels[0].set_ylabel("change in points")
    figure.legend(entries.values(), entries, frameon=False, fontsize=8, ncols=len(ran),
                  loc="outside upper center")  # fmt: skip
    return figure


def _losses(axes: Axes, ablation: pd.DataFrame, task: str, source: str, start: str) -> None:
    seeds = by_seed(ablation, task, source, start)
    change = counted(ablation, task, source, start)
    apart = between_seeds(ablation, task, source)
    if apart > 0:
        axes.axhspan(-apart, apart, color=_NULL, alpha=0.2, lw=0, label="between seeds")
    own = seeds[seeds["who"] == "source"]
    for at, block in enumerate(change.columns):
        points = own.loc[own["block"] == block, "points"]
        axes.scatter([at - 0.2] * len(points), points, s=12, color=_OWN, alpha=0.6, lw=0)
        axes.scatter(at - 0.2, points.mean(), s=70, marker="s", color=_OWN,
                     label=_only(at, f"{_name(source)} (trained on)"))  # fmt: skip
        values = change[block].dropna()
        axes.scatter([at + 0.2] * len(values), values, s=12, color=_OTHERS, alpha=0.6, lw=0)
        mean, (low, high) = values.mean(), interval(values)
        axes.scatter(at + 0.2, mean, s=70, color=_OTHERS, label=_only(at, "other languages"))
        if np.isfinite(low):  # three languages at least
            axes.errorbar(at + 0.2, mean, [[mean - low], [high - mean]], capsize=4, color=_OTHERS)
    if start != "shuffled":
        _shuffled(axes, by_seed(ablation, task, source, "shuffled"), list(change.columns))
    axes.axhline(0, color="#444444", lw=1)
    names = ["all" if block == ALL else block for block in change.columns]
    axes.set_xticks(range(len(names)), names)
    axes.set_title(f"{TASKS[task].title}, {TASKS[task].unit}\n{len(change)} other languages",
                   fontsize=9)  # fmt: skip
    axes.set(xlim=(-0.5, len(names) - 0.5), xlabel="layers re-initialised before fine-tuning")
    axes.grid(visible=False, axis="x")


def _shuffled(axes: Axes, seeds: pd.DataFrame, blocks: list[str]) -> None:
    label: str | None = "own values, shuffled"
    for who, aside in (("source", -0.08), ("targets", 0.32)):
        of = seeds[(seeds["who"] == who) & seeds["block"].isin(blocks)]
        if len(of):
            places = [blocks.index(block) + aside for block in of["block"]]
            axes.scatter(places, of["points"], s=45, marker="x", color="#333333", label=label)
            label = None


def similarity(table: pd.DataFrame, tasks: str | Sequence[str], source: str = SOURCE) -> Figure:
    """CKA by layer, means over languages: with the source, and with itself before fine-tuning.

    The band reaches from shuffled pairs to pairs shuffled among sentences of like length, before
    fine-tuning; thin lines are the latter after it.
    """
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    if by_layer(table, source=source).empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "similarity of languages")
        return figure
    figure, (left, right) = figure_of(9.6, 3.8, 1, 2, sharey=True)
    _floors(left, table, "", source, (PRETRAINED, PRETRAINED))
    _line(left, by_layer(table, source=source), _OTHERS, "o-", "pre-trained")
    _line(left, by_layer(table, source=source, length="out"), _OTHERS, "o:",
          "pre-trained, without length")  # fmt: skip
    for task in tasks:
        after = by_layer(table, task, source, (TUNED, TUNED))
        _line(left, after, *_STYLES[task], f"after {TASKS[task].title}")
        like = by_layer(table, task, source, (TUNED, TUNED), column="floor_length")
        if len(like):
            left.plot(like.columns, like.mean(), "--", color=_STYLES[task][0], lw=1)
        _line(right, by_layer(table, task, source, (PRETRAINED, TUNED)), *_STYLES[task],
              TASKS[task].title)  # fmt: skip
    left.set(title=f"{_name(source)} with each other language", ylabel="CKA", ylim=(-0.05, 1.05))
    if right.lines:
        _floors(right, table, tasks[0], source, (PRETRAINED, TUNED))
        right.set_title("each language, before and after fine-tuning")
    else:
        blank(right, "fine-tuning")
    for axes in (left, right):
        if axes.lines:
            axes.set_xlabel("layer (0: embeddings)")
            axes.legend(frameon=False, fontsize=8)
    return figure


def transfer(tables: Tables, tasks: str | Sequence[str], source: str = SOURCE) -> Figure:
    """By layer, the rank correlation over languages of CKA with the source and the gap to it, a
    panel a task."""
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    found = {task: similarity_by_layer_with_gap(tables, task, source) for task in tasks}
    found = {task: ranks for task, ranks in found.items() if len(ranks)}
    if not found:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "similarity and transfer")
        return figure
    figure, panels = figure_of(max(5.6, 3.4 * len(found)), 3.4, 1, len(found), sharey=True)
    for axes, (task, ranks) in zip(panels, found.items(), strict=True):
        r = ranks["r"]
        axes.errorbar(ranks.index, r, [r - ranks["low"], ranks["high"] - r], fmt="o-", capsize=4,
                      color=_OTHERS)  # fmt: skip
        axes.axhline(0, color="#444444", lw=1)
        axes.set(xlabel="layer (0: embeddings)", ylim=(-1, 1))
        axes.set_title(f"{TASKS[task].title}\n{ranks['n'].max():.0f} languages", fontsize=9)
    panels[0].set_ylabel("rank correlation with the gap")
    return figure


def sentences(table: pd.DataFrame) -> Figure:
    """CKA by the number of sentences, a panel a kind, of a table of `traps.by_sentences`.

    Lines are means over draws, bands reach from the lowest draw to the highest.
    """
    kinds = {
        "linear_debiased": "linear, debiased",
        "linear": "linear, biased",
        "rbf": "RBF, biased",
    }
    figure, panels = figure_of(9.6, 3.4, 1, len(kinds), sharey=True)
    for axes, (kind, title) in zip(panels, kinds.items(), strict=True):
        for pairs, colour, form in ((TRUE, _OTHERS, "o-"), (SHUFFLED, _OWN, "s--")):
            rows = table[(table["kind"] == kind) & (table["pairs"] == pairs)]
            of = rows.groupby("n")["value"].agg(["mean", "min", "max"])
            axes.fill_between(of.index, of["min"], of["max"], color=colour, alpha=0.2, lw=0)
            axes.plot(of.index, of["mean"], form, color=colour, label=pairs, ms=5)
        axes.axhline(0, color="#444444", lw=1)
        axes.set(title=title, xscale="log", xlabel="sentences")
        axes.set_xticks(of.index, map(str, of.index), rotation=45)
        axes.minorticks_off()
    panels[0].set(ylabel="CKA")
    panels[0].legend(frameon=False, fontsize=8)
    return figure


def _line(axes: Axes, table: pd.DataFrame, colour: str, form: str, label: str) -> None:
    if len(table):
        axes.plot(table.columns, table.mean(), form, color=colour, label=label, ms=5)


def _floors(axes: Axes, table: pd.DataFrame, task: str, source: str,
            models: tuple[str, str]) -> None:  # fmt: skip
    low, high = (
        by_layer(table, task, source, models, column=column).mean()
        for column in ("floor", "floor_length")
    )
    axes.fill_between(low.index, low, high, color=_NULL, alpha=0.35, lw=0,
                      label="other sentences, any to like length")  # fmt: skip


def _name(code: str) -> str:
    return LANGUAGES[code].name if code in LANGUAGES else code


def _only(at: int, label: str) -> str | None:
    """One entry of the legend for each series."""
    return None if at else label
