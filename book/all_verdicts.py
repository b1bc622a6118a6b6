"""The verdicts on every paper's claims, at every scale that has been judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any

import pages
import pandas as pd
import scale_tabs

from lnlib.__main__ import wing
from lnlib.results import ledger
from lnlib.results.places import Places

_WORDS = dict(zip(ledger.VERDICTS, ("agree", "differ", "cannot be told", "not run"), strict=True))
CLASSES = dict(zip(ledger.VERDICTS, ("agrees", "differs", "open", "open"), strict=True))


@dataclass(frozen=True)
class Claims:
    """Claims of one kind: what they are called here, their page, and where their verdicts are."""

    title: str
    page: str  # that has them with all their detail
    wing: str  # whose tables have them: a paper's, or the lenses'
    asked_of: str = "task"  # the column that says what a claim is asked of
    table: str = "VERDICTS"


OF_PAPERS = {
    "foroutan": Claims("Sub-networks (Foroutan et al. 2022)", "claims", "foroutan"),
    "muller": Claims("Layers (Muller et al. 2021)", "align_claims", "muller"),
    "choenni": Claims("Training examples (Choenni et al. 2024)", "examples", "choenni"),
    "hua": Claims("A world we know (Hua et al. 2024)", "othello", "hua", "languages"),
}
OURS = {
    "neutrality": Claims("Ours: masks of networks whose languages we know", "neutrality", "hua",
                         "asked", "OURS"),
    "lenses": Claims("Ours: four lenses on the same languages", "lenses", "lenses", "lenses"),
}  # fmt: skip
ALL = OF_PAPERS | OURS


def home(wing: str, scale: str) -> Path:
    """The folder of a paper's tables, or of the lenses'."""
    return Places.of(pages.ROOT / "results", wing, scale).home


@cache
def verdicts(name: str) -> pd.DataFrame:
    """A row a claim and what it is `asked` of: the verdict of the largest scale that can tell."""
    of = ALL[name]
    table = getattr(import_module(f"{wing(of.wing)}.tables"), of.table)
    scales = scale_tabs.ORDER[::-1]
    found = pd.concat([table.read(home(of.wing, scale)) for scale in scales])
    leading = ledger.leading(found.reset_index(drop=True), scales, of.asked_of)
    return leading.assign(asked=leading[of.asked_of].fillna(""))


def told(found: pd.DataFrame) -> str:
    """The most real scale on which one of the claims was told; "demo" where none was."""
    scales = found.loc[found["verdict"].isin((ledger.AGREES, ledger.DIFFERS)), "scale"]
    return next(iter(scale_tabs.ordered(set(scales))), pages.SCALE)


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
        f'<i class="{CLASSES[row.verdict]}" title="{escape(_told(row))}"></i>'
        for row in found.itertuples()
    )
    return f'<span class="verdicts" role="img" aria-label="{summary(found)}">{squares}</span>'


def _told(row: Any) -> str:
    return f"{row.claim}{f' ({row.asked})' if row.asked else ''}: {row.verdict}"


def shown(name: str, found: pd.DataFrame) -> pd.DataFrame:
    """The verdicts for reading, those that agree first."""
    order = found["verdict"].map(list(ledger.VERDICTS).index)
    rows = found.iloc[order.argsort(kind="stable")]
    of = ALL[name]
    return pd.DataFrame({
        "verdict": "**" + rows["verdict"].str.partition(" at ")[0] + "**",
        "claim": rows["claim"],
        "asked of": rows["asked"],
        "ours": rows["ours"].map(pages.signed) + " " + rows["unit"].fillna(""),
        "scale": [scale_tabs.label(scale, of.wing) for scale in rows["scale"]],
    })  # fmt: skip
