"""How far masks of a network's languages overlap, by kind of mask, beside chance and ceiling.

Pairs of two languages stand beside pairs of one language whose masks were found on different games:
these are the ceiling. Chance is exact, for independent masks as dense in every matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from lnlib.masks.excess import excess_table
from lnlib.masks.matrices import magnitudes
from lnlib.masks.overlap import overlap_table
from lnlib.masks.ticket import Ticket
from lnlib.papers.hua.neutrality.masks import Subject, ticket_name

COLUMNS = (
    "kind_a", "kind_b", "sparsity", "by", "part", "lang_a", "sample_a", "lang_b", "sample_b",
    "mask_a", "mask_b", "jaccard", "expected", "weights",
)  # fmt: skip
WITHOUT_LAST = "all but the last block"  # whose weights also make the output


def rows(subject: Subject, folder: Path) -> pd.DataFrame:
    """Every pair of a network's masks of one kind (COLUMNS); tickets are kept in `folder`.

    At the first of the scale's levels, where tickets end, also by layer and component, and each
    mask beside the untouched network's largest weights ("magnitude"). "departures" are what tickets
    share beyond these: `jaccard` of the two sets, `expected` among weights of like size.
    """
    plan = subject.scale.masks
    found = [
        subject.masks(language, sample, folder / ticket_name(language, sample))
        for language in range(len(subject.languages))
        for sample in range(plan.samples)
    ]
    untouched, sizes = subject.untouched(), magnitudes(subject.model)
    first, *sparser = plan.levels
    parts = []
    for kind in found[0]:
        masks = [of[kind] for of in found]
        parts.append(overlap_table(masks, first))
        if kind != "random":
            parts += _in_parts(masks, first)
            pairs = overlap_table([untouched, *masks], first)
            parts.append(pairs[pairs["method_a"] == "magnitude"])
        if kind != "ticket":  # sparser ones would need more rounds
            parts += [overlap_table(masks, level) for level in sparser]
    tickets = [of["ticket"] for of in found]
    parts.append(_departures(tickets, untouched, sizes, first))
    names = {f"{name}_{side}": f"{new}_{side}" for side in "ab"
             for name, new in (("method", "kind"), ("seed", "sample"))}  # fmt: skip
    return pd.concat(parts).rename(columns=names)[list(COLUMNS)]


def _in_parts(masks: Sequence[Ticket], level: int) -> Iterator[pd.DataFrame]:
    """Pairs by layer, by component, and without the last layer."""
    yield overlap_table(masks, level, by=("layer", "component"))
    last = max(matrix.layer or 0 for matrix in masks[0].matrices)
    whole = [mask.packed(level) for mask in masks]
    cut = [replace(m, matrices=[own for own in m.matrices if own.layer != last]) for m in whole]
    named = {f"mask_{side}": overlap_table(whole, level)[f"mask_{side}"] for side in "ab"}
    yield overlap_table(cut, level).assign(part=WITHOUT_LAST, **named)


def _departures(tickets: Sequence[Ticket], untouched: Ticket, sizes: dict[str, np.ndarray],
                level: int) -> pd.DataFrame:  # fmt: skip
    found = excess_table(tickets, untouched, sizes, level)
    return found.assign(
        method_a="departures", method_b="departures", by="all", part="all",
        jaccard=found["shared"], expected=found["expected_near"], weights=untouched.weights,
    )  # fmt: skip
