"""What the claims are tested by: each measure is one number a test language, from the tables.

A(L; S) is the share (%) of language L among the most influential training examples of its test
examples, on the weights of sub-network S; S_L is the language's own. Values are means over seeds. A
language is missing (NaN) where what the measure asks for was not measured; no languages at all
means that nothing has run. C1 to C11 are the claims by number.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from lnlib.papers.choenni.analysis.left_out import left_out_correlation
from lnlib.papers.choenni.tables import APPLIED, COORDINATES, Tables
from lnlib.results.ledger import Measure

KINDS = ("heads", "fisher", "saliency", "ticket")  # of masks; "full", "random" beside them
# What a model was trained under: no masks, own, random, moving (dynamic) or re-drawn ones.
MODELS = ("full", "static", "random", "dynamic", "redrawn")
MOVING = MODELS[3:]  # whose masks come out of the training, and are of a kind of the model's name
STATIC = "fisher"  # kind of the masks that claims on sparse fine-tuning are about


def model_of(model: str, kind: str = STATIC) -> str:
    """What tables call a training under masks of a kind; those of claims by the model alone."""
    return f"{model} {kind}" if kind != STATIC and model in ("static", "random") else model


# ---- shares ----------------------------------------------------------------------------------


def own_share(tables: Tables, task: str, model: str, kind: str, view: str, *, whose: str = "own",
              checkpoint: int = 0, column: str = "value",
              measure: str = "share") -> pd.Series:  # fmt: skip
    """A(L; S) in %, by test language and seed.

    Parameters:

    - `tables`, `task`, `model`, `view`: of which rows.
    - `kind`: of S: "full", "random", or one of KINDS.
    - `whose`: S is of language L ("own"), or the mean is over those of all others ("other").
    - `checkpoint`: 1 is the first, 0 all together, -1 the last.
    - `column`: "value", or "low" or "high" of its interval.
    - `measure`: "share_of_label" for shares among training examples of the test example's label.
    """
    rows = tables.influence
    rows = rows[(rows["task"] == task) & (rows["model"] == model) & (rows["measure"] == measure)]
    rows = rows[(rows["kind"] == kind) & (rows["view"] == view)]
    rows = rows[rows["train_lang"] == rows["test_lang"]]
    if kind != "full":
        rows = rows[(rows["mask_lang"] == rows["test_lang"]) == (whose == "own")]
    last = rows["checkpoint"].max() if checkpoint < 0 else checkpoint
    rows = rows[rows["checkpoint"] == last]
    return rows.groupby(["test_lang", "seed"])[column].mean().astype(float)


def _by_language(values: pd.Series) -> pd.Series:
    return values.groupby("test_lang").mean()


def own_share_over_chance(tables: Tables, task: str) -> pd.Series:
    """C1: A(L; full) less the language's share of the training examples."""
    found = _by_language(own_share(tables, task, "full", "full", COORDINATES))
    return found - 100 / max(1, len(found))


def fall_over_training(tables: Tables, task: str) -> pd.Series:
    """C2: A(L; full) at the first checkpoint less that at the last."""
    first, last = (
        own_share(tables, task, "full", "full", COORDINATES, checkpoint=c) for c in (1, -1)
    )
    return _by_language(first - last)


def own_over_full(tables: Tables, task: str, kind: str) -> pd.Series:
    """C3: A(L; S_L) - A(L; full)."""
    return _by_language(_over(tables, task, kind, "full"))


def own_over_random(tables: Tables, task: str, kind: str) -> pd.Series:
    """C4: A(L; S_L) less the mean of random masks of its shape."""
    return _by_language(_over(tables, task, kind, f"random {kind}"))


def own_over_other(tables: Tables, task: str, kind: str) -> pd.Series:
    """C5: A(L; S_L) less the mean of A(L; S_K) over the other languages K."""
    return _by_language(_over(tables, task, kind, kind, whose="other"))


def _over(tables: Tables, task: str, kind: str, other: str, whose: str = "own") -> pd.Series:
    own = own_share(tables, task, "full", kind, COORDINATES)
    return own - own_share(tables, task, "full", other, COORDINATES, whose=whose)


# ---- sparse fine-tuning ----------------------------------------------------------------------


def _specialisation(tables: Tables, task: str, model: str, kind: str) -> pd.Series:
    own, full = (own_share(tables, task, model, k, APPLIED) for k in (kind, "full"))
    return own - full


def specialisation_not_raised(tables: Tables, task: str) -> pd.Series:
    """C6: 100 where the specialisation of S_L is not higher in the static model, else 0."""
    before, after = (_specialisation(tables, task, m, STATIC) for m in ("full", "static"))
    change = _by_language(after - before)
    return (100.0 * (change <= 0)).where(change.notna())


def sharing_raised(tables: Tables, task: str) -> pd.Series:
    """C7: 100 where A(L; S_L) of the static model is below what it was in the full one, else 0.

    The upper end of its interval is below the lower ends of both A(L; S_L) and A(L; full) there: a
    mask put on a model that was not trained for it raises the own share by damage alone.
    """
    masked, whole = (
        own_share(tables, task, "full", kind, APPLIED, column="low") for kind in (STATIC, "full")
    )
    after = own_share(tables, task, "static", STATIC, APPLIED, column="high")
    gap = _by_language(np.minimum(masked, whole) - after)
    return (100.0 * (gap > 0)).where(gap.notna())


def sharing_over_random(tables: Tables, task: str) -> pd.Series:
    """C8: how much lower A(L; S_L) is in the static model than in that of random masks."""
    random = own_share(tables, task, "random", f"random {STATIC}", APPLIED)
    return _by_language(random - own_share(tables, task, "static", STATIC, APPLIED))


