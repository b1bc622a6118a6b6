"""What the book says across papers follows from the recorded tables, and the figures take any."""

from pathlib import Path

import lens_tables
import pandas as pd
import pytest
from recorded import hold_verdicts

from lnlib.lenses import figures
from lnlib.lenses.reading import agreement, matrices, profiles
from lnlib.lenses.scales import SETTINGS
from lnlib.lenses.tables import RELATIONS, VERDICTS
from lnlib.papers.muller.tables import ABLATION
from lnlib.results.places import Places

RESULTS = Path(__file__).resolve().parents[2] / "results"
HOMES = {scale: Places.of(RESULTS, "lenses", scale).home for scale in SETTINGS}
RECORDED = [scale for scale, home in HOMES.items() if VERDICTS.path(home).exists()]


@pytest.mark.parametrize("scale", RECORDED)
def test_the_recorded_verdicts_follow_from_the_tables(scale):
    tables = matrices.Tables.read(RESULTS, scale)
    found = RELATIONS.read(HOMES[scale])
    hold_verdicts(agreement.verdicts(tables, found), VERDICTS, HOMES[scale])


@pytest.mark.parametrize("scale", RECORDED)
def test_a_recorded_relation_is_that_of_its_two_lenses(scale):
    tables = matrices.Tables.read(RESULTS, scale)
    two = {lens: matrices.matrix(tables, lens) for lens in (matrices.TICKETS, matrices.FISHER)}
    own = agreement.agreements(two)[matrices.TICKETS, matrices.FISHER]
    rows = RELATIONS.read(HOMES[scale])
    row = rows[(rows["lens_a"] == "tickets") & (rows["lens_b"] == "fisher")]
    row = row[row["given"] == ""].iloc[0]
    assert row["r"] == pytest.approx(own.r, rel=1e-5) and row["p"] == pytest.approx(own.p)
    assert row["languages"] == own.languages
    # other lenses take part in the same draws or not: the ends are of 25 draws each
    assert (row["low"], row["high"]) == pytest.approx((own.low, own.high), abs=0.1)


@pytest.mark.parametrize("narrow", [False, True])
def test_figures_draw_what_is_there_and_say_what_is_not(narrow):
    nothing = matrices.Tables("demo")
    some = lens_tables.tables(lenses=("masks", "states"))
    for tables in (nothing, some):
        related = pd.DataFrame(columns=RELATIONS.columns)
        drawn = [figures.correlations(related, narrow), figures.maps(tables, narrow)]
        drawn.append(
            figures.profiles(profiles.profiles(tables, ABLATION.read("nowhere")), narrow=narrow)
        )
        if tables is some:
            drawn.append(figures.fisher_beside_tickets(tables, narrow))
        texts = [figure._repr_svg_() for figure in drawn]
        # a page takes up shapes; the link of an image in an SVG would be broken in it
        assert all("<svg" in text and "<image" not in text for text in texts)


def test_the_ladder_has_tickets_and_fisher_masks_by_the_same_names():
    found = figures.ladder(lens_tables.tables())
    mean = found.groupby(["kind", "comparison"])["jaccard"].mean()
    # as the toys were made: other languages 0.5 + 0.4 times their closeness, one language 0.9
    near = matrices.between(lens_tables.closeness([*lens_tables.LANGUAGES]))
    assert mean["fisher", "other language"] == pytest.approx(50 + 40 * near)
    assert mean["fisher", "same language, other data"] == pytest.approx(90)
    assert mean["fisher", "shuffled labels"] == pytest.approx(60)
    assert {comparison for _, comparison in mean.index} == {*figures.LADDER}
