"""Sphinx extension: a term's definition shows where a reader points at a link to it.

It becomes the link's title, which browsers show by themselves: no script, and no other host.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import docname_join


@cache
def definitions(app: Sphinx) -> dict[str, str]:
    """The text under each term of the glossary, by the term's anchor."""
    found: dict[str, str] = {}
    page = app.env.get_doctree("book/glossary")
    for link in list(page.findall(addnodes.pending_xref)):  # a title names pages, and cites nothing
        target = docname_join("book/glossary", link["reftarget"])
        text = app.env.titles[target].astext() if link["reftype"] == "doc" else ""
        link.parent.replace(link, nodes.Text(text))
    for item in page.findall(nodes.definition_list_item):
        text = " ".join(part.astext() for part in item.findall(nodes.definition))
        for term in item.findall(nodes.term):
            found |= dict.fromkeys(term["ids"], " ".join(text.replace(" []", "").split()))
    return found


def title_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give every link to a term its definition for a title."""
    for link in doctree.findall(nodes.reference):
        anchor = link.get("refuri", "").partition("#")[2] or link.get("refid", "")
        if anchor.startswith("term-") and anchor in definitions(app):
            link["reftitle"] = definitions(app)[anchor]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("doctree-resolved", title_terms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
