"""Small numbers in few bits: codes of four bits for files, masks of one bit for counting.

Each matrix is packed by itself, the first weight in the lowest bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

# Words of a mask that are compared at a time. Nine masks of as many stay in a core's second-level
# cache; it is a matrix of 768 x 768 weights, so no short rest is left over at BERT's sizes.
_CHUNK = 768 * 768 // 64
_ROOM = 1 << 26  # bytes for the counts of all pairs' words: hundreds of masks take shorter chunks


def nibbles(codes: np.ndarray) -> np.ndarray:
    """Codes 0 to 15 (any shape, W in all) two to a byte: uint8 (ceil(W / 2),)."""
    pairs = _padded(codes.ravel(), 2).view("<u2")
    return (pairs | (pairs >> 4)).astype(np.uint8)


def codes(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The codes that `nibbles` packed, uint8 of their shape."""
    pairs = packed.astype("<u2")
    pairs |= pairs << 4
    pairs &= 0x0F0F
    return pairs.view(np.uint8)[: int(np.prod(shape))].reshape(shape)


def largest(packed: np.ndarray) -> int:
    """The largest code among `nibbles`; what pads them is 0."""
    return max(int(packed.max(initial=0)) >> 4, int((packed << 4).max(initial=0)) >> 4)


def bits(kept: np.ndarray) -> np.ndarray:
    """A bool array (any shape, W in all) as words of 64 bits, zero beyond W: (ceil(W / 64),)."""
    return _padded(np.packbits(kept.ravel(), bitorder="little"), 8).view("<u8")


def bools(words: np.ndarray, weights: int) -> np.ndarray:
    """The flat bool array that `bits` packed: (W,)."""
    return np.unpackbits(words.view(np.uint8), count=weights, bitorder="little").view(bool)


def common(masks: Sequence[np.ndarray]) -> np.ndarray:
    """How many bits each two of N packed arrays have in common, int64 (N, N), zero below the
    diagonal; on it how many each has."""
    both = np.zeros((len(masks), len(masks)), np.int64)
    first, second = np.triu_indices(len(masks))
    words = min(_CHUNK, _ROOM // len(first) + 1)
    ones = np.empty((len(first), words), np.uint8)  # of each word that a pair shares, 64 at most
    for start in range(0, len(masks[0]), words):
        chunk = [mask[start : start + words] for mask in masks]
        found = ones[:, : len(chunk[0])]
        for i, j, own in zip(first, second, found, strict=True):
            np.bitwise_count(chunk[i] & chunk[j], out=own)
        both[first, second] += found.sum(axis=1, dtype=np.uint32)
    return both


def bits_after(packed: np.ndarray, weights: int, rounds: int) -> np.ndarray:
    """`bits` of the weights that stay after `rounds`, from the nibbles of their codes.

    A code is the round a weight fell in, 0 for never. Four codes are looked up at a time, so
    neither codes nor bools are built.
    """
    halves = np.take(_kept_of_four(rounds), _padded(packed, 2).view("<u2"))
    words = _padded(nibbles(halves), 8).view("<u8")
    if over := weights % 64:
        words[-1] &= (1 << over) - 1  # what pads the codes is 0, which would count as kept
    return words


@cache
def _kept_of_four(rounds: int) -> np.ndarray:
    """For each of the 65,536 words of four codes its four bits, uint8."""
    words = np.arange(1 << 16, dtype=np.uint16)
    table = np.zeros(1 << 16, np.uint8)
    for place in range(4):
        code = (words >> (4 * place)) & 15
        table |= (((code == 0) | (code > rounds)) << place).astype(np.uint8)
    return table


def _padded(values: np.ndarray, multiple: int) -> np.ndarray:
    """Bytes with zeros behind them, to a whole number of `multiple`."""
    lacking = -values.size % multiple
    return np.append(values, np.zeros(lacking, np.uint8)) if lacking else values
