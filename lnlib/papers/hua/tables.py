"""The tables of mOthello: what networks know, how far languages are aligned, what moves over, and
what masks of their sub-networks share.

All say which network a row is of: its board (`world`), `languages` ("atomic,split"), `method`,
number of `anchors` and `seed`. `recipe` is a hash of the settings (`Scale.hash`).
"""

from __future__ import annotations

from lnlib.results.table import Table

NETWORK = ("scale", "world", "languages", "method", "anchors", "seed")
_TEXT = (
    "world", "languages", "network", "board", "probe", "symmetry", "task", "tuned", "language",
    "test", "kind", "kind_a", "kind_b", "lang_a", "lang_b", "asked",
)  # fmt: skip
_STAMP = ("recipe", "lnlib", "code", "torch", "machine", "device", "threads", "seconds")


def _table(name: str, key: tuple[str, ...], *values: str) -> Table:
    return Table(name, (*NETWORK, *key), (*NETWORK, *key, *values, *_STAMP), text=_TEXT)


# Legal moves (%) on the way through pre-training; for task "transfer" after the opening. `loss` is
# the mean (nats) of the steps since the row before; at step 0 there is none.
PRETRAINING = _table("pretraining", ("task", "step", "language"), "legal", "loss")
# A row a measure; see `probing.scores.alignment`.
ALIGNMENT = _table(
    "alignment", ("network", "board", "probe", "source", "target", "measure"),
    "value", "symmetry", "states",
)  # fmt: skip
# A row a step of fine-tuning, language and measure; see `experiments.transfer`.
TRANSFER = _table("transfer", ("tuned", "step", "language", "measure"), "value")
# A row a pair of masks and part of the network; see `neutrality.overlap`. `sample_a` numbers the
# games that a mask was found on, `test` is one of `neutrality.runs.TESTS`.
OVERLAP = _table(
    "overlap",
    ("test", "kind_a", "kind_b", "sparsity", "by", "part", "lang_a", "sample_a", "lang_b",
     "sample_b", "mask_a", "mask_b"),
    "jaccard", "expected", "weights",
)  # fmt: skip
# A row a sub-network, language it reads and measure; see `neutrality.scoring`. `kind` and `lang`
# say how and in which language its mask was found.
SUBNETWORKS = _table(
    "subnetworks", ("test", "kind", "lang", "sparsity", "mask", "target", "measure"), "value"
)
_VERDICT = ("scale", "id", "measure", "languages")
VERDICTS = Table(
    "verdicts", _VERDICT,
    (*_VERDICT, "claim", "published", "ours", "unit", "n", "verdict", "why", "rows"), text=_TEXT,
)  # fmt: skip
_OURS = ("scale", "id", "measure", "asked")
OURS = Table(
    "neutrality", _OURS,
    (*_OURS, "claim", "published", "ours", "unit", "n", "verdict", "why", "rows"), text=_TEXT,
)  # fmt: skip
TABLES = (PRETRAINING, ALIGNMENT, TRANSFER, OVERLAP, SUBNETWORKS, VERDICTS, OURS)
