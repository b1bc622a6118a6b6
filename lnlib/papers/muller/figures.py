"""Figures of Muller et al.: what a block costs, similarity by depth, similarity and transfer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.figures.rows import Words, dots, say_beside
from lnlib.figures.style import MUTED, SMALL, Figure, blank, label_ends, not_run, panels_of
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
_OWN, _OTHERS, _NULL = _SAFE[1], _SAFE[0], MUTED
_STYLES = {"ner": (_SAFE[1], "s-"), "pos": (_SAFE[2], "^-"), "parsing": (_SAFE[3], "D-"),
           "xnli": (_SAFE[4], "v-")}  # fmt: skip
_SHORT = {"ner": "NER", "pos": "POS", "parsing": "parsing", "xnli": "NLI"}


def losses(ablation: pd.DataFrame, tasks: str | Sequence[str], source: str = SOURCE,
           start: str = "bert", narrow: bool = False) -> Figure:  # fmt: skip
    """d(b) in points, a row a block and a panel a task: the source language, the others below it.

    Small marks are seeds of the source, and languages of the others; large ones are means, with the
    95 % interval over languages. Crosses are blocks that got their own values in another order. The
    band is as wide as seeds are apart with nothing re-initialised.
    """
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    changes = {task: counted(ablation, task, source, start) for task in tasks}
    changes = {task: change for task, change in changes.items() if not change.empty}
    if not changes:
        return not_run("re-initialised blocks", narrow)
    blocks = max((list(change.columns) for change in changes.values()), key=len)
    height = 1.0 + (0.42 if narrow else 0.5) * len(blocks)
    figure, panels = panels_of(len(changes), height, narrow, sharex=True, sharey=True)
    said = []
    for axes, (task, change) in zip(panels, changes.items(), strict=True):
        seeds = by_seed(ablation, task, source, start)
        said.append(_losses(axes, seeds[seeds["who"] == "source"], change, blocks, source))
        if start != "shuffled":
            said[-1] += _shuffled(axes, by_seed(ablation, task, source, "shuffled"), blocks)
        if (apart := between_seeds(ablation, task, source)) > 0:
            axes.axvspan(-apart, apart, color=_NULL, alpha=0.2, lw=0)
            axes.text(apart, -0.75, "between seeds", ha="right", va="center", size=SMALL,
                      color=_NULL)  # fmt: skip
        axes.set_title(f"{TASKS[task].title}\n{TASKS[task].unit}, {len(change)} other languages",
                       size=9)  # fmt: skip
        axes.axvline(0, ymax=0.88, color="#444444", lw=1)  # words stand above it
        axes.grid(visible=False, axis="y")
    names = ["all layers" if block == ALL else f"layers {block}" for block in blocks]
    panels[0].set_yticks(range(len(names)), names)
    panels[0].set_ylim(len(names) - 0.5, -1.0)
    for axes in panels[-1:] if narrow else panels:
        axes.set_xlabel("change in points")
    say_beside(panels[0], said[0], until=0)
    return figure


def _losses(axes: Axes, own: pd.DataFrame, change: pd.DataFrame, blocks: list[str],
            source: str) -> list[Words]:  # fmt: skip
    """Draw the blocks' rows; what is to be said beside the first one's marks."""
    said = []
    for at, block in enumerate(blocks):
        if block not in change:
            axes.annotate("not run", (0, at), (-4, 0), textcoords="offset points", ha="right",
                          va="center", size=SMALL, color=_NULL)  # fmt: skip
            continue
        points, values = own.loc[own["block"] == block, "points"], change[block].dropna()
        for words, of, y, colour, marker in (
            (_name(source), points, at - 0.27, _OWN, "s"),
            ("others", values, at + 0.09, _OTHERS, "o"),
        ):
            dots(axes, of, y, colour, marker)
            if at == 0 and len(of):
                said.append(Words(words, of.min(), of.max(), y, colour))
        mean, (low, high) = values.mean(), interval(values)
        if np.isfinite(low):  # three languages at least
            axes.errorbar(mean, at + 0.09, xerr=[[mean - low], [high - mean]], capsize=3,
                          color=_OTHERS)  # fmt: skip
            if at == 0:
                ends = min(low, values.min()), max(high, values.max())
                said[-1] = Words("others", *ends, at + 0.09, _OTHERS)
    return said


def _shuffled(axes: Axes, seeds: pd.DataFrame, blocks: list[str]) -> list[Words]:
    """Crosses below the rows' marks; what is to be said beside those of the second row."""
    said, at = [], min(1, len(blocks) - 1)
    for who, aside in (("source", -0.09), ("targets", 0.27)):
        of = seeds[(seeds["who"] == who) & seeds["block"].isin(blocks)]
        places = [blocks.index(block) + aside for block in of["block"]]
        axes.scatter(of["points"], places, s=36, marker="x", color=_NULL)
        points = of.loc[of["block"] == blocks[at], "points"]
        if len(points) and who == "targets":
            ends = points.min(), points.max()
            said = [Words("own values, shuffled", *ends, at + aside, _NULL)]
    return said


