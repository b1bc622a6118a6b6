"""Sphinx extension: every numbered figure as an SVG file under its own name.

A page draws its figures once, into files named by a hash of what they show. `{figure-files}` copies
each to `_static/figures/<name>.svg` and lists them, folded by page.
"""

from __future__ import annotations

import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

FOLDER = "_static/figures"


class Place(nodes.General, nodes.Element):
    """Where the list will stand; the figures are known when all pages have been read."""


class FigureFiles(SphinxDirective):
    """`{figure-files}`: a fold a page, with a link to each of its figures."""

    def run(self) -> list[nodes.Node]:
        """The place for the list."""
        return [Place()]


def fill(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Copy the figures and list them, in the order of their numbers."""
    for place in doctree.findall(Place):
        folder = Path(app.outdir, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for page, numbers in app.env.toc_fignumbers.items():
            links = []
            for figure in app.env.get_doctree(page).findall(nodes.figure):
                number = next((numbers["figure"][i] for i in figure["ids"]
                               if i in numbers.get("figure", {})), None)  # fmt: skip
                for image in figure.findall(nodes.image) if number and figure["names"] else ():
                    name = f"{figure['names'][0]}.svg"
                    shutil.copyfile(Path(app.srcdir, image["uri"]), folder / name)
                    links.append((number, name))
            if links:
                lines.append((min(links), page, [name for _, name in sorted(links)]))
        up = "../" * docname.count("/") + FOLDER
        folds = (
            _fold(app.env.titles[page].astext(), names, up) for _, page, names in sorted(lines)
        )
        place.replace_self(nodes.raw("", "\n".join(folds), format="html"))


def _fold(title: str, names: list[str], folder: str) -> str:
    links = ", ".join(f'<a href="{folder}/{name}">{name}</a>' for name in names)
    count = f"{len(names)} figure{'s' if len(names) > 1 else ''}"
    return f"<details><summary>{escape(title)} ({count})</summary><p>{links}</p></details>"


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.add_directive("figure-files", FigureFiles)
    app.connect("doctree-resolved", fill)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
