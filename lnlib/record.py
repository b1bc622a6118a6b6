"""What runs have measured, into the tables the book reads: `python -m lnlib.record --scale demo`.

Scores are taken over; overlap, excess and density are computed from every ticket there is. What is
in a table already and has not been measured again stays. The verdicts follow from all of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lnlib import nulls, results, tables
from lnlib.encoders import load_encoder
from lnlib.errors import choose
from lnlib.excess import excess_table
from lnlib.ledger import verdicts
from lnlib.masks import magnitudes
from lnlib.measures import Tables
from lnlib.methods import WITHOUT_DATA
from lnlib.overlap import density_table, overlap_table
from lnlib.pruning import find_ticket
from lnlib.scales import HEADLINE, SCALES
from lnlib.tasks import TASKS
from lnlib.tickets import Ticket

GROUPINGS = ("all", "layer", "component")
DRAWN_FOR = "en"  # the random control; were it another one later, its old rows would stay


def record(scale: str, runs_dir: Path, results_dir: Path) -> None:
    """Everything under `runs_dir`/SCALE into `results_dir`/SCALE; masks are compared at 50 %."""
    source, home = runs_dir / scale, results_dir / scale
    encoder = load_encoder(SCALES[scale].encoder)
    scores = tables.read(source / "scores.csv")
    recipes = scores["task"].map(lambda task: SCALES[scale].recipes[task].hash)
    current = scores[(scores["recipe"] == recipes) & (scores["encoder"] == encoder.fingerprint)]
    if len(current):
        tables.add(home / "scores.csv", current.to_dict("records"))

    sizes = magnitudes(encoder.model("mlm"))
    everything: list[Ticket] = []
    for task in TASKS:
        paths = sorted((source / task).glob("*/seed*/*.safetensors"))
        tickets = [ticket for ticket in map(Ticket.load, paths) if HEADLINE in ticket.levels]
        if not tickets:
            continue
        controls = {m: find_ticket(encoder, task, DRAWN_FOR, scale, method=m) for m in WITHOUT_DATA}
        everyone = [*tickets, *controls.values()]
        for name, table in (
            ("overlap", _telling(overlap_table(everyone, HEADLINE, GROUPINGS))),
            ("density", density_table(everyone, HEADLINE, GROUPINGS)),
            ("excess", _telling(excess_table(tickets, controls["magnitude"], sizes, HEADLINE))),
        ):
            rows = results.mask_rows(table, scale, encoder.fingerprint)
            tables.add(home / f"{name}.csv", rows)
        everything += [t for t in tickets if t.record.method == "ticket" and t.record.seed == 0]
    if everything:
        table = overlap_table(everything, HEADLINE)
        table = table[nulls.kind(table) == "other task"]
        tables.add(home / "overlap.csv", results.mask_rows(table, scale, encoder.fingerprint))
    tables.replace(home / "verdicts.csv", verdicts(Tables.read(home)).to_dict("records"))


def _telling(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of masks of one `nulls.kind`; half of all are of none, as two controls are."""
    return pairs[nulls.kind(pairs) != ""]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m lnlib.record")
    parser.add_argument("--scale", default="demo", help="demo, small or paper")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where runs have been")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where tables go")
    options = parser.parse_args(arguments)
    record(choose(options.scale, SCALES, "scale"), options.runs, options.results)


if __name__ == "__main__":
    main()
