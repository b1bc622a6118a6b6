"""What Muller et al. (EACL 2021) published, as far as it is known: signs and orders, few digits.

The paper's tables could not be had. `muller2021.csv` says of each row how it is known: READ in the
paper's abstract, its code or an account of it; or RECALL, from memory. Digits that are only
remembered stay in the file, for a reader with the paper at hand to turn them into READ, and nothing
gives them out.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

READ, RECALL = "READ", "RECALL"
NOT_FOUND = "not found"


def known() -> DataFrame:
    """The rows that were read: claim, measure, task, sign, value (mostly missing), where."""
    import pandas as pd

    with files(__package__).joinpath("muller2021.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file, dtype={"sign": str, "where": str}, keep_default_na=False,
                            na_values={"value": [""]})  # fmt: skip
    return table[table["status"] == READ].drop(columns="status").reset_index(drop=True)


def value(measure: str, task: str) -> float:
    """The published value of a measure; NaN where none was read."""
    rows = _rows(measure, task)
    return float(rows["value"].dropna().mean())


def sign(measure: str, task: str) -> str:
    """What was read of a measure in words ("below 0"), or "not found"."""
    found = [text for text in _rows(measure, task)["sign"] if text]
    return found[0] if found else NOT_FOUND


def _rows(measure: str, task: str) -> DataFrame:
    table = known()
    return table[(table["measure"] == measure) & table["task"].isin(["", task])]
