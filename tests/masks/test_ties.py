"""Which weights a mask cannot tell apart, as where they were rounded to 4 bits."""

import numpy as np
import pytest

from lnlib.masks.smallest import fallen, ties


def rounded(seed=0):
    """|w| of two matrices in blocks of 32 that share a scale, of 16 levels."""
    rng = np.random.default_rng(seed)
    scales = rng.choice(np.linspace(0.01, 0.1, 7), (60, 1)).astype(np.float32)
    sizes = abs(rng.integers(-8, 8, (60, 32)) * scales).astype(np.float32)
    return [sizes[:20], sizes[20:]]


def test_ties_are_counted_as_they_stand():
    found = ties([np.array([0.0, 2.0, 1.0]), np.array([[1.0, 0.0], [3.0, 1.0]])], 3)
    assert (found.zeros, found.distinct, found.alike) == (2, 4, 5)
    assert (found.threshold, found.at_threshold, found.staying) == (1.0, 3, 2)


@pytest.mark.parametrize("level", range(10, 100, 10))
def test_those_that_stay_at_the_threshold_are_the_last_in_order(level):
    sizes = rounded()
    count = sum(part.size for part in sizes) * level // 100
    falls = np.concatenate(fallen(sizes, [np.ones(s.shape, bool) for s in sizes], count))
    values, found = np.concatenate([part.ravel() for part in sizes]), ties(sizes, count)
    at = np.flatnonzero(values == found.threshold)
    assert len(at) == found.at_threshold
    assert (~falls[at]).sum() == found.staying
    assert not falls[at[len(at) - found.staying :]].any()
    assert falls[values < found.threshold].all() and not falls[values > found.threshold].any()


def test_a_mask_smaller_than_the_exact_zeros_changes_no_weight():
    """Of 16 levels the middle one is 0, so a mask at 5 % takes zeros alone, the first in order."""
    sizes = rounded()
    count = sum(part.size for part in sizes) * 5 // 100
    found = ties(sizes, count)
    assert found.threshold == 0 and found.at_threshold == found.zeros > count
    falls = np.concatenate(fallen(sizes, [np.ones(s.shape, bool) for s in sizes], count))
    assert not np.concatenate([part.ravel() for part in sizes])[falls].any()


@pytest.mark.parametrize("count", [0, 8, -1])
def test_a_mask_of_no_weight_or_of_more_than_there_are_has_no_ties(count):
    with pytest.raises(ValueError, match="cannot prune"):
        ties([np.arange(7.0)], count)
