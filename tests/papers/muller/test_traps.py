"""What the page of traps shows live, on random states and a random encoder."""

import numpy as np
import pytest

from lnlib.papers.muller.analysis import traps
from lnlib.papers.muller.analysis.traps import SHUFFLED, TRUE


@pytest.fixture(scope="module")
def few():
    """Translations that share half of their variance, in 64 dimensions; five draws each."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(400, 64))
    x, y = (shared + rng.normal(size=shared.shape) for _ in range(2))
    found = traps.by_sentences(x, y, (25, 200))
    assert len(found) == 2 * 5 * 3 * 2
    return found.groupby(["kind", "pairs", "n"])["value"].mean()


def test_biased_kinds_read_similarity_into_unrelated_pairs_of_few_sentences(few):
    """25 sentences in 64 dimensions are nearly at right angles to each other on both sides, so
    their kernels are alike; of 200 less so."""
    for kind in ("linear", "rbf"):
        assert few[kind, SHUFFLED, 25] > 0.4 > few[kind, SHUFFLED, 200]


def test_the_debiased_kind_does_not(few):
    """Its standard error with 25 pairs is some 0.05; a mean of five draws is within 0.15 of 0."""
    assert abs(few["linear_debiased", SHUFFLED, 25]) < 0.15
    assert abs(few["linear_debiased", TRUE, 25] - few["linear_debiased", TRUE, 200]) < 0.15


def test_starts_have_the_sizes_that_they_are_named_for(bert):
    found = traps.values_of_starts(bert.bare())
    assert found.loc["shuffled"].equals(found.loc["pre-trained"])
    assert found.loc["bert", "bias"] == 0 < found.loc["constructor", "bias"]
    width = bert.skeleton.config.hidden_size  # uniform: nothing beyond 1 / sqrt(fan in)
    assert 0.9 * width**-0.5 < found.loc["constructor", "largest"] <= width**-0.5


def test_special_tokens_that_are_written_are_there_twice_and_one_of_each_stays(bert):
    cls, sep = bert.tokenizer.cls_token, bert.tokenizer.sep_token
    pieces, left = traps.pieces_twice("Karachi", bert.tokenizer)
    assert pieces[:2] == [cls, cls] and pieces[-2:] == [sep, sep]
    assert left == pieces[1:-1] and left[0] == cls and left[-1] == sep
