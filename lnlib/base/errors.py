"""What a user did that cannot work, said in one message."""

from __future__ import annotations

import math
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Real
from typing import TypeGuard

_LONG = 100  # characters of a value that a message shows


class UserError(ValueError):
    """A value from outside that cannot be used; the message names it and what would do."""


def brief(value: object) -> str:
    """A value in a message: its repr, cut where it is an object with much in it."""
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def choose(value: object, options: Iterable[object], what: str) -> str:
    """Return `value` if it is one of `options`; otherwise raise UserError with the nearest one."""
    names = [str(option) for option in options]
    if isinstance(value, str) and value in names:
        return value
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(str(value).casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else ""
    raise UserError(f"unknown {what} {brief(value)}: expected one of {', '.join(names)}{hint}")


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is one of Python's numbers or numpy's; True and False are none."""
    return not isinstance(value, bool) and isinstance(value, Real)


def whole(value: object) -> int | None:
    """The whole number that a value is: 50, 50.0 or numpy's; None for text, True and the rest."""
    if not is_number(value) or not -math.inf < value < math.inf or value != int(value):  # nor NaN
        return None
    return int(value)


def nearest(value: object, numbers: Iterable[int]) -> str:
    """The end of a message: "; nearest: 50". Empty where `value` is no number or none is there."""
    if not is_number(value) or not -math.inf < value < math.inf:
        return ""
    exact = whole(value) or float(value)  # of numpy's small numbers a difference runs over
    near = min(numbers, key=lambda number: abs(number - exact), default=None)
    return "" if near is None else f"; nearest: {near}"
