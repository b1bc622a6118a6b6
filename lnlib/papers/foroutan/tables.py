"""The tables of paper 1, and each of them by its path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.base.files import as_path
from lnlib.results.plan import COST
from lnlib.results.scores import SCORES
from lnlib.results.table import IDENTITIES, Table, of_file

_PAIR = ("method_a", "task_a", "lang_a", "seed_a", "mask_a",
         "method_b", "task_b", "lang_b", "seed_b", "mask_b")  # fmt: skip
_STAMP = ("lnlib", "code", "encoder")


def _table(name: str, key: tuple[str, ...], *values: str) -> Table:
    later = tuple(column for column in (*key, *values) if column in IDENTITIES)
    return Table(name, key, (*key, *values), later)


OVERLAP = _table(
    "overlap", ("scale", "sparsity", "by", "part", *_PAIR),
    "jaccard", "simple_matching", "density_a", "density_b", "expected", "weights", *_STAMP,
)  # fmt: skip
EXCESS = _table(
    "excess", ("scale", "sparsity", *_PAIR),
    "departed_a", "departed_b", "shared", "expected", "expected_near", *_STAMP,
)  # fmt: skip
DENSITY = _table(
    "density", ("scale", "sparsity", "by", "part", "method", "task", "lang", "seed", "mask"),
    "density", *_STAMP,
)  # fmt: skip
VERDICTS = _table(
    "verdicts", ("scale", "id", "measure", "task"),
    "claim", "published", "ours", "unit", "n", "verdict", "why", "rows",
)  # fmt: skip
# The full model's score after other numbers of steps, and scores measured on several machines.
LEARNING = Table("learning", (*SCORES.key, "steps"), SCORES.columns, SCORES.later)
REPEATS = Table("repeats", (*SCORES.key, "machine", "device"), SCORES.columns, SCORES.later)
# `mask_scale` is where a ticket was found; `source` and `target` are languages; layer 0 is the
# embeddings.
RETRIEVAL = _table(
    "retrieval",
    ("scale", "method", "mask_scale", "mask_task", "mask_lang", "mask_seed", "sparsity", "mask",
     "source", "target", "layer"),
    "accuracy", "cosine", "n", "lnlib", "code", "search", "data", "encoder",
)  # fmt: skip
SWITCHES = _table(
    "switches", ("scale", "task", "lang", "seed", "switch", "sparsity"),
    "mask", "metric", "value", "searched", "jaccard_plain", "jaccard_others", "steps", "lnlib",
    "code", "recipe", "data", "encoder",
)  # fmt: skip
SEED_PARTS = _table(
    "seed_parts", ("scale", "task", "lang", "other", "parts", "sparsity"),
    "mask_a", "mask_b", "jaccard", "shared", "expected_near", *_STAMP,
)  # fmt: skip
TABLES = (SCORES, OVERLAP, EXCESS, DENSITY, VERDICTS, LEARNING, REPEATS, RETRIEVAL, SWITCHES,
          SEED_PARTS, COST)  # fmt: skip


def read(path: str | Path) -> pd.DataFrame:
    """The table at a path; see `Table.read`. UserError for a name that no table has."""
    return of_file(TABLES, path).read(as_path(path).parent)


def add(path: str | Path, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Add rows to the table at a path; see `Table.add`."""
    return of_file(TABLES, path).add(as_path(path).parent, rows)


def replace(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write the table at a path as a whole; see `Table.replace`."""
    of_file(TABLES, path).replace(as_path(path).parent, rows)


def seal(path: str | Path) -> None:
    """Seal the table at a path; see `Table.seal`."""
    of_file(TABLES, path).seal(as_path(path).parent)
