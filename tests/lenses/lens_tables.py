"""Made-up tables of the lenses, in which all of them see one hidden closeness of languages."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
import synthetic

from lnlib.languages import LANGUAGES
from lnlib.lenses.reading.matrices import Tables
from lnlib.lenses.tables import INFLUENCE, MASKS, PIECES, STATES, TRANSFER

LAYERS = range(6)


def closeness(langs, seed=0):
    """0 to 1 between languages, 1 on the diagonal; pairs of one script are closer."""
    rng = np.random.default_rng(seed)
    half = np.triu(rng.uniform(0, 0.5, (len(langs), len(langs))), 1)
    script = [[LANGUAGES[a].script == LANGUAGES[b].script for b in langs] for a in langs]
    near = half + half.T + 0.4 * np.array(script)
    np.fill_diagonal(near, 1)
    return pd.DataFrame(near, index=langs, columns=langs)


def tables(langs=tuple(LANGUAGES), noise=0.0, lenses=("masks", "states", "influence", "transfer"),
           seed=0):  # fmt: skip
    """Every lens is the closeness on a scale of its own, with noise; those of paper 1 are noise."""
    near, rng = closeness(langs), np.random.default_rng(seed)

    def seen(a, b):
        return float(near.loc[a, b] + rng.normal(0, noise))

    task = {"scale": "demo", "task": "ner"}
    masks = []
    for model, level, (a, b) in product(("together", "alone"), (50, 90), product(langs, langs)):
        parts = [("all", "all"), *(("layer", str(layer)) for layer in LAYERS if level == 50)]
        masks += [
            {**task, "model": model, "seed": 0, "sparsity": level, "by": by, "part": part,
             "method_a": "fisher", "lang_a": a, "half_a": 0, "method_b": "fisher", "lang_b": b,
             "half_b": 1, "jaccard": 0.5 + 0.4 * seen(a, b), "expected": 0.35}
            for by, part in parts
        ]  # fmt: skip
        if a == b:
            for other, value in (("random", 0.35), ("shuffled", 0.6), ("magnitude", 0.5)):
                masks += [
                    {**task, "model": model, "seed": 0, "sparsity": level, "by": by, "part": part,
                     "method_a": "fisher", "lang_a": a, "half_a": 0, "method_b": other,
                     "lang_b": a if other != "magnitude" else "", "half_b": 0,
                     "jaccard": value, "expected": 0.35}
                    for by, part in parts
                ]  # fmt: skip
    states = [
        {"scale": "demo", "lang_a": a, "lang_b": b, "layer": layer, "length": length,
         "value": 0.8 * seen(a, b) - 0.05 * layer, "floor": 0.0, "floor_length": 0.1, "n": 1000}
        for (a, b), layer, length in product(combinations(langs, 2), range(7), ("kept", "out"))
    ]  # fmt: skip
    influence = [
        {**task, "seed": 0, "part": part, "source": a, "target": b, "value": 0.3 * seen(a, b),
         "null_low": 0.05, "null_high": 0.1, "n_train": 100, "n_test": 24}
        for part, a, b in product(("all", *map(str, LAYERS)), langs, langs)
    ]  # fmt: skip
    transfer = [
        {**task, "seed": 0, "source": a, "target": b, "value": 80 * seen(a, b), "floor": 2.0}
        for a, b in product(langs, langs)
    ]  # fmt: skip
    pieces = [
        {**task, "lang_a": a, "lang_b": b, "value": 0.3 * seen(a, b) ** 2}
        for a, b in combinations(langs, 2)
    ]  # fmt: skip
    made = {"masks": (masks, MASKS), "states": (states, STATES),
            "influence": (influence, INFLUENCE), "transfer": (transfer, TRANSFER)}  # fmt: skip
    own = {
        name: pd.DataFrame(rows if name in lenses else [], columns=table.columns)
        for name, (rows, table) in made.items()
    }
    overlap = synthetic.overlap(tasks=("ner",), seeds=2)
    return Tables("demo", **own, pieces=pd.DataFrame(pieces, columns=PIECES.columns),
                  overlap=overlap, scores=synthetic.scores(tasks=("ner",)))  # fmt: skip
