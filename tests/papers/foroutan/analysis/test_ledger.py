"""Verdicts follow from the tables, in each direction; the tables here are made up."""

import numpy as np
import pandas as pd
import pytest
import synthetic
from house import ROOT

from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import claims, gains, measures, nulls
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE
from lnlib.results import ledger
from lnlib.results.ledger import AGREES, CANNOT_TELL, DIFFERS, NOT_RUN

NO_SCORES = synthetic.scores(tasks=("ner",), seeds=1).iloc[:0]
NO_OVERLAP = synthetic.overlap(tasks=("ner",)).iloc[:0]
NO_RETRIEVAL = tables.read("retrieval.csv")


def verdicts(scores=NO_SCORES, overlap=NO_OVERLAP, retrieval=NO_RETRIEVAL, only=()):
    return claims.verdicts(measures.Tables("demo", scores, overlap, retrieval), only)


def verdict(number, task, *made):
    table = verdicts(*made, only=[number]).set_index(["id", "task"])
    return table.loc[(number, task)]


@pytest.mark.parametrize(
    ("number", "task", "table", "expected"),
    [
        (1, "ner", {"own": 2.0}, AGREES),
        (1, "ner", {"own": -5.0}, DIFFERS),
        (1, "ner", {"seeds": 1}, CANNOT_TELL),  # one seed has no standard deviation
        (2, "mlm", {"random": -15.0}, AGREES),
        (2, "mlm", {"random": 15.0}, DIFFERS),
        (6, "xnli", {"moved": 0.0}, AGREES),
        (6, "xnli", {"moved": -5.0}, DIFFERS),
        (7, "ner", {"moved": -2.0}, AGREES),
        (7, "ner", {"moved": 1.0}, DIFFERS),  # better than the own mask
        (7, "ner", {"moved": -14.0}, DIFFERS),  # as bad as a random mask
        (8, "mlm", {"moved": -2.0}, AGREES),
        (8, "mlm", {"moved": 2.0}, DIFFERS),
        (8, "mlm", {"moved": 0.0, "noise": 5.0}, CANNOT_TELL),
        (10, "ner", {"sparser": -2.0}, AGREES),
        (10, "ner", {"sparser": 2.0}, DIFFERS),
        (11, "ner", {"mixed": 1.0}, AGREES),
        (11, "ner", {"mixed": -1.0}, DIFFERS),
    ],
)
def test_verdicts_on_scores(number, task, table, expected):
    assert verdict(number, task, synthetic.scores(tasks=(task,), **table))["verdict"] == expected


@pytest.mark.parametrize(("moved", "expected"), [(0.0, AGREES), (-5.0, DIFFERS)])
def test_what_is_said_of_mt5_is_judged_by_inference_as_text_alone(moved, expected):
    picked = synthetic.scores(tasks=("xnli",), moved=-moved - 5)  # one agrees where the other not
    assert verdict(13, "xnli_text", picked)["verdict"] == NOT_RUN
    names = {"xnli": "xnli_text"}
    written = synthetic.scores(tasks=("xnli",), moved=moved)
    written = written.replace({"task": names, "mask_task": names})
    both = pd.concat([picked, written], ignore_index=True)
    assert verdict(13, "xnli_text", both)["verdict"] == expected
    for number in (2, 6):
        assert verdict(number, "xnli", both).equals(verdict(number, "xnli", picked))


@pytest.mark.parametrize("number", [1, 2, 7, 12])
def test_a_mixture_is_no_further_language(number):
    """A search on mixed data has a full model, a ticket and controls too."""
    scores = synthetic.scores(tasks=("mlm", "ner"))
    names = {"ar": "ar+ur"}
    mixed = scores[scores["lang"] == "ar"].replace({"lang": names, "mask_lang": names})
    more = pd.concat([scores, mixed], ignore_index=True)
    assert verdict(number, "ner", more)["n"] == verdict(number, "ner", scores)["n"]


