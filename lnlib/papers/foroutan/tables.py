"""The tables of paper 1."""

from __future__ import annotations

from lnlib.results.scores import SCORES
from lnlib.results.table import Table

_PAIR = ("method_a", "task_a", "lang_a", "seed_a", "method_b", "task_b", "lang_b", "seed_b")
_STAMP = ("lnlib", "code", "encoder")


def _table(name: str, key: tuple[str, ...], *values: str) -> Table:
    return Table(name, key, (*key, *values))


OVERLAP = _table(
    "overlap", ("scale", "sparsity", "by", "part", *_PAIR),
    "jaccard", "simple_matching", "density_a", "density_b", "expected", "weights", *_STAMP,
)  # fmt: skip
EXCESS = _table(
    "excess", ("scale", "sparsity", *_PAIR),
    "departed_a", "departed_b", "shared", "expected", "expected_near", *_STAMP,
)  # fmt: skip
DENSITY = _table(
    "density", ("scale", "sparsity", "by", "part", "method", "task", "lang", "seed"),
    "density", *_STAMP,
)  # fmt: skip
VERDICTS = _table(
    "verdicts", ("scale", "id", "measure", "task"),
    "claim", "published", "ours", "unit", "n", "verdict", "why", "rows",
)  # fmt: skip
# The full model's score after other numbers of steps, and scores measured on several machines.
LEARNING = Table("learning", (*SCORES.key, "steps"), SCORES.columns)
REPEATS = Table("repeats", (*SCORES.key, "machine", "device"), SCORES.columns)
# `mask_scale` is where a ticket was found; `source` and `target` are languages; layer 0 is the
# embeddings.
RETRIEVAL = _table(
    "retrieval",
    ("scale", "method", "mask_scale", "mask_task", "mask_lang", "mask_seed", "sparsity", "source",
     "target", "layer"),
    "accuracy", "cosine", "n", "lnlib", "code", "search", "data", "encoder",
)  # fmt: skip
SWITCHES = _table(
    "switches", ("scale", "task", "lang", "seed", "switch", "sparsity"),
    "metric", "value", "searched", "jaccard_plain", "jaccard_others", "steps", "lnlib", "code",
    "recipe", "data", "encoder",
)  # fmt: skip
SEED_PARTS = _table(
    "seed_parts", ("scale", "task", "lang", "other", "parts", "sparsity"),
    "jaccard", "shared", "expected_near", *_STAMP,
)  # fmt: skip
TABLES = (SCORES, OVERLAP, EXCESS, DENSITY, VERDICTS, LEARNING, REPEATS, RETRIEVAL, SWITCHES,
          SEED_PARTS, COST)  # fmt: skip
