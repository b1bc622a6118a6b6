"""What readers call a scale, which scale comes first, and Markdown tabs of what several have.

A scale is named by its data and its encoder: "small" says neither. The most real one comes first
through the whole book. Tabs of one page, and of the next, change together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import import_module

from lnlib.papers import PAPERS

ORDER = ("paper", "medium", "small", "demo")  # the most real first
_CORPORA = {"hub": "real text", "gazetteer": "gazetteer"}
_ENCODERS = {
    "mini-mbert": "mini-mBERT",
    "bert-base-multilingual-cased": "multilingual BERT",
    "xlm-roberta-base": "XLM-R base",
}  # others by what follows their owner's name


def ordered(scales: Iterable[str]) -> list[str]:
    """The scales, the most real first."""
    return sorted(scales, key=ORDER.index)


def label(scale: str, paper: str = "foroutan") -> str:
    """A paper's scale by data and encoder ("real text, mini-mBERT"), or by board and network.

    What goes across papers has the scales of the first.
    """
    paper = paper if paper in PAPERS else PAPERS[0]
    of = import_module(f"lnlib.papers.{paper}.scales").SCALES[scale]
    if hasattr(of, "board"):
        return f"{of.board} board, {of.size.layers} layers of width {of.size.width}"
    encoder = _ENCODERS.get(of.encoder, of.encoder.rpartition("/")[2])
    return f"{_CORPORA[of.corpus]}, {encoder}"


def tabs(bodies: Mapping[str, str], paper: str = "foroutan") -> str:
    """A tab for each scale, the most real first and open; Markdown, which may hold directives."""
    order = ordered(bodies)
    parts = {label(scale, paper): f":sync: {scale}\n\n{bodies[scale]}" for scale in order}
    return named(parts, ":sync-group: scale\n")


def named(parts: Mapping[str, str], options: str = "") -> str:
    """A tab for each part, by its name; a part may begin with options of its own."""
    fences = re.findall(r"^:{3,}", "\n".join(parts.values()), flags=re.MULTILINE)
    inner = ":" * max([3, *(len(fence) + 1 for fence in fences)])
    items = (f"{inner}{{tab-item}} {name}\n{part}\n{inner}" for name, part in parts.items())
    return f"{inner}:{{tab-set}}\n{options}\n" + "\n\n".join(items) + f"\n{inner}:"
