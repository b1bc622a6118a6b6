"""The table of alignment in words: one mean a method, seed and way of reading the board."""

from __future__ import annotations

import pandas as pd

# What a probe is put to: states of the language that it was trained in; of another one; the same
# with the board turned by whichever symmetry fits best; the same with the states rotated.
SERIES = (
    "its own language", "another language", "another, board turned", "another, states rotated"
)  # fmt: skip
_MEASURES = ("accuracy", "best symmetry", "rotation")


def rank(methods: pd.Series) -> pd.Series:
    """The place of each method in the paper's order: naive, anchors, unified."""
    return methods.map({"naive": 0, "anchors": 1, "unified": 2})


def method_of(rows: pd.DataFrame) -> pd.Series:
    """The method of each row with its anchors: "naive", "4 anchors", "unified, 1 anchor"."""

    def name(method: str, count: int) -> str:
        shared = f"{count} anchor{'' if count == 1 else 's'}"
        if method == "anchors":
            return shared
        return f"{method}, {shared}" if count else method

    said = [name(*of) for of in zip(rows["method"], rows["anchors"].astype(int), strict=True)]
    return pd.Series(said, rows.index, name="shown")


def means(table: pd.DataFrame, probe: str = "mlp", board: str = "absolute") -> pd.DataFrame:
    """Squares read right (%) by network, `shown` (`method_of`), `series` (SERIES) and seed.

    A value is the mean over pairs of languages. Methods stand in the order of `rank`.
    """
    rows = table[(table["probe"] == probe) & (table["board"] == board)]
    rows = rows[rows["measure"].isin(_MEASURES)]
    own = rows["source"] == rows["target"]
    series = rows["measure"].map(dict(zip(_MEASURES, SERIES[1:], strict=True)))
    rows = rows.assign(
        shown=method_of(rows), series=series.mask(own, SERIES[0]), order=rank(rows["method"]),
        value=100 * rows["value"].astype(float),
    )  # fmt: skip
    keys = ["order", "anchors", "network", "shown", "series", "seed"]
    return rows.groupby(keys, as_index=False)["value"].mean().drop(columns=["order", "anchors"])


def usual(table: pd.DataFrame, board: str = "absolute") -> float:
    """Squares (%) that the number of the move alone tells; NaN where it was not measured."""
    rows = table[(table["measure"] == "majority") & (table["board"] == board)]
    return 100 * float(rows["value"].astype(float).mean())
