"""Figures of Choenni et al.: whose examples are the most influential, beside chance."""

from __future__ import annotations

from textwrap import fill

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from lnlib.base import seeds
from lnlib.figures.rows import Words, band, dots, say_beside
from lnlib.figures.style import MUTED, SMALL, Figure, figure_of, not_run, panels_of, width
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
_SHORT = ("whole model", "own", "others'", "random")  # of SERIES, on a telephone
_SEEDS = "osX^D"  # a marker a seed
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


def shares(tables: Tables, task: str, kind: str = STATIC, narrow: bool = False) -> Figure:
    """Own share by test language, in the whole model and on the weights of sub-networks.

    Large marks are means over seeds, small ones seeds; the band is 95 % of permuted languages.
    """
    found = own_shares(tables, task, kind)
    if found.empty:
        return not_run("influence of training examples", narrow)
    figure, (axes,) = figure_of(width(narrow), 4.4)
    langs = _languages(axes, found[WHOLE], chance(tables, task))
    for at, lang in enumerate(langs):
        for place, (name, (colour, marker)) in enumerate(_LOOKS.items()):
            dots(axes, found.loc[lang, name], at + 0.27 - 0.18 * place, colour, marker)
    axes.set_xlabel("most influential examples\nthat are in the own language, %")
    top, said = found.loc[langs[-1]], []
    for place, (name, (colour, _)) in enumerate(_LOOKS.items()):
        words = _SHORT[place] if narrow else name
        said.append(_said(top[name], len(langs) - 0.73 - 0.18 * place, words, colour))
    say_beside(axes, said)
    axes.text(1, len(langs) - 0.38, "permuted languages", size=SMALL, color=MUTED, va="center")
    return figure


def translations(tables: Tables, task: str = "xnli", narrow: bool = False) -> Figure:
    """How many of the foreign examples that count translate own ones that count, by language.

    Large marks are means over seeds, small ones seeds. The band is 95 % of what it would be if
    nothing but labels counted; the dotted line is chance.
    """
    rows = translated(tables, task)
    if rows.empty:
        return not_run("training examples that are translations", narrow)
    figure, (axes,) = figure_of(width(narrow), 3.2)
    values = rows.set_index("test_lang")
    null = values.groupby("test_lang")[["null_low", "null_high"]].mean()
    langs = _languages(axes, values["value"], null)
    for at, lang in enumerate(langs):
        dots(axes, values.loc[[lang], "value"], at, _SAFE[0])
    by_chance = rows["chance"].mean()
    axes.axvline(by_chance, ymax=0.92, color="#444444", ls=":")
    axes.set_xlabel("translations among the\nmost influential foreign examples, %")
    top = len(langs) - 0.38
    for x, words in ((by_chance, "chance"), (null.loc[langs[-1]].mean(), "if only labels counted")):
        axes.text(x, top, words, size=SMALL, ha="center", va="center", color=MUTED)
    return figure


def _languages(axes: Axes, values: pd.Series, null: pd.DataFrame) -> list[str]:
    """A row a language with its null (columns low and high), the largest mean on top.

    A row above them is left for words; shares are in %. The codes of the languages, from below.
    """
    langs = list(values.groupby("test_lang").mean().sort_values().index)
    for at, lang in enumerate(langs):
        band(axes, at, *null.loc[lang])
    axes.set_yticks(range(len(langs)), [LANGUAGES[lang].name for lang in langs])
    axes.set(xlim=(0, 100), ylim=(-0.6, len(langs) - 0.15))
    axes.grid(visible=False, axis="y")
    return langs


def _said(values: pd.Series, y: float, words: str, colour: str) -> Words:
    return Words(words, values.min(), values.max(), y, colour)


# ---- sparse fine-tuning ------------------------------------------------------------------------

_MASKS = {NOTHING: ("#444444", "s"), OWN_MASK: (_SAFE[0], "o"), OTHER_MASK: (_SAFE[1], "^")}


def trained_under_masks(tables: Tables, task: str, kind: str = STATIC,
                        narrow: bool = False) -> Figure:  # fmt: skip
    """Scores and own shares of every training, with masks put on: means large, seeds small.

    `kind` is that of the own masks.
    """
    found, named = under_masks(tables, task, kind), trainings(kind)
    if found["score"].isna().all():
        return not_run("fine-tuning under masks", narrow)
    models = [model for model in named if (found["model"] == model).any()]
    figure, panels = panels_of(2, 0.9 + 0.7 * len(models), narrow, sharey=True)
    said = []
    for axes, column in zip(panels, ("score", "share"), strict=True):
        for at, model in enumerate(reversed(models)):
            own = found[found["model"] == model].groupby(["put_on", "seed"])[column].mean()
            for place, put_on in enumerate(PUT_ON):
                (colour, marker), y = _MASKS[put_on], at + 0.24 - 0.24 * place
                seen = own.get(put_on, pd.Series(dtype=float)).dropna()
                dots(axes, seen, y, colour, marker)
                if len(seen) and model == models[0] and axes is panels[0]:
                    said.append(_said(seen, y, put_on, colour))
        axes.grid(visible=False, axis="y")
    names = [fill(named[model][0], 13) for model in reversed(models)]
    panels[0].set_yticks(range(len(models)), names)
    panels[0].set_ylim(-0.5, len(models) - 0.3)
    panels[0].set_xlabel(f"{TASKS[task].unit} with the mask put on")
    panels[1].set_xlabel("most influential examples\nthat are in the own language, %")
    if len(null := chance(tables, task)):
        low, high = null["low"].min(), null["high"].max()
        panels[1].axvspan(low, high, color=MUTED, alpha=0.3, lw=0)
        panels[1].text(low, len(models) - 0.42, "permuted languages", size=SMALL, color=MUTED,
                       va="center")  # fmt: skip
    say_beside(panels[0], said)
    return figure


