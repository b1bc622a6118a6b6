"""What came out of trainings under masks, by the mask that is put on for the test."""

from __future__ import annotations

import pandas as pd

from lnlib.papers.choenni.analysis.measures import STATIC, model_of, own_share, scores
from lnlib.papers.choenni.tables import APPLIED, Tables

PUT_ON = NOTHING, OWN_MASK, OTHER_MASK = "no mask", "own mask", "another language's mask"
COMPOSED = ("own mask", "the other's mask", "union", "intersection",
            "random, as large as the union")  # fmt: skip
HEADS = "heads"  # the row of attention heads, in the model that was trained without masks


def trainings(kind: str = STATIC) -> dict[str, tuple[str, str]]:
    """By what tables call a model: what it was trained under, and the kind of those masks.

    `kind` is that of the own masks; without masks it was trained under none, and is asked with
    these.
    """
    return {
        "full": ("trained without masks", kind),
        model_of("static", kind): ("trained under own masks", kind),
        model_of("random", kind): ("trained under random masks", f"random {kind}"),
        "dynamic": ("trained under moving masks", "dynamic"),
        "redrawn": ("trained under redrawn masks", "redrawn"),
    }


def under_masks(tables: Tables, task: str, kind: str = STATIC) -> pd.DataFrame:
    """Scores and own shares of each of `trainings`, by the mask that is put on.

    One row a model, put_on (one of PUT_ON), test_lang and seed: `score`, and the own share `share`
    (%) in view "applied", each NaN where it was not measured.
    """
    parts = []
    for model, (_, own_kind) in trainings(kind).items():
        for put_on in PUT_ON:
            own = "other" if put_on == OTHER_MASK else "own"
            of = "full" if put_on == NOTHING else own_kind
            both = pd.DataFrame({
                "score": scores(tables, task, model, of, whose=own),
                "share": own_share(tables, task, model, of, APPLIED, whose=own),
            })  # fmt: skip
            parts.append(both.reset_index(names=["test_lang", "seed"])
                         .assign(model=model, put_on=put_on))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def composed(tables: Tables, task: str, kind: str = STATIC) -> pd.DataFrame:
    """Scores with the masks of two languages put on, one after the other and as one.

    Rows are models of `trainings`, under masks of theirs, and HEADS; columns those of COMPOSED,
    means over seeds, pairs and the two languages of each. The random ones are drawn for heads
    alone.
    """
    rows = {}
    which = {HEADS: ("full", "heads")} | {n: (n, own) for n, (_, own) in trainings(kind).items()}
    for row, (model, own_kind) in which.items():
        own = [scores(tables, task, model, own_kind, whose=whose) for whose in ("own", "other")]
        # A mask of two is no one language's own.
        two = [scores(tables, task, model, f"{how} {own_kind}", whose="other")
               for how in ("union", "intersection", "random union")]  # fmt: skip
        rows[row] = [part.mean() for part in (*own, *two)]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=list(COMPOSED))
    return found.dropna(subset=["union"])