def similarity(table: pd.DataFrame, tasks: str | Sequence[str], source: str = SOURCE,
               narrow: bool = False) -> Figure:  # fmt: skip
    """CKA by layer, means over languages: with the source, and with itself before fine-tuning.

    The band reaches from shuffled pairs to pairs shuffled among sentences of like length, before
    fine-tuning; thin lines are the latter after it.
    """
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    if by_layer(table, source=source).empty:
        return not_run("similarity of languages", narrow)
    figure, (left, right) = panels_of(2, 2.8 if narrow else 3.8, narrow, sharey=True)
    _floors(left, table, "", source, (PRETRAINED, PRETRAINED))
    between = {"before": _line(left, by_layer(table, source=source), _OTHERS, "o-"),
               "without length": _line(left, by_layer(table, source=source, length="out"),
                                       _OTHERS, "o:")}  # fmt: skip
    itself = {}
    for task in tasks:
        short, (colour, form) = _SHORT[task], _STYLES[task]
        after = by_layer(table, task, source, (TUNED, TUNED))
        between[f"after {short}"] = _line(left, after, colour, form)
        like = by_layer(table, task, source, (TUNED, TUNED), column="floor_length")
        if len(like):
            left.plot(like.columns, like.mean(), "--", color=colour, lw=1)
        itself[short] = _line(
            right, by_layer(table, task, source, (PRETRAINED, TUNED)), colour, form
        )
    left.set(ylabel="CKA", ylim=(-0.05, 1.05))
    left.set_title(f"{_name(source)} with each other language", size=10)
    if right.lines:
        _floors(right, table, tasks[0], source, (PRETRAINED, TUNED))
        right.set_title("each with itself, before fine-tuning", size=10)
    else:
        blank(right, "fine-tuning")
    for axes, ends in ((left, between), (right, itself)):
        axes.set_xlabel("layer (0: embeddings)")
        label_ends(axes, {name: end for name, end in ends.items() if end})
    return figure


def transfer(tables: Tables, tasks: str | Sequence[str], source: str = SOURCE,
             narrow: bool = False) -> Figure:  # fmt: skip
    """By layer, the rank correlation over languages of CKA with the source and the gap to it, a
    panel a task."""
    tasks = [tasks] if isinstance(tasks, str) else list(tasks)
    found = {task: similarity_by_layer_with_gap(tables, task, source) for task in tasks}
    found = {task: ranks for task, ranks in found.items() if len(ranks)}
    if not found:
        return not_run("similarity and transfer", narrow)
    figure, panels = panels_of(len(found), 2.1 if narrow else 3.0, narrow, sharex=True, sharey=True)
    for axes, (task, ranks) in zip(panels, found.items(), strict=True):
        r = ranks["r"]
        axes.errorbar(ranks.index, r, [r - ranks["low"], ranks["high"] - r], fmt="o-", capsize=3,
                      color=_OTHERS)  # fmt: skip
        axes.axhline(0, color="#444444", lw=1)
        axes.set(ylim=(-1.05, 1.05), xticks=list(ranks.index), yticks=[-1, -0.5, 0, 0.5, 1])
        between = ", " if narrow else "\n"
        axes.set_title(f"{TASKS[task].title}{between}{ranks['n'].max():.0f} languages", size=9)
    for axes in panels[-1:] if narrow else panels:
        axes.set_xlabel("layer (0: embeddings)")
    panels[len(panels) // 2 if narrow else 0].set_ylabel("rank correlation with the gap")
    return figure


def sentences(table: pd.DataFrame, narrow: bool = False) -> Figure:
    """CKA by the number of sentences, a panel a kind, of a table of `traps.by_sentences`.

    Lines are means over draws, bands reach from the lowest draw to the highest.
    """
    kinds = {
        "linear_debiased": "linear, debiased",
        "linear": "linear, biased",
        "rbf": "RBF, biased",
    }
    figure, panels = panels_of(len(kinds), 2.1 if narrow else 3.2, narrow, sharex=True, sharey=True)
    for axes, (kind, title) in zip(panels, kinds.items(), strict=True):
        for pairs, colour, form in ((TRUE, _OTHERS, "o-"), (SHUFFLED, _OWN, "s--")):
            rows = table[(table["kind"] == kind) & (table["pairs"] == pairs)]
            of = rows.groupby("n")["value"].agg(["mean", "min", "max"])
            axes.fill_between(of.index, of["min"], of["max"], color=colour, alpha=0.2, lw=0)
            axes.plot(of.index, of["mean"], form, color=colour, ms=5)
            if axes is panels[0]:  # above the line's right end, where its band is thin
                axes.annotate(pairs, (of.index[-1], of["mean"].iloc[-1]), (0, 6), ha="right",
                              textcoords="offset points", color=colour)  # fmt: skip
        axes.axhline(0, color="#444444", lw=1)
        axes.set(xscale="log")
        axes.set_title(title, size=10)
        ticks = of.index[:: 1 if narrow else 3]  # a third of them fits where panels share a line
        axes.set_xticks(ticks, map(str, ticks))
        axes.minorticks_off()
    for axes in panels[-1:] if narrow else panels:
        axes.set_xlabel("sentences")
    panels[0].set(ylabel="CKA")
    return figure


def _line(axes: Axes, table: pd.DataFrame, colour: str,
          form: str) -> tuple[float, float, str] | None:  # fmt: skip
    """Draw the means by layer; where they end, with their colour, unless there is none."""
    if not len(table):
        return None
    means = table.mean()
    axes.plot(means.index, means, form, color=colour, ms=5)
    return means.index[-1], means.iloc[-1], colour


def _floors(axes: Axes, table: pd.DataFrame, task: str, source: str,
            models: tuple[str, str]) -> None:  # fmt: skip
    low, high = (
        by_layer(table, task, source, models, column=column).mean()
        for column in ("floor", "floor_length")
    )
    axes.fill_between(low.index, low, high, color=_NULL, alpha=0.35, lw=0)
    axes.text(0.1, 0.03, "no translations", size=SMALL, color="#444444")


def _name(code: str) -> str:
    return LANGUAGES[code].name if code in LANGUAGES else code
