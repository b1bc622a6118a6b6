"""Sphinx extension: writes the overlap explorer's data beside the book's other static files.

Into the output and not into the sources, so that nothing generated can be committed or grow old.
Before the pages, and on every build: the data then follow `results/` even where the page is cached.
"""

from __future__ import annotations

from typing import Any

import pages
import scale_tabs
from sphinx.application import Sphinx

from lnlib.papers.foroutan.reading import explorer
from lnlib.papers.foroutan.scales import SCALES


def write(app: Sphinx) -> None:
    """`_static/explorer-data.js` of an HTML build; other builders have no scripts."""
    if app.builder.format != "html":
        return
    tables = {scale: pages.table("overlap", scale) for scale in scale_tabs.ordered(SCALES)}
    folder = app.outdir / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    names = {scale: pages.label(scale) for scale in tables}
    text = explorer.script(explorer.data(tables, names))
    (folder / "explorer-data.js").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
