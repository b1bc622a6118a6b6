"""Statistics over pairs of languages: known answers, and tests that err as often as they say."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lnlib.base.errors import UserError
from lnlib.languages import LANGUAGES
from lnlib.results import statistics

CODES = list(LANGUAGES)[:8]


def matrix(values, codes=CODES):
    table = pd.DataFrame(values, index=codes, columns=codes, dtype=float)
    return table.mask(np.eye(len(codes), dtype=bool))


def noise(rng, n=8):
    half = np.triu(rng.normal(size=(n, n)), 1)
    return half + half.T


def test_a_square_is_the_mean_of_both_ways_round():
    pairs = pd.DataFrame({"lang": ["ur", "en", "en"], "other": ["en", "ur", "fr"],
                          "jaccard": [0.8, 0.9, 0.5]})  # fmt: skip
    table = statistics.square(pairs, "jaccard")
    assert list(table.index) == ["en", "fr", "ur"]
    assert table.loc["en", "ur"] == table.loc["ur", "en"] == pytest.approx(0.85)
    assert np.isnan(table.loc["fr", "ur"]) and np.isnan(table.loc["en", "en"])


def test_the_language_that_lacks_most_pairs_is_dropped():
    table = matrix(noise(np.random.default_rng(0)))
    table.loc["zh", ["en", "fr"]] = table.loc[["en", "fr"], "zh"] = np.nan
    assert list(statistics.complete(table).index) == [code for code in CODES if code != "zh"]


def test_languages_of_equal_value_are_nearest():
    near = statistics.nearness(pd.Series({"ur": 1.0, "en": 3.5, "fr": 1.0}))
    assert near.loc["ur", "fr"] == 0 and near.loc["en", "ur"] == near.loc["ur", "en"] == -2.5


def test_a_matrix_is_related_to_itself():
    table = matrix(noise(np.random.default_rng(0)))
    relation = statistics.mantel(table, np.exp(table), permutations=999)
    assert relation.r == pytest.approx(1) and relation.languages == 8
    # 1/8! of the orders do as well, so of 999 draws none is expected to
    assert relation.p == pytest.approx(0.001)


def test_unrelated_matrices_are_called_related_as_often_as_p_says():
    rng = np.random.default_rng(0)
    p = [
        statistics.mantel(matrix(noise(rng)), matrix(noise(rng)), permutations=99, seed=i).p
        for i in range(300)
    ]
    # 300 draws at 0.05: the standard error of the share is 0.0126; four of them
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.05)


def test_the_partial_test_takes_out_what_is_given():
    rng = np.random.default_rng(1)
    cause = noise(rng)
    a, b = (matrix(cause + 0.3 * noise(rng)) for _ in range(2))
    assert statistics.mantel(a, b, permutations=999).p < 0.01
    # what is left of a and b is independent noise: p is uniform, and this seed's is no extreme
    assert statistics.mantel(a, b, [matrix(cause)], permutations=999).p > 0.05


@pytest.mark.parametrize("spoil, said", [
    (lambda t: t.iloc[:4, :4], "needs 5"),
    (lambda t: t * 0 + 1, "same value"),
])  # fmt: skip
def test_what_cannot_be_tested_is_refused(spoil, said):
    table = matrix(noise(np.random.default_rng(0)))
    with pytest.raises(UserError, match=said):
        statistics.mantel(spoil(table), table)


def test_an_interval_over_languages_is_wider_than_one_over_pairs():
    # Each language brings its own level, so that pairs are far from independent.
    level = np.random.default_rng(0).normal(size=8)
    table = matrix(level[:, None] + level)
    low, high = statistics.mean_interval(table)
    pairs = table.to_numpy()[np.triu_indices(8, 1)]
    assert low < pairs.mean() < high
    assert high - low > 2 * 1.96 * pairs.std(ddof=1) / np.sqrt(len(pairs))


def masks(langs, seeds):
    return [(code, seed) for code in CODES[:langs] for seed in range(seeds)]


def test_an_interval_over_masks_holds_the_mean_as_often_as_it_says():
    """Pairs whose value is the sum of two masks' effects, languages and seeds alike at random."""
    rng = np.random.default_rng(0)
    own = masks(8, 3)
    pairs = [(a, b) for a in own for b in own if a[0] < b[0]]
    held = 0
    for draw in range(100):
        lang = dict(zip(CODES, rng.normal(size=8), strict=True))
        effect = {mask: lang[mask[0]] + rng.normal() for mask in own}
        values = [effect[a] + effect[b] for a, b in pairs]
        low, high = statistics.pairs_interval(values, pairs, resamples=400, seed=draw)
        held += low <= 0 <= high
    # Percentile intervals of eight languages hold less than 95 %: by Student's t with 7 degrees of
    # freedom and the biased variance about 90 %, whose standard error over 100 draws is 3 points.
    assert 80 <= held <= 99


def test_an_interval_over_masks_needs_three_languages_and_draws_no_control():
    own = masks(2, 3)
    assert statistics.pairs_interval([1.0] * 6, [(mask, None) for mask in own]) == (-np.inf, np.inf)
    own = masks(4, 1)
    values = [0.0, 0.0, 0.0, 4.0]  # the mean of four draws with replacement is binomial(4, 1/4)
    low, high = statistics.pairs_interval(values, [(mask, None) for mask in own])
    assert (low, high) == (0.0, 3.0)
    # two masks of one language and seed, of two tasks or of shuffled labels, are drawn as one
    assert statistics.pairs_interval(values, [(mask, mask) for mask in own]) == (0.0, 3.0)


def test_the_tree_joins_what_is_alike_and_keeps_exact_distances():
    similarity = matrix(statistics.alike(CODES, "script").to_numpy())
    _, fit, leaves = statistics.clusters(similarity)
    assert fit == pytest.approx(1)  # two distances, 0 and 1, are a tree
    scripts = [LANGUAGES[code].script for code in leaves]
    assert sum(a != b for a, b in pairwise(scripts)) == len(set(scripts)) - 1


def test_the_p_of_turned_signs_is_that_of_a_hand_count():
    # 1 .. 6 all positive: of 64 ways only all plus and all minus have a sum as far from 0
    assert statistics.sign_flips([1, 2, 3, 4, 5, 6, np.nan]) == pytest.approx(2 / 64)
    # -1 and the rest plus: also 1 and the rest plus, and both turned round
    assert statistics.sign_flips([-1, 2, 3, 4, 5, 6]) == pytest.approx(4 / 64)
    assert np.isnan(statistics.sign_flips([1.0] * 5))


def test_large_differences_have_the_p_of_small_ones():
    # Near 1e5 the sum of all plus rounds by more than 1e-12, one way or another by its order.
    for part in range(3, 60):
        values = [1e4 + k / part for k in range(1, 10)]
        assert statistics.sign_flips(values) == 2 / 512, part


def test_differences_around_zero_are_called_a_difference_as_often_as_p_says():
    rng = np.random.default_rng(0)
    p = np.array([statistics.sign_flips(rng.normal(size=9)) for _ in range(600)])
    # 600 draws at 0.05: the standard error of the share is 0.009; four of them
    assert abs((p <= 0.05).mean() - 0.05) <= 0.036


def test_a_test_that_was_not_made_does_not_weigh_on_the_others():
    assert statistics.holm([0.01, np.nan, 0.03])[::2] == pytest.approx([0.02, 0.03])


def test_holms_correction_of_a_hand_computed_case():
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
