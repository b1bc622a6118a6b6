"""Examples as token ids in flat arrays, and flat arrays as batches.

Shapes: B batch, T tokens. A sentence is never padded before it meets its batch; batches are made
of sentences of similar length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lnlib.base import seeds
from lnlib.base.hashes import short

if TYPE_CHECKING:  # torch is loaded when a batch is made: tables and figures need none
    import torch
    from transformers import PreTrainedTokenizerBase

IGNORE = -100  # torch's cross-entropy skips this label


@dataclass(frozen=True)
class Encoded:
    """N examples as flat arrays: example i is `ids[offsets[i]:offsets[i + 1]]`."""

    ids: np.ndarray  # (sum of T,) int32
    segments: np.ndarray  # (sum of T,) uint8
    special: np.ndarray  # (sum of T,) bool, [CLS], [SEP] and the like
    offsets: np.ndarray  # (N + 1,) int64
    labels: np.ndarray | None = (
        None  # ner: (sum of T,) int32, IGNORE but on first pieces; xnli: (N,)
    )
    gold: list[list[int]] = field(default_factory=list)  # ner: all tags, of words cut off too
    seen: list[list[int]] = field(default_factory=list)  # ner: the words that have a first piece
    lost_words: int = 0

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) tokens of each example."""
        return np.diff(self.offsets)

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits of what the model gets to see."""
        labels = b"" if self.labels is None else self.labels.tobytes()
        return short(self.ids.tobytes(), self.offsets.tobytes(), labels)

    @cached_property
    def unseen(self) -> str:
        """The tags that are scored and in no label, as "example:word:tag ..."; often "".

        They are those of words that were cut off or have no word piece.
        """
        return " ".join(
            f"{row}:{word}:{tag}"
            for row, (tags, seen) in enumerate(zip(self.gold, map(set, self.seen), strict=True))
            for word, tag in enumerate(tags)
            if word not in seen
        )


def _flat(rows: Sequence[Sequence[int]], dtype: type) -> np.ndarray:
    return np.fromiter((x for row in rows for x in row), dtype, sum(map(len, rows)))


def from_batch(batch: dict, **extra: object) -> Encoded:
    """What a tokenizer returned, with its special tokens' mask, as flat arrays."""
    rows = batch["input_ids"]
    segments = batch.get("token_type_ids") or [[0] * len(row) for row in rows]
    return Encoded(
        _flat(rows, np.int32),
        _flat(segments, np.uint8),
        _flat(batch["special_tokens_mask"], np.bool_),
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        **extra,  # type: ignore[arg-type]
    )


def encode_sentences(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> Encoded:
    """One example a text, with special tokens, cut at `max_tokens`; no labels."""
    return from_batch(
        tokenizer(
            list(texts), truncation=True, max_length=max_tokens, return_special_tokens_mask=True
        )
    )


@dataclass
class Batch:
    """B examples padded to the longest, T; tensors on the CPU."""

    inputs: dict[str, torch.Tensor]  # input_ids, attention_mask[, token_type_ids]: (B, T) int64
    labels: torch.Tensor  # ner (B, T); xnli (B,); mlm (P,): the tokens at `picked`; (0,) for none
    picked: torch.Tensor | None = None  # mlm: (P,) masked positions of the flattened batch


# Batches whose sentences are sorted together: long enough to save most padding (under 5 % is left),
# short enough that an epoch still mixes.
_POOL = 50


def training_order(lengths: np.ndarray, batch_size: int, steps: int, seed: int) -> list[np.ndarray]:
    """For each step the examples of its batch: every epoch in a fresh order, grouped by length."""
    order: list[np.ndarray] = []
    epoch = 0
    while len(order) < steps:
        rng = np.random.default_rng(seeds.derive(seed, "order", epoch))
        shuffled = rng.permutation(len(lengths))
        made = []
        for start in range(0, len(shuffled), _POOL * batch_size):
            pool = shuffled[start : start + _POOL * batch_size]
            pool = pool[np.argsort(lengths[pool], kind="stable")]
            made += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
        order += [made[i] for i in rng.permutation(len(made))]
        epoch += 1
    return order[:steps]


def evaluation_order(lengths: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """All examples once, sorted by length, in batches."""
    order = np.argsort(lengths, kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def padded_inputs(
    data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase
) -> dict[str, torch.Tensor]:
    """What the encoder reads of the examples of `index`: (B, T) int64 each."""
    import torch

    shown = _inside(data, index).astype(np.int64)
    shown[:, 0] = 1  # of a sentence without a token the padding: attention over nothing is NaN
    inputs = {"attention_mask": torch.from_numpy(shown)}
    if "token_type_ids" in tokenizer.model_input_names:
        inputs["token_type_ids"] = torch.from_numpy(pad(data, index, data.segments, 0))
    filler = tokenizer.pad_token_id
    ids = pad(data, index, data.ids, tokenizer.eos_token_id if filler is None else filler)
    return {**inputs, "input_ids": torch.from_numpy(ids)}


def pad(data: Encoded, index: np.ndarray, values: np.ndarray, filler: int) -> np.ndarray:
    """`values`, one a token of the split, for the examples of `index`: (B, T) int64."""
    inside = _inside(data, index)
    flat = (data.offsets[index][:, None] + np.arange(inside.shape[1])[None, :])[inside]
    out = np.full(inside.shape, filler, np.int64)
    out[inside] = values[flat]
    return out


def said_before(labels: np.ndarray, start: int) -> np.ndarray:
    """(B, T) int64: what a decoder has read where it is to say `labels`, (B, T), and IGNORE behind.

    It begins with the piece `start`, which also stands behind the end; T5's is that of the padding.
    """
    said = np.where(labels == IGNORE, start, labels)
    return np.concatenate([np.full_like(said[:, :1], start), said[:, :-1]], axis=1)


def _inside(data: Encoded, index: np.ndarray) -> np.ndarray:
    """(B, T) bool: where the examples of `index` have a token, and no padding."""
    lengths = data.lengths[index]
    return np.arange(max(1, int(lengths.max())))[None, :] < lengths[:, None]
