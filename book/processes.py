"""Sphinx extension: pages are read and written by several processes at a time.

To read a page is to run its kernel, which is most of a build, and Jupyter Book gives Sphinx no way
to be told how many may run. Its own two extensions that do not say whether they mind are said not
to: one numbers sections when all pages have been read, the other is for LaTeX.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

MOST = 4  # a kernel takes some 300 MB
PARTS = 4  # as many as Sphinx makes of this book for two processes
_SILENT = ("sphinx_multitoc_numbering", "sphinx_jupyterbook_latex")


def allow(app: Sphinx) -> None:
    """Several processes where forking is safe: with macOS's libraries it is not."""
    if sys.platform == "linux":
        app.parallel = min(MOST, os.cpu_count() or 1)
        for name in _SILENT:
            app.extensions[name].parallel_read_safe = True


def mix(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Deal the pages out, so that neighbours in the alphabet, many with kernels, are not one's."""
    docnames[:] = [name for start in range(PARTS) for name in docnames[start::PARTS]]


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("builder-inited", allow)
    app.connect("env-before-read-docs", mix)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
