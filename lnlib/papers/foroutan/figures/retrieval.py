"""How often a translation is found, by layer and mask."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from lnlib.figures.style import COLOURS, MARKERS, Figure, blank, figure_of
from lnlib.papers.foroutan.analysis import translations
from lnlib.papers.foroutan.coverage import TASKS


def retrieval_by_layer(retrieval: pd.DataFrame, mask_scale: str) -> Figure:
    """Share of translations found (%), by layer (0: embeddings), in English's script and in others.

    One line a task's tickets of `mask_scale` (in brackets how many) and one for each control, means
    over languages beside English. Bands are the range over the languages the tickets were found
    on, or over the seeds of random masks. Dotted: chance.
    """
    rows = translations.accuracies(retrieval, mask_scale)
    if rows.empty:
        figure, (axes,) = figure_of(6.4, 2.0)
        blank(axes, "retrieval of translations")
        return figure
    figure, panels = figure_of(8.4, 4.0, 1, 2)
    for axes, (script, others) in zip(
        panels, translations.scripts(rows["other"]).items(), strict=True
    ):
        _lines(axes, rows[rows["other"].isin(others)])
        axes.set_title(f"{script} ({len(others)})")
        axes.set(xlabel="layer (0: embeddings)", ylim=(0, None))
    panels[0].set_ylabel("translations found (%)")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
    return figure


def _lines(axes: Axes, rows: pd.DataFrame) -> None:
    if rows.empty:
        return blank(axes, "a language of this kind")
    by_mask = rows.groupby(["mask", "found_on", "layer"])["accuracy"].mean()
    for mask in ("full", *TASKS, "magnitude", "random"):
        if mask not in by_mask.index.get_level_values("mask"):
            continue
        points = by_mask[mask].groupby("layer").agg(["mean", "min", "max", "size"])
        ticket = mask in TASKS
        label = f"{mask.upper()} tickets ({points['size'].max()})" if ticket else mask
        style: dict[str, Any] = {"color": COLOURS[mask], "marker": MARKERS.get(mask, "D"), "ms": 5}
        axes.plot(points.index, points["mean"], label=label, ls="-" if ticket else "--", **style)
        edges = points["min"], points["max"]
        axes.fill_between(points.index, *edges, color=COLOURS[mask], alpha=0.18, lw=0)
        axes.set_xticks(list(points.index))
    axes.axhline(100 / rows["n"].mean(), color="black", ls=":", lw=1, label="chance")
