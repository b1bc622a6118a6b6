"""Named-entity recognition: F1 of entities, as the paper scores WikiAnn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lnlib.tasks.examples import Encoded
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.task import Task
from lnlib.tasks.words import collate_words, encode_words, read_words, shuffle_labels, tags_of


def _score(data: Encoded, labels: Sequence[str], predicted: list, _loss: float) -> float:
    """A word that was cut off, or has no word piece, cannot be found: it counts as "O"."""
    said = tags_of(data, predicted, missing=labels.index("O"))
    gold, found = ([[labels[tag] for tag in row] for row in tags] for tags in (data.gold, said))
    return f1(gold, found)


def f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Micro-averaged F1 of entities (points) by seqeval's CoNLL rules, as the paper scores NER."""
    from seqeval.metrics import f1_score

    return 100.0 * float(f1_score(list(gold), list(predicted), zero_division=0))


NER = Task(
    "ner", "named-entity recognition", "f1", "F1", True, "AutoModelForTokenClassification",
    partial(encode_words, column="ner_tags"), collate_words, cross_entropy, read_words, _score,
    shuffle_labels,
)  # fmt: skip
