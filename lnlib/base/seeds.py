"""Seeds derived from what a computation is, never from what ran before it."""

from __future__ import annotations

from numbers import Integral

from lnlib.base.errors import UserError, brief
from lnlib.base.hashes import number

_MOST = 2**63 - 1  # what a column of whole numbers in a table can hold


def derive(seed: int, *parts: object) -> int:
    """A 63-bit seed from a run's `seed` and the names of what it is for.

    Two computations share a seed only if all parts are equal; the order of computations has no
    part in it, so a search resumed at any round draws what one never stopped would have drawn.
    UserError unless `seed` is one.
    """
    seed = check(seed)
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return number(text) >> 1


def check(value: object, name: str = "seed") -> int:
    """`value` as an int if it is a whole number from 0 up, numpy's too; UserError otherwise."""
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 0:
        raise UserError(f"{name} {brief(value)} is not a whole number from 0 up")
    if int(value) > _MOST:
        raise UserError(f"{name} {value!r} is too large: expected {_MOST} at most")
    return int(value)
