"""Small numbers in few bits: codes of four bits for files, masks of one bit for counting.

Each matrix is packed by itself, the first weight in the lowest bits.
"""

from __future__ import annotations

from functools import cache

import numpy as np


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