_COMPOSED = list(zip(COMPOSED, (_SAFE[at] for at in (0, 1, 2, 4, 3)), "o^DvX", strict=True))


def composition(tables: Tables, task: str, narrow: bool = False) -> Figure:
    """`composed`, a row of marks a training."""
    found, named = composed(tables, task).iloc[::-1], trainings()
    if found.empty:
        return not_run("unions of two languages' masks", narrow)
    figure, (axes,) = figure_of(width(narrow), 0.8 + 0.75 * len(found))
    said = []
    for place, (name, colour, marker) in enumerate(_COMPOSED):
        y = np.arange(len(found)) + 0.32 - 0.16 * place
        axes.scatter(found[name], y, s=45, color=colour, marker=marker)
        if pd.notna(last := found[name].iloc[-1]):
            said.append(Words(name, last, last, y[-1], colour))
    names = [
        f"heads, {named['full'][0]}" if row == HEADS else f"weights, {named[row][0]}"
        for row in found.index
    ]  # fmt: skip
    axes.set_yticks(range(len(found)), [fill(name, 19) for name in names])
    axes.set(ylim=(-0.5, len(found) - 0.5), xlabel=f"{TASKS[task].unit} with the mask put on")
    for between in range(1, len(found)):
        axes.axhline(between - 0.5, color="#cccccc", lw=0.8)
    axes.grid(visible=False, axis="y")
    say_beside(axes, said)
    return figure


# ---- leaving a language out ---------------------------------------------------------------------


def left_out(tables: Tables, task: str, narrow: bool = False) -> Figure:
    """Influence between two languages beside what leaving the one out does to the other.

    First every pair of different languages, a mark a seed. Then the rank correlation by seed; the
    band is 95 % of what permuted pairs give.
    """
    pairs = left_out_pairs(tables, task).dropna()
    pairs = pairs[pairs["train_lang"] != pairs["test_lang"]]
    if pairs.empty:
        return not_run("trainings without one of the languages", narrow)
    figure, (left, right) = panels_of(2, 2.8 if narrow else 3.4, narrow)
    for (_, own), colour, marker in zip(pairs.groupby("seed"), _SAFE, _SEEDS, strict=False):
        left.scatter(own["influence"], own["rise"], s=24, color=colour, marker=marker, alpha=0.8,
                     lw=0)  # fmt: skip
    left.axhline(0, color=MUTED, lw=1)
    left.set(xlabel="influence of language K on language L\n(mean cosine)",
             ylabel="rise of L's loss without K, nats")  # fmt: skip
    number = len(pairs) // pairs["seed"].nunique()
    _correlations(right, left_out_correlation(tables, task).dropna(), number)
    return figure


def _correlations(axes: Axes, found: pd.Series, pairs: int) -> None:
    """Rank correlations by seed over a band of those of permuted pairs."""
    low, high = permuted_correlations(pairs)
    axes.axvspan(low, high, color=MUTED, alpha=0.3, lw=0)
    for at, (seed, value) in enumerate(found.items()):
        axes.scatter(value, at, s=45, color=_SAFE[at], marker=_SEEDS[at])
        axes.annotate(f"seed {seed}", (value, at), (0, 8), textcoords="offset points", ha="center",
                      size=SMALL, color=_SAFE[at])  # fmt: skip
    axes.axvline(0, ymax=0.92, color=MUTED, lw=1)
    axes.set(xlim=(-1, 1), ylim=(-0.6, len(found)), yticks=[])
    axes.text(0, len(found) - 0.2, "permuted pairs", size=SMALL, color=MUTED, ha="center",
              va="center")  # fmt: skip
    axes.set_xlabel("rank correlation of the two")
    axes.grid(visible=False, axis="y")


def permuted_correlations(pairs: int) -> tuple[float, float]:
    """95 % of the rank correlations of so many pairs that are put together at random."""
    rng = np.random.default_rng(seeds.derive(0, "permuted pairs"))
    ranks = np.arange(pairs) - (pairs - 1) / 2
    drawn = rng.permuted(np.tile(ranks, (10_000, 1)), axis=1) @ ranks / (ranks @ ranks)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
