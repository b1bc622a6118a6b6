"""Sphinx extension: every table of a page has a number, and a place that a link can lead to."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx


def number(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Number the tables of a page that have no caption; the papers have tables of their own."""
    tables = [table for table in doctree.findall(nodes.table) if table.parent.tagname != "table"]
    for place, table in enumerate(tables, start=1):
        if not any(isinstance(part, nodes.title) for part in table.children):
            table["ids"].append(f"table-{place}")
            table.insert(0, nodes.title("", f"Table {place} of this page"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("doctree-resolved", number)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
