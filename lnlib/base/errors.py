"""What a user did that cannot work, said in one message."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """A value from outside that cannot be used; the message names it and what would do."""


def choose(value: object, options: Iterable[object], what: str) -> str:
    """Return `value` if it is one of `options`; otherwise raise UserError with the nearest one."""
    names = [str(option) for option in options]
    if isinstance(value, str) and value in names:
        return value
    folded = {name.casefold(): name for name in names}
    near = get_close_matches(str(value).casefold(), folded, n=1, cutoff=0.5)
    hint = f"; did you mean {folded[near[0]]!r}?" if near else ""
    raise UserError(f"unknown {what} {value!r}: expected one of {', '.join(names)}{hint}")
