"""What the tables of retrieval say: masks of tasks and languages compared, pair by pair.

Accuracies here are in points (0 to 100), means of both directions between English and the `other`
language. Masks found on mixtures of languages are left out. Source: paper, section 4.5, Figure 7.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd

from lnlib.languages import LANGUAGES
from lnlib.papers.foroutan.analysis.gains import mixed
from lnlib.papers.foroutan.coverage import TASKS


def accuracies(retrieval: pd.DataFrame, mask_scale: str) -> pd.DataFrame:
    """One row a mask, other language and layer: mask, found_on, other, layer, accuracy, n.

    `mask` is a task for tickets found at `mask_scale`, else the method ("full", "random",
    "magnitude", "shuffled"); `found_on` is the ticket's language, or the random mask's seed.
    """
    ours = retrieval["mask_scale"].isin(["", mask_scale])
    rows = retrieval[ours & ~mixed(retrieval["mask_lang"])]
    ticket, random = rows["method"] == "ticket", rows["method"] == "random"
    seeds = rows["mask_seed"].astype("Int64").astype(str)
    rows = rows.assign(
        mask=rows["mask_task"].where(ticket, rows["method"]),
        found_on=rows["mask_lang"].where(~random, seeds),
        other=rows["target"].where(rows["source"] == "en", rows["source"]),
        accuracy=100 * rows["accuracy"].astype(float),
    )
    keys = ["mask", "found_on", "other", "layer"]
    return rows.groupby(keys, sort=False)[["accuracy", "n"]].mean().reset_index()


def pairs(retrieval: pd.DataFrame, mask_scale: str, task: str) -> pd.DataFrame:
    """Points by the mask's language (rows) and the language beside English (columns).

    Mean over the layers; the embeddings are left out, as no mask changes them.
    """
    rows = accuracies(retrieval, mask_scale)
    rows = rows[(rows["mask"] == task) & (rows["layer"] > 0)]
    table = rows.pivot_table(index="found_on", columns="other", values="accuracy", aggfunc="mean")
    codes = list(LANGUAGES)
    return table.reindex(
        index=[code for code in codes if code in table.index],
        columns=[code for code in codes if code in table.columns],
    )


def scripts(others: Iterable[str]) -> dict[str, list[str]]:
    """The languages beside English by whether they share its script: names and words look alike."""
    there = set(others)
    own = [c for c in LANGUAGES if c in there and LANGUAGES[c].script == LANGUAGES["en"].script]
    rest = [c for c in LANGUAGES if c in there and c not in own]
    return {"English's script": own, "other scripts": rest}


def lead(retrieval: pd.DataFrame, mask_scale: str, task: str = "xnli") -> pd.DataFrame:
    """By how many points masks of `task` retrieve better than those of the best other task.

    Rows and columns as in `pairs`, each cell a difference of two masks found on one language, on
    one pair of languages. The best other task is the one with the highest mean over the languages
    that have a mask of every task; with no such language, or no mask of another task, it is empty.
    """
    tables = {name: pairs(retrieval, mask_scale, name) for name in TASKS}
    tables = {name: table for name, table in tables.items() if len(table)}
    if task not in tables or len(tables) < 2:
        return pd.DataFrame()
    shared = [code for code in tables[task].index if all(code in t.index for t in tables.values())]
    own = tables.pop(task).loc[shared]
    if not shared:
        return pd.DataFrame()
    rival = max(tables, key=lambda name: float(tables[name].loc[shared].to_numpy().mean()))
    difference = own - tables[rival].loc[shared]
    difference.attrs["rival"] = rival
    return difference


def spread(retrieval: pd.DataFrame, mask_scale: str, task: str = "ner") -> pd.DataFrame:
    """How far apart two masks of one task retrieve that were found on two languages.

    One row a language beside English: `spread`, the mean over layers and pairs of masks of
    the absolute difference, in points; `sampling`, what two other sets of n sentences would differ
    by under one and the same mask and layer (the mean absolute difference of two binomial
    shares, for both directions as if independent); and how many `masks` there are. Identical
    retrieval is a spread of 0; a spread below `sampling` could not be told from it on new text.
    """
    rows = accuracies(retrieval, mask_scale)
    rows = rows[(rows["mask"] == task) & (rows["layer"] > 0)]
    out = []
    for other in [code for code in LANGUAGES if code in set(rows["other"])]:
        part = rows[rows["other"] == other]
        wide = part.pivot(index="layer", columns="found_on", values="accuracy")
        if wide.shape[1] < 2:
            continue
        apart = [(wide[a] - wide[b]).abs().mean() for a, b in combinations(wide, 2)]
        share = part["accuracy"] / 100
        # E|a - b| of two normals of one spread is 2 / sqrt(pi) of it; both directions: half the
        # variance.
        error = 100 * np.sqrt(share * (1 - share) / (2 * part["n"])) * 2 / np.sqrt(np.pi)
        out.append((other, float(np.mean(apart)), float(error.mean()), wide.shape[1]))
    return pd.DataFrame(out, columns=["other", "spread", "sampling", "masks"]).set_index("other")
