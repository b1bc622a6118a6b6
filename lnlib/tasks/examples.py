"""Examples to token ids, kept as flat arrays, and flat arrays to batches.

Shapes: B batch, T tokens. A sentence is never padded before it meets its batch; batches are made
of sentences of similar length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.errors import UserError
from lnlib.corpora.loading import Corpus
from lnlib.papers.foroutan.scales import Recipe

IGNORE = -100  # torch's cross-entropy skips this label
MASK_RATE = 0.15  # BERT's, and the paper's


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
        digest = hashlib.sha256(self.ids.tobytes() + self.offsets.tobytes())
        if self.labels is not None:
            digest.update(self.labels.tobytes())
        return digest.hexdigest()[:12]

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


@dataclass(frozen=True)
class TaskData:
    """One task in one language, encoded for one tokenizer."""

    task: str
    lang: str
    labels: tuple[str, ...]
    train: Encoded
    validation: Encoded
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over both splits: what a model gets to see and is scored by."""
        both = self.train.fingerprint + self.validation.fingerprint + self.validation.unseen
        return hashlib.sha256(both.encode()).hexdigest()[:12]


def encode(corpus: Corpus, tokenizer: PreTrainedTokenizerBase, recipe: Recipe,
           most: int | None = None) -> TaskData:  # fmt: skip
    """Encode both splits of a corpus; raises UserError where a split is empty or has no word.

    Examples are cut at the recipe's `max_tokens`, or at `most` if the encoder reads no more.
    """
    length = min(recipe.max_tokens, most or recipe.max_tokens)
    how = {"mlm": _blocks, "ner": _words, "xnli": _pairs}[corpus.task]
    sizes = {"train": recipe.train_examples, "validation": recipe.validation_examples}
    splits = {}
    for split, size in sizes.items():
        splits[split] = how(getattr(corpus, split), tokenizer, length, size)
        if len(splits[split]) == 0:
            raise UserError(f"{corpus.source}: no {split} examples for {corpus.lang!r}")
        labels = splits[split].labels
        if labels is not None and (labels == IGNORE).all():
            raise UserError(
                f"{corpus.source}: no {split} example for {corpus.lang!r} has a word piece"
            )
    return TaskData(corpus.task, corpus.lang, corpus.labels, source=corpus.source, **splits)


def _flat(rows: Sequence[Sequence[int]], dtype: type) -> np.ndarray:
    return np.fromiter((x for row in rows for x in row), dtype, sum(map(len, rows)))


def _from_batch(batch: dict, **extra: object) -> Encoded:
    rows = batch["input_ids"]
    segments = batch.get("token_type_ids") or [[0] * len(row) for row in rows]
    return Encoded(
        _flat(rows, np.int32),
        _flat(segments, np.uint8),
        _flat(batch["special_tokens_mask"], np.bool_),
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        **extra,  # type: ignore[arg-type]
    )


