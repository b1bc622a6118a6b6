"""Rows of the tables: a measurement, with what made it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from lnlib.base.provenance import machine, versions
from lnlib.pruning.transfer import Result
from lnlib.training.workbench import Workbench


def score_row(result: Result, bench: Workbench) -> dict[str, Any]:
    """One measurement with its provenance: a row of `scores.csv`."""
    made_by = versions()
    return {
        "scale": bench.scale,
        "task": result.task,
        "lang": result.lang,
        "seed": result.seed,
        **asdict(result.source),
        **asdict(result.score),
        "steps": bench.recipe.steps,
        "seconds": round(result.seconds, 2),
        "recipe": bench.recipe.hash,
        "data": bench.data.fingerprint,
        "encoder": bench.encoder.fingerprint,
        **{key: made_by[key] for key in ("lnlib", "code", "torch", "transformers", "python")},
        **machine(),
    }


def mask_rows(table: pd.DataFrame, scale: str, encoder: str) -> list[dict[str, Any]]:
    """Rows of `overlap.csv`, `excess.csv` or `density.csv` from what their functions measured."""
    made_by = {key: versions()[key] for key in ("lnlib", "code")}
    stamped = table.assign(scale=scale, encoder=encoder, **made_by)
    return stamped.to_dict("records")
