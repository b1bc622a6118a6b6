"""What languages have in common, on made-up tables whose answers are known."""

import numpy as np
import pandas as pd
import pytest
import synthetic

from lnlib.base.errors import UserError
from lnlib.papers.foroutan.analysis import gains, machines, nulls, relations
from lnlib.papers.foroutan.analysis.relations import BEYOND, GAIN, JACCARD
from lnlib.papers.foroutan.coverage import MIXTURE, PAPER_COVERAGE
from lnlib.results import statistics

SMALL = 0.1  # points: means over 72 pairs or more of noise of 0.3 points, three of their errors
NER = PAPER_COVERAGE["ner"]


# ---- the overlap, corrected for chance -----------------------------------------------------------


def test_the_corrected_overlap_is_the_share_of_the_way():
    """0.85 between 0.36 and 0.93, as the table was made: 86 % of the way."""
    found = nulls.corrected(synthetic.overlap(tasks=("ner",), seeds=2), "ner")
    assert (found.floor, found.ceiling) == pytest.approx((36, 93), abs=3 * SMALL)  # nine seeds
    assert found.overlap == pytest.approx(85, abs=SMALL)
    assert found.share == pytest.approx(100 * 49 / 57, abs=1)
    assert found.low < found.share < found.high < found.low + 2


def test_its_parts_are_the_means_of_the_ladder():
    overlap = synthetic.overlap(tasks=("ner",), seeds=3)
    means = nulls.ladder_means(overlap, nulls.ladder(overlap, "ner"))["mean"]
    found = nulls.corrected(overlap, "ner", "one-shot magnitude")
    parts = means[["one-shot magnitude", nulls.BETWEEN, nulls.CEILING]]
    assert (found.floor, found.overlap, found.ceiling) == pytest.approx(tuple(parts))


def test_languages_that_differ_widen_the_interval():
    """Pairs among five of the nine share five points more."""
    even = synthetic.overlap(tasks=("ner",))
    far = even["lang_a"].isin(NER[::2]) & even["lang_b"].isin(NER[::2])
    uneven = even.assign(jaccard=even["jaccard"].where(~far, even["jaccard"] + 0.05))
    narrow, wide = (nulls.corrected(table, "ner") for table in (even, uneven))
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_a_ceiling_that_is_not_above_the_floor_has_no_way():
    found = nulls.corrected(synthetic.overlap(tasks=("ner",), seed=0.3), "ner")
    assert np.isnan([found.share, found.low, found.high]).all()


def test_a_ceiling_that_may_be_the_floor_leaves_no_interval():
    """The means are 0.1 points apart and single pairs 5: a draw may have either above."""
    overlap = synthetic.overlap(tasks=("ner",), seed=0.361, seeds=2)
    seeds = (overlap["lang_a"] == overlap["lang_b"]) & (overlap["seed_a"] != overlap["seed_b"])
    apart = np.where(np.arange(len(overlap)) % 2, 0.05, -0.05)
    found = nulls.corrected(overlap.assign(jaccard=overlap["jaccard"] + apart * seeds), "ner")
    assert np.isnan([found.low, found.high]).all()


def test_two_languages_leave_no_interval_and_one_seed_no_ceiling():
    overlap = synthetic.overlap(tasks=("ner",))
    two = overlap[overlap["lang_a"].isin(["en", "fr"]) & overlap["lang_b"].isin(["en", "fr"])]
    found = nulls.corrected(two, "ner")
    assert found.share > 0 and np.isnan([found.low, found.high]).all()
    assert nulls.corrected(synthetic.overlap(tasks=("ner",), seeds=1), "ner") is None
    assert nulls.corrected(overlap.iloc[:0], "ner") is None


def test_the_papers_numbers_are_corrected_alike():
    """94 % between 33 % and 98.66 %, as it prints them."""
    assert nulls.published_corrected("ner").share == pytest.approx(100 * 61 / 65.66)


