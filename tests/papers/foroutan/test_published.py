"""The published figures: all there, and the means that can be derived from them."""

import pytest

from lnlib.papers.foroutan import published
from lnlib.papers.foroutan.analysis import claims, gains
from lnlib.papers.foroutan.coverage import PAPER_COVERAGE

PAIRS = {"mlm": 110, "ner": 72, "xnli": 90}


def test_the_tables_have_the_rows_that_are_printed():
    counts = {
        "tickets": 30,
        "transfer": 482,
        "cross_task": 66,
        "multilingual_mask": 35,
        "overlap": 7,
    }
    for name, count in counts.items():
        table = getattr(published, name)()
        assert len(table) == count, name
        assert not table.isna().any(axis=None), name


@pytest.mark.parametrize("task", PAIRS)
def test_every_pair_of_languages_is_there_once(task):
    scores = published.scores()
    moved = gains.change(scores, task).stack().dropna()
    assert len(moved) == PAIRS[task]
    assert set(gains.own(scores, task)["lang"]) == set(PAPER_COVERAGE[task])


@pytest.mark.parametrize(
    ("task", "mean", "least", "most", "no_worse"),
    [
        ("ner", -1.24, -2.82, -0.38, 0),
        ("xnli", 0.03, -1.93, 2.54, 46),
        ("mlm", -0.254, -0.428, -0.023, 0),
    ],
)
def test_changes_in_transfer_derive_from_tables_3_to_5(task, mean, least, most, no_worse):
    moved = gains.change(published.scores(), task).stack().dropna()
    digits = 5e-4 if task == "mlm" else 6e-3
    assert moved.mean() == pytest.approx(mean, abs=digits)
    assert moved.min() == pytest.approx(least, abs=digits)
    assert moved.max() == pytest.approx(most, abs=digits)
    assert (moved >= 0).sum() == no_worse


def test_ner_masks_keep_98_percent_in_57_pairs():
    scores = published.scores()
    own = gains.at(scores, "ner", "own")
    kept = 1 + (gains.change(scores, "ner") / own).stack().dropna()
    assert (kept >= 0.98).sum() == 57


@pytest.mark.parametrize(("task", "gap"), [("ner", 14.9), ("xnli", 8.6), ("mlm", 3.81)])
def test_random_masks_lose_what_the_tables_say(task, gap):
    value = claims.published_value("gain_over_random", task)
    assert value == pytest.approx(gap, abs=0.05)


@pytest.mark.parametrize(("task", "gap"), [("ner", -0.01), ("xnli", -0.20), ("mlm", 0.008)])
def test_own_masks_meet_the_full_model(task, gap):
    scores = published.scores()
    gain = gains.sign(task) * (gains.at(scores, task, "own") - gains.at(scores, task, "full"))
    assert gain.mean() == pytest.approx(gap, abs=6e-3)


def test_the_mixed_mask_is_best_on_three_of_five_targets():
    wide = published.multilingual_mask().pivot(index="target", columns="mask", values="value")
    mixture = "en+fa+fr+zh"
    assert (wide[mixture] > wide[mixture.split("+")].max(axis=1)).sum() == 3
