"""Figures as Markdown, for the cells of pages and for directives."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lnlib.figures.style import Figure

FOLDER = Path(__file__).resolve().parents[1] / "_build" / "figures"


def drawing(name: str, draw: Callable[[bool], Figure], title: str, alt: str, more: str = "",
            start: Path | None = None) -> str:  # fmt: skip
    """A numbered figure as Markdown, in a wide version and one for a telephone.

    Parameters:

    - `name`: of its file, which is that of the link to it without "fig-".
    - `draw`: draws it, told whether it is to be narrow.
    - `title`: a sentence that says what it shows.
    - `alt`: the finding, for those who do not see it.
    - `more`: how it is to be read.
    - `start`: the folder of the page; a page's kernel works there.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for narrow, ending in ((False, ".svg"), (True, ".narrow.svg")):
        draw(narrow).savefig(FOLDER / f"{name}{ending}", metadata={"Date": None})
    link = os.path.relpath(FOLDER / f"{name}.svg", start or Path.cwd())
    options = f":name: fig-{name}\n:alt: {' '.join(alt.split())}\n:figclass: drawing"
    return f"```{{figure}} {link}\n{options}\n\n{title}\n\n{more}\n```"
