"""Tables of measurements on disk: one row a measurement, none lost, none doubled, none altered.

A table is a plain CSV file. Its last column has no cells; its name is a checksum of the rest, so a
file that was cut, altered or merged by hand is refused and not read as other numbers. Whoever has
changed one on purpose seals it again: `python -m lnlib seal results/demo/scores.csv`.
"""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.base.errors import UserError
from lnlib.base.files import locked, refused, replacing

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
VERDICT_KEY = ["scale", "id", "measure", "task"]
VERDICTS = [*VERDICT_KEY, "claim", "published", "ours", "unit", "n", "verdict", "why", "rows"]
# `mask_scale` is where a ticket was found; `source` and `target` are languages; layer 0 is the
# embeddings.
RETRIEVAL_KEY = ["scale", "method", "mask_scale", "mask_task", "mask_lang", "mask_seed", "sparsity",
                 "source", "target", "layer"]  # fmt: skip
RETRIEVAL = [*RETRIEVAL_KEY, "accuracy", "cosine", "n", "lnlib", "code", "search", "data",
             "encoder"]  # fmt: skip
SWITCH_KEY = ["scale", "task", "lang", "seed", "switch", "sparsity"]
SWITCHES = [*SWITCH_KEY, "metric", "value", "searched", "jaccard_plain", "jaccard_others", "steps",
            "lnlib", "code", "recipe", "data", "encoder"]  # fmt: skip
SEED_PARTS_KEY = ["scale", "task", "lang", "other", "parts", "sparsity"]
SEED_PARTS = [*SEED_PARTS_KEY, "jaccard", "shared", "expected_near", "lnlib", "code", "encoder"]
COST_KEY = ["scale", "task", "machine", "device", "threads"]
COST = [*COST_KEY, "lang", "seconds", "flops", "memory", "ticket", "steps", "lnlib", "code",
        "torch", "recipe", "encoder"]  # fmt: skip
TABLES = {"scores": (SCORES, SCORE_KEY), "overlap": (OVERLAP, OVERLAP_KEY),
          "excess": (EXCESS, EXCESS_KEY), "density": (DENSITY, DENSITY_KEY),
          "verdicts": (VERDICTS, VERDICT_KEY),
          "learning": (SCORES, [*SCORE_KEY, "steps"]),
          "repeats": (SCORES, [*SCORE_KEY, "machine", "device"]),
          "retrieval": (RETRIEVAL, RETRIEVAL_KEY), "switches": (SWITCHES, SWITCH_KEY),
          "seed_parts": (SEED_PARTS, SEED_PARTS_KEY), "cost": (COST, COST_KEY)}  # fmt: skip
_TEXT = ["scale", "task", "lang", "method", "mask_scale", "mask_task", "mask_lang", "metric",
         "code", "recipe", "search", "data", "encoder", "by", "part", "source", "target",
         "measure", "claim", "unit", "verdict", "why", "rows", "switch", "other",
         "parts"]  # fmt: skip
_SEAL = ",sha256:"


def read(path: str | Path) -> pd.DataFrame:
    """A table; empty with the right columns where the file is missing. Text cells may be "".

    Raises UserError, naming the file, where it is damaged or has been altered.
    """
    path = Path(path)
    columns, _ = _schema(path)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return pd.DataFrame(columns=columns)
    except OSError as cause:
        raise refused("read", path, cause) from cause
    head, _, rows = text.partition(b"\n")
    head, seal, checksum = head.partition(_SEAL.encode())
    if not seal:
        raise UserError(
            f"{str(path)!r} is damaged or no table of lnlib: its first line ends in no checksum"
        )
    if checksum.decode(errors="replace") != _digest(head, rows):
        raise UserError(
            f"{str(path)!r} has been altered or damaged: its checksum is wrong. Bring it back from "
            f"a copy, or, if you changed it on purpose: python -m lnlib seal {path}"
        )
    return _parsed(path, head + b"\n" + rows)


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
        _write(path, table)
    return table


def replace(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a table that is computed as a whole; what stood there before is gone."""
    path = Path(path)
    columns, key = _schema(path)
    table = _typed(pd.DataFrame(list(rows), columns=columns))
    with locked(path):
        _write(path, table.sort_values(key, ignore_index=True))


def seal(path: str | Path) -> None:
    """Take a table as it stands and write it with its checksum; UserError if it cannot be read."""
    path = Path(path)
    if not path.is_file():  # before a lock makes the folder
        raise UserError(f"no table at {str(path)!r}")
    with locked(path):
        try:
            head, _, rows = path.read_bytes().partition(b"\n")
        except OSError as cause:
            raise refused("read", path, cause) from cause
        _write(path, _parsed(path, head.partition(_SEAL.encode())[0] + b"\n" + rows))


def _write(path: Path, table: pd.DataFrame) -> None:
    text = table.assign(**{"": ""}).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    head, _, rows = text.encode().partition(b"\n")
    head = head.removesuffix(b",")
    with replacing(path) as partial:
        partial.write_bytes(head + f"{_SEAL}{_digest(head, rows)}\n".encode() + rows)


def _digest(head: bytes, rows: bytes) -> str:
    return hashlib.sha256(head + b"\n" + rows).hexdigest()


def _parsed(path: Path, text: bytes) -> pd.DataFrame:
    columns, _ = _schema(path)
    try:
        found = text.partition(b"\n")[0].decode().split(",")
        table = pd.read_csv(
            io.BytesIO(text), header=None, skiprows=1, names=found, usecols=range(len(found)),
            index_col=False, dtype={name: str for name in _TEXT}, keep_default_na=False,
            na_values={name: [""] for name in columns if name not in _TEXT},
        )  # fmt: skip
    except (ValueError, UnicodeDecodeError) as cause:  # pandas' own errors are ValueErrors
        raise UserError(f"{str(path)!r} is damaged: {cause}") from cause
    if list(table.columns) != columns:
        raise UserError(f"{str(path)!r} has other columns than this version of lnlib writes")
    return _typed(table)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Whole numbers stay whole where a cell is empty: the full model has no mask's seed."""
    return table.astype({"mask_seed": "Int64"}) if "mask_seed" in table else table


def _schema(path: Path) -> tuple[list[str], list[str]]:
    if path.stem not in TABLES:
        raise UserError(f"no table is called {path.name!r}: expected {', '.join(TABLES)} (.csv)")
    return TABLES[path.stem]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        seal(name)
        print(f"sealed {name}")
