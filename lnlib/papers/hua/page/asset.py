"""The file that the page loads: JSON in a script, since a page on a disk may not fetch.

It is committed, so that a book is built without training anything. Read without torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.base.hashes import of_settings

Asset = dict[str, Any]
_BEFORE, _AFTER = "window.othelloNetworks = ", ";\n"


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Put the script in the place of whatever is at `path`."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    with replacing(path) as partial:
        partial.write_text(_BEFORE + text + _AFTER, encoding="ascii")


def read(path: Path) -> Asset:
    """What `write` wrote. Raises UserError for a file that is missing, torn or damaged."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as cause:
        raise refused("read", path, cause) from cause
    try:
        content: Asset = json.loads(text.removeprefix(_BEFORE).removesuffix(_AFTER))
        whole = content["about"]["weights"] == digest(content["networks"])
    except (ValueError, KeyError, TypeError) as cause:
        raise UserError(f"{str(path)!r} is torn, or not the page's networks: make them anew by "
                        "'python -m lnlib hua play'") from cause  # fmt: skip
    if not whole:
        raise UserError(f"{str(path)!r} is damaged (its checksum differs): restore it, or make it "
                        "anew by 'python -m lnlib hua play'")  # fmt: skip
    return content


def digest(networks: Sequence[Mapping[str, Any]]) -> str:
    """Twelve digits over the networks: weights, words and what was measured."""
    return of_settings(list(networks))
