"""Part-of-speech tagging: 17 universal tags, accuracy over words.

Words are syntactic words; the tag is read at a word's first piece. A word that was cut off, or has
no piece, has no tag and counts as wrong, so a language with long sentences is not scored on their
easy beginnings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from lnlib.corpora.treebanks import UPOS
from lnlib.tasks.examples import Encoded
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.task import Task
from lnlib.tasks.words import collate_words, encode_words, read_words, shuffle_labels, tags_of

LABELS = UPOS
_NONE = -1  # no word's tag


def floor(data: Encoded) -> float:
    """Share of the commonest tag in %: what needs no model."""
    counts = Counter(tag for tags in data.gold for tag in tags)
    return 100.0 * max(counts.values()) / counts.total()


def _score(data: Encoded, _labels: Sequence[str], predicted: list, _loss: float) -> float:
    """Words tagged right in % of all words."""
    said = tags_of(data, predicted, missing=_NONE)
    right = sum(
        tag == own
        for tags, gold in zip(said, data.gold, strict=True)
        for tag, own in zip(tags, gold, strict=True)
    )
    return 100.0 * right / sum(map(len, data.gold))


POS = Task(
    "pos", "part-of-speech tagging", "accuracy", "accuracy", True,
    "AutoModelForTokenClassification", partial(encode_words, column="upos"), collate_words,
    cross_entropy, read_words, _score, shuffle_labels, floor=floor,
)  # fmt: skip
