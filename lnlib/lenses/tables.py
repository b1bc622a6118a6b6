"""The tables of the lenses: what was measured of pairs of languages, and what follows from it.

`lang_a` and `lang_b` are languages of a pair that has no direction, `source` and `target` of one
that has; "half" numbers the halves of a language's data. A pair of a language with itself is what
the lens sees at most, its ceiling.
"""

from __future__ import annotations

from lnlib.results.table import Table

_STAMP = ("lnlib", "code", "data", "encoder")
_TEXT = ("lang_a", "lang_b", "model", "method_a", "method_b", "lens_a", "lens_b", "given", "lenses")


def _table(name: str, key: tuple[str, ...], *values: str) -> Table:
    return Table(name, key, (*key, *values), text=_TEXT)


# Masks compared, by `model`: "together" (one model, trained on all languages; `seed` is its) or
# "alone" (each language's own model: `half` is its seed too, and `seed` always 0). `method` is
# "fisher", "shuffled" (Fisher under shuffled labels), "random" (as many weights in every matrix)
# or "magnitude" (the untouched encoder's). `expected` is the Jaccard of independent masks of the
# same densities in every matrix.
MASKS = _table(
    "masks",
    ("scale", "task", "model", "seed", "sparsity", "by", "part", "method_a", "lang_a", "half_a",
     "mask_a", "method_b", "lang_b", "half_b", "mask_b"),
    "jaccard", "expected", "n", "recipe", *_STAMP,
)  # fmt: skip
# Debiased linear CKA of the untouched encoder's states of parallel sentences; layer 0 is the
# embeddings. `length` is "kept" or "out" (regressed out); `floor` is of shuffled sentences,
# `floor_length` of sentences shuffled among those of like length.
STATES = _table(
    "states", ("scale", "lang_a", "lang_b", "layer", "length"),
    "value", "floor", "floor_length", "n", *_STAMP,
)  # fmt: skip
# The mean cosine of gradients of `source`'s training and `target`'s validation examples in the
# model trained on all languages; `part` is "all" or a layer. `null_low` and `null_high` hold 95 %
# of the values under permuted training languages.
INFLUENCE = _table(
    "influence", ("scale", "task", "seed", "part", "source", "target"),
    "value", "null_low", "null_high", "n_train", "n_test", "recipe", *_STAMP,
)  # fmt: skip
# The score in `target` of a model that was trained in `source` alone. `floor` is that of a model
# with the same head that was not trained; `seconds` are of the training and all its scores.
TRANSFER = _table(
    "transfer", ("scale", "task", "seed", "source", "target"),
    "metric", "value", "floor", "loss", "n", "steps", "seconds", "recipe", *_STAMP, "machine",
)  # fmt: skip
# Of the word pieces in the training data of either, the share that both have.
PIECES = _table("pieces", ("scale", "task", "lang_a", "lang_b"), "value", "recipe", *_STAMP)

# Mantel's correlations between lenses, `given` other matrices; the interval is over languages.
RELATIONS = _table(
    "relations", ("scale", "task", "lens_a", "lens_b", "given"),
    "r", "low", "high", "p", "languages",
)  # fmt: skip
VERDICTS = _table(
    "verdicts", ("scale", "id", "measure", "lenses"),
    "claim", "published", "ours", "unit", "n", "verdict", "why", "rows",
)  # fmt: skip
TABLES = (MASKS, STATES, INFLUENCE, TRANSFER, PIECES, RELATIONS, VERDICTS)
