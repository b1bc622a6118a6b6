"""What runs have measured, into the tables the book reads: `python -m lnlib foroutan record`.

Scores are taken over; overlap, excess and density are computed from every ticket there is. What the
tables have already stays, so that all rows that name a ticket are of one search: another machine
finds another mask under the same seed. A score that was measured again there goes to `repeats.csv`,
and a ticket that was searched again is left out. With `--replace` the new search takes the place of
the old one: what was measured under the old mask goes to `repeats.csv`, and its pairs go. The
verdicts follow from all of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.excess import excess_table
from lnlib.masks.matrices import magnitudes
from lnlib.masks.overlap import density_table, overlap_table
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.analysis.claims import verdicts
from lnlib.papers.foroutan.analysis.measures import Tables
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.papers.foroutan.doors import find_ticket, places
from lnlib.papers.foroutan.scales import HEADLINE, SCALES
from lnlib.results.scores import stamped

GROUPINGS = ("all", "layer", "component")
PLACE = ("machine", "device")  # where a score was measured: its last digits depend on it
Name = tuple[str, str, str, int]
MASK = ("method", "task", "lang", "seed")  # a `Name` in a table
DIGITS = 1e-6  # twice what six digits of a density can be wrong by
DRAWN_FOR = "en"  # the random control; were it another one later, its old rows would stay


def record(scale: str, runs_dir: Path, results_dir: Path, replace: bool = False) -> set[Name]:
    """Everything under `runs_dir`/SCALE into `results_dir`/SCALE; masks are compared at 50 %.

    Returns the names of tickets that the tables had from another search. These are left out, or
    with `replace` take the place of the others.
    """
    source, home = places(runs_dir, scale).home, places(results_dir, scale).home
    encoder = load_encoder(SCALES[scale].encoder)
    paths = [path for task in TASKS for path in (source / task).glob("*/seed*/*.safetensors")]
    tickets = [
        ticket for ticket in map(Ticket.load, sorted(paths))
        if HEADLINE in ticket.levels and ticket.record.encoder_fingerprint == encoder.fingerprint
    ]  # fmt: skip
    again = _searched_again(tables.read(home / "density.csv"), tickets)
    scores = tables.read(source / "scores.csv")
    current = scores[SCALES[scale].current(scores) & (scores["encoder"] == encoder.fingerprint)]
    _add_scores(home, current, again, replace)
    if replace:
        _forget_pairs(home, again)
    else:
        tickets = [ticket for ticket in tickets if _name(ticket) not in again]
    _add_masks(home, scale, encoder, tickets)
    tables.replace(home / "verdicts.csv", verdicts(Tables.read(home)).to_dict("records"))
    return again


def _name(ticket: Ticket) -> Name:
    record = ticket.record
    return record.method, record.task, record.lang, record.seed


def _named(rows: pd.DataFrame, columns: Sequence[str], names: set[Name]) -> np.ndarray:
    """Which rows name one of the masks."""
    return pd.MultiIndex.from_frame(rows[list(columns)]).isin(list(names))


def _searched_again(density: pd.DataFrame, tickets: Sequence[Ticket]) -> set[Name]:
    """Names of tickets whose mask is not the one that the tables have under their name.

    Told by the density of the parts: another search changes more weights than the table's digits
    hide.
    """
    known = density.set_index([*MASK, "by", "part"])["density"]
    out = set()
    for ticket in tickets:
        now = density_table([ticket], HEADLINE, GROUPINGS)
        before = known.reindex(pd.MultiIndex.from_frame(now[known.index.names])).astype(float)
        if (abs(before.to_numpy() - now["density"].to_numpy()) > DIGITS).any():
            out.add(_name(ticket))
    return out


def _add_scores(home: Path, current: pd.DataFrame, again: set[Name], replace: bool) -> None:
    """New scores into `scores.csv`; of two measurements of one thing, one into `repeats.csv`."""
    known = tables.read(home / "scores.csv")
    under = ("method", "mask_task", "mask_lang", "mask_seed")
    if replace:
        other = _named(known, under, again) | _elsewhere(known, current)
        repeats = known[other]
        if len(repeats):
            tables.add(home / "repeats.csv", repeats.to_dict("records"))
            tables.replace(home / "scores.csv", known[~other].to_dict("records"))
    else:
        other = _elsewhere(current, known)
        repeats, current = current[other], current[~other & ~_named(current, under, again)]
        if len(repeats):
            tables.add(home / "repeats.csv", repeats.to_dict("records"))
    if len(current):
        tables.add(home / "scores.csv", current.to_dict("records"))


def _elsewhere(scores: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Which scores `others` has too, of the same data and settings, from another machine."""
    same = [*tables.SCORES.key, "recipe", "data", "encoder"]
    both = scores.merge(others[[*same, *PLACE]], on=same, how="left", suffixes=("", " there"))
    there = both[[f"{name} there" for name in PLACE]].set_axis(PLACE, axis=1)
    return (there.notna().all(axis=1) & (there != both[list(PLACE)]).any(axis=1)).to_numpy(bool)


def _forget_pairs(home: Path, names: set[Name]) -> None:
    """Take the pairs of the named masks out of their tables."""
    for path in (home / "overlap.csv", home / "excess.csv"):
        rows = tables.read(path)
        sides = [_named(rows, [f"{column}_{side}" for column in MASK], names) for side in "ab"]
        tables.replace(path, rows[~np.any(sides, axis=0)].to_dict("records"))


def _add_masks(home: Path, scale: str, encoder: Encoder, tickets: Sequence[Ticket]) -> None:
    """What tickets share, among them and with masks made without data; where they keep weights."""
    sizes = magnitudes(encoder.model("mlm"))
    untouched = find_ticket(encoder, "mlm", DRAWN_FOR, scale, method="magnitude")  # of every task
    for task in TASKS:
        of_task = [ticket for ticket in tickets if ticket.record.task == task]
        if not of_task:
            continue
        random = find_ticket(encoder, task, DRAWN_FOR, scale, method="random")
        everyone = [*of_task, random, untouched]
        made = {
            "overlap": _telling(overlap_table(everyone, HEADLINE, GROUPINGS)),
            "density": density_table(everyone, HEADLINE, GROUPINGS),
            "excess": _telling(excess_table(of_task, untouched, sizes, HEADLINE)),
        }
        _add(made, home, scale, encoder)
    everything = [t for t in tickets if t.record.method == "ticket" and t.record.seed == 0]
    if everything:
        made = {
            "overlap": overlap_table(everything, HEADLINE, GROUPINGS),
            "excess": excess_table(everything, untouched, sizes, HEADLINE),
        }
        across = {name: rows[nulls.kind(rows) == "other task"] for name, rows in made.items()}
        _add(across, home, scale, encoder)


def _add(made: Mapping[str, pd.DataFrame], home: Path, scale: str, encoder: Encoder) -> None:
    """Rows about masks into their tables, by name."""
    for name, table in made.items():
        rows = stamped(table, scale, encoder.fingerprint)
        tables.add(home / f"{name}.csv", rows)


def _telling(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of masks of one `nulls.kind`; half of all are of none, as two controls are."""
    return pairs[nulls.kind(pairs) != ""]
