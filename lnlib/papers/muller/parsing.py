"""Dependency parsing: unlabelled and labelled attachment (UAS, LAS) over syntactic words.

Every word counts, punctuation too, and relations are compared without what a language adds behind
the colon: so does the evaluation of the CoNLL 2018 shared task, which papers on Universal
Dependencies use. `score(..., punctuation=False)` leaves words tagged PUNCT out. A word that was cut
off, or has no word piece, has no head and counts as wrong; gold heads that were cut off are not
learnt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base.errors import UserError
from lnlib.base.seeds import derive
from lnlib.corpora.treebanks import RELATIONS, Sentence
from lnlib.encoders import Encoder
from lnlib.masks.matrices import encoder_of
from lnlib.papers.muller import pos
from lnlib.papers.muller.biaffine import Parser, best_tree
from lnlib.tasks.examples import IGNORE, Encoded, collate

METRICS = ("uas", "las")  # points


@dataclass(frozen=True)
class TreeData:
    """N sentences encoded for one tokenizer, with their trees."""

    encoded: Encoded  # its labels mark first pieces
    sentences: Sequence[Sentence]

    def __len__(self) -> int:
        return len(self.sentences)


@dataclass(frozen=True)
class TreeBatch:
    """B sentences, padded to T tokens and W words that have a piece; tensors on the CPU."""

    inputs: dict[str, torch.Tensor]
    firsts: torch.Tensor  # (B, W): the position of each word's first piece
    there: torch.Tensor  # (B, W) bool: a word, not padding
    heads: torch.Tensor  # (B, W): 0 the root, w + 1 the word in column w; IGNORE where it is lost
    relations: torch.Tensor  # (B, W): of those with a head; else IGNORE


@dataclass(frozen=True)
class Parse:
    """What was read for the N words of a sentence: heads from 1, 0 above the root; None: lost."""

    heads: list[int | None]
    relations: list[str | None]


@dataclass(frozen=True)
class Attachment:
    """Words with the right head, and with the right head and relation, in % of all."""

    uas: float
    las: float
    n: int  # words that count


def encode(
    sentences: Sequence[Sentence], tokenizer: PreTrainedTokenizerBase, max_tokens: int
) -> TreeData:
    """Sentences as arrays, cut at `max_tokens`.

    Raises UserError where there is no sentence, or one has no tree.
    """
    bare = next((s.id for s in sentences if not s.heads), None)
    if bare is not None:
        raise UserError(f"sentence {bare!r} has no tree: parsing needs a treebank with heads")
    return TreeData(pos.encode(sentences, tokenizer, max_tokens), sentences)


def model(encoder: Encoder, seed: int = 0) -> Parser:
    """The pre-trained weights under a biaffine head drawn from the seed, in float32."""
    bare = encoder_of(encoder.model("mlm"))
    torch.manual_seed(derive(seed, "head", "parsing"))
    return Parser(bare).eval()


def batch(data: TreeData, index: np.ndarray, tokenizer: PreTrainedTokenizerBase) -> TreeBatch:
    """Pad the sentences of `index` to one batch."""
    tokens = collate(data.encoded, index, tokenizer)
    seen = [data.encoded.seen[i] for i in index]
    shape = len(index), max(1, *map(len, seen))
    firsts, heads = np.zeros(shape, np.int64), np.full(shape, IGNORE)
    relations, there = np.full(shape, IGNORE), np.zeros(shape, bool)
    for row, (example, words) in enumerate(zip(index, seen, strict=True)):
        sentence = data.sentences[example]
        columns = {0: 0, **{word + 1: column + 1 for column, word in enumerate(words)}}
        firsts[row, : len(words)] = np.flatnonzero(tokens.labels[row] != IGNORE)
        there[row, : len(words)] = True
        for column, word in enumerate(words):
            if sentence.heads[word] in columns:
                heads[row, column] = columns[sentence.heads[word]]
                relations[row, column] = RELATIONS.index(sentence.relations[word])
    parts = (torch.from_numpy(part) for part in (firsts, there, heads, relations))
    return TreeBatch(tokens.inputs, *parts)


def loss(parser: Parser, given: TreeBatch) -> torch.Tensor:
    """Mean cross-entropy (nats) of heads plus that of the relations to the gold heads."""
    words, there = _words(parser, given)
    heads, relations = (part.to(words.device) for part in (given.heads, given.relations))
    arcs = parser.head.arcs(words, there)
    labels = parser.head.labels(words, heads.clamp(min=0))
    of_heads, of_relations = (
        nn.functional.cross_entropy(scores.flatten(0, 1), gold.flatten(), ignore_index=IGNORE)
        for scores, gold in ((arcs, heads), (labels, relations))
    )
    return of_heads + of_relations


@torch.no_grad()
def read(parser: Parser, data: TreeData, index: np.ndarray, given: TreeBatch) -> list[Parse]:
    """The best tree of each sentence of a batch, and the best relation for each of its arcs."""
    words, there = _words(parser, given)
    arcs = parser.head.arcs(words, there).log_softmax(-1).double().cpu().numpy()
    counts = given.there.sum(1).tolist()
    heads = torch.zeros_like(given.heads)
    for row, count in enumerate(counts):
        if count:
            heads[row, :count] = torch.from_numpy(best_tree(arcs[row, :count, : count + 1]))
    labels = parser.head.labels(words, heads.to(words.device)).argmax(-1).cpu()
    out = []
    for row, example in enumerate(index):
        seen = data.encoded.seen[example]
        numbers = [0, *(word + 1 for word in seen)]  # a column's head in the whole sentence
        lost: list[None] = [None] * len(data.sentences[example].words)
        found = Parse([*lost], [*lost])
        for column, word in enumerate(seen):
            found.heads[word] = numbers[int(heads[row, column])]
            found.relations[word] = RELATIONS[int(labels[row, column])]
        out.append(found)
    return out


def score(
    sentences: Sequence[Sentence], parses: Sequence[Parse], punctuation: bool = True
) -> Attachment:
    """UAS and LAS over all words, or over those that are no punctuation.

    Raises UserError for parses of other sentences, and where no word counts.
    """
    sizes = [len(sentence.words) for sentence in sentences]
    if sizes != [len(parse.heads) for parse in parses]:
        raise UserError("the parses are not of the sentences that are scored")
    rows = [
        (head == gold, head == gold and relation == name)
        for sentence, parse in zip(sentences, parses, strict=True)
        for tag, gold, name, head, relation in zip(
            sentence.tags, sentence.heads, sentence.relations, parse.heads, parse.relations,
            strict=True,
        )
        if punctuation or tag != "PUNCT"
    ]  # fmt: skip
    if not rows:
        raise UserError("no word to score: expected sentences with words other than punctuation")
    uas, las = (100.0 * sum(column) / len(rows) for column in zip(*rows, strict=True))
    return Attachment(uas, las, len(rows))


def floor(sentences: Sequence[Sentence], punctuation: bool = True) -> Attachment:
    """What needs no model: the better of all heads to the left and all to the right, with the
    commonest relation."""
    names = Counter(name for sentence in sentences for name in sentence.relations)
    commonest = names.most_common(1)[0][0]
    tried = []
    for step in (0, 2):  # word w (from 0) has its neighbour w or w + 2 (from 1); past the end: 0
        parses = [
            Parse(
                [(word + step) % (len(s.words) + 1) for word in range(len(s.words))],
                [commonest] * len(s.words),
            )
            for s in sentences
        ]
        tried.append(score(sentences, parses, punctuation))
    return max(tried, key=lambda found: found.uas)


def _words(parser: Parser, given: TreeBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """States of words and which of them are, on the parser's device."""
    device = parser.head.root.device
    inputs = {name: values.to(device) for name, values in given.inputs.items()}
    return parser.words(inputs, given.firsts.to(device)), given.there.to(device)
