"""Sphinx extension: what stands round every page, and in its head.

Jupyter Book always has the scripts of its live-code button, and declares their constants twice,
which a browser reports as an error on every page. They would load code from another host, so they
are taken out. What is put in is what a search or a message shows of a page: its question, or its
first sentence.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

LENGTH = 200  # of a description; those who show one cut it at about this many characters


def without_live_code(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Leave the scripts of `sphinx_thebe` out of the page's frame."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename} {script.attributes.get('body')}".lower()
    ]


def with_description(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: nodes.document | None
) -> None:
    """Say in the page's head who wrote it and what it is about, where it does not itself."""
    given = context.get("metatags") or ""
    first = next(iter(tree.findall(nodes.paragraph)), None) if tree else None
    about = " ".join(first.astext().split())[:LENGTH] if first else ""
    tags = {
        'name="author"': app.config.author,
        'name="description"': about,
        'property="og:title"': app.env.titles[page].astext() if page in app.env.titles else "",
        'property="og:description"': about,
        'property="og:type"': "article",
    }
    context["metatags"] = given + "".join(
        f'\n<meta {name} content="{escape(content)}">'
        for name, content in tags.items()
        if content and name.partition("=")[2] not in given
    )


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("html-page-context", without_live_code, priority=900)  # after those that add them
    app.connect("html-page-context", with_description)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
