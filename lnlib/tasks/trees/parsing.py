"""Dependency parsing: labelled and unlabelled attachment (LAS, UAS) over syntactic words.

Every word counts, punctuation too, and relations are compared without what a language adds behind
the colon: so does the evaluation of the CoNLL 2018 shared task, which papers on Universal
Dependencies use. A word that was cut off, or has no word piece, has no head and counts as wrong;
gold heads that were cut off are not learnt.

A word's label is one number for its head h and its relation r, h * 37 + r. In `Encoded.gold` heads
count all words of a sentence, from 1, 0 above the root; in `Encoded.labels` only those that have a
piece, and `LOST` stands where the head has none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lnlib.base.errors import UserError
from lnlib.corpora.treebanks import RELATIONS, UPOS
from lnlib.tasks.examples import IGNORE, Batch, Encoded
from lnlib.tasks.task import Task
from lnlib.tasks.words import collate_words, encode_words, tags_of

if TYPE_CHECKING:  # a page that names the task needs none of them
    import torch
    from torch import nn
    from transformers import PreTrainedTokenizerBase

LABELS = RELATIONS
LOST = -1
_R = len(RELATIONS)


def encode(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
           limit: int) -> Encoded:  # fmt: skip
    """Words ("tokens") with their "head" and "deprel" (numbers in RELATIONS)."""
    some = [
        {"tokens": e["tokens"], "arcs": (_R * np.array(e["head"]) + e["deprel"]).tolist()}
        for e in islice(examples, limit)
    ]
    made = encode_words(some, tokenizer, max_tokens, limit, "arcs")
    if made.labels is None:
        return made
    labels = made.labels.copy()
    at = iter(np.flatnonzero(labels != IGNORE))
    for seen in made.seen:
        columns = {0: 0, **{word + 1: column + 1 for column, word in enumerate(seen)}}
        for place in (next(at) for _ in seen):
            head, relation = divmod(int(labels[place]), _R)
            labels[place] = columns[head] * _R + relation if head in columns else LOST
    return replace(made, labels=labels)


def loss(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (nats) of heads plus that of the relations to the gold heads.

    Beside it the log-probabilities of labels, (B, W, W + 1, R) by head and relation; in training,
    where nobody reads them, those of heads alone.
    """
    from lnlib.base.device import autocast
    from lnlib.tasks.trees.biaffine import Parser

    assert isinstance(model, Parser)
    device = next(model.parameters()).device
    inputs = {name: values.to(device, non_blocking=True) for name, values in batch.inputs.items()}
    firsts, there, codes = columns_of(batch.labels.to(device))
    learnt = codes >= 0
    heads, relations = (part.clamp(min=0)[..., None] for part in (codes // _R, codes % _R))
    with autocast(device):
        words = model.words(inputs, firsts)
        arcs = model.head.arcs(words, there)
        labels = model.head.relations(words, heads[..., 0])
        told = arcs if model.training else arcs[..., None] + model.head.relations(words)
    gold = (arcs.gather(-1, heads) + labels.gather(-1, relations))[..., 0]
    return -gold[learnt].sum() / max(1, int(learnt.sum())), told


def columns_of(labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Words in columns, from labels (B, T): positions of first pieces (B, W), which of them are,
    and their labels; IGNORE where there is no word."""
    import torch

    marked = labels != IGNORE
    counts = marked.sum(1, keepdim=True)
    width = max(1, int(counts.max()))
    firsts = torch.argsort((~marked).int(), dim=1, stable=True)[:, :width]  # marked ones in order
    there = torch.arange(width, device=labels.device) < counts
    return firsts, there, labels.gather(1, firsts).masked_fill(~there, IGNORE)


def read(logits: torch.Tensor, batch: Batch) -> list[list[int]]:
    """The best tree of each sentence, as labels: of every word that has a piece, in order.

    The tree is the best by its heads; each arc then has its best relation.
    """
    from lnlib.tasks.trees.biaffine import best_tree

    arcs = logits.detach().logsumexp(-1).double().cpu().numpy()
    best = logits.argmax(-1).cpu().numpy()  # (B, W, W + 1): the relation to every head
    out = []
    for row, count in enumerate((batch.labels != IGNORE).sum(1).tolist()):
        heads = best_tree(arcs[row, :count, : count + 1])
        out.append((heads * _R + best[row, np.arange(count), heads]).tolist())
    return out


@dataclass(frozen=True)
class Attachment:
    """Words with the right head, and with the right head and relation, in % of n words."""

    uas: float
    las: float
    n: int


def attachment(
    data: Encoded, predicted: Sequence[Sequence[int]], keep: Sequence[Sequence[bool]] | None = None
) -> Attachment:
    """UAS and LAS of what `read` gave, over all words or those of `keep` (see `no_punctuation`)."""
    whole = [
        [_in_sentence(code, seen) for code in codes]
        for codes, seen in zip(predicted, data.seen, strict=True)
    ]
    said = tags_of(data, whole, missing=LOST)
    keep = keep or [[True] * len(gold) for gold in data.gold]
    rows = [
        (code // _R == own // _R, code == own)
        for codes, gold, counts in zip(said, data.gold, keep, strict=True)
        for code, own, count in zip(codes, gold, counts, strict=True)
        if count
    ]
    if not rows:
        raise UserError("no word to score: expected sentences with words other than punctuation")
    uas, las = (100.0 * sum(column) / len(rows) for column in zip(*rows, strict=True))
    return Attachment(uas, las, len(rows))


def _in_sentence(code: int, seen: Sequence[int]) -> int:
    """A label whose head counts words with a piece, as one whose head counts all words."""
    head, relation = divmod(code, _R)
    return (seen[head - 1] + 1 if head else 0) * _R + relation


def no_punctuation(examples: Iterable[dict]) -> list[list[bool]]:
    """Which words of examples are no punctuation, by "upos": for scores that leave it out."""
    punctuation = UPOS.index("PUNCT")
    return [[tag != punctuation for tag in example["upos"]] for example in examples]


def floor(data: Encoded) -> Attachment:
    """What needs no model: the better of all heads to the left and all to the right, with the
    commonest relation."""
    commonest = Counter(c % _R for gold in data.gold for c in gold).most_common(1)[0][0]
    every = replace(data, seen=[list(range(len(gold))) for gold in data.gold])
    tried = []
    for step in (0, 2):  # word w (from 0) has its neighbour w or w + 2 (from 1); past the end: 0
        said = [
            [(word + step) % (len(gold) + 1) * _R + commonest for word in range(len(gold))]
            for gold in data.gold
        ]
        tried.append(attachment(every, said))
    return max(tried, key=lambda found: found.uas)


def _score(data: Encoded, _labels: Sequence[str], predicted: list, _loss: float) -> float:
    return attachment(data, predicted).las


def _floor(data: Encoded) -> float:
    return floor(data).las


def shuffle(train: Encoded, rng: np.random.Generator) -> Encoded:
    """Every word's head drawn from the others of its sentence and the root; relations stay."""
    assert train.labels is not None
    labels = train.labels.copy()
    at = iter(np.flatnonzero(labels != IGNORE))
    for seen in train.seen:
        places, own = [next(at) for _ in seen], np.arange(len(seen)) + 1
        heads = rng.integers(len(seen), size=len(seen)) if seen else own
        heads += heads >= own  # one place on from itself
        known = labels[places] != LOST
        labels[places] = np.where(known, heads * _R + labels[places] % _R, LOST)
    return replace(train, labels=labels)


def _build(encoder: nn.Module) -> nn.Module:
    from lnlib.tasks.trees.biaffine import Parser

    return Parser(encoder)


PARSING = Task(
    "parsing", "dependency parsing", "las", "LAS", True, "", encode, collate_words, loss, read,
    _score, shuffle, floor=_floor, build=_build,
)  # fmt: skip
