"""Numbers for the pages that a script draws."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def script(name: str, content: Mapping[str, Any]) -> str:
    """The content as `window.NAME`: a page opened from a disk may load a script, and may not fetch
    JSON. ValueError for a number that JSON cannot hold."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return f"window.{name} = {text};\n"