def test_the_same_draws_are_behind_all_groups():
    """A group and its double differ by a factor of two in every draw."""
    pairs = [((a, 0), (b, 0)) for a, b in (("en", "fr"), ("fr", "ur"), ("en", "ur"))]
    one, double = statistics.resampled_means([([1, 2, 4], pairs), ([2, 4, 8], pairs)], resamples=50)
    assert np.array_equal(2 * one, double, equal_nan=True) and np.nanstd(one) > 0


# ---- pairs of languages --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables():
    return synthetic.overlap(tasks=("ner",)), synthetic.excess(tasks=("ner",)), synthetic.scores()


def test_languages_are_compared_across_seeds_and_moved_masks_within_one(tables):
    across = relations.between_languages(*tables, "ner")
    within = relations.between_moved(*tables, "ner")
    assert np.nanmean(across[JACCARD]) == pytest.approx(0.85, abs=SMALL / 100)
    assert np.nanmean(within[JACCARD]) == pytest.approx(0.87, abs=SMALL / 100)
    for matrices in (across, within):
        assert list(matrices) == [JACCARD, BEYOND, GAIN]
        assert all(list(m.index) == list(m.columns) == list(NER) for m in matrices.values())
        assert np.nanmean(matrices[GAIN]) == pytest.approx(-1, abs=SMALL)
    assert relations.across_less_within(tables[0], "ner") == pytest.approx(-2, abs=SMALL)


def test_nothing_measured_gives_empty_matrices(tables):
    empty = [table.iloc[:0] for table in tables]
    for matrices in (relations.between_languages(*empty, "ner"),
                     relations.between_moved(*empty, "ner")):  # fmt: skip
        assert all(matrix.empty for matrix in matrices.values())
        with pytest.raises(UserError, match="languages"):
            relations.with_gain(matrices, JACCARD)
        with pytest.raises(UserError, match="languages"):
            relations.with_traits(matrices[JACCARD])


def test_a_trait_that_makes_the_matrix_is_found_and_gone_once_it_is_taken_out():
    """Pairs of one script share a point more; the rest is noise of a tenth."""
    script = relations.alike(NER, "script")
    rng = np.random.default_rng(0)
    halves = (np.triu(rng.normal(0, 0.1, script.shape), 1) for _ in range(2))
    matrix, gain = (script + half + half.T for half in halves)
    text = pd.Series(np.arange(len(NER), dtype=float), index=NER)
    found = relations.with_traits(matrix, text).set_index("same")
    assert found.loc["script", "p"] < 0.05 and found.loc["script", "correlation"] > 0.5
    assert found.loc["script, beyond text", "p"] < 0.05
    assert set(relations.with_traits(matrix)["same"]) == {
        label for label, traits in relations.TRAITS.items() if "text" not in traits
    }
    whole, rest = (relations.with_gain({JACCARD: matrix, GAIN: gain}, JACCARD, beyond)
                   for beyond in ("", "script"))  # fmt: skip
    assert whole.p < 0.05 < rest.p and whole.r > abs(rest.r)


def test_a_pair_stands_among_all_pairs():
    langs = ["en", "fr", "ur"]
    matrix = pd.DataFrame([[np.nan, 3, 1], [3, np.nan, 2], [1, 2, np.nan]], langs, langs)
    assert relations.standing(matrix, "fr", "en") == relations.Standing(1.0, 1, 3)
    assert relations.standing(matrix, "en", "ur") == relations.Standing(-1.0, 3, 3)
    assert relations.standing(matrix, "en", "zh") is None
    assert relations.standing(matrix.mask(matrix == 3), "en", "fr") is None


