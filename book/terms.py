"""Sphinx extension: a page's first use of a term leads to the glossary, and says what it means.

The definition is the link's title, which browsers show by themselves; where scripts run, book.js
shows it as a card, by pointer, keyboard and touch.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import docname_join

GLOSSARY = "book/glossary"
# Everyday words too: a page links them where it means the term
BY_HAND = {
    "ceiling", "comparison", "control", "floor", "gain", "head", "level", "margin", "scale",
    "source", "target",
}  # fmt: skip
_NO_TERMS_IN = (
    nodes.reference, nodes.literal, nodes.literal_block, nodes.title, nodes.term, nodes.caption,
    nodes.math, nodes.raw, nodes.table, nodes.image, addnodes.desc,
)  # fmt: skip


@cache
def definitions(app: Sphinx) -> dict[str, str]:
    """The text under each term of the glossary, by the term's anchor."""
    found: dict[str, str] = {}
    page = app.env.get_doctree(GLOSSARY)
    for link in list(page.findall(addnodes.pending_xref)):  # a title names pages, and cites nothing
        title = app.env.titles.get(docname_join(GLOSSARY, link["reftarget"]))
        text = title.astext() if link["reftype"] == "doc" and title else link.astext()
        link.parent.replace(link, nodes.Text(text))
    for item in page.findall(nodes.definition_list_item):
        text = " ".join(part.astext() for part in item.findall(nodes.definition))
        for term in item.findall(nodes.term):
            found |= dict.fromkeys(term["ids"], " ".join(text.replace(" []", "").split()))
    return found


@cache
def names(app: Sphinx) -> dict[str, str]:
    """The anchor of each term that is linked by itself, the longest names first."""
    found = {
        term.astext(): term["ids"][0]
        for term in app.env.get_doctree(GLOSSARY).findall(nodes.term)
        if term["ids"] and term.astext() not in BY_HAND
    }
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def anchor_of(link: nodes.reference) -> str:
    """The anchor that a link leads to."""
    return str(link.get("refuri", "").partition("#")[2] or link.get("refid", ""))


def link_first_uses(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the first use of each term in a page's running text, if no link stands before it."""
    if docname == GLOSSARY or not docname.startswith("book/"):
        return
    ids = {name.lower(): anchor for name, anchor in names(app).items()}
    any_term = re.compile(rf"\b({'|'.join(map(re.escape, ids))})(s?)\b", re.IGNORECASE)
    linked: set[str] = set()
    for node in list(doctree.findall()):
        if isinstance(node, nodes.reference):
            linked.add(anchor_of(node))
        if not isinstance(node, nodes.Text) or any(map(_no_term_in, _parents(node))):
            continue
        parts: list[nodes.Node] = []
        text, at = node.astext(), 0
        for match in any_term.finditer(text):
            anchor = ids[match[1].lower()]
            if anchor in linked:
                continue
            linked.add(anchor)
            uri = app.builder.get_relative_uri(docname, GLOSSARY) + f"#{anchor}"
            parts += [nodes.Text(text[at : match.start()]),
                      nodes.reference("", match[0], refuri=uri, internal=True)]  # fmt: skip
            at = match.end()
        if parts:
            node.parent.replace(node, [*parts, nodes.Text(text[at:])])


def _no_term_in(node: nodes.Node) -> bool:
    """Titles, code and links; cards, which are links as a whole; and the names of tabs."""
    if node.tagname == "sd_tab_label":
        return True
    classes = node.get("classes", ()) if isinstance(node, nodes.Element) else ()
    return isinstance(node, _NO_TERMS_IN) or any("card" in name for name in classes)


def _parents(node: nodes.Node) -> list[nodes.Node]:
    found = []
    while node := node.parent:
        found.append(node)
    return found


def title_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Give every link to a term its definition for a title."""
    link_first_uses(app, doctree, docname)
    for link in doctree.findall(nodes.reference):
        if (anchor := anchor_of(link)) in definitions(app) and anchor.startswith("term-"):
            link["reftitle"] = definitions(app)[anchor]
            link["classes"].append("term")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("doctree-resolved", title_terms)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
