"""Checksums of files, short names for what decides a number, and numbers drawn from names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

DIGITS = 12  # 48 bits: a million names, and a chance of one in 500 that any two are alike


def checksum(*parts: str | bytes | memoryview) -> str:
    """The SHA-256 over all parts, one after another, in hex."""
    return _digest(parts).hex()


def short(*parts: str | bytes | memoryview) -> str:
    """The first twelve digits of the checksum."""
    return short_over(parts)


def short_over(parts: Iterable[str | bytes | memoryview]) -> str:
    """`short` of parts that are too large to stand in memory together."""
    return _digest(parts).hex()[:DIGITS]


def of_settings(settings: Any) -> str:
    """`short` of what JSON can hold, whatever the order of its keys."""
    return short(json.dumps(settings, sort_keys=True))


def number(*parts: str | bytes | memoryview) -> int:
    """A whole number below 2^64 that follows from the parts."""
    return int.from_bytes(_digest(parts)[:8], "big")


def _digest(parts: Iterable[str | bytes | memoryview]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
    return digest.digest()


LATER = {"later": True}  # metadata of a field that came when results had been recorded without it


def settings(instance: DataclassInstance) -> dict[str, Any]:
    """The fields of a dataclass for `of_settings`: those marked `LATER` only where they are set.

    A result that was recorded before a field was there was made with its default.
    """
    left_out = {
        field.name
        for field in fields(instance)
        if field.metadata.get("later") and getattr(instance, field.name) == field.default
    }
    return {name: value for name, value in asdict(instance).items() if name not in left_out}
