"""Claim 11: influence between two languages, and what leaving the one out does to the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lnlib.papers.choenni.tables import COORDINATES, Tables


def left_out_pairs(tables: Tables, task: str) -> pd.DataFrame:
    """Influence I(L, K) beside the rise (nats) of L's loss where K is left out of the training.

    One row a seed and pair of languages, the same language twice too. Columns: seed, train_lang
    (K), test_lang (L), influence, rise (NaN where it was not measured).
    """
    rows, without = tables.influence, tables.left_out
    rows = rows[(rows["task"] == task) & (rows["model"] == "full") & (rows["kind"] == "full")]
    rows = rows[(rows["measure"] == "cosine") & (rows["view"] == COORDINATES)]
    rows = rows[rows["checkpoint"] == 0]
    pairs = rows[["seed", "train_lang", "test_lang"]].assign(influence=rows["value"].astype(float))
    without = without[without["task"] == task]
    loss = without.set_index(["seed", "left_out", "test_lang"])["loss"].astype(float)
    rise = [
        loss.get((row.seed, row.train_lang, row.test_lang), np.nan)
        - loss.get((row.seed, "", row.test_lang), np.nan)
        for row in pairs.itertuples()
    ]
    return pairs.assign(rise=np.array(rise, float)).reset_index(drop=True)


def left_out_correlation(tables: Tables, task: str) -> pd.Series:
    """C11: rank correlation of I(L, K) with the rise of L's loss without K, K not L; by seed."""
    pairs = left_out_pairs(tables, task)
    found = {}
    for seed, own in pairs[pairs["train_lang"] != pairs["test_lang"]].groupby("seed"):
        whole = own["rise"].notna().all() and len(own) > 2
        found[seed] = spearmanr(own["influence"], own["rise"]).statistic if whole else np.nan
    return pd.Series(found, dtype=float).rename_axis("seed")


def agreement_of_seeds(pairs: pd.DataFrame, column: str) -> float:
    """Mean rank correlation between two seeds of a column of `left_out_pairs`, K not L.

    What one seed says of pairs can be predicted no better than another seed says it.
    """
    pairs = pairs[pairs["train_lang"] != pairs["test_lang"]]
    wide = pairs.pivot_table(column, ["train_lang", "test_lang"], "seed").corr("spearman")
    between = wide.to_numpy()[np.triu_indices(len(wide), 1)]
    return float(between.mean()) if len(between) else np.nan
