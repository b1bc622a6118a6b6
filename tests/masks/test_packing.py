"""Codes and masks come out of their bits as they went in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lnlib.masks import packing

CODES = arrays.arrays(np.uint8, st.integers(0, 150), elements=st.integers(0, 15))


@given(CODES)
def test_codes_come_back_from_four_bits(codes):
    packed = packing.nibbles(codes)
    assert packed.nbytes == -(-codes.size // 2)
    assert np.array_equal(packing.codes(packed, codes.shape), codes)
    assert packing.largest(packed) == codes.max(initial=0)


@given(CODES, st.integers(0, 15))
def test_a_level_read_from_four_bits_is_the_level_of_the_codes(codes, rounds):
    kept = (codes == 0) | (codes > rounds)
    words = packing.bits_after(packing.nibbles(codes), codes.size, rounds)
    assert np.array_equal(words, packing.bits(kept))
    assert np.bitwise_count(words).sum() == kept.sum()


@given(CODES)
def test_bools_come_back_from_their_bits(codes):
    assert np.array_equal(packing.bools(packing.bits(codes > 7), codes.size), codes > 7)


def test_common_bits_are_those_that_both_have():
    kept = np.random.default_rng(0).random((3, 150)) > 0.5
    found = packing.common([packing.bits(row) for row in kept])
    assert np.array_equal(found, np.triu(kept.astype(int) @ kept.T.astype(int)))


@pytest.mark.parametrize("shape", [(3, 5), (8, 8), (1, 129)])
def test_shapes_are_kept(shape):
    codes = np.random.default_rng(0).integers(0, 10, shape, np.uint8)
    assert np.array_equal(packing.codes(packing.nibbles(codes), shape), codes)
