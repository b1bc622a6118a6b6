"""What `make book` says last: where the book is, and the live run beside the recorded value."""

from __future__ import annotations

from pathlib import Path

from lnlib import tables
from lnlib.runs import find
from lnlib.scales import HEADLINE

_RUN = {"scale": "demo", "task": "ner", "lang": "ur", "seed": 0}


def report(root: Path) -> str:
    """A line a measurement, live beside recorded, and the path of the first page."""
    live = tables.read(root / "runs" / "live" / "demo" / "scores.csv")
    recorded = tables.read(root / "results" / "demo" / "scores.csv")
    lines = []
    for title, key in (
        ("full model", {"method": "full"}),
        (f"ticket at {HEADLINE} %", {"method": "ticket", "mask_lang": "ur", "sparsity": HEADLINE}),
        (f"random mask at {HEADLINE} %", {"method": "random", "sparsity": HEADLINE}),
    ):
        here, there = (find(table, {**_RUN, **key}) for table in (live, recorded))
        ours = f"{here.iloc[0].value:.2f} F1" if len(here) else "not run"
        theirs = f"{there.iloc[0].value:.2f} F1" if len(there) else "not recorded"
        if len(here) and len(there):
            made_with = ("encoder", "data", "recipe")
            other = [name for name in made_with if here.iloc[0][name] != there.iloc[0][name]]
            theirs += f"; other {', '.join(other)}: not comparable" if other else ""
        lines.append(f"Urdu NER, {title}: live {ours}, recorded {theirs}")
    page = root / "_build" / "html" / "index.html"
    lines.append(f"The book: {page}" if page.exists() else f"No book at {page}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(Path.cwd()))
