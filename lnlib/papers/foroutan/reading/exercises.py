"""Checks of the reader's answers in `notebooks/exercises.ipynb`.

Each takes the reader's function, calls it on random inputs of its own and works out what it should
have given. An answer that is wrong gets the hint for the mistake that gives the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lnlib.base import seeds
from lnlib.masks.overlap import expected_jaccard
from lnlib.masks.smallest import fallen
from lnlib.papers.foroutan.analysis import nulls

Mistakes = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and what to say of it; true where it is right."""

    right: bool
    said: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return ("Right. " if self.right else "Not yet. ") + self.said


def _judge(answer: Callable[..., Any], cases: Sequence[tuple[Any, ...]], truth: Callable[..., Any],
           mistakes: Mistakes, lesson: str) -> Verdict:  # fmt: skip
    """Compare an answer with the truth on all cases, then with each mistake, a hint to each."""
    found = []
    for case in cases:
        try:
            found.append(answer(*case))
        except Exception as error:  # whatever the reader's code does, the notebook goes on
            return Verdict(False, f"Your function stopped: {type(error).__name__}: {error}")
        if found[-1] is None or found[-1] is ...:
            return Verdict(False, "Your function gives nothing back so far.")
    if all(_same(given, truth(*case)) for given, case in zip(found, cases, strict=True)):
        return Verdict(True, lesson)
    for hint, mistake in mistakes.items():
        if all(_same(given, mistake(*case)) for given, case in zip(found, cases, strict=True)):
            return Verdict(False, hint)
    case, given = next((c, g) for c, g in zip(cases, found, strict=True) if not _same(g, truth(*c)))
    wanted = _short(truth(*case))
    return Verdict(False, f"For {_short(case)} it should be {wanted}, and is {_short(given)}.")


def _same(given: Any, wanted: Any) -> bool:
    """Equal in kind and shape, and in value to a billionth."""
    if isinstance(wanted, str):
        return bool(isinstance(given, str) and given == wanted)
    if isinstance(wanted, list):
        alike = isinstance(given, list | tuple) and len(given) == len(wanted)
        return alike and all(map(_same, given, wanted))
    try:
        given = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return False
    return given.shape == np.shape(wanted) and np.allclose(given, wanted, rtol=1e-9, atol=1e-9)


def _short(value: Any) -> str:
    return text if len(text := repr(value)) < 200 else f"{text[:200]} ..."


def _random(seed: int, exercise: str) -> np.random.Generator:
    return np.random.default_rng(seeds.derive(seed, "exercise", exercise))


def overlap_by_chance(answer: Callable[[float, float], float], seed: int = 0) -> Verdict:
    """`answer(p, q)`: the Jaccard index to expect of independent masks of densities p and q."""
    cases = [(float(p), float(q)) for p, q in _random(seed, "chance").uniform(0.1, 0.9, (20, 2))]
    return _judge(answer, cases, expected_jaccard, {
        "That is the share of all weights that both keep. Jaccard asks for their share among those "
        "that either keeps.": lambda p, q: p * q,
        "Weights that both keep stand twice in p + q: take them off once.":
            lambda p, q: p * q / (p + q),
        "That is what either keeps; what both keep belongs above it.": lambda p, q: p + q - p * q,
    }, "Two halves share a third by chance alone: the first of all comparisons.")  # fmt: skip


def _kept(scores: list[np.ndarray], share: float) -> list[np.ndarray]:
    """The global mask, of scores that are pruned from the smallest."""
    count = round(share * sum(part.size for part in scores))
    falls = fallen(scores, [np.ones(part.shape, bool) for part in scores], count)
    return [~out.reshape(part.shape) for out, part in zip(falls, scores, strict=True)]


def one_threshold(answer: Callable[..., Any], seed: int = 0) -> Verdict:
    """`answer(matrices, share)`: bool masks, True where kept, of one threshold for all matrices.

    The matrices differ in size and in spread, so that one threshold and one for each are not alike.
    """
    rng = _random(seed, "threshold")
    cases = [
        ([rng.normal(0, spread, (4, size)) for spread, size in ((1, 10), (0.2, 5), (3, 5))], share)
        for share in (0.25, 0.5, 0.75)
    ]
    return _judge(answer, cases, lambda matrices, share: _kept([*map(np.abs, matrices)], share), {
        "Each matrix has lost the same share, so each had a threshold of its own. Find one for all "
        "of them together.":
            lambda matrices, share: [_kept([np.abs(m)], share)[0] for m in matrices],
        "The smallest values went, that is the most negative ones. Magnitude has no sign.": _kept,
        "True marks what you prune. A mask says what stays.":
            lambda matrices, share: [~m for m in _kept([*map(np.abs, matrices)], share)],
    }, "So matrices with larger weights keep more of them, and that alone makes masks alike: the "
       "second comparison.")  # fmt: skip


