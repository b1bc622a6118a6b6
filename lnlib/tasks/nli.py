"""Natural-language inference on pairs of sentences: accuracy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lnlib.tasks.examples import Batch, Encoded, from_batch, padded_inputs
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.task import Task
from lnlib.tasks.words import shuffle_labels

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase


def _pairs(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
           limit: int) -> Encoded:  # fmt: skip
    """Premise and hypothesis as two segments."""
    some = list(islice(examples, limit))
    if not some:
        return from_batch({"input_ids": [], "special_tokens_mask": []})
    batch = tokenizer(
        [e["premise"] for e in some], [e["hypothesis"] for e in some], truncation=True,
        max_length=max_tokens, return_special_tokens_mask=True,
    )  # fmt: skip
    return from_batch(batch, labels=np.array([int(e["label"]) for e in some], np.int64))


def _collate(data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
             _seed: int) -> Batch:  # fmt: skip
    import torch

    assert data.labels is not None
    labels = torch.from_numpy(data.labels[index].astype(np.int64))
    return Batch(padded_inputs(data, index, tokenizer), labels)


def _read(logits: torch.Tensor, _batch: Batch) -> list[int]:
    return logits.argmax(-1).tolist()


def _score(data: Encoded, _labels: Sequence[str], predicted: list, _loss: float) -> float:
    assert data.labels is not None
    return accuracy(data.labels.tolist(), predicted)


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Share of examples predicted right, in points."""
    return 100.0 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)


NLI = Task(
    "xnli", "natural-language inference", "accuracy", "accuracy", True,
    "AutoModelForSequenceClassification", _pairs, _collate, cross_entropy, _read, _score,
    shuffle_labels, chance=100 / 3,
)  # fmt: skip
