"""The three tasks: what is predicted, with which head, and how it is scored.

F1 and accuracy are in points (0 to 100) as in the paper's tables; perplexity is the exponential of
the mean cross-entropy in nats at the masked positions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lnlib.base.errors import choose


@dataclass(frozen=True)
class Task:
    """One task: its `head` is the transformers Auto class that carries it."""

    name: str
    title: str
    head: str
    metric: str
    higher_is_better: bool


TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        Task("mlm", "masked language modelling", "AutoModelForMaskedLM", "perplexity", False),
        Task("ner", "named-entity recognition", "AutoModelForTokenClassification", "f1", True),
        Task("xnli", "natural-language inference", "AutoModelForSequenceClassification",
             "accuracy", True),
    )
}  # fmt: skip


def get_task(name: str) -> Task:
    """The task of that name; UserError names the nearest for another."""
    return TASKS[choose(name, TASKS, "task")]


@dataclass(frozen=True)
class Score:
    """A model's score on validation data: `value` in the unit of `metric`, `loss` in nats."""

    metric: str
    value: float
    loss: float
    n: int  # examples scored
    lost_words: int = 0  # words cut off by the length limit; NER counts them as predicted "O"


def perplexity(loss: float) -> float:
    """exp(loss), for a mean cross-entropy in nats over all masked positions."""
    return math.exp(min(loss, 700.0))  # beyond that a float overflows


def f1(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> float:
    """Micro-averaged F1 of entities (points) by seqeval's CoNLL rules, as the paper scores NER."""
    from seqeval.metrics import f1_score

    return 100.0 * float(f1_score(list(gold), list(predicted), zero_division=0))


def accuracy(gold: Sequence[int], predicted: Sequence[int]) -> float:
    """Share of examples predicted right, in points."""
    return 100.0 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)
