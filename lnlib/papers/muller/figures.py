"""Figures of Muller et al.: what a block costs, similarity by depth, similarity and transfer."""

from __future__ import annotations

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
from lnlib.papers.muller.tables import ALL
from lnlib.results.ledger import interval

_SAFE = sns.color_palette("colorblind").as_hex()
_OWN, _OTHERS, _NULL = _SAFE[1], _SAFE[0], "#888888"


def losses(ablation: pd.DataFrame, task: str, source: str = SOURCE,
           start: str = "bert") -> Figure:  # fmt: skip
    """d(b) in points by block: the source language beside the others.

    Small marks are seeds of the source, and languages of the others; large ones are means, with the
    95 % interval over languages. Crosses are blocks that got their own values in another order. The
    band is as wide as seeds are apart with nothing re-initialised.
    """
    seeds = by_seed(ablation, task, source, start)
    change = counted(ablation, task, source, start)
    if seeds.empty or change.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "re-initialised blocks")
        return figure
    figure, (axes,) = figure_of(7.6, 4.0)
    apart = between_seeds(ablation, task, source)
    if apart > 0:
        axes.axhspan(-apart, apart, color=_NULL, alpha=0.2, lw=0, label="between seeds")
    shuffled = by_seed(ablation, task, source, "shuffled").iloc[
        : 0 if start == "shuffled" else None
    ]
    own = seeds[seeds["who"] == "source"]
    for at, block in enumerate(change.columns):
        points = own.loc[own["block"] == block, "points"]
        axes.scatter([at - 0.2] * len(points), points, s=12, color=_OWN, alpha=0.6, lw=0)
        axes.scatter(at - 0.2, points.mean(), s=70, marker="s", color=_OWN,
                     label=_only(at, f"{_name(source)} (trained on)"))  # fmt: skip
        values = change[block].dropna()
        axes.scatter([at + 0.2] * len(values), values, s=12, color=_OTHERS, alpha=0.6, lw=0)
        mean, (low, high) = values.mean(), interval(values)
        axes.scatter(at + 0.2, mean, s=70, color=_OTHERS,
                     label=_only(at, f"{len(values)} other languages"))  # fmt: skip
        if np.isfinite(low):  # three languages at least
            axes.errorbar(at + 0.2, mean, [[mean - low], [high - mean]], capsize=4, color=_OTHERS)
    label: str | None = "own values, shuffled"
    for who, aside in (("source", -0.08), ("targets", 0.32)):
        of = shuffled[(shuffled["who"] == who) & shuffled["block"].isin(change.columns)]
        places = [list(change.columns).index(block) + aside for block in of["block"]]
        if places:
            axes.scatter(places, of["points"], s=45, marker="x", color="#333333", label=label)
            label = None
    axes.axhline(0, color="#444444", lw=1)
    names = ["all layers" if block == ALL else f"layers {block}" for block in change.columns]
    axes.set_xticks(range(len(names)), names)
    axes.set(xlim=(-0.5, len(names) - 0.5), xlabel="re-initialised before fine-tuning",
             ylabel="change in points")  # fmt: skip
    axes.grid(visible=False, axis="x")
    figure.legend(frameon=False, fontsize=8, loc="outside right upper")
    return figure


def similarity(table: pd.DataFrame, task: str, source: str = SOURCE) -> Figure:
    """CKA by layer, means over languages: with the source, and with itself before fine-tuning.

    The band reaches from shuffled pairs to pairs shuffled among sentences of like length.
    """
    if by_layer(table, source=source).empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "similarity of languages")
        return figure
    figure, (left, right) = figure_of(9.6, 3.8, 1, 2, sharey=True)
    before, after = (PRETRAINED, PRETRAINED), (TUNED, TUNED)
    _floors(left, table, task, source, before)
    _line(left, by_layer(table, source=source), _OTHERS, "o-", "pre-trained")
    _line(left, by_layer(table, task, source, after), _OWN, "s-", "fine-tuned")
    _line(left, by_layer(table, source=source, length="out"), _OTHERS, "o:",
          "pre-trained, without length")  # fmt: skip
    left.set(title=f"{_name(source)} with each other language", ylabel="CKA", ylim=(-0.05, 1.05))
    kept = by_layer(table, task, source, (PRETRAINED, TUNED))
    if kept.empty:
        blank(right, "fine-tuning")
    else:
        _floors(right, table, task, source, (PRETRAINED, TUNED))
        _line(right, kept, _SAFE[2], "D-", "all languages")
        own = kept.loc[kept.index == source]
        _line(right, own, _OWN, "s--", _name(source))
        right.set_title("before and after fine-tuning")
    for axes in (left, right):
        if axes.lines:
            axes.set_xlabel("layer (0: embeddings)")
            axes.legend(frameon=False, fontsize=8)
    return figure


def transfer(tables: Tables, task: str, source: str = SOURCE) -> Figure:
    """By layer, the rank correlation over languages of CKA with the source and the gap to it."""
    found = similarity_by_layer_with_gap(tables, task, source)
    if found.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "similarity and transfer")
        return figure
    figure, (axes,) = figure_of(5.6, 3.4)
    r = found["r"]
    axes.errorbar(found.index, r, [r - found["low"], found["high"] - r], fmt="o-", capsize=4,
                  color=_OTHERS)  # fmt: skip
    axes.axhline(0, color="#444444", lw=1)
    axes.set(xlabel="layer (0: embeddings)", ylabel="rank correlation with the gap", ylim=(-1, 1))
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
