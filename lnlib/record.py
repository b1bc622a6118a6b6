"""What runs have measured, into the tables the book reads: `python -m lnlib.record --scale demo`.

Scores are taken over; overlap, excess and density are computed from every ticket there is. What is
in a table already and has not been measured again stays. A score that another machine has measured
again gives way to the new one and goes to `repeats.csv`. The verdicts follow from all of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from lnlib import nulls, results, tables
from lnlib.encoders import Encoder, load_encoder
from lnlib.errors import choose
from lnlib.excess import excess_table
from lnlib.ledger import verdicts
from lnlib.masks import magnitudes
from lnlib.measures import Tables
from lnlib.overlap import density_table, overlap_table
from lnlib.pruning import find_ticket
from lnlib.scales import HEADLINE, SCALES
from lnlib.tasks import TASKS
from lnlib.tickets import Ticket

GROUPINGS = ("all", "layer", "component")
PLACE = ("machine", "device")  # where a score was measured: its last digits depend on it
DRAWN_FOR = "en"  # the random control; were it another one later, its old rows would stay


def record(scale: str, runs_dir: Path, results_dir: Path) -> None:
    """Everything under `runs_dir`/SCALE into `results_dir`/SCALE; masks are compared at 50 %."""
    source, home = runs_dir / scale, results_dir / scale
    encoder = load_encoder(SCALES[scale].encoder)
    scores = tables.read(source / "scores.csv")
    recipes = scores["task"].map(lambda task: SCALES[scale].recipes[task].hash)
    current = scores[(scores["recipe"] == recipes) & (scores["encoder"] == encoder.fingerprint)]
    if len(current):
        replaced = _elsewhere(tables.read(home / "scores.csv"), current)
        if len(replaced):
            tables.add(home / "repeats.csv", replaced.to_dict("records"))
        tables.add(home / "scores.csv", current.to_dict("records"))

    sizes = magnitudes(encoder.model("mlm"))
    untouched = find_ticket(encoder, "mlm", DRAWN_FOR, scale, method="magnitude")  # of every task
    everything: list[Ticket] = []
    for task in TASKS:
        paths = sorted((source / task).glob("*/seed*/*.safetensors"))
        tickets = [ticket for ticket in map(Ticket.load, paths) if HEADLINE in ticket.levels]
        if not tickets:
            continue
        random = find_ticket(encoder, task, DRAWN_FOR, scale, method="random")
        everyone = [*tickets, random, untouched]
        made = {
            "overlap": _telling(overlap_table(everyone, HEADLINE, GROUPINGS)),
            "density": density_table(everyone, HEADLINE, GROUPINGS),
            "excess": _telling(excess_table(tickets, untouched, sizes, HEADLINE)),
        }
        _add(made, home, scale, encoder)
        everything += [t for t in tickets if t.record.method == "ticket" and t.record.seed == 0]
    if everything:
        made = {
            "overlap": overlap_table(everything, HEADLINE, GROUPINGS),
            "excess": excess_table(everything, untouched, sizes, HEADLINE),
        }
        across = {name: rows[nulls.kind(rows) == "other task"] for name, rows in made.items()}
        _add(across, home, scale, encoder)
    tables.replace(home / "verdicts.csv", verdicts(Tables.read(home)).to_dict("records"))


def _add(made: Mapping[str, pd.DataFrame], home: Path, scale: str, encoder: Encoder) -> None:
    """Rows about masks into their tables, by name."""
    for name, table in made.items():
        rows = results.mask_rows(table, scale, encoder.fingerprint)
        tables.add(home / f"{name}.csv", rows)


def _elsewhere(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Rows of `before` that `now` has too, of the same data and settings, from another machine."""
    same = [*tables.SCORE_KEY, "recipe", "data", "encoder"]
    both = before.merge(now[[*same, *PLACE]], on=same, how="left", suffixes=("", " now"))
    other = pd.concat([both[name] != both[f"{name} now"] for name in PLACE], axis=1).any(axis=1)
    return both.loc[other & both[f"{PLACE[0]} now"].notna(), before.columns]


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
