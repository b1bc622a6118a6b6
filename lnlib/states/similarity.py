"""Similarity of languages by layer, with what it would be for unrelated sentences beside it.

Two floors. Shuffled pairs share nothing but what all sentences share; pairs shuffled among
sentences of like length share their length too, which a mean over tokens keeps a trace of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import derive
from lnlib.states import cka
from lnlib.states.cka import States

ALIKE = 10  # sentences of neighbouring lengths that are shuffled: of 1,000, a hundredth at a time


def anc(x: States, y: States) -> float:
    """Average neuron-wise correlation of x and y, both (N, H): the mean of |r| over units, 0 to 1.

    Unlike CKA it is not invariant to rotation, so it says whether the same units do the same work
    in two languages of one encoder. Of unrelated states it is about sqrt(2 / (pi N)). Units that
    are constant on a side have no correlation and are left out. Raises UserError as `cka.cka`
    does, and for sides of different widths. Source: Del and Fishel 2022.
    """
    one, two = cka.centred(x, y)
    if one.shape[1] != two.shape[1]:
        raise UserError(f"units are paired: {one.shape[1]} on one side, {two.shape[1]} on another")
    norms = np.linalg.norm(one, axis=0) * np.linalg.norm(two, axis=0)
    varies = norms > 0
    if not varies.any():
        raise UserError("no unit varies on both sides: there is nothing to correlate")
    return float(np.abs((one * two).sum(0)[varies] / norms[varies]).mean())


MEASURES: dict[str, Callable[[States, States], float]] = {
    **{name: partial(cka.cka, kernel=k, debiased=d) for name, (k, d) in cka.KINDS.items()},
    "anc": anc,
}


def shuffled_pairs(
    n: int, seed: int = 0, lengths: Sequence[int] | np.ndarray | None = None
) -> np.ndarray:
    """A partner for each of n sentences that is not its own, (n,): every one is one partner.

    With `lengths` (n,) partners are of like length: the sentences in the order of their lengths are
    cut into groups of `ALIKE` or a few more, and shuffled inside each. Raises UserError for fewer
    than two sentences.
    """
    if n < 2:
        raise UserError(f"{n} sentences cannot be shuffled: expected 2 or more")
    rng = np.random.default_rng(derive(seed, "shuffled pairs"))
    order = rng.permutation(n)
    groups = [order]
    if lengths is not None:
        by_length = order[np.argsort(np.asarray(lengths)[order], kind="stable")]
        groups = [rng.permutation(part) for part in np.array_split(by_length, max(1, n // ALIKE))]
    partners = np.empty(n, dtype=np.int64)
    for group in groups:
        partners[group] = np.roll(group, 1)  # one cycle through the group: nobody stays
    return partners


def similarity_table(
    states: Mapping[str, States],
    pairs: Iterable[tuple[str, str]],
    measures: Sequence[str] = ("linear_debiased", "anc"),
    layers: str = "same",
    lengths: Mapping[str, Sequence[int] | np.ndarray] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Columns lang_a, lang_b, layer_a, layer_b, measure, value, n, floor[, floor_length].

    Parameters:

    - `states`: (L, N, H) of the same N sentences by name (a language, or a model).
    - `pairs`: two of these names each.
    - `measures`: of `MEASURES`.
    - `layers`: "same", or for CKA "all": every layer with every other, without floors but on the
      diagonal.
    - `lengths`: (N,) tokens of each sentence, by the second name of each pair.
    - `seed`: of the shuffles.

    `floor` is the same measure after the second side's sentences have been shuffled, `floor_length`
    (with `lengths`) after they have been shuffled among sentences of like length. Raises UserError
    for unknown names and as `cka.cka` does.
    """
    for measure in measures:
        choose(measure, MEASURES, "measure")
    if choose(layers, ("same", "all"), "layers") == "all" and "anc" in measures:
        raise UserError("layers='all' takes no anc: units of two layers are not paired")
    rows: list[dict[str, Any]] = []
    for a, b in pairs:
        one, two = (np.asarray(states[choose(name, states, "states")]) for name in (a, b))
        if len(one) != len(two) and layers == "same":
            raise UserError(f"{a!r} has {len(one)} levels and {b!r} {len(two)}: expected as many")
        n = one.shape[1]
        partners = {"floor": shuffled_pairs(n, seed)}
        if lengths is not None:
            own = lengths[choose(b, lengths, "lengths")]
            partners["floor_length"] = shuffled_pairs(n, seed, own)
        for measure in measures:
            between = MEASURES[measure]
            for layer, (x, y) in enumerate(zip(one, two, strict=False)):
                rows.append({
                    "lang_a": a, "lang_b": b, "layer_a": layer, "layer_b": layer,
                    "measure": measure, "value": between(x, y), "n": n,
                    **{name: between(x, y[order]) for name, order in partners.items()},
                })  # fmt: skip
            if layers == "all":
                cells = cka.grid(one, two, *cka.KINDS[measure])
                rows += [
                    {"lang_a": a, "lang_b": b, "layer_a": i, "layer_b": j, "measure": measure,
                     "value": cells[i, j], "n": n}
                    for i, j in np.ndindex(*cells.shape) if i != j
                ]  # fmt: skip
    return pd.DataFrame(rows)
