"""What Hua, Yun and Pavlick (Findings of NAACL 2024) show on their project page, as tables.

The numbers are in images: those of the probe are printed there, curves were read off by eye, about
one point (or .01) to either side; the column `read` says which. Of the four languages' panels the
methods are not printed and were inferred from the probe's curves. The paper's own tables were not
at hand. Accuracies are 0 to 1, legal moves in per cent.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

# Accuracy of the most frequent class by number of the move, 8x8, absolute: computed here, since the
# page gives none (2,000 games to count, 400 to test; two seeds .621 and .621).
MAJORITY = 0.621


def _read(name: str) -> DataFrame:
    import pandas as pd

    with files(__package__).joinpath(f"hua2024_{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False)


def alignment() -> DataFrame:
    """Probe accuracy across two languages by number of anchors: languages, anchors, accuracy."""
    return _read("alignment")


def seeds() -> DataFrame:
    """The pairs that luck aligned, among five languages and nine seeds: seed, pair, accuracy.

    `pair` numbers what is told apart within a seed; two rows of a pair are its two directions.
    """
    return _read("seeds")


def ranges() -> DataFrame:
    """Ranges of accuracy that are shown for many pairs: what, low, high."""
    return _read("ranges")


def transfer() -> DataFrame:
    """Legal moves (%) and probe accuracy of fine-tuning in the first atomic language.

    Columns: languages, method, anchors, language, measure ("legal" or "probe"), at ("start",
    "peak", "end"), value. The probe of four languages is of "others".
    """
    return _read("transfer")


def neighbours() -> DataFrame:
    """Probe accuracy of Li et al. (2023) on 8x8, trained and random network: what, accuracy."""
    return _read("neighbours")
