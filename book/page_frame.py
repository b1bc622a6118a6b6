"""Sphinx extension: takes out of every page what would load live code from another host.

Jupyter Book always has the scripts of its live-code button, and declares their constants twice,
which a browser reports as an error on every page.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def without_live_code(
    app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any
) -> None:
    """Leave the scripts of `sphinx_thebe` out of the page's frame."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename} {script.attributes.get('body')}".lower()
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("html-page-context", without_live_code, priority=900)  # after those that add them
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