@pytest.mark.parametrize(
    ("crossed", "expected"),
    [(-1.0, AGREES), (-10.0, DIFFERS), (-7.5, CANNOT_TELL)],  # a random mask loses 15
)
def test_masks_of_another_task_may_lose_little(crossed, expected):
    scores = synthetic.scores(tasks=("mlm", "ner"), crossed=crossed)
    assert verdict(12, "ner", scores)["verdict"] == expected


@pytest.mark.parametrize(("ranked", "expected"), [(-5.0, AGREES), (5.0, DIFFERS)])
def test_both_other_criteria_are_judged(ranked, expected):
    both = verdict(14, "ner", synthetic.scores(tasks=("ner",), ranked=ranked))
    assert both["verdict"].tolist() == [expected] * 2 and both["measure"].nunique() == 2


@pytest.mark.parametrize(
    ("table", "first", "alike"),
    [
        ({"xnli": 0.1}, AGREES, AGREES),
        ({"xnli": -0.1}, DIFFERS, AGREES),
        ({"xnli": 0.3, "apart": 0.03}, AGREES, DIFFERS),
    ],
)
def test_verdicts_on_retrieval(table, first, alike):
    found = verdicts(retrieval=synthetic.retrieval(**table), only=[15]).set_index("measure")[
        "verdict"
    ]
    assert (found["lead_in_retrieval"], found["spread_over_sampling"]) == (first, alike)


@pytest.mark.parametrize(("rise", "expected"), [(0.01, AGREES), (-0.01, DIFFERS)])
def test_a_rise_with_depth_is_a_slope(rise, expected):
    table = synthetic.overlap(tasks=("ner",), by_layer=lambda layer: rise * layer)
    row = verdict(5, "ner", NO_SCORES, table)
    # a language's slope stands on 16 pairs of masks in each of six layers, whose scatter is 0.3
    # points: its standard error is 0.3 / 4 / sqrt(17.5), and four of those are 0.07
    assert row["verdict"] == expected and row["ours"] == pytest.approx(100 * rise, abs=0.07)


def test_depth_is_told_within_one_seed():
    """Across seeds the overlap falls here; the paper's masks share a seed."""
    table = synthetic.overlap(tasks=("ner",), by_layer=lambda layer: 0.01 * layer)
    across = (table["by"] == "layer") & (table["seed_a"] != table["seed_b"])
    table.loc[across, "jaccard"] -= 0.05 * table.loc[across, "part"].astype(int)
    assert verdict(5, "ner", NO_SCORES, table)["verdict"] == AGREES


def test_a_rise_that_slows_is_no_arch():
    """Its middle is above the mean of its ends."""
    table = synthetic.overlap(tasks=("mlm",), by_layer=lambda layer: 0.1 * (1 - 0.5**layer))
    assert verdict(5, "mlm", NO_SCORES, table)["verdict"] == DIFFERS


@pytest.mark.parametrize(("height", "expected"), [(0.02, AGREES), (-0.02, DIFFERS)])
def test_an_arch_over_the_layers_is_no_rise(height, expected):
    table = synthetic.overlap(
        tasks=("mlm", "ner"), by_layer=lambda layer: height * (1 - abs(layer - 2.5) / 2.5)
    )
    assert verdict(5, "mlm", NO_SCORES, table)["verdict"] == expected
    assert verdict(5, "ner", NO_SCORES, table)["verdict"] != AGREES


@pytest.mark.parametrize(("slope", "expected"), [(0.0, AGREES), (300.0, DIFFERS)])
def test_overlap_tells_transfer_where_the_pairs_follow_it(slope, expected):
    """Gains that follow the overlap of their pair by `slope` points, beside noise of 0.1.

    Pairs across seeds have an overlap of their own, which tells nothing: the masks were not moved.
    """
    scores, overlap = synthetic.scores(tasks=("ner",)), synthetic.overlap(tasks=("ner",))
    rows = nulls.compared(overlap, "ner", "other language")
    shared = rows.groupby(["lang", "other"])["jaccard"].mean()
    pairs = pd.MultiIndex.from_frame(scores[["lang", "mask_lang"]])
    scores["value"] += slope * (shared.reindex(pairs).fillna(0.87).to_numpy() - 0.87)
    assert verdict(9, "ner", scores, overlap)["verdict"] == expected


