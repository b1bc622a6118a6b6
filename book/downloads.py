"""Sphinx extension: tables folded by lens, tickets, notebooks, and one archive of everything.

No kernel: what can be had is listed while the page is read, and packed when all figures are drawn.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import figure_files
import front
import pages
import pandas as pd
import scale_tabs
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from lnlib.__main__ import WINGS, wing

ARCHIVE = "_static/lnlib-book.zip"
_SAME_DATE = (2022, 5, 11, 0, 0, 0)  # of every file in the archive, or no two builds were alike
WHAT = {
    **{(name, "verdicts"): "claims, judged by these tables" for name in WINGS},
    ("foroutan", "scores"): "every training: full models, tickets, controls, moved masks",
    ("foroutan", "overlap"): "what two masks share, whole and by layer and component",
    ("foroutan", "excess"): "departures from the untouched encoder's mask that two tickets share",
    ("foroutan", "density"): "how much of each layer and component a mask keeps",
    ("foroutan", "retrieval"): "translations found in each layer under a mask, without training",
    ("foroutan", "switches"): "masks found as the reference code does it, one habit at a time",
    ("foroutan", "seed_parts"): "searches that share a seed's head, its order, both or neither",
    ("foroutan", "cost"): "what a training was foreseen to take, by task and machine",
    ("foroutan", "repeats"): "scores that another machine has measured too",
    ("foroutan", "learning"): "the full model after rounds of other lengths",
    ("muller", "ablation"): "scores with layers re-initialised before fine-tuning",
    ("muller", "similarity"): "how alike two languages' states are, layer by layer",
    ("choenni", "influence"): "whose training examples count most, by sub-network",
    ("choenni", "masks"): "what the sub-networks of two languages share",
    ("choenni", "modular"): "scores with sub-networks put on",
    ("choenni", "left_out"): "losses of trainings without one language",
    ("hua", "pretraining"): "legal moves and loss while a network learns to play",
    ("hua", "alignment"): "what a probe of one language reads in another",
    ("hua", "transfer"): "legal moves while a network is tuned on one language",
    ("hua", "overlap"): "what the masks of two sub-networks share",
    ("hua", "subnetworks"): "what is left of alignment and play under a mask",
    ("hua", "neutrality"): "what the masks say of alignment, judged by these tables",
    ("lenses", "masks"): "what two languages' masks share, by kind of mask",
    ("lenses", "states"): "how alike two languages' states are, by layer",
    ("lenses", "influence"): "how one language's examples pull in another",
    ("lenses", "transfer"): "scores in a language that was not trained on",
    ("lenses", "pieces"): "word pieces that two languages have in common",
    ("lenses", "relations"): "how far the lenses order pairs of languages alike",
}


def tables() -> str:
    """The tables of each paper and of the lenses together, folded; Markdown."""
    papers = ((card.title, card.page, card.paper) for card in front.CARDS)
    lenses = ("Do the lenses agree?", "lenses", "lenses")
    return "\n\n".join(filter(None, (_folded(*lens) for lens in (*papers, lenses))))


def _folded(title: str, page: str, name: str) -> str:
    """The tables of a paper or across papers, the most real scale first; "" without any."""
    rows = []
    for scale in scale_tabs.ORDER:
        home = front.home(name, scale)
        for table in import_module(f"{wing(name)}.tables").TABLES:
            if count := len(table.read(home)):
                rows.append({
                    "scale": scale_tabs.label(scale, name),
                    "table": _link(table.path(home)),
                    "what": WHAT.get((name, table.name), pages.NONE),
                    "rows": f"{count:,}",
                })  # fmt: skip
    if not rows:
        return ""
    body = pages.markdown(pd.DataFrame(rows))
    if published := sorted((pages.ROOT / f"lnlib/papers/{name}/published").glob("*.csv")):
        body += f"\n\nThe paper's own figures, as printed: {', '.join(map(_link, published))}."
    title = f"{title} ({len(rows)} tables)"
    return f":::{{dropdown}} {title}\n{{doc}}`{page}` shows them.\n\n{body}\n:::"


def tickets() -> str:
    """The tickets that come with the book."""
    found = sorted((pages.ROOT / "results").glob("*/*/tickets/*.safetensors"))
    return "\n".join(f"- {_link(path)} ({path.stat().st_size / 1e6:.1f} MB)" for path in found)


def notebooks() -> str:
    """All notebooks."""
    return ", ".join(map(_link, sorted((pages.ROOT / "notebooks").glob("*.ipynb"))))


def archive() -> str:
    """A link to the archive, which is there when the build has ended."""
    return (
        f'<a href="../{ARCHIVE}" download>Everything in one archive</a>: tables, tickets, figures '
        "and notebooks."
    )


def _link(path: Path) -> str:
    return f"{{download}}`{path.name} <../{path.relative_to(pages.ROOT)}>`"


LISTS = {"tables": tables, "tickets": tickets, "notebooks": notebooks, "archive": archive}


class Downloads(SphinxDirective):
    """`{downloads} tables`: one of `LISTS`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The list as nodes."""
        return self.parse_text_to_nodes(LISTS[self.arguments[0]]())


def packed(figures: Path) -> Iterator[tuple[Path, str]]:
    """Each file of the archive, and what it is called there."""
    for pattern in ("results/**/*.csv", "results/*/*/tickets/*.safetensors", "notebooks/*.ipynb",
                    "lnlib/papers/*/published/*.csv"):  # fmt: skip
        for path in sorted(pages.ROOT.glob(pattern)):
            yield path, path.relative_to(pages.ROOT).as_posix()
    for path in sorted(figures.glob("*.svg")):
        yield path, f"figures/{path.name}"


def pack(app: Sphinx, exception: Exception | None) -> None:
    """Write the archive of an HTML build that did not fail."""
    if exception or app.builder.format != "html":
        return
    with zipfile.ZipFile(app.outdir / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as out:
        for path, name in packed(app.outdir / figure_files.FOLDER):
            out.writestr(zipfile.ZipInfo(name, _SAME_DATE), path.read_bytes(), zipfile.ZIP_DEFLATED)


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx; `_config.yml` names this module under local_extensions."""
    app.add_directive("downloads", Downloads)
    app.connect("build-finished", pack)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
