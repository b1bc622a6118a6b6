"""Part-of-speech tagging: 17 universal tags, accuracy over words.

Words are syntactic words; the tag is read at a word's first piece. A word that was cut off, or has
no piece, has no tag and counts as wrong, so a language with long sentences is not scored on their
easy beginnings. Encode, loss, read-out and score are functions that know no model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base.errors import UserError
from lnlib.corpora.treebanks import UPOS, Sentence
from lnlib.tasks import examples
from lnlib.tasks.examples import IGNORE, Encoded

LABELS = UPOS
HEAD = "AutoModelForTokenClassification"
METRIC = "accuracy"  # points


def encode(
    sentences: Sequence[Sentence], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> Encoded:
    """Sentences as arrays, cut at `max_tokens`; a tag on each word's first piece.

    Raises UserError where there is no sentence.
    """
    if not sentences:
        raise UserError("no sentences to encode")
    rows = [{"tokens": s.words, "ner_tags": [UPOS.index(tag) for tag in s.tags]} for s in sentences]
    return examples._words(rows, tokenizer, max_tokens, len(rows))


def loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy (nats) over first pieces: logits (B, T, 17), labels (B, T)."""
    return nn.functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORE
    )


def read(logits: torch.Tensor, labels: torch.Tensor) -> list[list[int]]:
    """For each of B sentences the best tag of every word that has a first piece, in order."""
    best = logits.argmax(-1)
    return [
        row[own != IGNORE].tolist() for row, own in zip(best, labels.to(best.device), strict=True)
    ]


def score(data: Encoded, predicted: Sequence[Sequence[int]]) -> float:
    """Words tagged right in % of all words, of those cut off too; `predicted` as `read` gives it.

    Raises UserError for other numbers of sentences or words than were encoded.
    """
    if len(predicted) != len(data) or any(
        len(tags) != len(seen) for tags, seen in zip(predicted, data.seen, strict=True)
    ):
        raise UserError("the predicted tags are not of the sentences that are scored")
    right = sum(
        gold[word] == tag
        for gold, seen, tags in zip(data.gold, data.seen, predicted, strict=True)
        for word, tag in zip(seen, tags, strict=True)
    )
    return 100.0 * right / sum(map(len, data.gold))


def floor(sentences: Sequence[Sentence]) -> float:
    """Share of the commonest tag in %: what needs no model."""
    counts = Counter(tag for sentence in sentences for tag in sentence.tags)
    return 100.0 * max(counts.values()) / counts.total()
