"""What the page shows of one pair of languages: every lens' number beside its null, ready-made.

The page has no kernel, so everything a reader can choose is computed when the book is built. The
numbers are those of `matrices`; this module only arranges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from lnlib.figures import scripts
from lnlib.languages import LANGUAGES
from lnlib.lenses.reading.matrices import (
    FISHER,
    INFLUENTIAL,
    STATES_ALIKE,
    TICKETS,
    ZERO_SHOT,
    Tables,
    ceiling,
    directed,
    matrix,
    null,
)
from lnlib.lenses.reading.profiles import depths

GLOBAL = "lensesPairs"  # the script's one variable
_DIGITS = 4  # significant: more than the page prints
# What the page says of each lens: title, what its number is, unit, decimals, and what it sees where
# languages have nothing to do with it, and of one language.
LENSES: dict[str, dict[str, Any]] = {
    TICKETS: {
        "title": "Overlap of tickets", "unit": "%", "decimals": 1,
        "what": "weights that both tickets keep, of those that either keeps",
        "null": "from independent masks to the mask of the untouched encoder's largest weights",
        "ceiling": "two seeds of one language",
    },
    FISHER: {
        "title": "Overlap of Fisher masks", "unit": "%", "decimals": 1,
        "what": "the same, of the weights that the language's examples pull at most",
        "null": "from independent masks to the mask of the untouched encoder's largest weights",
        "ceiling": "two halves of one language's data",
    },
    STATES_ALIKE: {
        "title": "Similarity of states", "unit": "CKA", "decimals": 2,
        "what": "how alike the states of translations are arranged",
        "null": "from shuffled sentences to sentences of like length", "ceiling": "",
    },
    INFLUENTIAL: {
        "title": "Influence", "unit": "cosine × 100", "decimals": 2, "times": 100,
        "what": "how much a training example of one pulls predictions in the other its way",
        "null": "95 % of what permuted languages give", "ceiling": "a language's own examples",
    },
    ZERO_SHOT: {
        "title": "Zero-shot transfer", "unit": "% of own", "decimals": 0,
        "what": "score of a model that was trained in the other language",
        "null": "a model that was not trained", "ceiling": "",
    },
}  # fmt: skip
_DIRECTED = (INFLUENTIAL, ZERO_SHOT)


def data(tables: Mapping[str, Tables]) -> dict[str, Any]:
    """Everything the page needs, from the tables of each scale; scales without any are left out.

    A run has its `langs`, its `depths` ("" is the whole, "1" the lowest layer) and for each lens
    and depth a view (None where that was not measured): `pairs` of `langs` in the order of
    combinations, each [value, rank] (of `of`) and for a lens with a direction the values one way
    and the other; `null` [low, high]; `ceiling` a value for each of `langs`, or None.
    """
    runs = [run for scale in tables if (run := _run(scale, tables[scale]))]
    return {
        "languages": {code: language.name for code, language in LANGUAGES.items()},
        "lenses": {name: {"times": 1, **words} for name, words in LENSES.items()},
        "runs": runs,
    }


def script(content: Mapping[str, Any]) -> str:
    """The data as the page's script."""
    return scripts.script(GLOBAL, content)


def _run(scale: str, tables: Tables) -> dict[str, Any] | None:
    """One scale, if anything but the tickets was measured at it."""
    if all(matrix(tables, lens).empty for lens in LENSES if lens != TICKETS):
        return None
    langs = list(LANGUAGES)
    there = ["", *(str(depth) for depth in depths(tables) if depth)]
    views = {
        lens: {depth: _view(tables, lens, str(int(depth) - 1) if depth else "", langs)
               for depth in there}
        for lens in LENSES
    }  # fmt: skip
    return {"scale": scale, "langs": langs, "depths": there, "views": views}


def _view(tables: Tables, lens: str, part: str, langs: list[str]) -> dict[str, Any] | None:
    square = matrix(tables, lens, part)
    if square.empty or square.stack().dropna().empty:
        return None
    wide = square.reindex(index=langs, columns=langs)
    pairs = list(combinations(langs, 2))
    values = pd.Series([wide.loc[a, b] for a, b in pairs], dtype=float)
    ranks = values.rank(ascending=False, method="min")
    ways = directed(tables, lens, part or "all") if lens in _DIRECTED else None
    cells: list[list[float | int] | None] = []
    for (a, b), value, rank in zip(pairs, values, ranks, strict=True):
        if np.isnan(value):
            cells.append(None)
            continue
        both = [] if ways is None else [_short(ways.loc[a, b]), _short(ways.loc[b, a])]
        cells.append([_short(value), int(rank), *both])
    ends = null(tables, lens, part)
    top = ceiling(tables, lens, part) if LENSES[lens]["ceiling"] else pd.Series(dtype=float)
    return {
        "pairs": cells,
        "of": int(values.notna().sum()),
        "null": [_short(end) for end in ends] if np.isfinite(ends).all() else None,
        "ceiling": [_short(top[code]) if code in top.index else None for code in langs],
    }


def _short(value: float) -> float:
    return float(f"{float(value):.{_DIGITS}g}")
