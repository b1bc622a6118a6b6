"""The table of scores, and the rows that measurements make."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from lnlib.base.provenance import machine, versions
from lnlib.results.table import Table

if TYPE_CHECKING:  # they bring torch, and a page that reads tables needs none
    from lnlib.pruning.transfer import Result
    from lnlib.training.workbench import Workbench

_KEY = ("scale", "task", "lang", "seed", "method", "mask_task", "mask_lang", "mask_seed",
        "sparsity", "mask")  # fmt: skip
_VERSIONS = ("lnlib", "code", "torch", "transformers", "python")
SCORES = Table("scores", _KEY, (*_KEY, "metric", "value", "loss", "n", "lost_words", "steps",
               "seconds", "lnlib", "code", "recipe", "data", "encoder", "torch", "transformers",
               "python", "machine", "device", "threads"), later=("mask",))  # fmt: skip


def score_row(result: Result, bench: Workbench) -> dict[str, Any]:
    """One measurement with its provenance: a row of `SCORES`."""
    made_by = bench.versions("pruning.transfer")
    return {
        "scale": bench.scale.name,
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
        **{key: made_by[key] for key in _VERSIONS},
        **machine(),
    }


def stamped(table: pd.DataFrame, scale: str, encoder: str, *deciding: str) -> list[dict[str, Any]]:
    """Rows with the scale, the encoder, and the code that made them: that of `deciding` modules."""
    made_by = {key: versions(*deciding)[key] for key in ("lnlib", "code")}
    return table.assign(scale=scale, encoder=encoder, **made_by).to_dict("records")
