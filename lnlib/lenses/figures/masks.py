"""Tickets beside Fisher masks: what each shares with other masks."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lnlib.figures.style import COLOURS, Figure, blank, figure_of
from lnlib.lenses.figures.names import INK
from lnlib.lenses.reading.matrices import FISHER, TICKETS, Tables, fisher_pairs
from lnlib.lenses.scales import TASK
from lnlib.papers.foroutan.analysis import nulls

LADDER = ("independent, same density", "random", "untouched encoder's weights", "shuffled labels",
          "other language", "same language, other data")  # fmt: skip


def ladder(tables: Tables) -> pd.DataFrame:
    """What a mask shares with other masks: columns kind ("tickets", "fisher"), comparison (of
    `LADDER`) and jaccard (%), one row a pair of masks.

    Tickets are of two seeds, and so of two trainings; Fisher masks of two halves of the data.
    """
    names = {"same density per matrix": LADDER[0], "random mask": LADDER[1],
             "one-shot magnitude": LADDER[2], "shuffled labels": LADDER[3],
             nulls.BETWEEN: LADDER[4], nulls.CEILING: LADDER[5]}  # fmt: skip
    pairs = nulls.comparisons(tables.overlap, TASK).drop_duplicates(["comparison", "pair"])
    parts = [
        pairs.assign(kind=TICKETS, comparison=pairs["comparison"].map(names))[
            ["kind", "comparison", "jaccard"]
        ].dropna()
    ]
    own = fisher_pairs(tables, FISHER)
    same = own["lang_a"] == own["lang_b"]
    between = {
        LADDER[0]: own.loc[~same, "expected"],
        LADDER[4]: own.loc[~same, "jaccard"],
        LADDER[5]: own.loc[same, "jaccard"],
        **{LADDER[place]: fisher_pairs(tables, FISHER, other)["jaccard"]
           for place, other in ((1, "random"), (2, "magnitude"), (3, "shuffled"))},
    }  # fmt: skip
    for comparison, values in between.items():
        found = 100 * values.astype(float)
        parts.append(pd.DataFrame({"kind": FISHER, "comparison": comparison, "jaccard": found}))
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def fisher_beside_tickets(tables: Tables, narrow: bool = False) -> Figure:
    """`ladder` as dots with their means, tickets and Fisher masks one above the other."""
    found = ladder(tables)
    if FISHER not in set(found["kind"]):
        figure, (axes,) = figure_of(6.0, 2.0)
        blank(axes, "Fisher masks")
        return figure
    shape = (2, 1) if narrow else (1, 2)
    figure, panels = figure_of(*((3.9, 5.6) if narrow else (8.2, 3.3)), *shape)
    titles = {TICKETS: "tickets, by magnitude", FISHER: "masks by Fisher information"}
    for axes, (kind, title) in zip(panels, titles.items(), strict=True):
        for place, comparison in enumerate(LADDER):
            values = found.loc[(found["kind"] == kind) & (found["comparison"] == comparison),
                               "jaccard"].to_numpy()  # fmt: skip
            if not len(values):
                continue
            colour = COLOURS["ticket"] if comparison == LADDER[4] else INK
            axes.scatter(values, place + np.linspace(-0.18, 0.18, len(values)), s=6, color=colour,
                         alpha=0.3, lw=0)  # fmt: skip
            axes.plot([values.mean()] * 2, [place - 0.26, place + 0.26], color=colour, lw=2.5)
            axes.text(values.mean(), place - 0.28, f"{values.mean():.0f}", ha="center", va="bottom",
                      size=8, color=colour)  # fmt: skip
        shown = not narrow and kind == FISHER
        axes.set_yticks(range(len(LADDER)), ["" if shown else name for name in LADDER], size=8)
        axes.set(xlim=(28, 100), ylim=(len(LADDER) - 0.4, -1.0))
        axes.set_title(title, size=9)
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(visible=False, axis="y")
    panels[-1].set_xlabel("weights that both keep, % of those that either keeps", size=8)
    return figure