def test_what_moved_masks_gain_is_counted_over_all_pairs():
    """Every mask loses a point but Urdu's, which wins one; three seeds judge a success."""
    scores = synthetic.scores(tasks=("ner",), noise=0)
    moved = (scores["mask_lang"] == "ur") & (scores["lang"] != "ur") & (scores["sparsity"] == 50)
    scores["value"] += 2 * moved
    found = relations.moved_in_all(scores, "ner")
    n = len(NER)
    assert (found.targets, found.pairs, found.no_worse) == (n, n * (n - 1), n - 1)
    assert (found.least, found.most) == pytest.approx((-1, 1))
    assert found.mean == pytest.approx(((n - 1) * (2 / (n - 1) - 1) - 1) / n)
    # seeds do not differ here, so their deviation is 0
    assert (found.judged, found.successes) == (found.pairs, n - 1)
    assert relations.moved_in_all(scores[scores["seed"] == 0], "ner").judged == 0
    assert relations.moved_in_all(scores.iloc[:0], "ner") is None


# ---- parts of a seed -----------------------------------------------------------------------------


def test_a_step_is_what_one_language_shares_more_than_two():
    rows = [
        {"task": "ner", "lang": lang, "other": other, "parts": "head", "sparsity": 50,
         "jaccard": 0.9 if lang == other else 0.8, "shared": 0.5 if lang == other else 0.4,
         "expected_near": 0.3}
        for lang in ("en", "ur") for other in ("en", "ur")
    ]  # fmt: skip
    pairs = relations.seed_parts(pd.DataFrame([*rows, {**rows[0], "task": "mlm"}]), "ner")
    assert len(pairs) == 4 and set(pairs["whose"]) == {"same language", "other language"}
    assert pairs["beyond"].max() == pytest.approx(20)
    step = relations.step_to_same_language(pairs)
    assert step.loc["head", "points"].tolist() == pytest.approx([10, 10])
    assert step.loc["head", "beyond"].tolist() == pytest.approx([10, 10])


# ---- scores --------------------------------------------------------------------------------------


def test_a_control_is_compared_with_the_full_model_in_per_cent():
    """Own masks are as good as the full model of 80; masks by |w - w0| lose 4 of that."""
    scores = synthetic.scores(tasks=("ner",), ranked=-4.0, noise=0)
    assert gains.against_full(scores, "ner", "change").tolist() == pytest.approx([-5.0] * len(NER))


def test_two_machines_are_compared_where_both_have_measured():
    scores = synthetic.scores(tasks=("ner",), noise=0).query("method == 'full'")
    scores = scores.assign(machine="a", value=scores["value"] + scores["seed"])  # deviation 1
    full = scores["seed"] == 0
    again = scores[full].assign(machine="b")
    again["value"] = again["value"] + np.where(again["lang"] == "ur", 3, 0)
    (row,) = machines.apart(pd.concat([again, scores[full]]), scores).itertuples()
    assert (row.task, row.again, row.recorded) == ("ner", "b", "a")
    assert (row.scores, row.same, row.largest) == (len(NER), len(NER) - 1, 3)
    assert row.mean == pytest.approx(3 / len(NER))
    assert row.spread == pytest.approx(1)
    assert machines.apart(again.iloc[:0], scores).empty


def test_departures_are_counted_on_tickets_alone():
    excess = synthetic.excess(tasks=("ner",)).assign(departed_a=0.07, departed_b=0.05)
    assert nulls.departed(excess, "ner", ["other language"]) == pytest.approx(6)
    shuffled = excess["method_b"] == "shuffled"
    assert nulls.departed(excess[shuffled], "ner", ["shuffled"]) == pytest.approx(7)


def test_the_error_of_a_share_is_the_binomials():
    assert statistics.error_of_share(50, 2500) == pytest.approx(1)


def test_scores_under_the_mixture_stand_beside_the_best_of_its_languages():
    scores = synthetic.scores(tasks=("ner",), moved=-2.0, mixed=0.5, noise=0)
    targets = [code for code in NER if code not in MIXTURE.split("+")]
    found = gains.under_mixture(scores, "ner").loc[targets]
    assert (found["own"] - found["best"]).tolist() == pytest.approx([2.0] * len(targets))
    assert (found["mixed"] - found["best"]).tolist() == pytest.approx([0.5] * len(targets))
    assert gains.under_mixture(scores.iloc[:0], "ner").empty
