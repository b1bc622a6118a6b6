"""Tables of measurements on disk: one row a measurement, none lost, none doubled, none altered.

A table is a plain CSV file. Its last column has no cells; its name is a checksum of the rest, so a
file that was cut, altered or merged by hand is refused and not read as other numbers. Whoever has
changed one on purpose seals it again: `python -m lnlib seal results/foroutan/demo/scores.csv`.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.base.errors import UserError
from lnlib.base.files import as_path, locked, refused, replacing
from lnlib.base.hashes import checksum

# Columns that are text in every table that has them: an empty cell is "", and "007" no number.
TEXT = (
    "scale", "task", "lang", "method", "mask", "mask_scale", "mask_task", "mask_lang", "mask_a",
    "mask_b", "metric", "code", "recipe", "search", "data", "encoder", "by", "part", "source",
    "target", "measure", "claim", "unit", "verdict", "why", "rows", "switch", "other", "parts",
    "block", "start", "model_a", "model_b", "length",
)  # fmt: skip
IDENTITIES = ("mask", "mask_a", "mask_b")  # the digest of a mask's bits; "" where it has none
_SEAL = ",sha256:"


@dataclass(frozen=True)
class Table:
    """One kind of table: its file is NAME.csv, and no two rows have the same `key`."""

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]  # all of them, in the file's order
    later: tuple[str, ...] = ()  # text that earlier versions did not write; read as ""
    text: tuple[str, ...] = ()  # columns of text beside those in `TEXT`

    def path(self, home: str | Path) -> Path:
        """Its file in a folder."""
        return as_path(home, "folder") / f"{self.name}.csv"

    def read(self, home: str | Path) -> pd.DataFrame:
        """The table in a folder; empty with the right columns where the file is missing.

        Text cells may be "". Raises UserError, naming the file, where it is damaged or altered.
        """
        path = self.path(home)
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return pd.DataFrame(columns=list(self.columns))
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
                f"{str(path)!r} has been altered or damaged: its checksum is wrong. Bring it back "
                f"from a copy, or, if you changed it on purpose: python -m lnlib seal {path}"
            )
        return self._parsed(path, head + b"\n" + rows)

    def add(self, home: str | Path, rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
        """Add rows, replacing rows of the same key; returns the table.

        A row whose mask was not noted ("") gives way to one that names it and has the same key
        otherwise. Under a lock and through a rename: two processes lose nothing, a kill tears
        nothing.
        """
        path = self.path(home)
        new = self._typed(pd.DataFrame(list(rows), columns=list(self.columns)))
        with locked(path):
            old = self._unnamed_gone(self.read(home), new)
            table = new if old.empty else pd.concat([old, new], ignore_index=True)
            table = table.drop_duplicates(list(self.key), keep="last")
            table = table.sort_values(list(self.key), ignore_index=True)
            _write(path, table)
        return table

    def _unnamed_gone(self, old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        """`old` without the rows that do not say which mask they are of, and `new` does."""
        names = [name for name in self.key if name in IDENTITIES]
        if old.empty or not names:
            return old
        rest = [name for name in self.key if name not in IDENTITIES]
        named = new[(new[names] != "").any(axis=1)]
        same = pd.MultiIndex.from_frame(old[rest]).isin(pd.MultiIndex.from_frame(named[rest]))
        return old[~(same & (old[names] == "").all(axis=1).to_numpy())]

    def replace(self, home: str | Path, rows: Iterable[dict[str, Any]]) -> None:
        """Write a table that is computed as a whole; what stood there before is gone."""
        path = self.path(home)
        table = self._typed(pd.DataFrame(list(rows), columns=list(self.columns)))
        with locked(path):
            _write(path, table.sort_values(list(self.key), ignore_index=True))

    def seal(self, home: str | Path) -> None:
        """Write the file as it stands with its checksum; UserError if it is no table."""
        path = self.path(home)
        if not path.is_file():  # before a lock makes the folder
            raise UserError(f"no table at {str(path)!r}")
        with locked(path):
            try:
                head, _, rows = path.read_bytes().partition(b"\n")
            except OSError as cause:
                raise refused("read", path, cause) from cause
            _write(path, self._parsed(path, head.partition(_SEAL.encode())[0] + b"\n" + rows))

    def _parsed(self, path: Path, written: bytes) -> pd.DataFrame:
        text = {*TEXT, *self.text}
        try:
            found = written.partition(b"\n")[0].decode().split(",")
            table = pd.read_csv(
                io.BytesIO(written), header=None, skiprows=1, names=found, index_col=False,
                usecols=range(len(found)), keep_default_na=False,
                dtype={name: str for name in text},
                na_values={name: [""] for name in self.columns if name not in text},
            )  # fmt: skip
        except (ValueError, UnicodeDecodeError) as cause:  # pandas' own errors are ValueErrors
            raise UserError(f"{str(path)!r} is damaged: {cause}") from cause
        before = [name for name in self.columns if name not in self.later]
        if list(table.columns) == before:
            table = table.assign(**dict.fromkeys(self.later, ""))[list(self.columns)]
        if tuple(table.columns) != self.columns:
            raise UserError(f"{str(path)!r} has other columns than this version of lnlib writes")
        return self._typed(table)

    def _typed(self, table: pd.DataFrame) -> pd.DataFrame:
        """Text that is missing is "", as in the file; whole numbers stay whole where a cell is
        empty: the full model has no mask's seed."""
        text = [name for name in self.columns if name in TEXT or name in self.text]
        table = table.assign(**{name: table[name].astype(object).fillna("") for name in text})
        return table.astype({"mask_seed": "Int64"}) if "mask_seed" in table else table


def of_file(tables: Iterable[Table], path: str | Path) -> Table:
    """The one of some tables whose file a path names; UserError for a name that none has."""
    files = {f"{table.name}.csv": table for table in tables}
    name = as_path(path).name
    if name not in files:
        names = ", ".join(table.name for table in files.values())
        raise UserError(f"no table is called {name!r}: expected {names} (.csv)")
    return files[name]


def find(table: pd.DataFrame, key: dict[str, object]) -> pd.DataFrame:
    """Rows whose columns equal `key`; None stands for an empty cell."""
    if table.empty:
        return table
    match = pd.Series(True, index=table.index)
    for name, value in key.items():
        match &= table[name].isna() if value is None else (table[name] == value).fillna(False)
    return table[match]


def _write(path: Path, table: pd.DataFrame) -> None:
    text = table.assign(**{"": ""}).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    head, _, rows = text.encode().partition(b"\n")
    head = head.removesuffix(b",")
    with replacing(path) as partial:
        partial.write_bytes(head + f"{_SEAL}{_digest(head, rows)}\n".encode() + rows)


def _digest(head: bytes, rows: bytes) -> str:
    return checksum(head, b"\n", rows)
