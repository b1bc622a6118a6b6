"""Sphinx extension: writes what the page of the lenses shows beside the book's other static files.

Into the output and not into the sources, as `explorer_data` does and for its reasons.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from lnlib.lenses.reading import pair
from lnlib.lenses.reading.matrices import Tables
from lnlib.lenses.scales import SETTINGS

RESULTS = Path(__file__).resolve().parents[1] / "results"


def write(app: Sphinx) -> None:
    """`_static/lenses-data.js` of an HTML build; other builders have no scripts."""
    if app.builder.format != "html":
        return
    folder = app.outdir / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    found = pair.data({scale: Tables.read(RESULTS, scale) for scale in SETTINGS})
    (folder / "lenses-data.js").write_text(pair.script(found), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