def _scores(tables: Tables, task: str, model: str, kind: str) -> pd.Series:
    rows = tables.modular
    rows = rows[(rows["task"] == task) & (rows["model"] == model) & (rows["kind"] == kind)]
    return rows.set_index(["mask_lang", "test_lang", "seed"])["value"].astype(float)


def scores(tables: Tables, task: str, model: str, kind: str, *, whose: str = "own") -> pd.Series:
    """Scores of a model with masks of a kind put on, by test language and seed.

    As in `own_share` masks are the test language's "own", or the mean is over all "other".
    """
    found = _scores(tables, task, model, kind)
    langs, tested = (found.index.get_level_values(n) for n in ("mask_lang", "test_lang"))
    if kind != "full":
        found = found[(langs == tested) == (whose == "own")]
    return found.groupby(["test_lang", "seed"]).mean()


def score_over_random(tables: Tables, task: str) -> pd.Series:
    """C8: the static model's score under the own mask, less that of random masks under theirs."""
    own = scores(tables, task, "static", STATIC)
    return _by_language(own - scores(tables, task, "random", f"random {STATIC}"))


def moving_score_over_redrawn(tables: Tables, task: str) -> pd.Series:
    """C8: the score under own moving masks, less that under random masks drawn again as often."""
    own, random = (scores(tables, task, model, model) for model in MOVING)
    return _by_language(own - random)


def moving_sharing_over_redrawn(tables: Tables, task: str) -> pd.Series:
    """C8: how much lower A(L; S_L) is after moving masks than after random ones drawn as often."""
    own, random = (own_share(tables, task, model, model, APPLIED) for model in MOVING)
    return _by_language(random - own)


def union_over_single(tables: Tables, task: str) -> pd.Series:
    """C10: the score under the union of two heads' masks, less the better of the two's.

    Mean over the pairs of languages that a test language is in.
    """
    single, united = (_scores(tables, task, "full", k) for k in ("heads", "union heads"))
    found = []
    for (pair, lang, seed), value in united.items():
        best = max(single.get((code, lang, seed), np.nan) for code in pair.split("+"))
        found.append({"test_lang": lang, "value": value - best})
    return pd.DataFrame(found, columns=["test_lang", "value"]).groupby("test_lang")["value"].mean()


def union_over_random(tables: Tables, task: str) -> pd.Series:
    """C10: the score under the union of two heads' masks, less that of random heads of its shape.

    Mean over the pairs of languages that a test language is in.
    """
    united, drawn = (
        _scores(tables, task, "full", kind).groupby(level=[0, 1, 2]).mean()
        for kind in ("union heads", "random union heads")
    )
    return _by_language((united - drawn).dropna())


# ---- the rest --------------------------------------------------------------------------------


def translations(tables: Tables, task: str) -> pd.Series:
    """C9: % of the most influential foreign examples that translate an own most influential one."""
    return translated(tables, task).groupby("test_lang")["value"].mean()


def translations_over_label(tables: Tables, task: str) -> pd.Series:
    """C9: the same, less the middle of what it would be if nothing but labels counted."""
    found = translated(tables, task)
    over = found["value"] - (found["null_low"] + found["null_high"]) / 2
    return over.groupby(found["test_lang"]).mean()


def translated(tables: Tables, task: str) -> pd.DataFrame:
    """Shares of translations in the full model, a row a test language and seed.

    Columns: test_lang, seed, value, null_low and null_high (if nothing but labels counted), chance:
    all but the first two in %.
    """
    rows = tables.influence
    rows = rows[(rows["task"] == task) & (rows["measure"] == "translations")]
    rows = rows[(rows["checkpoint"] == 0) & (rows["kind"] == "full") & (rows["model"] == "full")]
    rows = rows[rows["view"] == COORDINATES]
    each = rows["n_train"].astype(float) / max(1, rows["test_lang"].nunique())
    numbers = rows[["value", "null_low", "null_high"]].astype(float)
    return rows[["test_lang", "seed"]].assign(**numbers, chance=100 * rows["top"] / each)


_SHARE, _READS = "points", ("influence",)
MEASURES: dict[str, Measure] = {
    "own_share_over_chance": Measure(own_share_over_chance, _READS, _SHARE),
    "fall_over_training": Measure(fall_over_training, _READS, _SHARE),
    **{
        f"{of.__name__}_{kind}": Measure(partial(of, kind=kind), _READS, _SHARE)
        for of in (own_over_full, own_over_random, own_over_other)
        for kind in KINDS
    },
    "specialisation_not_raised": Measure(
        specialisation_not_raised, _READS, "% of languages", counted=True
    ),
    "sharing_raised": Measure(sharing_raised, _READS, "% of languages", counted=True),
    "sharing_over_random": Measure(sharing_over_random, _READS, _SHARE),
    "score_over_random": Measure(score_over_random, ("modular",), ""),
    "moving_score_over_redrawn": Measure(moving_score_over_redrawn, ("modular",), ""),
    "moving_sharing_over_redrawn": Measure(moving_sharing_over_redrawn, _READS, _SHARE),
    "translations": Measure(translations, _READS, "%"),
    "translations_over_label": Measure(translations_over_label, _READS, _SHARE),
    "union_over_single": Measure(union_over_single, ("modular",), ""),
    "union_over_random": Measure(union_over_random, ("modular",), ""),
    "left_out_correlation": Measure(left_out_correlation, ("influence", "left_out"), "rank corr."),
}
