"""Each lens as a matrix: its table's numbers, both ways round, beside what it sees by chance."""

import lens_tables
import numpy as np
import pytest

from lnlib.languages import LANGUAGES
from lnlib.lenses.reading import matrices, profiles
from lnlib.lenses.reading.matrices import (
    DEPARTURES,
    FISHER,
    FREE,
    INFLUENTIAL,
    LENSES,
    STATES_ALIKE,
    SURE,
    TENTH,
    TICKETS,
    VARIANTS,
    ZERO_SHOT,
)
from lnlib.papers.muller.tables import ABLATION

CODES = list(LANGUAGES)
EXACT = lens_tables.tables()
NEAR = lens_tables.closeness(CODES)


@pytest.mark.parametrize("lens", [lens for lens in (*LENSES, *VARIANTS) if lens != DEPARTURES])
def test_a_lens_is_symmetric_and_has_no_diagonal(lens):
    found = matrices.matrix(lens_tables.tables(noise=0.1), lens)
    assert np.allclose(found, found.T, equal_nan=True)
    between = ~np.eye(len(found), dtype=bool)
    assert (found.notna().to_numpy() == between).all() and len(found) >= 9


@pytest.mark.parametrize("lens, seen", [
    (FISHER, lambda near: 50 + 40 * near),  # % of a Jaccard of 0.5 + 0.4 times the closeness
    (TENTH, lambda near: 50 + 40 * near),
    (STATES_ALIKE, lambda near: 0.8 * near - 0.05 * 3.5),  # the mean of layers 1 to 6
    (INFLUENTIAL, lambda near: 0.3 * near),
    (ZERO_SHOT, lambda near: 100 * near),  # of the own score, which is that of closeness 1
    (SURE, lambda near: 100 * (50 + 40 * near) / 90),
])  # fmt: skip
def test_a_lens_has_the_numbers_of_its_table(lens, seen):
    found = matrices.matrix(EXACT, lens)
    assert list(found.index) == CODES
    between = ~np.eye(len(CODES), dtype=bool)
    assert np.allclose(found.to_numpy()[between], seen(NEAR.to_numpy())[between])


def test_a_lens_with_a_direction_keeps_it_until_it_is_averaged():
    tables = lens_tables.tables()
    rows = tables.transfer
    one_way = (rows["source"] == "en") & (rows["target"] == "ur")
    rows.loc[one_way, "value"] = 60.0
    wide = matrices.directed(tables, ZERO_SHOT)
    other = 100 * NEAR.loc["en", "ur"]
    assert wide.loc["en", "ur"] == pytest.approx(75) and wide.loc["ur", "en"] == pytest.approx(
        other
    )
    mean = matrices.matrix(tables, ZERO_SHOT)
    assert mean.loc["en", "ur"] == pytest.approx((75 + other) / 2)


def test_chance_and_ceiling_stand_beside_a_lens():
    assert matrices.null(EXACT, FISHER) == pytest.approx((35, 50))
    assert matrices.null(EXACT, STATES_ALIKE) == pytest.approx((0, 0.1))
    assert matrices.null(EXACT, INFLUENTIAL) == pytest.approx((0.05, 0.1))
    assert matrices.null(EXACT, ZERO_SHOT) == pytest.approx((2.5, 2.5))  # 2 of 80 points
    assert matrices.ceiling(EXACT, FISHER).tolist() == pytest.approx([90] * len(CODES))
    assert matrices.ceiling(EXACT, INFLUENTIAL).tolist() == pytest.approx([0.3] * len(CODES))
    assert matrices.ceiling(EXACT, STATES_ALIKE).empty


def test_a_layer_of_states_is_what_comes_out_of_the_encoders_layer():
    """Level 0 is the embeddings: layer 0's output is level 1."""
    first = matrices.matrix(EXACT, STATES_ALIKE, "0")
    assert first.loc["en", "ur"] == pytest.approx(0.8 * NEAR.loc["en", "ur"] - 0.05)


@pytest.mark.parametrize("lens", [DEPARTURES, ZERO_SHOT])
def test_what_has_no_layers_is_empty_for_one(lens):
    assert matrices.matrix(EXACT, lens, "2").empty


@pytest.mark.parametrize("lens", [*LENSES, *VARIANTS])
def test_what_was_not_measured_is_empty_and_not_0(lens):
    nothing = matrices.Tables("demo")
    assert matrices.matrix(nothing, lens).empty
    assert lens == DEPARTURES or np.isnan(matrices.null(nothing, lens)).all()


def test_relatives_share_more_branches():
    near = matrices.relatedness(CODES)
    assert near.loc["hi", "ur"] > near.loc["fa", "ur"] > near.loc["en", "ur"] > 0
    assert near.loc["ar", "zh"] == near.loc["sw", "en"] == 0


def test_profiles_have_a_null_at_every_depth_and_leave_out_what_was_not_measured():
    found = profiles.profiles(lens_tables.tables(), ABLATION.read("nowhere"))
    assert list(found["lens"].unique()) == [TICKETS, FISHER, STATES_ALIKE, INFLUENTIAL]
    states = found[found["lens"] == STATES_ALIKE]
    assert list(states["depth"]) == [0, 1, 2, 3, 4, 5, 6]  # the embeddings too
    assert list(found.loc[found["lens"] == FISHER, "depth"]) == [1, 2, 3, 4, 5, 6]
    own = found[found["lens"] != TICKETS]  # the toys have no masks of single layers to compare with
    assert own[["null_low", "null_high"]].notna().all(axis=None)
    assert (own["low"] <= own["value"]).all() and (own["value"] <= own["high"]).all()


def test_states_without_length_are_a_lens_of_their_own():
    tables = lens_tables.tables()
    rows = tables.states
    rows.loc[rows["length"] == "out", "value"] = 0.1
    rows.loc[rows["length"] == "out", "floor_length"] = 0.0
    assert matrices.between(matrices.matrix(tables, FREE)) == pytest.approx(0.1)
    assert matrices.null(tables, FREE) == (0, 0)
    assert matrices.between(matrices.matrix(tables, STATES_ALIKE)) != pytest.approx(0.1)
