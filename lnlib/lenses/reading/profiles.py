"""What each lens sees at which depth, beside what it sees there by chance and at most.

Depth 0 is the embeddings, 1 the lowest layer. Masks, gradients and the states that come out of a
layer are at its depth; a block of layers that was re-initialised is at the middle of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lnlib.lenses.reading.matrices import (
    FISHER,
    INFLUENTIAL,
    STATES_ALIKE,
    TICKETS,
    Tables,
    between,
    ceiling,
    matrix,
    null,
)
from lnlib.lenses.scales import TASK
from lnlib.papers.muller.analysis.blocks import between_seeds, counted
from lnlib.papers.muller.tables import ALL
from lnlib.results.ledger import interval

REINITIALISED = "re-initialised"
PROFILES = (TICKETS, FISHER, STATES_ALIKE, REINITIALISED, INFLUENTIAL)
_COLUMNS = ["lens", "depth", "value", "low", "high", "null_low", "null_high", "ceiling"]


def profiles(tables: Tables, ablation: pd.DataFrame) -> pd.DataFrame:
    """One row a lens and depth, in the order of `PROFILES`; what was not measured is absent.

    `value` is the mean over languages of what each has with the others, `low` and `high` its 95 %
    interval over languages; "re-initialised" is the change in points of zero-shot score from
    English, from `ablation`, the table of Muller et al., its null as wide as seeds are apart.
    """
    rows: list[dict[str, Any]] = []
    for lens in PROFILES:
        rows += _by_block(ablation) if lens == REINITIALISED else _by_layer(tables, lens)
    return pd.DataFrame(rows, columns=_COLUMNS)


def _by_layer(tables: Tables, lens: str) -> Iterator[dict[str, Any]]:
    for depth in depths(tables):
        part = str(depth - 1)
        wide = matrix(tables, lens, part) if depth or lens == STATES_ALIKE else pd.DataFrame()
        if np.isnan(between(wide)):
            continue
        low, high = interval(wide.mean(axis=1))
        floor = null(tables, lens, part)
        yield {"lens": lens, "depth": float(depth), "value": between(wide), "low": low,
               "high": high, "null_low": floor[0], "null_high": floor[1],
               "ceiling": ceiling(tables, lens, part).mean()}  # fmt: skip


def depths(tables: Tables) -> list[int]:
    """The embeddings (0) and the encoder's layers, from below (1, 2, ...)."""
    parts = pd.concat([tables.masks[["by", "part"]], tables.overlap[["by", "part"]]])
    layers = parts.loc[parts["by"] == "layer", "part"].astype(str)
    return [0, *sorted({int(part) + 1 for part in layers if part.isdigit()})]


def _by_block(ablation: pd.DataFrame) -> Iterator[dict[str, Any]]:
    change = counted(ablation, TASK, "en")
    apart = between_seeds(ablation, TASK) if len(change) else 0.0
    for block in (name for name in change.columns if name != ALL):
        first, _, last = block.partition("-")
        values = change[block].dropna()
        low, high = interval(values)
        yield {"lens": REINITIALISED, "depth": (int(first) + int(last or first)) / 2 + 1,
               "value": values.mean(), "low": low, "high": high, "null_low": -apart,
               "null_high": apart, "ceiling": float("nan")}  # fmt: skip


def beyond_null(rows: pd.DataFrame) -> int:
    """At how many depths of a lens the whole interval leaves the null on the side that counts:
    above it, and for "re-initialised", where a loss counts, below."""
    lost = rows["lens"] == REINITIALISED
    out = (rows["low"] > rows["null_high"]).where(~lost, rows["high"] < rows["null_low"])
    return int(out.sum())
