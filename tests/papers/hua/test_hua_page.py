"""The page says in words what the recorded tables say, and the recorded verdicts are theirs."""

from pathlib import Path

from recorded import hold_verdicts

from lnlib.papers.hua.analysis import means
from lnlib.papers.hua.analysis.claims import verdicts
from lnlib.papers.hua.analysis.measures import Tables
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.tables import ALIGNMENT, VERDICTS

HOME = Path(__file__).resolve().parents[3] / "results" / "hua" / "demo"
ROWS = ALIGNMENT.read(HOME)
PAIR = ROWS[ROWS["languages"] == "atomic,atomic"]
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
    hold_verdicts(verdicts(Tables.read(HOME, SCALES["demo"])), VERDICTS, HOME)
