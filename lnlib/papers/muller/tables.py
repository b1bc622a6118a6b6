"""The tables of Muller et al.: scores after re-initialisation, and similarity of states."""

from __future__ import annotations

from lnlib.results.table import Table

# What cells say: blocks that are none of an encoder's spans, and the languages trained on (the
# paper's; the first is the one that claims are about). Here, as pages read them without torch.
ALL, NONE = "all", "none"
SOURCES = ("en", "ru", "ar")
TRUE, SHUFFLED = "translations", "shuffled pairs"  # of sentences, in the page of traps
_STAMP = ("lnlib", "code", "data", "encoder")


def _table(name: str, key: tuple[str, ...], *values: str, later: tuple[str, ...] = ()) -> Table:
    return Table(name, key, (*key, *values), later)


# `block` as reinitialisation names it ("none": nothing re-initialised), `source` and `target` are
# languages, `floor` what a model that knows nothing scores (the share of the commonest tag).
ABLATION = _table(
    "ablation", ("scale", "task", "source", "target", "seed", "block", "start", "metric"),
    "value", "floor", "loss", "n", "lost_words", "steps", "seconds", "recipe", *_STAMP, "machine",
)  # fmt: skip
# Layer 0 is the embeddings. `model_a`, `model_b`: "pretrained" or "fine-tuned" (by `recipe`, on
# `task`, `source` and `seed`; empty where neither is). `length` is "kept" or "out": regressed out
# of the states. Two languages stand in the order of `LANGUAGES`, once.
SIMILARITY = _table(
    "similarity",
    ("scale", "task", "source", "seed", "model_a", "model_b", "lang_a", "lang_b", "layer_a",
     "layer_b", "measure", "length"),
    "value", "floor", "floor_length", "n", "recipe", *_STAMP, later=("recipe",),
)  # fmt: skip
VERDICTS = _table(
    "verdicts", ("scale", "id", "measure", "task"),
    "claim", "published", "ours", "unit", "n", "verdict", "why", "rows",
)  # fmt: skip
TABLES = (ABLATION, SIMILARITY, VERDICTS)
