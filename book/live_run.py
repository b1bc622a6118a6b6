"""Sphinx extension: the page of a notebook that `make book` has run shows what came out.

The run lies in runs/live, which is not tracked; without it the page is the notebook as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

RUNS = {"notebooks/prune": Path("runs/live/prune-ur-ner.ipynb")}  # as the Makefile names it


def with_outputs(notebook: NotebookNode, run: NotebookNode) -> NotebookNode:
    """The notebook with a run's outputs and a line that says so, or as it is if it has changed."""
    # papermill puts in a cell of its own, with the parameters it was given
    ran = [one for one in run.cells if "injected-parameters" not in one.metadata.get("tags", [])]
    if [one.source for one in ran] != [one.source for one in notebook.cells]:
        return notebook
    for cell, done in zip(notebook.cells, ran, strict=True):
        if cell.cell_type == "code":
            cell.outputs = done.outputs
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(_when(run.metadata.papermill)))
    return notebook


def _when(run: NotebookNode) -> str:
    given = ", ".join(f"`{name}` {value}" for name, value in run.parameters.items())
    day, seconds = run.start_time[:10], run.duration
    return (
        f":::{{note}}\nWhat stands below the cells came out when this book was built, on {day}, in "
        f"{seconds:.0f} seconds. The run was given {given}.\n:::"
    )


def show_run(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the run in place of the notebook before it is parsed."""
    path = Path(app.srcdir) / RUNS.get(page, "")
    if page in RUNS and path.is_file():
        notebook, run = nbformat.reads(source[0], 4), nbformat.read(path, 4)
        source[0] = nbformat.writes(with_outputs(notebook, run))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.connect("source-read", show_run)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
