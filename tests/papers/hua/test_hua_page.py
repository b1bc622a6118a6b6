"""The pages say in words what the recorded tables say, and the recorded verdicts are theirs."""

from pathlib import Path

from recorded import hold_verdicts

from lnlib.papers.hua.analysis import means, neutrality
from lnlib.papers.hua.analysis.claims import of_ours, verdicts
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.tables import ALIGNMENT, OURS, VERDICTS

HOME = Path(__file__).resolve().parents[3] / "results" / "hua" / "demo"
ROWS = ALIGNMENT.read(HOME)
PAIR = ROWS[ROWS["languages"] == "atomic,atomic"]
TABLES = Tables.read(HOME, SCALES["demo"])
OWN, ACROSS, TURNED, ROTATED = means.SERIES


def read(network, method, series):
    found = means.means(PAIR).set_index(["network", "shown", "series"]).sort_index()["value"]
    return float(found.loc[(network, method, series)].mean())


def test_every_row_is_of_the_scales_present_settings():
    assert set(ROWS["recipe"]) == {SCALES["demo"].hash("alignment")}


def test_the_naive_network_is_not_aligned_nor_the_mirror_image():
    usual = means.usual(PAIR)
    assert read("trained", "naive", ACROSS) < usual
    assert read("trained", "naive", TURNED) < usual + 1  # "no better"


def test_a_rotation_brings_it_close_to_its_own_language():
    own, rotated = (read("trained", "naive", series) for series in (OWN, ROTATED))
    assert own - rotated < 6 and rotated > read("random", "naive", ROTATED) + 5
    assert read("random", "naive", ROTATED) > means.usual(PAIR) + 5  # "much for a random one too"


def test_accuracy_within_a_language_is_no_sign_of_training():
    assert abs(read("trained", "naive", OWN) - read("random", "naive", OWN)) < 5


def test_anchors_align_the_more_the_more_there_are():
    across = [read("trained", m, ACROSS) for m in ("naive", "1 anchor", "2 anchors", "4 anchors")]
    assert across == sorted(across)


def test_the_recorded_verdicts_follow_from_the_tables():
    hold_verdicts(verdicts(TABLES), VERDICTS, HOME)
    hold_verdicts(of_ours(TABLES), OURS, HOME)


# ---- the controlled test -------------------------------------------------------------------------

OVERLAPS = neutrality.beside(TABLES)
MEAN = OVERLAPS.groupby(["kind", "shown"])[["across", "within", "corrected", "alignment"]].mean()


def test_masks_are_of_the_scales_present_settings():
    assert set(TABLES.overlap["recipe"]) == {SCALES["demo"].hash("masks")}
    assert OVERLAPS.groupby("kind")["shown"].value_counts().eq(3).all()  # six networks, three seeds


def test_six_ways_to_train_align_from_not_at_all_to_completely():
    aligned = MEAN.loc["ticket", "alignment"]
    assert aligned["naive"] < 70 and aligned["unified"] > 98 and aligned.idxmin() == "naive"
    added = aligned["unified"] - aligned["4 anchors"]
    assert 0 < added < aligned["4 anchors"] - aligned["naive"]  # "less than the anchors did"


def test_tickets_lie_in_one_flat_row_and_fisher_rises_to_its_ceiling():
    """What the main figure is taken to show."""
    ticket, fisher = (OVERLAPS[OVERLAPS["kind"] == kind] for kind in ("ticket", "fisher"))
    assert ticket["across"].max() - ticket["across"].min() < 0.03
    assert (ticket["within"] - ticket["across"]).max() < 0.03
    rise = MEAN.loc["fisher", "across"]
    assert rise["naive"] < rise["4 anchors"] < rise["unified"]
    ends = fisher[fisher["method"] == "unified"]
    assert (ends["within"] - ends["across"]).max() < 0.02


def test_most_of_the_rise_is_where_both_languages_get_one_vocabulary():
    rise = MEAN.loc["fisher", "corrected"]
    assert rise["unified"] - rise["4 anchors"] > rise["4 anchors"] - rise["naive"] > 0
    rest = neutrality.beside(TABLES, part="all but the last block")
    rest = rest[rest["kind"] == "fisher"].groupby("shown")["corrected"].mean()
    assert rest["unified"] - rest["naive"] > 0.5 * (
        rise["unified"] - rise["naive"]
    )  # "most of the rise"


def test_a_lesion_costs_its_own_language_several_times_as_much_but_with_unified_output():
    """With four anchors too, though these align the languages."""
    cost = neutrality.lesions(TABLES.subnetworks)
    cost = cost[cost["kind"] == "lesion"].assign(shown=means.method_of)
    mean = cost.groupby(["shown", "own"])["cost"].mean()
    for way in ("naive", "4 anchors"):
        assert mean[way, True] > 2.5 * mean[way, False]
    assert abs(mean["unified", True] - mean["unified", False]) < 3
