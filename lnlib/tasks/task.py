"""What a task is: everything a training, a score or a table asks of it.

One file a task (`mlm`, `ner`, `nli`) fills these fields; nothing outside asks a task's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lnlib.base import seeds
from lnlib.base.errors import UserError
from lnlib.base.hashes import short
from lnlib.corpora.loading import Corpus
from lnlib.tasks.examples import IGNORE, Batch, Encoded

if TYPE_CHECKING:
    import torch
    from torch import nn
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Task:
    """One task. Scores are in points (0 to 100), or what `unit` says."""

    name: str  # as tables and paths have it
    title: str  # as a reader has it
    metric: str  # as tables have it
    unit: str  # as figures have it
    higher_is_better: bool
    head: str  # the transformers Auto class that carries it
    # (examples, tokenizer, tokens at most, examples at most): a split as flat arrays.
    encode: Callable[[Iterable[dict], PreTrainedTokenizerBase, int, int], Encoded]
    # (split, numbers of examples, tokenizer, seed): a padded batch; a seed for what is drawn in it.
    collate: Callable[[Encoded, np.ndarray, PreTrainedTokenizerBase, int], Batch]
    # (model, batch): the mean loss in nats, and the logits that `read` takes.
    loss: Callable[[nn.Module, Batch], tuple[torch.Tensor, torch.Tensor]]
    # (logits, batch): what the model says, one entry an example of the batch.
    read: Callable[[torch.Tensor, Batch], list[Any]]
    # (split, names of labels, what `read` gave for each example, mean loss in nats): the score.
    score: Callable[[Encoded, Sequence[str], list[Any], float], float]
    # (split, rng): the same inputs, and what they mean broken.
    shuffle: Callable[[Encoded, np.random.Generator], Encoded]
    pretrained_head: bool = False  # whether the head is the checkpoint's, and not drawn
    chance: float | None = None  # what guessing scores, where a model may be no better
    # What needs no model scores on a split, where that depends on the split.
    floor: Callable[[Encoded], float] | None = None
    data_of: str = ""  # the task whose examples it has, where that is another
    # The bare encoder under a head of our own, where transformers has none; `head` is then "".
    build: Callable[[nn.Module], nn.Module] | None = None

    @property
    def corpus(self) -> str:
        """The task whose examples it has, by name: most often its own."""
        return self.data_of or self.name

    @property
    def sign(self) -> int:
        """+1 where a higher score is better, else -1."""
        return 1 if self.higher_is_better else -1

    @property
    def module(self) -> str:
        """The module below `lnlib` that says what its score is."""
        return self.score.__module__.removeprefix("lnlib.")

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Score:
    """A model's score on validation data: `value` in the unit of `metric`, `loss` in nats."""

    metric: str
    value: float
    loss: float
    n: int  # examples scored
    lost_words: int = 0  # words cut off by the length limit; NER counts them as predicted "O"


@dataclass(frozen=True)
class TaskData:
    """One task in one language, encoded for one tokenizer."""

    task: Task
    lang: str
    labels: tuple[str, ...]
    train: Encoded
    validation: Encoded
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over both splits: what a model gets to see and is scored by."""
        return short(self.train.fingerprint, self.validation.fingerprint, self.validation.unseen)


def encode(task: Task, corpus: Corpus, tokenizer: PreTrainedTokenizerBase, max_tokens: int,
           examples: tuple[int, int]) -> TaskData:  # fmt: skip
    """Both splits of a corpus, cut at `max_tokens` and at so many examples (train, validation).

    Raises UserError where a split is empty or has no word.
    """
    splits = {}
    for split, most in zip(("train", "validation"), examples, strict=True):
        made = task.encode(getattr(corpus, split), tokenizer, max_tokens, most)
        if len(made) == 0:
            raise UserError(f"{corpus.source}: no {split} examples for {corpus.lang!r}")
        if made.labels is not None and (made.labels == IGNORE).all():
            raise UserError(
                f"{corpus.source}: no {split} example for {corpus.lang!r} has a word piece"
            )
        splits[split] = made
    return TaskData(task, corpus.lang, corpus.labels, source=corpus.source, **splits)


def shuffled(data: TaskData, seed: int) -> TaskData:
    """The control that keeps the inputs and breaks what they mean (training split only)."""
    rng = np.random.default_rng(seeds.derive(seed, "shuffled", data.task.name, data.lang))
    train = data.task.shuffle(data.train, rng)
    return replace(data, train=train, source=f"{data.source}, shuffled")