def _blocks(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
            limit: int) -> Encoded:  # fmt: skip
    """Running text cut into blocks of `max_tokens`; none is dropped (the reference drops some)."""
    before, after = _frame(tokenizer)
    room = max_tokens - len(before) - len(after)
    blocks: list[list[int]] = []
    left: list[int] = []
    texts = iter(examples)
    while len(blocks) < limit and (some := [e["text"] for e in islice(texts, 1_000)]):
        for pieces in tokenizer(some, add_special_tokens=False, verbose=False)["input_ids"]:
            left += pieces
        # The rest is copied once, not after every block, which would be quadratic.
        whole = min(len(left) // room, limit - len(blocks)) * room
        blocks += [left[at : at + room] for at in range(0, whole, room)]
        left = left[whole:]
    if left and len(blocks) < limit:
        blocks.append(left)
    edges = [1] * len(before), [1] * len(after)
    return _from_batch(
        {
            "input_ids": [before + block + after for block in blocks],
            "special_tokens_mask": [edges[0] + [0] * len(block) + edges[1] for block in blocks],
        }
    )


def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special tokens a tokenizer sets before and after a text."""
    probe = tokenizer("0", return_special_tokens_mask=True)
    ids, special = probe["input_ids"], probe["special_tokens_mask"]
    first, last = special.index(0), len(special) - special[::-1].index(0)
    return ids[:first], ids[last:]


def _words(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
           limit: int) -> Encoded:  # fmt: skip
    """Tagged words: the label stands on each word's first piece, as the paper scores it."""
    some = list(islice(examples, limit))
    if not some:
        return _from_batch({"input_ids": [], "special_tokens_mask": []})
    batch = tokenizer(
        [list(e["tokens"]) for e in some], is_split_into_words=True, truncation=True,
        max_length=max_tokens, return_special_tokens_mask=True,
    )  # fmt: skip
    labels: list[int] = []
    seen: list[list[int]] = [[] for _ in some]
    for row, example in enumerate(some):
        previous = None
        for word in batch.word_ids(row):
            first = word is not None and word != previous
            labels.append(int(example["ner_tags"][word]) if first else IGNORE)
            if first:
                seen[row].append(word)
            previous = word
    gold = [[int(tag) for tag in example["ner_tags"]] for example in some]
    lost = sum(map(len, gold)) - sum(map(len, seen))
    return _from_batch(
        batch, labels=np.array(labels, np.int32), gold=gold, seen=seen, lost_words=lost
    )


def _pairs(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
           limit: int) -> Encoded:  # fmt: skip
    """Premise and hypothesis as two segments."""
    some = list(islice(examples, limit))
    if not some:
        return _from_batch({"input_ids": [], "special_tokens_mask": []})
    batch = tokenizer(
        [e["premise"] for e in some], [e["hypothesis"] for e in some], truncation=True,
        max_length=max_tokens, return_special_tokens_mask=True,
    )  # fmt: skip
    return _from_batch(batch, labels=np.array([int(e["label"]) for e in some], np.int64))


def encode_sentences(
    texts: Sequence[str], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> Encoded:
    """One example a text, with special tokens, cut at `max_tokens`; no labels."""
    return _from_batch(
        tokenizer(
            list(texts), truncation=True, max_length=max_tokens, return_special_tokens_mask=True
        )
    )


def shuffle_labels(data: TaskData, seed: int) -> TaskData:
    """The control that keeps the inputs and breaks what they mean (training split only).

    ner: tags permuted over all first pieces; xnli: labels permuted over pairs; mlm: tokens permuted
    over the whole text, so that only their frequencies remain.
    """
    rng = np.random.default_rng(seeds.derive(seed, "shuffled", data.task, data.lang))
    train = data.train
    ids, labels = train.ids.copy(), None if train.labels is None else train.labels.copy()
    if data.task == "mlm":
        words = np.flatnonzero(~train.special)
        ids[words] = ids[rng.permutation(words)]
    else:
        assert labels is not None
        at = np.flatnonzero(labels != IGNORE)
        labels[at] = labels[rng.permutation(at)]
    shuffled = replace(train, ids=ids, labels=labels)
    return TaskData(
        data.task, data.lang, data.labels, shuffled, data.validation, f"{data.source}, shuffled"
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


def collate(data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
            mask_seed: int | None = None) -> Batch:  # fmt: skip
    """Pad the examples of `index` to one batch; with `mask_seed` mask tokens for MLM."""
    starts, lengths = data.offsets[index], data.lengths[index]
    longest = max(1, int(lengths.max()))
    inside = np.arange(longest)[None, :] < lengths[:, None]  # (B, T)
    flat = (starts[:, None] + np.arange(longest)[None, :])[inside]

    def pad(values: np.ndarray, filler: int) -> np.ndarray:
        out = np.full(inside.shape, filler, np.int64)
        out[inside] = values[flat]
        return out

    ids = pad(data.ids, _pad_id(tokenizer))
    shown = inside.astype(np.int64)
    shown[:, 0] = 1  # of a sentence without a token the padding: attention over nothing is NaN
    inputs = {"attention_mask": torch.from_numpy(shown)}
    if "token_type_ids" in tokenizer.model_input_names:
        inputs["token_type_ids"] = torch.from_numpy(pad(data.segments, 0))
    picked = None
    if mask_seed is not None:
        maskable = np.flatnonzero(pad(data.special, 1).ravel() == 0)
        picked, targets = _mask_tokens(ids.reshape(-1), maskable, tokenizer, mask_seed)
    elif data.labels is None:
        targets = np.zeros(0)
    elif not data.gold:  # one label an example
        targets = data.labels[index]
    else:
        targets = pad(data.labels, IGNORE)
    inputs["input_ids"] = torch.from_numpy(ids)
    return Batch(
        inputs,
        torch.from_numpy(targets.astype(np.int64)),
        None if picked is None else torch.from_numpy(picked),
    )


def _mask_tokens(ids: np.ndarray, maskable: np.ndarray, tokenizer: PreTrainedTokenizerBase,
                 seed: int) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """BERT's 80/10/10 masking of 15 % of `maskable`, in place; returns positions and targets."""
    rng = np.random.default_rng(seed)
    count = min(len(maskable), max(1, round(MASK_RATE * len(maskable))))
    picked = np.sort(rng.choice(maskable, count, replace=False))
    targets = ids[picked].copy()
    fate = rng.random(count)
    shown = np.where(fate < 0.8, tokenizer.mask_token_id, rng.integers(len(tokenizer), size=count))
    ids[picked] = np.where(fate < 0.9, shown, targets)
    return picked, targets


def _pad_id(tokenizer: PreTrainedTokenizerBase) -> int:
    pad = tokenizer.pad_token_id
    return int(pad if pad is not None else tokenizer.eos_token_id)
