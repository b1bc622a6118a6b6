"""Jaccard and its chance level, on pairs counted by hand and on random masks."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from lnlib.base.errors import UserError
from lnlib.masks import packing
from lnlib.masks.matrices import Matrix
from lnlib.masks.overlap import density_table, expected_jaccard, jaccard, overlap_table
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.masks.ticket_file import Record

RECORD = Record("ticket", "ner", "ur", 0, "demo", (50,), "toy", "f")
Q, D = "encoder.layer.0.attention.self.query.weight", "encoder.layer.1.output.dense.weight"
P = "pooler.dense.weight"


def ticket(kept, lang="ur", fingerprint="f"):
    layers = {Q: (0, "attention.self.query"), D: (1, "output.dense"), P: (None, "pooler")}
    matrices = [Matrix(n, "encoder.layer", *layers[n], len(v)) for n, v in kept.items()]
    codes = {n: 1 - np.array(v, np.uint8) for n, v in kept.items()}
    record = replace(RECORD, lang=lang, encoder_fingerprint=fingerprint)
    return Ticket(record, matrices, codes)


A = ticket({Q: [1, 1, 1, 0], D: [1, 0, 0, 0, 1]})
B = ticket({Q: [1, 1, 0, 1], D: [0, 0, 0, 0, 1]}, "en")


def test_jaccard_of_a_pair_counted_by_hand():
    assert jaccard(A, B) == (2 + 1) / (4 + 2)  # both keep 3 of the 6 either keeps


def test_parts_are_counted_by_hand():
    table = overlap_table([A, B], 50, ["layer"]).set_index("part")
    assert table.jaccard.to_dict() == {"0": 2 / 4, "1": 1 / 2}
    assert table.simple_matching.to_dict() == {"0": 2 / 4, "1": 4 / 5}


def test_the_densities_of_a_pair_are_those_of_its_masks_in_order():
    row = overlap_table([A, B]).iloc[0]
    assert (row.density_a, row.density_b) == (5 / 9, 4 / 9)


def test_two_masks_that_keep_nothing_are_the_same_mask():
    a, b = (ticket({Q: [0, 0], D: [0]}, lang) for lang in ("ur", "en"))
    assert jaccard(a, b) == overlap_table([a, b]).jaccard[0] == 1.0


def test_a_mask_overlaps_with_itself_fully():
    assert jaccard(A, A) == 1.0


def test_a_pooler_is_counted_once_and_not_with_the_last_layer():
    """The reference helper adds it to layer 11 and then adds both to the total once more."""
    a, b = ({Q: [1, 1], D: [1, 1], P: [1, 0, 0, 1]}, {Q: [1, 1], D: [1, 1], P: [1, 1, 0, 0]})
    table = overlap_table([ticket(a), ticket(b, "en")], 50, ["all", "layer"]).set_index("part")
    assert table.jaccard.to_dict() == {"all": 5 / 7, "0": 1.0, "1": 1.0, "pooler": 1 / 3}


@pytest.mark.parametrize("sparsity", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_random_masks_share_what_chance_gives(sparsity):
    rng = np.random.default_rng(0)
    weights = 200_000
    pair = [ticket({Q: rng.random(weights) > sparsity}, lang) for lang in ("ur", "en")]
    chance = (1 - sparsity) / (1 + sparsity)
    assert expected_jaccard(1 - sparsity) == pytest.approx(chance)
    # The share is a ratio of counts over the either-kept weights: four binomial standard errors.
    error = 4 * np.sqrt(chance * (1 - chance) / (weights * (1 - sparsity**2)))
    assert jaccard(*pair) == pytest.approx(chance, abs=error)


def test_expected_knows_each_matrixs_density():
    rng = np.random.default_rng(0)
    kept = [{Q: rng.random(100_000) < 0.9, D: rng.random(100_000) < 0.1} for _ in range(2)]
    row = overlap_table([ticket(kept[0]), ticket(kept[1], "en")]).iloc[0]
    # (.81 + .01) / (.99 + .19), far above the 1/3 of even masks; 4 standard errors are 0.006
    assert row.expected == pytest.approx(0.82 / 1.18, abs=0.006)
    assert row.jaccard == pytest.approx(row.expected, abs=0.006)


def test_every_pair_appears_once():
    many = [ticket({Q: [1, 0, 1]}, lang) for lang in ("ur", "en", "de", "zh")]
    assert len(overlap_table(many)) == 6


def test_more_weights_than_a_chunk_are_all_counted():
    kept = np.arange(3_000_001) > 0
    assert jaccard(ticket({Q: kept}), ticket({Q: kept}, "en")) == 1.0
    row = overlap_table([ticket({Q: kept}), ticket({Q: ~kept}, "en")]).iloc[0]
    assert (row.jaccard, row.weights) == (0.0, 3_000_001)


def test_densities_are_the_tickets_own():
    table = density_table([A], 50, ["layer"])
    assert dict(zip(table.part, table.density, strict=True)) == {"0": 3 / 4, "1": 2 / 5}
    pd.testing.assert_frame_equal(density_table([A.packed(50)], 50, ["layer"]), table)


def test_tickets_of_different_encoders_are_refused():
    with pytest.raises(UserError, match="different encoders"):
        overlap_table([A, ticket({Q: [1, 0, 1]})])


def test_tickets_of_encoders_of_one_shape_are_told_apart_by_fingerprint():
    kept = {Q: [1, 1, 0, 1], D: [0, 0, 0, 0, 1]}
    with pytest.raises(UserError, match=r"different encoders.*fingerprint, f and g"):
        jaccard(A, ticket(kept, "en", "g"))
    unknown = ticket(kept, "en", "")  # as the reference code's masks are
    assert jaccard(unknown, A) == jaccard(A, B)
    with pytest.raises(UserError, match="fingerprint, f and g"):  # whatever stands between them
        overlap_table([unknown, A, ticket(kept, "de", "g")])


def test_an_unknown_grouping_is_refused():
    with pytest.raises(UserError, match=r"unknown grouping 'layers'.*did you mean 'layer'"):
        overlap_table([A, B], 50, ["layers"])


def test_one_grouping_may_stand_by_itself():
    pd.testing.assert_frame_equal(
        overlap_table([A, B], 50, "layer"), overlap_table([A, B], 50, ["layer"])
    )
    assert set(density_table([A], 50, "layer").by) == {"layer"}


def test_packed_masks_give_the_table_of_their_tickets(tmp_path):
    rng = np.random.default_rng(0)
    pair = [ticket({Q: rng.random(1_000) > 0.5, D: rng.random(333) > 0.9}, la) for la in "ab"]
    paths = [one.save(tmp_path / f"{one.record.lang}.safetensors") for one in pair]
    packed = [PackedMask.load(path, 50) for path in paths]
    by = ("all", "layer", "component", "matrix")
    pd.testing.assert_frame_equal(overlap_table(packed, 50, by), overlap_table(pair, 50, by))
    with pytest.raises(UserError, match="read at 50 %, not at 40 %"):
        overlap_table(packed, 40)


def test_many_masks_are_counted_in_chunks():
    rng = np.random.default_rng(0)
    kept = rng.random((5, 1_000)) > 0.5
    many = [ticket({Q: row}, f"l{n}") for n, row in enumerate(kept)]
    whole = overlap_table(many)
    for limit in ({"_CHUNK": 3}, {"_ROOM": 3 * 15 - 1}):  # of 16 words, so the last chunk is short
        with mock.patch.multiple(packing, **limit):
            pd.testing.assert_frame_equal(overlap_table(many), whole)
    assert whole.jaccard[0] == (kept[0] & kept[1]).sum() / (kept[0] | kept[1]).sum()
