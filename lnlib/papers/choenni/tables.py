"""The tables of paper 2."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from lnlib.results.table import Table

COORDINATES, APPLIED = "coordinates", "applied"  # views: masks asked about, or put on
_STAMP = ("lnlib", "code", "recipe", "data", "encoder")
# `model` is what was attributed: "full", or after sparse fine-tuning "static", "random" ("static
# ticket" where the masks are no Fisher ones), "dynamic" or "redrawn".
# `kind`, `mask_lang`, `mask_seed` and `mask` name the sub-network; `checkpoint` is 1, 2, ... or 0
# for all together.
_OF = ("scale", "task", "model", "seed", "kind", "mask_lang", "mask_seed", "mask")
_TEXT = ("model", "kind", "view", "train_lang", "test_lang", "left_out", "mask_lang")

# measure: "cosine" (mean), "dot" (mean, times the mean rate of the checkpoint's steps), "norm"
# (mean over training examples; test_lang is ""), "share" (% of the `top` most influential
# examples), "share_of_label" (the same among training examples of the test example's label) or
# "translations" (% of the foreign ones among the most influential; train_lang is ""). `low` and
# `high` bound a 95 % interval over test examples; `null_low` and `null_high` 95 % of the values
# under permuted training languages ("translations": under permuted translations of one label).
INFLUENCE = Table(
    "influence",
    (*_OF, "view", "checkpoint", "measure", "train_lang", "test_lang"),
    (*_OF, "view", "checkpoint", "measure", "train_lang", "test_lang", "value", "low", "high",
     "null_low", "null_high", "top", "n_train", "n_test", *_STAMP),
    text=_TEXT,
)  # fmt: skip
# Scores of a model in `test_lang` with the sub-network put on.
MODULAR = Table(
    "modular",
    (*_OF, "test_lang"),
    (*_OF, "test_lang", "metric", "value", "loss", "n", "density", *_STAMP),
    text=_TEXT,
)
# Jaccard of the masks of two languages, the floor under every comparison of "own" and "other".
MASKS = Table(
    "masks",
    ("scale", "task", "model", "seed", "kind", "lang_a", "lang_b", "mask_a", "mask_b"),
    ("scale", "task", "model", "seed", "kind", "lang_a", "lang_b", "mask_a", "mask_b", "jaccard",
     "density_a", "density_b", "expected", *_STAMP),
    text=(*_TEXT, "lang_a", "lang_b"),
)  # fmt: skip
# The loss in `test_lang` of a joint training without `left_out` ("": with all).
LEFT_OUT = Table(
    "left_out",
    ("scale", "task", "seed", "left_out", "test_lang"),
    ("scale", "task", "seed", "left_out", "test_lang", "loss", "value", "n", *_STAMP),
    text=_TEXT,
)
VERDICTS = Table(
    "verdicts",
    ("scale", "id", "measure", "task"),
    ("scale", "id", "measure", "task", "claim", "published", "ours", "unit", "n", "verdict", "why",
     "rows"),
)  # fmt: skip
TABLES = (INFLUENCE, MODULAR, MASKS, LEFT_OUT, VERDICTS)


@dataclass(frozen=True)
class Tables:
    """The tables of one scale that verdicts follow from; one that was not made is empty."""

    scale: str = ""
    influence: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=INFLUENCE.columns))
    modular: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=MODULAR.columns))
    left_out: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=LEFT_OUT.columns))

    @classmethod
    def read(cls, home: Path) -> Tables:
        """Those in results/choenni/SCALE."""
        return cls(home.name, INFLUENCE.read(home), MODULAR.read(home), LEFT_OUT.read(home))

    def of(self, data: str, seed: int) -> Tables:
        """The rows of one experiment, by the fingerprint of its data (`Joint`'s) and its seed."""
        parts = [part[(part["data"] == data) & (part["seed"] == seed)]
                 for part in (self.influence, self.modular, self.left_out)]  # fmt: skip
        return Tables(self.scale, *parts)
