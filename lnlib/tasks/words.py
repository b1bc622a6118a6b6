"""Tasks that give every word a tag: the label stands on the word's first piece."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lnlib.base.errors import UserError
from lnlib.tasks.examples import IGNORE, Batch, Encoded, from_batch, pad, padded_inputs

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase


def encode_words(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
                 limit: int, column: str) -> Encoded:  # fmt: skip
    """Words ("tokens") with the tags of `column`; `gold` has also those of words cut off."""
    some = list(islice(examples, limit))
    if not some:
        return from_batch({"input_ids": [], "special_tokens_mask": []})
    space = _space(tokenizer)
    batch = tokenizer(
        [[space + word for word in e["tokens"]] for e in some], is_split_into_words=True,
        truncation=True, max_length=max_tokens, return_special_tokens_mask=True,
    )  # fmt: skip
    labels: list[int] = []
    seen: list[list[int]] = [[] for _ in some]
    for row, example in enumerate(some):
        previous = None
        for word in batch.word_ids(row):
            first = word is not None and word != previous
            labels.append(int(example[column][word]) if first else IGNORE)
            if first:
                seen[row].append(word)
            previous = word
    gold = [[int(tag) for tag in example[column]] for example in some]
    lost = sum(map(len, gold)) - sum(map(len, seen))
    return from_batch(
        batch, labels=np.array(labels, np.int32), gold=gold, seen=seen, lost_words=lost
    )


def _space(tokenizer: PreTrainedTokenizerBase) -> str:
    """What a word that comes alone needs before it to be cut into the pieces of running text.

    Byte-level tokenizers keep the space that stands before a word in its first piece; most others
    drop spaces or put back their own. Raises UserError where the pieces cannot be had.
    """
    if not tokenizer.is_fast:
        raise UserError(
            f"{type(tokenizer).__name__} does not tell which word a piece is from (word_ids), as "
            "words with tags need: expected a fast tokenizer, a tokenizer.json beside the encoder"
        )

    def pieces(text: str | list[str]) -> list[int]:
        return tokenizer(
            text, is_split_into_words=isinstance(text, list), add_special_tokens=False
        )["input_ids"]

    first, both = pieces("0"), pieces("0 0")  # in every vocabulary, or the piece of the unknown
    for space in ("", " "):
        alone = pieces([space + "0"])
        if first + pieces([space + "0"] * 2)[len(alone) :] == both:
            return space
    raise UserError(
        f"{type(tokenizer).__name__} cuts a word that comes alone otherwise than in running text, "
        "also with a space before it: words that come split are not read with it"
    )


def collate_words(data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
                  _seed: int) -> Batch:  # fmt: skip
    """A batch with the labels of its words, (B, T)."""
    import torch

    assert data.labels is not None
    labels = pad(data, index, data.labels, IGNORE)
    return Batch(padded_inputs(data, index, tokenizer), torch.from_numpy(labels))


def read_words(logits: torch.Tensor, batch: Batch) -> list[list[int]]:
    """The likeliest tag of every word that has a first piece, by example."""
    best = logits.argmax(-1).cpu().numpy()
    labels = batch.labels.numpy()
    return [row[own != IGNORE].tolist() for row, own in zip(best, labels, strict=True)]


def tags_of(data: Encoded, predicted: list[list[int]], missing: int) -> list[list[int]]:
    """What was said of every word; `missing` of one that was cut off or has no word piece."""
    out = [[missing] * len(row) for row in data.gold]
    for line, seen, found in zip(out, data.seen, predicted, strict=True):
        for word, tag in zip(seen, found, strict=True):
            line[word] = tag
    return out


def shuffle_labels(train: Encoded, rng: np.random.Generator) -> Encoded:
    """Labels permuted over all places that have one."""
    assert train.labels is not None
    labels = train.labels.copy()
    at = np.flatnonzero(labels != IGNORE)
    labels[at] = labels[rng.permutation(at)]
    return replace(train, labels=labels)
