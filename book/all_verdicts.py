"""The verdicts on every paper's claims, at every scale that has been judged."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from importlib import import_module
from pathlib import Path

import pages
import pandas as pd
import scale_tabs

from lnlib.papers import PAPERS
from lnlib.results import ledger
from lnlib.results.places import Places

_WORDS = dict(zip(ledger.VERDICTS, ("agree", "differ", "cannot be told", "not run"), strict=True))
CLASSES = dict(zip(ledger.VERDICTS, ("agrees", "differs", "open", "open"), strict=True))


@dataclass(frozen=True)
class Paper:
    """How a paper is called here, and the page that has its claims with all their detail."""

    title: str
    page: str
    asked_of: str = "task"  # the column that says what a claim is asked of


TITLES = {
    "foroutan": Paper("Sub-networks (Foroutan et al. 2022)", "claims"),
    "muller": Paper("Layers (Muller et al. 2021)", "align"),
    "choenni": Paper("Training examples (Choenni et al. 2024)", "examples"),
    "hua": Paper("A world we know (Hua et al. 2024)", "othello", "languages"),
}


def home(paper: str, scale: str) -> Path:
    """The folder of a paper's tables."""
    return Places.of(pages.ROOT / "results", paper, scale).home


def verdicts(paper: str) -> pd.DataFrame:
    """A row a claim and what it is asked of: the verdict of the largest scale that can tell."""
    table = import_module(f"lnlib.papers.{paper}.tables").VERDICTS
    scales = scale_tabs.ordered(import_module(f"lnlib.papers.{paper}.scales").SCALES)
    found = pd.concat([table.read(home(paper, scale)) for scale in scales], ignore_index=True)
    return ledger.leading(found, scales[::-1], TITLES[paper].asked_of)


def told(paper: str) -> str:
    """The most real scale on which a claim of a paper was told; "demo" where none was."""
    found = verdicts(paper)
    scales = found.loc[found["verdict"].isin((ledger.AGREES, ledger.DIFFERS)), "scale"]
    return next(iter(scale_tabs.ordered(set(scales))), pages.SCALE)


def all_papers() -> dict[str, pd.DataFrame]:
    """`verdicts` of every paper."""
    return {paper: verdicts(paper) for paper in PAPERS}


def summary(found: pd.DataFrame) -> str:
    """How many verdicts there are of each kind, in words."""
    counts = found["verdict"].value_counts()
    return ", ".join(f"{counts[word]} {_WORDS[word]}" for word in _WORDS if word in counts)


def square(verdict: str) -> str:
    """One square, as HTML, beside words that say the same."""
    return f'<span class="verdicts" aria-hidden="true"><i class="{CLASSES[verdict]}"></i></span>'


def strip(found: pd.DataFrame) -> str:
    """A square a verdict, as HTML; what it says stands in its title, and the sum in words."""
    squares = "".join(
        f'<i class="{CLASSES[row.verdict]}" title="{escape(f"{row.claim}: {row.verdict}")}"></i>'
        for row in found.itertuples()
    )
    return f'<span class="verdicts" role="img" aria-label="{summary(found)}">{squares}</span>'


def shown(paper: str, found: pd.DataFrame) -> pd.DataFrame:
    """The verdicts for reading, those that could not be told or have not run last."""
    order = found["verdict"].map(list(ledger.VERDICTS).index)
    rows = found.iloc[order.argsort(kind="stable")]
    return pd.DataFrame({
        "verdict": "**" + rows["verdict"].str.partition(" at ")[0] + "**",
        "claim": rows["claim"],
        "asked of": rows[TITLES[paper].asked_of].fillna(""),
        "ours": rows["ours"].map(pages.signed) + " " + rows["unit"].fillna(""),
        "why": rows["why"].str.partition(";")[0].str.replace(r"-(?=\d)", "−", regex=True),
        "scale": [scale_tabs.label(scale, paper) for scale in rows["scale"]],
    })  # fmt: skip
