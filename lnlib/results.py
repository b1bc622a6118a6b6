"""Tidy tables: one row a measurement, with what made it; none is lost and none is doubled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.errors import UserError
from lnlib.files import locked, replacing
from lnlib.provenance import machine, versions
from lnlib.transfer import Result
from lnlib.workbench import Workbench

SCORE_KEY = ["scale", "task", "lang", "seed", "method", "mask_task", "mask_lang", "mask_seed",
             "sparsity"]  # fmt: skip
SCORES = [*SCORE_KEY, "metric", "value", "loss", "n", "lost_words", "steps", "seconds", "lnlib",
          "code", "recipe", "data", "encoder", "torch", "transformers", "python", "machine",
          "device", "threads"]  # fmt: skip
OVERLAP_KEY = ["scale", "sparsity", "by", "part", "method_a", "task_a", "lang_a", "seed_a",
               "method_b", "task_b", "lang_b", "seed_b"]  # fmt: skip
OVERLAP = [*OVERLAP_KEY, "jaccard", "simple_matching", "density_a", "density_b", "expected",
           "weights", "lnlib", "code", "encoder"]  # fmt: skip
EXCESS_KEY = [name for name in OVERLAP_KEY if name not in ("by", "part")]
EXCESS = [*EXCESS_KEY, "departed_a", "departed_b", "shared", "expected", "expected_near", "lnlib",
          "code", "encoder"]  # fmt: skip
DENSITY_KEY = ["scale", "sparsity", "by", "part", "method", "task", "lang", "seed"]
DENSITY = [*DENSITY_KEY, "density", "lnlib", "code", "encoder"]
TABLES = {"scores": (SCORES, SCORE_KEY), "overlap": (OVERLAP, OVERLAP_KEY),
          "excess": (EXCESS, EXCESS_KEY), "density": (DENSITY, DENSITY_KEY)}  # fmt: skip
_TEXT = ["scale", "task", "lang", "method", "mask_task", "mask_lang", "metric", "code", "recipe",
         "data", "encoder", "by", "part"]  # fmt: skip


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


def read(path: str | Path) -> pd.DataFrame:
    """A results table; empty with the right columns where the file is missing.

    Raises UserError, naming the file, where it is damaged.
    """
    path = Path(path)
    columns, _ = _schema(path)
    if not path.exists():
        return pd.DataFrame(columns=columns)
    try:
        table = pd.read_csv(
            path, dtype={name: str for name in _TEXT}, keep_default_na=False,
            na_values={name: [""] for name in columns if name not in _TEXT},
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as cause:
        raise UserError(f"{str(path)!r} is damaged: {cause}") from cause
    if list(table.columns) != columns:
        raise UserError(f"{str(path)!r} has other columns than this version of lnlib writes")
    return _typed(table)


def add(path: str | Path, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Add rows to a table, replacing rows of the same key; returns the table.

    Under a lock and through a rename: two processes lose nothing, a kill tears nothing.
    """
    path = Path(path)
    columns, key = _schema(path)
    new = _typed(pd.DataFrame(list(rows), columns=columns))
    with locked(path):
        old = read(path)
        table = new if old.empty else pd.concat([old, new], ignore_index=True)
        table = table.drop_duplicates(key, keep="last").sort_values(key, ignore_index=True)
        with replacing(path) as partial:
            table.to_csv(partial, index=False, float_format="%.6g")
    return table


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers stay whole where a cell is empty: the full model has no mask's seed."""
    return table.astype({"mask_seed": "Int64"}) if "mask_seed" in table else table


def _schema(path: Path) -> tuple[list[str], list[str]]:
    if path.stem not in TABLES:
        raise UserError(f"no table is called {path.name!r}: expected {', '.join(TABLES)} (.csv)")
    return TABLES[path.stem]
