"""How often a translation is found, by layer and mask."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from lnlib.figures.style import COLOURS, MARKERS, Figure, blank, figure_of, label_ends
from lnlib.papers.foroutan.analysis import translations
from lnlib.papers.foroutan.coverage import TASKS


def retrieval_by_layer(retrieval: pd.DataFrame, mask_scale: str, narrow: bool = False) -> Figure:
    """Share of translations found (%), by layer (0: embeddings), in English's script and in others.

    One line a task's tickets of `mask_scale` and one for each control, means over languages beside
    English. Bands are the range over the languages the tickets were found on, or over the seeds of
    random masks. Dotted: chance.
    """
    rows = translations.accuracies(retrieval, mask_scale)
    if rows.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "retrieval of translations")
        return figure
    figure, panels = figure_of(3.8, 6.4, 2) if narrow else figure_of(8.6, 4.0, 1, 2)
    ends = []
    for axes, (script, others) in zip(
        panels, translations.scripts(rows["other"]).items(), strict=True
    ):
        ends.append(_lines(axes, rows[rows["other"].isin(others)]))
        axes.set_title(f"{script} ({len(others)})")
        axes.set(ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
        if axes is panels[-1] or not narrow:
            axes.set_xlabel("layer (0: embeddings)")
    panels[0].set_ylabel("translations found (%)")
    for axes, lines in zip(panels, ends, strict=True):
        if lines and (narrow or axes is panels[-1] or not ends[-1]):
            label_ends(axes, lines)
    return figure


def _lines(axes: Axes, rows: pd.DataFrame) -> dict[str, tuple[float, float, str]]:
    """A line a mask; where each ends, with its colour."""
    if rows.empty:
        blank(axes, "a language of this kind")
        return {}
    by_mask, ends = rows.groupby(["mask", "found_on", "layer"])["accuracy"].mean(), {}
    for mask, name in _NAMES.items():
        if mask not in by_mask.index.get_level_values("mask"):
            continue
        points = by_mask[mask].groupby("layer").agg(["mean", "min", "max"])
        style: dict[str, Any] = {"color": COLOURS[mask], "marker": MARKERS.get(mask, "D"), "ms": 5}
        axes.plot(points.index, points["mean"], ls="-" if mask in TASKS else "--", **style)
        edges = points["min"], points["max"]
        axes.fill_between(points.index, *edges, color=COLOURS[mask], alpha=0.18, lw=0)
        axes.set_xticks(list(points.index))
        ends[name] = (points.index[-1], points["mean"].iloc[-1], COLOURS[mask])
    chance = 100 / rows["n"].mean()
    axes.axhline(chance, color="black", ls=":", lw=1)
    return ends | {"chance": (rows["layer"].max(), chance, COLOURS["full"])}


_NAMES = {"full": "all weights", **{task: f"{task.upper()} tickets" for task in TASKS},
          "magnitude": "largest weights", "random": "random masks"}  # fmt: skip