def test_almost_every_language_takes_nine():
    """Of three languages two might win by luck."""
    scores = synthetic.scores(tasks=("ner",), own=2.0)
    row = verdict(1, "ner", scores[scores["lang"] != "zh"])
    assert row["verdict"] == CANNOT_TELL and row["n"] == 8 and "takes 9" in row["why"]


def test_a_ticket_is_compared_with_the_full_model_of_its_own_seeds():
    """Ten points between seeds of the full model are no loss of the one ticket that there is."""
    scores = synthetic.scores(tasks=("ner",), noise=0)
    scores["value"] += 10.0 * scores["seed"].astype(int)
    first = scores[(scores["method"] == "full") | (scores["seed"] == 0)]
    assert gains.control(first, "ner", "full").to_numpy() == pytest.approx(0.0)
    assert gains.control(first, "ner", "random").to_numpy() == pytest.approx(-15.0)


def test_a_language_without_the_masks_of_one_task_is_in_no_mean_of_two():
    """One task's masks may cost more than another's."""
    scores = synthetic.scores()
    without = scores[(scores["lang"] != "en") | (scores["mask_task"] != "mlm")]
    few, all_ = (verdict(12, "ner", table)["n"] for table in (without, scores))
    assert few == all_ - 1


def test_the_rows_behind_a_verdict_have_a_fingerprint():
    scores = synthetic.scores(tasks=("ner",))
    changed = scores.assign(value=scores["value"].where(scores.index != 7, 1.0))
    elsewhere = pd.concat([scores, synthetic.scores(tasks=("xnli",))])
    rows = [verdict(2, "ner", table)["rows"] for table in (scores, changed, elsewhere)]
    assert rows[0] == rows[2] != rows[1]


@pytest.mark.parametrize(
    ("number", "table", "expected"),
    [
        (3, {"language": 0.85}, AGREES),
        (3, {"language": 0.30}, DIFFERS),
        (4, {"seed": 0.93}, AGREES),
        (4, {"seed": 0.80}, DIFFERS),
        (4, {"seeds": 1}, NOT_RUN),
    ],
)
def test_verdicts_on_overlap(number, table, expected):
    row = verdict(number, "ner", NO_SCORES, synthetic.overlap(tasks=("ner",), **table))
    assert row["verdict"] == expected


def test_empty_tables_give_not_run_everywhere():
    table = verdicts()
    assert set(table["verdict"]) == {NOT_RUN}
    assert table["ours"].isna().all()
    drawn = {"change_when_sparser", "rise_with_depth", "middle_over_ends", "overlap_with_transfer",
             "lead_in_retrieval", "spread_over_sampling"}  # fmt: skip
    printed = [c.measure not in drawn for c in claims.CLAIMS for _ in c.tasks]
    assert table["published"].notna().tolist() == printed


def test_a_task_at_chance_cannot_be_told():
    row = verdict(6, "xnli", synthetic.scores(full=34.0, random=0.0, moved=0.0, tasks=("xnli",)))
    assert row["verdict"] == CANNOT_TELL and "chance" in row["why"]


def test_two_languages_are_too_few():
    scores = synthetic.scores(tasks=("ner",))
    row = verdict(2, "ner", scores[scores["lang"].isin(["ur", "en"])])
    assert row["verdict"] == CANNOT_TELL and row["n"] == 2


def test_a_gain_is_positive_where_it_is_better_for_every_task():
    scores = synthetic.scores(moved=3.0)
    for task in gains.UNITS:
        assert (gains.change(scores, task).stack().dropna() > 0).all()


def test_a_gain_is_over_the_own_mask_of_the_same_seed():
    """Seeds that differ by ten points do not make a gain where only one of them was moved."""
    scores = synthetic.scores(tasks=("ner",), moved=-1.0, noise=0)
    scores["value"] += 10.0 * scores["seed"].astype(int)
    first = scores[(scores["mask_lang"] == scores["lang"]) | (scores["seed"] == 0)]
    assert gains.change(first, "ner").stack().dropna().to_numpy() == pytest.approx(-1.0)


