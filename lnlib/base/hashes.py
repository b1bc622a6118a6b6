"""Short names for what decides a number: twelve hex digits of a SHA-256."""

from __future__ import annotations

import hashlib
import json
from typing import Any

DIGITS = 12  # 48 bits: a million names, and a chance of one in 500 that any two are alike


def short(*parts: str | bytes) -> str:
    """Twelve hex digits over all parts, one after another."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.hexdigest()[:DIGITS]


def of_settings(settings: Any) -> str:
    """`short` of what JSON can hold, whatever the order of its keys."""
    return short(json.dumps(settings, sort_keys=True))
