"""What the front page shows: lenses by depth, and a card a paper with its verdicts as squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor

import pages
import pandas as pd
import scale_tabs
from all_verdicts import home, strip, summary, told, verdicts
from number_line import NumberLine

from lnlib.lenses.reading import profiles as by_depth
from lnlib.lenses.reading.matrices import Tables as LensTables
from lnlib.papers.choenni import figures as influence
from lnlib.papers.choenni.tables import Tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.hua import tables as hua
from lnlib.papers.hua.analysis.means import SERIES, usual
from lnlib.papers.hua.analysis.means import means as of_probes
from lnlib.papers.hua.analysis.measures import Tables as WorldTables
from lnlib.papers.hua.analysis.neutrality import beside
from lnlib.papers.hua.scales import SCALES as WORLDS
from lnlib.papers.muller import tables as muller
from lnlib.papers.muller.analysis import blocks
from lnlib.papers.muller.tables import ALL
from lnlib.results import ledger


@dataclass(frozen=True)
class Found:
    """A card's finding: in words, and as a line."""

    words: str
    line: NumberLine


@dataclass(frozen=True)
class Card:
    """One paper: what it asks, what is measured beside which null, and what that is not."""

    title: str
    page: str
    paper: str
    asks: str
    found: Callable[[str], Found | None]  # at a scale; None where it has not run
    but: str


def _weights(scale: str) -> Found | None:
    overlap = pages.table("overlap", scale)
    means = nulls.comparisons(overlap, "ner").groupby("comparison")["jaccard"].mean()
    if nulls.BETWEEN not in means:
        return None
    languages, independent, untouched = (
        means.get(name, float("nan")) for name in (nulls.BETWEEN, nulls.FLOOR, "one-shot magnitude")
    )
    return Found(
        f"Tickets of two languages share **{pages.number(languages, 1)} %** of their weights. A "
        f"ticket and a mask that has seen no language share {pages.number(untouched, 1)} %.",
        NumberLine(
            (0, 100), (independent, untouched), "without language", [("languages", languages)]
        ),
    )


def _layers(scale: str) -> Found | None:
    ablation = muller.ABLATION.read(home("muller", scale))
    losses = blocks.counted(ablation, "ner", blocks.SOURCE)
    if losses.empty:
        return None
    parts = losses.drop(columns=ALL, errors="ignore").mean()
    lowest, highest = parts.iloc[0], parts.iloc[-1]
    apart = blocks.between_seeds(ablation, "ner")
    ends = (5 * floor(min(lowest, highest, -apart) / 5), 5 * ceil(max(highest, apart, 1) / 5))
    return Found(
        f"With its lowest layers drawn anew, the model changes by **{pages.signed(lowest)}** "
        f"points in other languages. With the highest, it changes by {pages.signed(highest)}.",
        NumberLine(ends, (-apart, apart), "seeds", [("lowest", lowest), ("highest", highest)]),
    )


def _data(scale: str) -> Found | None:
    tables = Tables.read(home("choenni", scale))
    found = influence.own_shares(tables, "ner")
    if found.empty:
        return None
    own, null = found[influence.WHOLE].mean(), influence.chance(tables, "ner")
    low, high = null["low"].min(), null["high"].max()
    return Found(
        f"Of the training examples that count most, **{pages.number(own, 0)} %** are in the "
        f"language of the question. With permuted languages it is {pages.number(high, 0)} % at "
        "most.",
        NumberLine((0, 100), (low, high), "languages permuted", [("own language", own)]),
    )


def _world(scale: str) -> Found | None:
    aligned = hua.ALIGNMENT.read(home("hua", scale))
    pair = aligned[aligned["languages"] == "atomic,atomic"]
    if pair.empty:
        return None
    means = of_probes(pair)
    naive = means[(means["network"] == "trained") & (means["shown"] == "naive")]
    own, across = (naive.loc[naive["series"] == name, "value"].mean() for name in SERIES[:2])
    known = usual(pair)
    return Found(
        f"A probe of one language reads **{pages.number(across, 0)} %** of the squares in another. "
        f"The number of the move alone tells {pages.number(known, 0)} %.",
        NumberLine((0, 100), (0, known), "no board read", [("another", across), ("own", own)]),
    )


CARDS = (
    Card(
        "Weights", "findings", "foroutan",
        "Do sub-networks of two languages overlap?", _weights,
        "So the overlap is no sign of sharing.",
    ),
    Card(
        "Layers", "align", "muller",
        "Where do the layers stop being of one language?", _layers,
        "A loss says where, not what.",
    ),
    Card(
        "Data", "examples", "choenni",
        "Whose examples taught the model what it says?", _data,
        "To count is not to help.",
    ),
    Card(
        "A world we know", "othello", "hua",
        "Is a network aligned where we know that its languages say the same?", _world,
        "A small board, and made-up languages.",
    ),
)  # fmt: skip


def scale_of_lenses() -> str:
    """The most real one at which lenses were compared."""
    return told(verdicts("lenses"))


def profiles() -> pd.DataFrame:
    """What each lens sees by depth, beside its null."""
    scale = scale_of_lenses()
    ablation = muller.ABLATION.read(home("muller", scale))
    return by_depth.profiles(LensTables.read(pages.ROOT / "results", scale), ablation)


def known_world() -> pd.DataFrame:
    """Overlap of masks in networks whose languages are known to be aligned or not."""
    scale = told(verdicts("neutrality"))
    return beside(WorldTables.read(home("hua", scale), WORLDS[scale]))


def tells(kind: str) -> str:
    """Whether masks of a kind tell which network's languages are aligned, by the verdict."""
    words = {ledger.AGREES: "tell", ledger.DIFFERS: "do not tell", "": "cannot be said to tell"}
    judged = verdicts("neutrality").rename(columns={"asked": "task"})
    return ledger.in_words(judged, "told_apart", kind, words)


def layers(rows: pd.DataFrame) -> str:
    """In how many layers a lens sees more than no language explains, in words."""
    out, of = by_depth.beyond_null(rows), len(rows)
    some = "most layers" if 2 * out > of else "some layers"
    return {0: "no layer", of: "every layer"}.get(out, some)


def buttons() -> str:
    """Two ways in, as Markdown."""
    return f"""::::{{div}} buttons
:::{{button-link}} {pages.COLAB}/prune.ipynb
:color: primary
Run Urdu in Colab
:::
:::{{button-ref}} explorer
:color: primary
:outline:
Open the explorer
:::
::::"""


def cards() -> str:
    """A card a paper, as Markdown."""
    return "\n".join(("::::{grid} 1 2 2 2", ":gutter: 2", "", *map(_card, CARDS), "::::"))


def _card(card: Card) -> str:
    judged = verdicts(card.paper)
    first = pages.REAL if card.paper == pages.PAPER else told(judged)
    scales = scale_tabs.ORDER[scale_tabs.ORDER.index(first) :]
    scale, found = next(
        ((scale, one) for scale in scales if (one := card.found(scale))), ("", None)
    )
    told_of = ["Not run yet."] if found is None else [
        found.words,
        "",
        found.line.html(),
        "",
        f"{card.but} {_capital(scale_tabs.label(scale, card.paper))}.",
        "",
        strip(judged),
        "",
        f"{summary(judged)}.",
    ]  # fmt: skip
    head = (f":::{{grid-item-card}} {card.title}", f":link: {card.page}", ":link-type: doc", "")
    return "\n".join((*head, f"*{card.asks}*", "", *told_of, ":::"))


def _capital(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"