def one_number(answer: Callable[[np.ndarray], Any], seed: int = 0) -> Verdict:
    """`answer(masks)`: for (R, W) nested bool masks the round, from 1, that pruned; 0 for never."""
    rng = _random(seed, "number")
    rounds = [rng.integers(0, 6, 30) for _ in range(5)]
    cases = [(np.array([(r == 0) | (r > at) for at in range(1, 6)]),) for r in rounds]

    def truth(masks: np.ndarray) -> np.ndarray:
        return np.where(masks[-1], 0, masks.sum(axis=0) + 1)

    return _judge(answer, cases, truth, {
        "That counts the masks in which a weight is kept: one less than the round that prunes it, "
        "and all of them for a weight that is never pruned.": lambda masks: masks.sum(axis=0),
        "A weight that is never pruned has no round: it gets 0.":
            lambda masks: masks.sum(axis=0) + 1,
        "Rounds count from 1, since 0 is for a weight that is never pruned.":
            lambda masks: np.where(masks[-1], 0, masks.sum(axis=0)),
    }, "Nested masks need one small number a weight, however many they are.")  # fmt: skip


def rewind(remember: Callable[[dict[str, np.ndarray]], Any], seed: int = 0) -> Verdict:
    """`remember(weights)`: what to keep of the pre-trained weights before training starts.

    Training changes arrays in place, as optimizers do.
    """
    rng = _random(seed, "rewind")
    weights = {name: rng.normal(size=5) for name in ("query", "key")}
    before = {name: array.copy() for name, array in weights.items()}
    try:
        kept = remember(weights)
    except Exception as error:
        return Verdict(False, f"Your function stopped: {type(error).__name__}: {error}")
    if not isinstance(kept, Mapping) or set(kept) != set(before):
        return Verdict(False, "Give back a dict with the same names and an array to each.")
    if not all(_same(kept[name], before[name]) for name in before):
        return Verdict(False, "What you keep is not what the weights were.")
    for array in weights.values():
        array -= 0.1 * rng.normal(size=5)
    if all(_same(kept[name], before[name]) for name in before):
        return Verdict(True, "Later rounds start from the pre-trained weights, as they should.")
    if kept is weights:
        return Verdict(False, "You keep the same dict, and training has changed what is in it.")
    return Verdict(False, "The dict is new, but training has changed its arrays. Copy each array.")


_NAMES = {  # the names for what `nulls.kind` finds
    "random": "random mask",
    "magnitude": "one-shot magnitude",
    "shuffled": "shuffled labels",
    "other language and seed": "other language, other seed",
    "other seed": "same language, other seed",
    "other language": "other language, same seed",
}


def comparison(answer: Callable[[dict[str, Any], dict[str, Any]], str], seed: int = 0) -> Verdict:
    """`answer(a, b)`: which of `nulls.COMPARISONS` fits a ticket `a` and a mask `b`.

    Both are of one task, and dicts of method ("ticket" or a control), lang and seed.
    """
    masks = [
        {"method": method, "lang": lang, "seed": number}
        for method in ("ticket", "random", "magnitude", "shuffled")
        for lang in ("ur", "en")
        for number in (0, 1)
        if method != "shuffled" or lang == "ur"  # of another language it would be no comparison
    ]
    order = _random(seed, "comparison").permutation(len(masks) - 1) + 1
    cases = [(masks[0], masks[place]) for place in order]

    def truth(a: dict[str, Any], b: dict[str, Any]) -> str:
        both = {f"{key}_{side}": mask[key] for side, mask in (("a", a), ("b", b)) for key in mask}
        row = pd.DataFrame([{**both, "task_a": "ner", "task_b": "ner"}])
        return _NAMES[nulls.kind(row)[0]]

    def in_words(a: dict[str, Any], b: dict[str, Any], seeds_too: bool = True) -> str:
        lang = "same" if a["lang"] == b["lang"] else "other"
        number = "same" if seeds_too and a["seed"] == b["seed"] else "other"
        return f"{lang} language, {number} seed"

    return _judge(answer, cases, truth, {
        "A control is a comparison of its own, whatever its seed.": in_words,
        "Look at the seed too: two searches of one seed start from the same head.":
            lambda a, b: truth(a, b) if b["method"] != "ticket" else in_words(a, b, False),
    }, "Another seed of the same language is the ceiling of the others.")  # fmt: skip


def gain_over_random(answer: Callable[[float, float, str], float], seed: int = 0) -> Verdict:
    """`answer(ticket, random, metric)`: how much better the ticket is, for "F1" or "perplexity"."""
    rng = _random(seed, "gain")
    cases = [
        (float(a), float(b), metric)
        for metric in ("F1", "perplexity")
        for a, b in rng.uniform(5, 95, (5, 2))
    ]
    return _judge(answer, cases, lambda a, b, metric: a - b if metric == "F1" else b - a, {
        "For F1 it is right. Perplexity is better when it is lower: turn its sign.":
            lambda a, b, metric: a - b,
        "All signs are turned round: a gain is above 0 where the ticket is better.":
            lambda a, b, metric: b - a if metric == "F1" else a - b,
        "For perplexity it is right. F1 is better when it is higher.": lambda a, b, metric: b - a,
    }, "With one sign for better, a table of three tasks can be read down a column.")  # fmt: skip
