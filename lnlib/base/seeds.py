"""Seeds derived from what a computation is, never from what ran before it."""

from __future__ import annotations

import hashlib

from lnlib.base.errors import UserError


def derive(seed: int, *parts: object) -> int:
    """A 63-bit seed from a run's `seed` and the names of what it is for.

    Two computations share a seed only if all parts are equal; the order of computations has no
    part in it, so a search resumed at any round draws what one never stopped would have drawn.
    """
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def check(value: object, name: str = "seed") -> int:
    """Return `value` if it is a whole number from 0 up; UserError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise UserError(f"{name} {value!r} is not a whole number from 0 up")
    return value
