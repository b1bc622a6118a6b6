"""What the front page shows: a card a paper, and its verdicts as a strip of squares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pages
import scale_tabs
from all_verdicts import home, strip, summary, told, verdicts

from lnlib.papers.choenni import figures as influence
from lnlib.papers.choenni.tables import Tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.hua import tables as hua
from lnlib.papers.hua.analysis import means
from lnlib.papers.muller import tables as muller
from lnlib.papers.muller.analysis import blocks
from lnlib.papers.muller.reinitialisation import ALL


@dataclass(frozen=True)
class Card:
    """One paper: what it asks, what is measured beside which null, and what that is not."""

    title: str
    page: str
    paper: str
    asks: str
    said: Callable[[str], str]  # of the scale; "" where nothing has run
    but: str


def _weights(scale: str) -> str:
    overlap = pages.table("overlap", scale)
    means = nulls.comparisons(overlap, "ner").groupby("comparison")["jaccard"].mean()
    languages, untouched = (
        pages.number(means[name], 1) for name in (nulls.BETWEEN, "one-shot magnitude")
    )
    return (
        f"Tickets of two languages share **{languages} %** of their weights. A ticket and a mask "
        f"that has seen no language share {untouched} %."
    )


def _layers(scale: str) -> str:
    losses = blocks.counted(muller.ABLATION.read(home("muller", scale)), "ner", blocks.SOURCE)
    if losses.empty:
        return ""
    parts = losses.drop(columns=ALL, errors="ignore").mean()
    lowest, highest = (pages.signed(parts.iloc[place]) for place in (0, -1))
    return (
        f"With its lowest layers drawn anew, the model changes by **{lowest}** points in other "
        f"languages. With the highest, it changes by {highest}."
    )


def _data(scale: str) -> str:
    tables = Tables.read(home("choenni", scale))
    found = influence.own_shares(tables, "ner")
    if found.empty:
        return ""
    own = pages.number(found[influence.WHOLE].mean(), 0)
    null = pages.number(influence.chance(tables, "ner")["high"].max(), 0)
    return (
        f"Of the training examples that count most, **{own} %** are in the language of the "
        f"question. With permuted languages it is {null} % at most."
    )


def _world(scale: str) -> str:
    aligned = hua.ALIGNMENT.read(home("hua", scale))
    pair = aligned[aligned["languages"] == "atomic,atomic"]
    if pair.empty:
        return ""
    found = means.means(pair)
    naive = found[(found["network"] == "trained") & (found["shown"] == "naive")]
    across = naive.loc[naive["series"] == means.SERIES[1], "value"].mean()
    read, told = (pages.number(value, 0) for value in (across, means.usual(pair)))
    return (
        f"A probe of one language reads **{read} %** of the squares in another. The number of the "
        f"move alone tells {told} %."
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


def _told(card: Card, most: str) -> tuple[str, str]:
    """At which scale a card has numbers, the most real one up to `most`, and what it says there."""
    order = scale_tabs.ORDER
    scales = [pages.REAL] if card.paper == pages.PAPER else order[order.index(most) :]
    said = {scale: card.said(scale) for scale in scales}
    return next(((scale, text) for scale, text in said.items() if text), (most, ""))


def _card(card: Card) -> str:
    found = verdicts(card.paper)
    scale, said = _told(card, told(found))
    where = scale_tabs.label(scale, card.paper)
    ran = (
        said,
        "",
        card.but,
        "",
        f"{where[0].upper()}{where[1:]}.",
        "",
        strip(found),
        "",
        f"{summary(found)}.",
    )
    lines = (
        f":::{{grid-item-card}} {card.title}",
        f":link: {card.page}",
        ":link-type: doc",
        "",
        f"*{card.asks}*",
        "",
        *(ran if said else ("Not run yet.",)),
        ":::",
    )
    return "\n".join(lines)
