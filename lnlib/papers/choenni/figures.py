"""Figures of Choenni et al.: whose examples are the most influential, beside chance."""

from __future__ import annotations

import pandas as pd
import seaborn as sns

from lnlib.figures.style import Figure, blank, figure_of
from lnlib.languages import LANGUAGES
from lnlib.papers.choenni.analysis.measures import COORDINATES, STATIC, Tables, own_share

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
    """A(L; S) in %: rows are test languages and seeds, columns those of SERIES."""
    which = {WHOLE: ("full", "own"), OWN: (kind, "own"), OTHERS: (kind, "other"),
             RANDOM: (f"random {kind}", "own")}  # fmt: skip
    return pd.DataFrame({
        name: own_share(tables, task, "full", of, COORDINATES, whose=whose)
        for name, (of, whose) in which.items()
    })  # fmt: skip


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
