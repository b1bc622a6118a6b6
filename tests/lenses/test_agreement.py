"""Correlations between lenses: equal to brute force where that can be done, and what they judge."""

from dataclasses import replace
from functools import partial
from itertools import combinations, permutations, product

import lens_tables
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from lnlib.languages import LANGUAGES
from lnlib.lenses.reading import agreement
from lnlib.lenses.reading.matrices import LENSES, VARIANTS
from lnlib.results import ledger, statistics

FIVE = list(LANGUAGES)[:5]


@pytest.fixture
def few_orders(monkeypatch):
    """p of 99 orders: for what does not ask for p."""
    monkeypatch.setattr(statistics, "mantel", partial(statistics.mantel, permutations=99))


def square(seed, codes=FIVE):
    half = np.triu(np.random.default_rng(seed).normal(size=(len(codes), len(codes))), 1)
    return pd.DataFrame(half + half.T, codes, codes).mask(np.eye(len(codes), dtype=bool))


def pairs_of(matrix, langs=None):
    """Values of all pairs of different languages among `langs`, which may name one twice."""
    langs = list(matrix.index) if langs is None else langs
    return [matrix.loc[a, b] for a, b in combinations(langs, 2) if a != b]


def partial_rank(x, y, z):
    """Spearman's r of x and y with z taken out, by the textbook's formula for one variable."""
    xy, xz, yz = (spearmanr(*two).statistic for two in ((x, y), (x, z), (y, z)))
    return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))


def test_r_and_p_are_those_of_all_120_orders_of_five_languages():
    a, b = square(1), square(2)
    every = [
        spearmanr(pairs_of(a.loc[list(order), list(order)]), pairs_of(b)).statistic
        for order in permutations(FIVE)
    ]
    exact = np.mean(np.abs(every) >= abs(every[0]) - 1e-12)
    found = statistics.mantel(a, b)
    assert found.r == pytest.approx(every[0])
    # 9,999 draws of orders: the standard error of a share, four times
    error = np.sqrt(exact * (1 - exact) / 9_999)
    assert found.p == pytest.approx(exact, abs=4 * error)


def test_the_interval_is_that_of_all_3125_draws_of_five_languages():
    a, b = square(1), square(2)
    every = [
        spearmanr(pairs_of(a, draw), pairs_of(b, draw)).statistic
        for draw in product(FIVE, repeat=5)
        if len(set(draw)) >= 4
    ]
    drawn = agreement._drawn([a, b], (), 4_000)[:, 0, 1]
    for share in (0.1, 0.25, 0.5, 0.75, 0.9):
        # A share of 2,000 draws that count is known to 0.011 at worst (one standard error). Many
        # draws are alike, so the value at a share may jump: it lies between neighbours' values.
        low, high = np.nanquantile(every, [max(share - 0.045, 0), min(share + 0.045, 1)])
        assert low - 1e-9 <= np.nanquantile(drawn, share) <= high + 1e-9


def test_what_is_taken_out_is_taken_out_by_the_textbooks_formula():
    a, b, c = (square(seed, list(LANGUAGES)) for seed in (1, 2, 3))
    whole = [[pairs_of(m) for m in (a, b, c)]]
    found = agreement.agreements({"a": a, "b": b}, [c], resamples=50)["a", "b"]
    assert found.r == pytest.approx(partial_rank(*whole[0]))
    langs = np.random.default_rng(0).integers(11, size=11)  # the first draw
    drawn = [pairs_of(m, [list(LANGUAGES)[place] for place in langs]) for m in (a, b, c)]
    assert agreement._drawn([a, b], [c], 1)[0, 0, 1] == pytest.approx(partial_rank(*drawn))


def test_languages_that_one_lens_lacks_are_left_out_of_that_pair_alone():
    a, b, c = (square(seed, list(LANGUAGES)) for seed in (1, 2, 3))
    found = agreement.agreements({"a": a, "b": b, "c": c.iloc[:9, :9]}, resamples=50)
    assert {pair: own.languages for pair, own in found.items()} == {
        ("a", "b"): 11, ("a", "c"): 9, ("b", "c"): 9,
    }  # fmt: skip


def test_too_few_languages_and_a_constant_lens_are_absent():
    flat = square(1) * 0 + 1
    assert not agreement.agreements({"a": square(1).iloc[:4, :4], "b": square(2)}, resamples=5)
    assert not agreement.agreements({"a": flat, "b": square(2)}, resamples=5)


def test_a_lens_that_is_wholly_explained_is_absent():
    """Rounding is left of it, and that goes with anything."""
    a, b = square(1, list(LANGUAGES)), square(2, list(LANGUAGES))
    assert not agreement.agreements({"a": a, "b": b}, [a * 2], resamples=5)


@pytest.mark.usefixtures("few_orders")
def test_an_interval_of_unrelated_lenses_holds_0_as_often_as_it_says():
    codes = list(LANGUAGES)
    held = 0
    for draw in range(60):
        a, b = square(1_000 + draw, codes), square(2_000 + draw, codes)
        found = agreement.agreements({"a": a, "b": b}, resamples=120)["a", "b"]
        held += found.low <= 0 <= found.high
    # 95 % of 60 are 57; percentile intervals of eleven languages hold somewhat more or less: 85 %
    # is two standard errors below 92 %
    assert held >= 51


@pytest.mark.usefixtures("few_orders")
def test_lenses_that_see_one_closeness_agree_and_noise_does_not():
    tables = lens_tables.tables(noise=0.05)
    found = agreement.verdicts(tables, agreement.relations(tables)).set_index(["measure", "lenses"])
    assert found.loc[("correlation", "fisher + states"), "verdict"] == ledger.AGREES
    assert found.loc[("correlation_beyond", "states + zero-shot"), "verdict"] == ledger.AGREES
    # the toys' tickets know nothing of it
    assert found.loc[("correlation", "tickets + fisher"), "verdict"] != ledger.AGREES
    assert found.loc[("over_tickets", "fisher"), "verdict"] == ledger.AGREES


@pytest.mark.usefixtures("few_orders")
def test_a_lens_that_was_not_measured_is_not_run():
    tables = lens_tables.tables(lenses=("masks", "states"))
    found = agreement.verdicts(tables, agreement.relations(tables)).set_index(["measure", "lenses"])
    assert found.loc[("correlation", "states + zero-shot"), "verdict"] == ledger.NOT_RUN
    assert found.loc[("over_tickets", "states"), "verdict"] == ledger.NOT_RUN
    assert found.loc[("correlation", "fisher + states"), "n"] == 11


@pytest.mark.usefixtures("few_orders")
def test_a_table_that_is_not_yet_whole_is_not_judged():
    """Zero-shot scores come language by language: of eight there is an order, but no verdict."""
    tables = lens_tables.tables(noise=0.05)
    rows = tables.transfer
    some = rows[rows["source"].isin(list(LANGUAGES)[:8])]
    tables = replace(tables, transfer=some)
    assert len(agreement.matrix(tables, "zero-shot")) == 8
    found = agreement.relations(tables)
    assert "zero-shot" not in {*found["lens_a"], *found["lens_b"]}
    judged = agreement.verdicts(tables, found).set_index(["measure", "lenses"])["verdict"]
    assert judged["correlation", "fisher + zero-shot"] == ledger.NOT_RUN
    assert judged["over_tickets", "fisher"] == ledger.NOT_RUN
    assert judged["correlation", "fisher + states"] == ledger.AGREES


def test_nothing_measured_makes_an_empty_table_and_verdicts_of_not_run():
    tables = agreement.Tables("demo")
    found = agreement.relations(tables)
    assert found.empty
    assert set(agreement.verdicts(tables, found)["verdict"]) == {ledger.NOT_RUN}


def test_claims_ask_of_lenses_that_there_are():
    asked = {part for claim in agreement.CLAIMS for of in claim.tasks for part in of.split(" + ")}
    assert asked <= {*LENSES, *VARIANTS}
    pairs = next(claim.tasks for claim in agreement.CLAIMS if claim.measure == "correlation")
    assert [*pairs] == [f"{a} + {b}" for a, b in combinations(LENSES, 2)]
