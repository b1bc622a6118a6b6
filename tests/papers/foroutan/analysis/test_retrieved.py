"""Comparisons of what was retrieved say what was put into made-up tables."""

import numpy as np
import pandas as pd
import pytest
import synthetic

from lnlib.papers.foroutan.analysis import translations
from lnlib.results import statistics


def test_the_lead_is_over_the_best_other_task_on_shared_languages():
    """NER masks find 0, 2, 4, ... points more by language, so they are the best others."""
    ahead = translations.lead(synthetic.retrieval(xnli=0.3, apart=0.02), "demo")
    assert ahead.attrs["rival"] == "ner"
    assert set(ahead.index) == {"en", "fr", "de", "zh", "ru", "es", "ur", "ar"}  # all three tasks
    assert ahead.shape[1] == 10
    assert ahead.loc["en"].tolist() == pytest.approx([30.0] * 10)
    assert ahead.loc["fr"].tolist() == pytest.approx([28.0] * 10)


def test_the_lead_is_negative_where_another_task_is_better():
    ahead = translations.lead(synthetic.retrieval(xnli=-0.1), "demo")
    assert ahead.shape[1] == 10 and ahead.to_numpy() == pytest.approx(-10.0)


def test_without_a_second_task_there_is_no_lead():
    table = synthetic.retrieval()
    assert translations.lead(table[~table["mask_task"].isin(["mlm", "ner"])], "demo").empty
    assert translations.lead(table, "small").empty  # no ticket was found there
    assert translations.spread(table.iloc[:0], "demo").empty


def test_the_spread_is_the_mean_difference_between_masks():
    """Nine masks in steps of 1 point: 120 points over 36 pairs. At a share of one half, 1,000
    sentences both ways have a standard error of 1.118 points."""
    apart = translations.spread(synthetic.retrieval(apart=0.01), "demo")
    assert apart["spread"].tolist() == pytest.approx([120 / 36] * 10)
    assert (apart["masks"] == 9).all()
    same = translations.spread(synthetic.retrieval(apart=0.0), "demo")
    assert same["spread"].tolist() == pytest.approx([0.0] * 10)
    assert same["sampling"].tolist() == pytest.approx([1.118034 * 2 / np.pi**0.5] * 10)


def test_masks_of_mixtures_are_left_out():
    table = synthetic.retrieval()
    mixed = table[table["mask_lang"] == "en"].assign(mask_lang="en+fa", accuracy=0.0)
    both = translations.accuracies(pd.concat([table, mixed]), "demo")
    assert both.equals(translations.accuracies(table, "demo"))


def test_a_crossed_interval_is_wider_than_that_of_its_cells():
    """Rows differ and columns do not: four rows are four observations, however many columns."""
    rng = np.random.default_rng(0)
    matrix = pd.DataFrame(np.repeat(rng.normal(size=(4, 1)), 50, axis=1))
    low, high = statistics.crossed_interval(matrix)
    spread = matrix.iloc[:, 0].std(ddof=0) / 2  # of a mean of four
    # 2,000 draws of four values: a normal's 3.92 standard errors, give or take a quarter.
    assert high - low == pytest.approx(3.92 * spread, rel=0.25)
    assert statistics.crossed_interval(matrix.iloc[:2]) == (-np.inf, np.inf)


def test_languages_are_parted_by_englishs_script():
    parts = translations.scripts(["ur", "fr", "zh", "sw"])
    assert parts == {"English's script": ["fr", "sw"], "other scripts": ["zh", "ur"]}