def test_what_a_language_costs_is_told_from_what_another_seed_costs():
    """Moving costs one point, another seed two; the paper's measure has the first alone."""
    scores = synthetic.scores(tasks=("ner",), moved=-1.0, reseeded=-2.0, noise=0)
    found = gains.by_origin(scores, "ner")
    assert list(found.columns) == list(gains.ORIGINS)
    assert list(found.index) == sorted(PAPER_COVERAGE["ner"])
    for name, gain in zip(gains.ORIGINS, (-1.0, -2.0, -3.0), strict=True):
        assert found[name].to_numpy() == pytest.approx(gain)
    assert gains.change(scores, "ner").stack().dropna().to_numpy() == pytest.approx(-1.0)
    assert gains.at(scores, "ner", "own").to_dict() == pytest.approx(
        gains.at(synthetic.scores(tasks=("ner",), noise=0), "ner", "own").to_dict()
    )


def test_other_languages_of_one_seed_and_of_two_are_compared_by_the_same_sources():
    """A source that is bad, and was moved from one seed only, is in neither mean."""
    scores = synthetic.scores(tasks=("ner",), moved=-1.0, reseeded=-2.0, noise=0)
    bad = scores["mask_lang"] == "de"
    scores.loc[bad & (scores["lang"] != "de"), "value"] -= 10
    only = scores[~(bad & (scores["mask_seed"] == 1) & (scores["seed"] == 0))]
    means = gains.by_origin(only, "ner").drop(index="de", errors="ignore").mean()
    assert means.to_numpy() == pytest.approx([-1.0, -2.0, -3.0])


def test_mixtures_are_not_counted_as_a_language():
    scores = synthetic.scores(tasks=("ner",))
    mixed = scores[scores["method"] == "ticket"].tail(1).assign(mask_lang="en+fa+fr+zh", value=0.0)
    with_mixture = pd.concat([scores, mixed])
    assert gains.change(with_mixture, "ner").equals(gains.change(scores, "ner"))


@pytest.mark.parametrize("side", ["lang_a", "lang_b"])
def test_a_mixture_is_no_other_language_on_either_side_of_a_pair(side):
    overlap = synthetic.overlap(tasks=("ner",))
    mixed = overlap.head(1).assign(**{side: "en+fa+fr+zh"}, jaccard=0.0)
    with_mixture = pd.concat([overlap, mixed], ignore_index=True)
    assert nulls.comparisons(with_mixture, "ner").equals(nulls.comparisons(overlap, "ner"))


def test_masks_of_another_task_are_compared_with_the_own_one():
    gained = gains.cross_task(synthetic.scores(tasks=("mlm", "ner"), crossed=-2.0, noise=0))
    assert set(zip(gained["task"], gained["mask_task"], strict=True)) == {
        ("ner", "mlm"), ("mlm", "ner"),
    }  # fmt: skip
    assert gained[gained["task"] == "ner"]["gain"].to_numpy() == pytest.approx(-2.0)
    assert gains.cross_task(synthetic.scores(tasks=("ner",))).empty


def test_the_comparisons_is_in_order_and_names_only_what_was_measured():
    table = synthetic.overlap(tasks=("ner", "xnli"))
    means = nulls.comparisons(table, "ner").groupby("comparison")["jaccard"].mean()
    assert set(means.index) == set(nulls.COMPARISONS)
    assert means["independent masks"] == pytest.approx(100 / 3)
    assert means["same density per matrix"] == pytest.approx(36.0)
    # 8 languages have both tasks; a pair scatters by 0.3 points: four standard errors are 0.42
    assert means["other task, same language"] == pytest.approx(80, abs=0.42)
    without = table[table["method_b"] != "shuffled"]
    assert "shuffled labels" not in set(nulls.comparisons(without, "ner")["comparison"])
    assert nulls.comparisons(table, "mlm").empty


