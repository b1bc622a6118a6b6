"""How often a translation is found, by layer and mask."""

from __future__ import annotations

from typing import Any

import pandas as pd

from lnlib import retrieved
from lnlib.figures.style import COLOURS, MARKERS, Figure, blank, figure_of
from lnlib.tasks import TASKS


def retrieval_by_layer(retrieval: pd.DataFrame, mask_scale: str) -> Figure:
    """Share of translations found (%), mean over languages beside English; layer 0: embeddings.

    One line a task's tickets of `mask_scale`, and the controls; bands are the range over the
    languages the tickets were found on, or over the seeds of random masks.
    """
    figure, (axes,) = figure_of(7.0, 4.2)
    rows = retrieved.accuracies(retrieval, mask_scale)
    by_mask = rows.groupby(["mask", "found_on", "layer"])["accuracy"].mean()
    for mask in ("full", *TASKS, "magnitude", "random"):
        if mask not in by_mask.index.get_level_values("mask"):
            continue
        points = by_mask[mask].groupby("layer").agg(["mean", "min", "max", "size"])
        label = f"{mask.upper()} tickets" if mask in TASKS else mask
        if mask in TASKS:
            label += f" ({int(points['size'].max())})"
        style: dict[str, Any] = {"color": COLOURS[mask], "marker": MARKERS.get(mask, "D"), "ms": 5}
        style["ls"] = "-" if mask in TASKS else "--"
        axes.plot(points.index, points["mean"], label=label, **style)
        edges = points["min"], points["max"]
        axes.fill_between(points.index, *edges, color=COLOURS[mask], alpha=0.18, lw=0)
        axes.set_xticks(list(points.index))
    if not axes.lines:
        blank(axes, "retrieval of translations")
        return figure
    axes.set(xlabel="layer (0: embeddings)", ylabel="translations found (%)", ylim=(0, None))
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure
