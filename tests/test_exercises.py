"""The exercises' checks: the right answer passes, and a likely mistake gets its own hint."""

from pathlib import Path

import numpy as np
import pytest

from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.reading import exercises

ROOT = Path(__file__).resolve().parents[1]


def jaccard_of_random_masks(p, q):
    return 1 / (1 / p + 1 / q - 1)


def globally(matrices, share, size=np.abs, flip=False):
    flat = np.sort(np.concatenate([size(m).ravel() for m in matrices]))
    limit = flat[round(share * flat.size)]
    return [(size(m) >= limit) ^ flip for m in matrices]


def rounds(masks):
    return [next((r for r, kept in enumerate(w, 1) if not kept), 0) for w in masks.T]


def comparison(a, b):
    names = {"random": 2, "magnitude": 3, "shuffled": 4}
    if b["method"] in names:
        return nulls.COMPARISONS[names[b["method"]]]
    lang = "same" if a["lang"] == b["lang"] else "other"
    return f"{lang} language, {'same' if a['seed'] == b['seed'] else 'other'} seed"


def gain(ticket, random, metric):
    return (ticket - random) * (-1 if metric == "perplexity" else 1)


# The check, the right answer, and two wrong ones, each with a word of its hint
CASES = {
    "overlap_by_chance": (
        jaccard_of_random_masks,
        (lambda p, q: p * q, "all weights"),
        (lambda p, q: p * q / (p + q), "twice"),
    ),
    "one_threshold": (
        globally,
        (lambda ms, share: [globally([m], share)[0] for m in ms], "threshold of its own"),
        (lambda ms, share: globally(ms, share, size=lambda m: m), "Magnitude has no sign"),
        (lambda ms, share: globally(ms, share, flip=True), "what stays"),
    ),
    "one_number": (
        rounds,
        (lambda masks: masks.sum(axis=0), "counts the masks"),
        (lambda masks: masks.sum(axis=0) + 1, "gets 0"),
    ),
    "rewind": (
        lambda weights: {name: array.copy() for name, array in weights.items()},
        (lambda weights: weights, "same dict"),
        (dict, "Copy each array"),
    ),
    "comparison": (
        comparison,
        (lambda a, b: comparison(a, {**b, "method": "ticket"}), "control is a comparison"),
        (lambda a, b: comparison(a, {**b, "seed": 1}), "seed too"),
    ),
    "gain_over_random": (
        gain,
        (lambda a, b, metric: a - b, "lower"),
        (lambda a, b, metric: -gain(a, b, metric), "turned round"),
    ),
}


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("name", CASES)
def test_the_right_answer_is_right_on_other_inputs_too(name, seed):
    verdict = getattr(exercises, name)(CASES[name][0], seed)
    assert verdict, verdict


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [(name, *wrong) for name, all_ in CASES.items() for wrong in all_[1:]],
)
def test_a_likely_mistake_gets_its_own_hint(name, wrong, hint):
    verdict = getattr(exercises, name)(wrong)
    assert not verdict and hint in repr(verdict)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_that_is_missing_or_stops_is_said_to_be(name):
    def stops(*_):
        raise KeyError("x")

    assert "KeyError" in repr(getattr(exercises, name)(stops))
    assert not getattr(exercises, name)(lambda *_: None)
    assert not getattr(exercises, name)(lambda *_: "7")


def test_the_notebook_asks_what_is_checked():
    text = (ROOT / "notebooks" / "exercises.py").read_text(encoding="utf-8")
    assert all(f"exercises.{name}(" in text for name in CASES)