def test_languages_are_compared_across_seeds_once_every_pair_is():
    table = synthetic.overlap(tasks=("ner",))
    across = nulls.languages(nulls.compared, table, "ner")
    assert (across["seed_a"] != across["seed_b"]).all()
    without = table.drop(across[(across["lang"] == "ur") & (across["other"] == "en")].index)
    within = nulls.languages(nulls.compared, without, "ner")
    assert len(within) and (within["seed_a"] == within["seed_b"]).all()


def test_what_one_seed_shares_is_no_merit_of_the_language():
    """Two languages of one seed share more than two seeds of one language; across seeds, less."""
    table = synthetic.overlap(tasks=("ner",), language=0.85, one_seed=0.1, seed=0.93)
    points = measures.seed_over_language(measures.Tables(overlap=table), "ner")
    # 0.003 is the scatter of a pair: four standard errors of a language's 16 pairs and 1 pair
    assert points.to_numpy() == pytest.approx(8, abs=400 * 0.003 * np.sqrt(1 / 16 + 1))


def test_a_mask_beside_itself_is_no_pair_of_seeds():
    table = synthetic.overlap(tasks=("ner",))
    itself = table.head(1).assign(lang_b=table["lang_a"].iloc[0])
    assert nulls.kind(itself).tolist() == [""]


def test_the_interval_is_students():
    low, high = ledger.interval(pd.Series([1.0, 2.0, 3.0]))
    half = 4.302653 / np.sqrt(3)  # t at 97.5 % with two degrees of freedom; deviation 1
    assert (low, high) == pytest.approx((2 - half, 2 + half), abs=1e-4)


def test_departures_have_comparisons_of_their_own():
    table = synthetic.excess(tasks=("ner", "xnli"))
    means = nulls.excess_comparisons(table, "ner").groupby("comparison")["shared"].mean()
    assert set(means.index) == set(nulls.EXCESS_COMPARISONS)
    assert means["chance, anywhere in a matrix"] == pytest.approx(4)
    assert means["chance, among weights of like size"] == pytest.approx(17)
    # the synthetic pairs' Jaccard, a quarter of it here, scatters by 0.003: over 36 pairs or 9
    # seeds four standard errors of the mean are at most 0.1 point
    assert means["other language, other seed"] == pytest.approx(85 / 4, abs=0.1)
    assert means["other language, same seed"] == pytest.approx(87 / 4, abs=0.1)
    assert means["same language, other seed"] == pytest.approx(93 / 4, abs=0.1)
    assert nulls.excess_comparisons(table, "mlm").empty


def test_the_recorded_verdicts_follow_from_the_tables():
    """Up to the six digits that a table keeps."""
    homes = [path.parent for path in (ROOT / "results/foroutan").glob("*/scores.csv")]
    assert homes
    for home in homes:
        recorded = tables.read(home / "verdicts.csv")
        found = claims.verdicts(measures.Tables.read(home)).sort_values(list(tables.VERDICTS.key))
        words = [*tables.VERDICTS.key, "claim", "unit", "n", "verdict", "why", "rows"]
        assert found[words].to_numpy().tolist() == recorded[words].to_numpy().tolist()
        for name in ("published", "ours"):
            numbers = recorded[name].to_numpy(float)
            assert found[name].to_numpy(float) == pytest.approx(numbers, rel=1e-5, nan_ok=True)


def test_every_claim_says_how_it_is_tested_and_why_a_bound_is_no_zero():
    for claim in claims.CLAIMS:
        assert measures.MEASURES[claim.measure].of.__doc__
        assert claim.bounds and (claim.because or claim.bounds in ("above 0", "below 0"))


def test_no_two_claims_have_one_number():
    numbers = [claim.number for claim in claims.CLAIMS]
    assert len(set(numbers)) == len(numbers)


def test_masks_that_gain_as_much_as_others_may_lose_are_not_interchangeable():
    """Claim 6 is two-sided: 12 % of a random mask's loss, either way."""
    gained = synthetic.scores(moved=5.0, tasks=("xnli",))
    alike = synthetic.scores(moved=0.0, tasks=("xnli",))
    assert verdict(6, "xnli", gained)["verdict"] == DIFFERS
    assert verdict(6, "xnli", alike)["verdict"] == AGREES
