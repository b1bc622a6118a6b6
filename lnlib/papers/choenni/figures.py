"""Figures of Choenni et al.: whose examples are the most influential, beside chance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.base import seeds
from lnlib.figures.style import Figure, blank, figure_of
from lnlib.languages import LANGUAGES
from lnlib.papers.choenni.analysis.left_out import left_out_correlation, left_out_pairs
from lnlib.papers.choenni.analysis.measures import STATIC, own_share, translated
from lnlib.papers.choenni.analysis.under_masks import (
    COMPOSED,
    HEADS,
    NOTHING,
    OTHER_MASK,
    OWN_MASK,
    PUT_ON,
    composed,
    trainings,
    under_masks,
)
from lnlib.papers.choenni.coverage import TASKS
from lnlib.papers.choenni.tables import COORDINATES, Tables

_SAFE = sns.color_palette("colorblind").as_hex()
WHOLE, OWN, OTHERS, RANDOM = SERIES = (
    "whole model",
    "own sub-network",
    "other languages' sub-networks",
    "random sub-networks",
)
_LOOKS = {WHOLE: ("#444444", "s"), OWN: (_SAFE[0], "o"), OTHERS: (_SAFE[1], "^"),
          RANDOM: (_SAFE[3], "X")}  # fmt: skip


def own_shares(tables: Tables, task: str, kind: str = STATIC) -> pd.DataFrame:
    """A(L; S) in %: rows are test languages and seeds, columns those of SERIES.

    Where masks of the kind were asked about, of those seeds alone.
    """
    which = {WHOLE: ("full", "own"), OWN: (kind, "own"), OTHERS: (kind, "other"),
             RANDOM: (f"random {kind}", "own")}  # fmt: skip
    found = pd.DataFrame({
        name: own_share(tables, task, "full", of, COORDINATES, whose=whose)
        for name, (of, whose) in which.items()
    })  # fmt: skip
    asked = found[OWN].notna()
    return found[asked] if asked.any() else found


def chance(tables: Tables, task: str) -> pd.DataFrame:
    """95 % of the own shares under permuted languages, by test language: columns low and high."""
    ends = {
        end: own_share(tables, task, "full", "full", COORDINATES, column=f"null_{end}")
        for end in ("low", "high")
    }
    return pd.DataFrame(ends).groupby("test_lang").mean()


def shares(tables: Tables, task: str, kind: str = STATIC) -> Figure:
    """Own share by test language, in the whole model and on the weights of sub-networks.

    Large marks are means over seeds, small ones seeds; the band is 95 % of permuted languages.
    """
    found = own_shares(tables, task, kind)
    if found.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "influence of training examples")
        return figure
    figure, (axes,) = figure_of(7.6, 3.8)
    means, null = found.groupby("test_lang").mean(), chance(tables, task)
    means = means.sort_values(WHOLE)
    for at, lang in enumerate(means.index):
        low, high = null.loc[lang]
        label = None if at else "permuted languages"
        axes.fill_betweenx([at - 0.4, at + 0.4], low, high, color="#888888", alpha=0.35, lw=0,
                           label=label)  # fmt: skip
        for place, name in enumerate(SERIES):
            (colour, marker), y = _LOOKS[name], at + 0.24 - 0.16 * place
            seeds = found.loc[lang, name]
            axes.scatter(seeds, [y] * len(seeds), s=10, color=colour, alpha=0.6, lw=0)
            axes.scatter(means.loc[lang, name], y, s=45, color=colour, marker=marker,
                         label=None if at else name)  # fmt: skip
    axes.set_yticks(range(len(means)), [LANGUAGES[lang].name for lang in means.index])
    axes.set(xlim=(0, 100), xlabel="most influential examples in the own language, %")
    axes.grid(visible=False, axis="y")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def translations(tables: Tables, task: str = "xnli") -> Figure:
    """How many of the foreign examples that count translate own ones that count, by language.

    Large marks are means over seeds, small ones seeds. The band is 95 % of what it would be if
    nothing but labels counted; the dotted line is chance.
    """
    rows = translated(tables, task)
    if rows.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "training examples that are translations")
        return figure
    figure, (axes,) = figure_of(7.6, 3.0)
    means = rows.groupby("test_lang")[["value", "null_low", "null_high"]].mean()
    means = means.sort_values("value")
    for at, lang in enumerate(means.index):
        label = None if at else "if only labels counted"
        low, high = means.loc[lang, ["null_low", "null_high"]]
        axes.fill_betweenx([at - 0.4, at + 0.4], low, high, color="#888888", alpha=0.35, lw=0,
                           label=label)  # fmt: skip
        values = rows.loc[rows["test_lang"] == lang, "value"]
        axes.scatter(values, [at] * len(values), s=10, color=_SAFE[0], alpha=0.6, lw=0)
        axes.scatter(means.loc[lang, "value"], at, s=45, color=_SAFE[0])
    axes.axvline(rows["chance"].mean(), color="#444444", ls=":", label="chance")
    axes.set_yticks(range(len(means)), [LANGUAGES[lang].name for lang in means.index])
    axes.set(xlim=(0, 100), xlabel="translations among the most influential foreign examples, %")
    axes.grid(visible=False, axis="y")
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


# ---- sparse fine-tuning ------------------------------------------------------------------------

_MASKS = {NOTHING: ("#444444", "s"), OWN_MASK: (_SAFE[0], "o"), OTHER_MASK: (_SAFE[1], "^")}


def trained_under_masks(tables: Tables, task: str, kind: str = STATIC) -> Figure:
    """Scores and own shares of every training, with masks put on: means large, seeds small.

    `kind` is that of the own masks.
    """
    found, named = under_masks(tables, task, kind), trainings(kind)
    if found["score"].isna().all():
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "fine-tuning under masks")
        return figure
    models = [model for model in named if (found["model"] == model).any()]
    figure, panels = figure_of(7.6, 0.9 + 0.62 * len(models), 1, 2, sharey=True)
    for axes, column in zip(panels, ("score", "share"), strict=True):
        for at, model in enumerate(reversed(models)):
            own = found[found["model"] == model].groupby(["put_on", "seed"])[column].mean()
            for place, put_on in enumerate(PUT_ON):
                (colour, marker), y = _MASKS[put_on], at + 0.22 - 0.22 * place
                if put_on not in own.index or own[put_on].isna().all():
                    continue
                seen = own[put_on].dropna()
                axes.scatter(seen, [y] * len(seen), s=10, color=colour, alpha=0.6, lw=0)
                axes.scatter(seen.mean(), y, s=45, color=colour, marker=marker,
                             label=put_on if model == models[0] else None)  # fmt: skip
        axes.grid(visible=False, axis="y")
    panels[0].set_yticks(range(len(models)), [named[model][0] for model in reversed(models)])
    panels[0].set_ylim(-0.5, len(models) - 0.5)
    panels[0].set_xlabel(f"{TASKS[task].unit} with the mask put on")
    panels[1].set_xlabel("most influential examples\nin the own language, %")
    null = chance(tables, task)
    if len(null):
        panels[1].axvspan(null["low"].min(), null["high"].max(), color="#888888", alpha=0.35, lw=0,
                          label="permuted languages")  # fmt: skip
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, fontsize=8, ncol=4, loc="outside upper center")
    return figure


_COMPOSED = list(zip(COMPOSED, (_SAFE[at] for at in (0, 1, 2, 4, 3)), "o^DvX", strict=True))


def composition(tables: Tables, task: str) -> Figure:
    """`composed`, a row of marks a training."""
    found, named = composed(tables, task).iloc[::-1], trainings()
    if found.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "unions of two languages' masks")
        return figure
    figure, (axes,) = figure_of(7.6, 1.3 + 0.42 * len(found))
    for name, colour, marker in _COMPOSED:
        axes.scatter(found[name], range(len(found)), s=45, color=colour, marker=marker, label=name,
                     alpha=0.85)  # fmt: skip
    names = [
        f"heads, {named['full'][0]}" if row == HEADS else f"weights, {named[row][0]}"
        for row in found.index
    ]  # fmt: skip
    axes.set_yticks(range(len(found)), names)
    axes.set(ylim=(-0.6, len(found) - 0.4), xlabel=f"{TASKS[task].unit} with the mask put on")
    figure.legend(frameon=False, fontsize=8, ncol=3, loc="outside upper center")
    return figure


# ---- leaving a language out ---------------------------------------------------------------------


def left_out(tables: Tables, task: str) -> Figure:
    """Influence between two languages beside what leaving the one out does to the other.

    Left every pair of different languages, a mark a seed. Right the rank correlation by seed; the
    band is 95 % of what permuted pairs give.
    """
    pairs = left_out_pairs(tables, task).dropna()
    pairs = pairs[pairs["train_lang"] != pairs["test_lang"]]
    if pairs.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "trainings without one of the languages")
        return figure
    figure, (left, right) = figure_of(7.6, 3.4, 1, 2)
    for at, (seed, own) in enumerate(pairs.groupby("seed")):
        left.scatter(own["influence"], own["rise"], s=24, color=_SAFE[at], marker="osX^D"[at % 5],
                     alpha=0.8, lw=0, label=f"seed {seed}")  # fmt: skip
    left.axhline(0, color="#888888", lw=1)
    left.set(xlabel="influence of language K on language L\n(mean cosine)",
             ylabel="rise of L's loss without K, nats")  # fmt: skip
    left.legend(frameon=False, fontsize=8)
    number = len(pairs) // pairs["seed"].nunique()
    _correlations(right, left_out_correlation(tables, task).dropna(), number)
    return figure


def _correlations(axes: Axes, found: pd.Series, pairs: int) -> None:
    """Rank correlations by seed over a band of those of permuted pairs."""
    low, high = permuted_correlations(pairs)
    axes.axvspan(low, high, color="#888888", alpha=0.35, lw=0, label="permuted pairs")
    for at, (seed, value) in enumerate(found.items()):
        axes.scatter(value, at, s=45, color=_SAFE[at], marker="osX^D"[at % 5])
        axes.annotate(f"seed {seed}", (value, at), (0, 7), textcoords="offset points", ha="center",
                      fontsize=8)  # fmt: skip
    axes.axvline(0, color="#888888", lw=1)
    axes.set(xlim=(-1, 1), ylim=(-0.6, len(found) - 0.2), yticks=[])
    axes.set_xlabel("rank correlation of the two")
    axes.grid(visible=False, axis="y")
    axes.legend(frameon=False, fontsize=8, loc="upper right")


def permuted_correlations(pairs: int) -> tuple[float, float]:
    """95 % of the rank correlations of so many pairs that are put together at random."""
    rng = np.random.default_rng(seeds.derive(0, "permuted pairs"))
    ranks = np.arange(pairs) - (pairs - 1) / 2
    drawn = rng.permuted(np.tile(ranks, (10_000, 1)), axis=1) @ ranks / (ranks @ ranks)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
