"""Natural-language inference as text: an encoder-decoder reads both sentences and writes the label.

The score is the paper's, an exact match of what greedy decoding writes, without decoding: the
likeliest piece is the label's at every place, given the label's pieces before it, exactly where
greedy decoding writes the label. The paper stops after five pieces; here a label is written to its
end, since a vocabulary may cut a label into more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lnlib.base.errors import UserError
from lnlib.tasks.examples import IGNORE, Batch, Encoded, from_batch, padded_inputs, said_before
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.task import Task
from lnlib.tasks.words import shuffle_labels

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

WORDS = ("entailment", "neutral", "contradiction")  # XNLI's order, and the gazetteer's


def _sources(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
             limit: int) -> Encoded:  # fmt: skip
    """Premise and hypothesis as one text, each behind its name."""
    some = list(islice(examples, limit))
    if not some:
        return from_batch({"input_ids": [], "special_tokens_mask": []})
    batch = tokenizer(
        [f"xnli premise: {e['premise']} hypothesis: {e['hypothesis']}" for e in some],
        truncation=True, max_length=max_tokens, return_special_tokens_mask=True,
    )  # fmt: skip
    return from_batch(batch, labels=np.array([int(e["label"]) for e in some], np.int64))


def _collate(data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
             _seed: int) -> Batch:  # fmt: skip
    import torch

    assert data.labels is not None
    labels = _pieces(tokenizer)[data.labels[index]]
    before = said_before(labels, int(tokenizer.pad_token_id))
    inputs = {
        **padded_inputs(data, index, tokenizer),
        "decoder_input_ids": torch.from_numpy(before),
    }
    return Batch(inputs, torch.from_numpy(labels))


def _pieces(tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """(3, T) int64: what is written for each label, to the end of the text; IGNORE behind it."""
    if tokenizer.eos_token_id is None:
        raise UserError("the tokenizer has no piece for the end of a text: no xnli_text")
    rows = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in WORDS]
    out = np.full((len(rows), max(map(len, rows)) + 1), IGNORE, np.int64)
    for row, pieces in zip(out, rows, strict=True):
        row[: len(pieces) + 1] = [*pieces, tokenizer.eos_token_id]
    return out


def _read(logits: torch.Tensor, batch: Batch) -> list[bool]:
    """Whether greedy decoding writes the label of an example."""
    labels = batch.labels.to(logits.device)
    return ((logits.argmax(-1) == labels) | (labels == IGNORE)).all(-1).tolist()


def _score(_data: Encoded, _labels: Sequence[str], right: list, _loss: float) -> float:
    """Share of examples whose label is written, in points."""
    return 100.0 * sum(right) / len(right)


NLI_TEXT = Task(
    "xnli_text", "natural-language inference as text", "accuracy", "accuracy", True,
    "AutoModelForSeq2SeqLM", _sources, _collate, cross_entropy, _read, _score, shuffle_labels,
    pretrained_head=True, chance=100 / 3, data_of="xnli",
)  # fmt: skip
