"""The figures that Foroutan et al. (EMNLP 2022) published, as tables.

The CSV files hold what is printed in the paper and on its poster, digit for digit, and nothing
else. F1 and accuracy are in points (0 to 100), overlaps in per cent. `scores` puts the tables into
the columns of `scores.csv`, so that one function reads both.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


def _read(name: str) -> DataFrame:
    import pandas as pd

    with files(__package__).joinpath(f"foroutan2022_{name}.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, keep_default_na=False)


def tickets() -> DataFrame:
    """Table 2: the sparsest winning ticket of each task and language.

    Columns: table, task, metric, lang, full, ticket, ticket_sparsity (%), random (a random mask of
    the ticket's sparsity).
    """
    return _read("tickets")


def transfer() -> DataFrame:
    """Tables 3 (MLM), 4 (XNLI), 5 (NER) with mBERT, and 6 (XNLI) with mT5.

    Columns: table, model, task, metric, sparsity, mask, target, value. `mask` is the language the
    50 % mask was found on, "random", or "none" (the full model, sparsity 0).
    """
    return _read("transfer")


def cross_task() -> DataFrame:
    """Figure 9: masks of another task, same language, 50 %.

    Columns: figure, mask_task (or "random"), target_task, lang, sparsity, change_vs_own_mask. A
    negative change is worse for all three tasks: the sign of perplexity is turned.
    """
    return _read("cross_task")


def multilingual_mask() -> DataFrame:
    """Table 1: NER F1 with one mask found on data of four languages (en, fa, fr, zh).

    Columns: table, task, metric, sparsity, mask ("full", "own", a language, or the four joined by
    "+"), target, value.
    """
    return _read("multilingual_mask")


def overlap() -> DataFrame:
    """Mean Jaccard of 50 % masks (section 5.1 and the poster): other seed, other language, chance.

    Columns: source, task, kind, sparsity, jaccard_percent. The paper draws the values per layer
    (Figure 3) without printing them.
    """
    return _read("overlap")


def criteria() -> DataFrame:
    """Appendix D: masks by other criteria, 50 %, against the full model; the text's round figures.

    Columns: source, criterion, task, change_percent.
    """
    return _read("criteria")


def scores() -> DataFrame:
    """Tables 3 to 6 in the columns of `scores.csv`, with scale "published".

    Table 6 is mT5's and of task "xnli_text". The paper prints means of three seeds; here each
    stands as one row of seed 0.
    """
    table = transfer()
    table["task"] = table["task"].where(table["model"] != "google/mt5-base", "xnli_text")
    found = ~table["mask"].isin(["none", "random"])
    return table.assign(
        scale="published",
        lang=table["target"],
        seed=0,
        method=table["mask"].map({"none": "full", "random": "random"}).fillna("ticket"),
        mask_task=table["task"].where(found),
        mask_lang=table["mask"].where(found),
        mask_seed=found.astype(float).replace(1.0, 0.0).where(found),
    )[
        [
            *("scale", "task", "lang", "seed", "method", "mask_task", "mask_lang", "mask_seed"),
            *("sparsity", "metric", "value"),
        ]
    ].reset_index(drop=True)
