"""Sphinx extension: writes the explorers' data beside the book's other static files.

Into the output and not into the sources, so that nothing generated can be committed or grow old.
Before the pages, and on every build: the data then follow `results/` even where the page is cached.
"""

from __future__ import annotations

from typing import Any

import pages
import scale_tabs
from sphinx.application import Sphinx

from lnlib.papers.choenni.analysis import sentences
from lnlib.papers.foroutan.reading import explorer
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results.places import Places


def write(app: Sphinx) -> None:
    """`_static/*-data.js` of an HTML build; other builders have no scripts."""
    if app.builder.format != "html":
        return
    tables = {scale: pages.table("overlap", scale) for scale in scale_tabs.ordered(SCALES)}
    names = {scale: pages.label(scale) for scale in tables}
    home = Places.of(pages.ROOT / "results", "choenni", "demo").home
    scripts = {
        "explorer": explorer.script(explorer.data(tables, names)),
        "influences": sentences.script(sentences.read_all(home)),
    }
    folder = app.outdir / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in scripts.items():
        (folder / f"{name}-data.js").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("builder-inited", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
