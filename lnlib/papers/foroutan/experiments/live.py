"""What `make book` says last: where the book is, and the live run beside the recorded value."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lnlib.papers.foroutan.analysis.gains import own
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import HEADLINE
from lnlib.results.scores import SCORES
from lnlib.results.table import find

_RUN = {"scale": "demo", "task": "ner", "lang": "ur"}
_SETTINGS = ("encoder", "data", "recipe")  # where these differ, two scores are of different things
_PLACE = ("code", "torch", "transformers", "machine", "device", "threads")


def report(root: Path) -> str:
    """A line a measurement, live beside recorded, and the path of the first page."""
    live = SCORES.read(places(root / "runs" / "live", "demo").home)
    recorded = SCORES.read(places(root / "results", "demo").home)
    lines = []
    for title, method, sparsity in (
        ("full model", "full", 0),
        (f"ticket at {HEADLINE} %", "ticket", HEADLINE),
        (f"random mask at {HEADLINE} %", "random", HEADLINE),
    ):
        here, seeds = (_scores(table, method, sparsity) for table in (live, recorded))
        here, there = (rows[rows["seed"] == 0] for rows in (here, seeds))
        ours = f"{here.iloc[0].value:.2f} F1" if len(here) else "not run"
        theirs = f"{there.iloc[0].value:.2f} F1" if len(there) else "not recorded"
        both = (
            f"; {_compared(here.iloc[0], there.iloc[0], seeds)}" if len(here) * len(there) else ""
        )
        lines.append(f"Urdu NER, {title}: live {ours}, recorded {theirs}{both}")
    page = root / "_build" / "html" / "index.html"
    lines.append(f"The book: {page}" if page.exists() else f"No book at {page}")
    return "\n".join(lines)


def _scores(table: pd.DataFrame, method: str, sparsity: int) -> pd.DataFrame:
    """The run's rows under one kind of mask; a ticket's are of its own seed, not of another's."""
    rows = own(table, _RUN["task"]) if method == "ticket" else table
    return find(rows, {**_RUN, "method": method, "sparsity": sparsity})


def _compared(live: pd.Series, recorded: pd.Series, seeds: pd.DataFrame) -> str:
    """What the difference means. The yardstick elsewhere is how much seeds differ here.

    The same code on the same processor gives the same bits; another processor sums in another
    order, after which a training is no closer to the first than one of another seed.
    """
    if other := [name for name in _SETTINGS if live[name] != recorded[name]]:
        return f"other {', '.join(other)}: not comparable"
    if live["value"] == recorded["value"]:
        return "the same"
    where = [name for name in _PLACE if str(live[name]) != str(recorded[name])]
    if not where:
        return "NOT the same, though made by the same code on the same processor"
    spread = seeds["value"].std()  # over the recorded seeds; missing where there is one
    if pd.isna(spread):
        return f"made with another {', '.join(where)}"
    inside = abs(live["value"] - recorded["value"]) <= 3 * spread
    verdict = "within" if inside else "MORE than"
    return (
        f"made with another {', '.join(where)}, {verdict} three standard deviations of "
        f"{len(seeds)} seeds ({spread:.2f})"
    )
