"""What runs have measured, into the tables the book reads: `python -m lnlib foroutan record`.

Scores are taken over; overlap, excess and density are computed from every ticket there is. What the
tables have already stays, so that all rows that name a ticket are of one search: another machine
finds another mask under the same seed. A score that was measured again there goes to `repeats.csv`,
and a ticket that was searched again is left out. With `--replace` the new search takes the place of
the old one: what was measured under the old mask goes to `repeats.csv`, and its pairs go. The
verdicts follow from all of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lnlib.base.errors import UserError
from lnlib.base.files import locked
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.excess import excess_table
from lnlib.masks.matrices import magnitudes
from lnlib.masks.overlap import density_table, overlap_table
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.analysis.claims import verdicts
from lnlib.papers.foroutan.analysis.measures import Tables
from lnlib.papers.foroutan.coverage import ALL_TASKS, TASKS
from lnlib.papers.foroutan.doors import find_ticket, places
from lnlib.papers.foroutan.scales import HEADLINE, SCALES
from lnlib.results.scores import SCORES, stamped

DECIDING = ("masks.overlap", "masks.excess")  # what decides these numbers
GROUPINGS = ("all", "layer", "component")
PLACE = ("machine", "device")  # where a score was measured: its last digits depend on it
Name = tuple[str, str, str, int]
MASK = ("method", "task", "lang", "seed")  # a `Name` in a table of masks, and of scores:
SCORED_MASK = ("method", "mask_task", "mask_lang", "mask_seed")
DIGITS = 1e-6  # twice what six digits of a density can be wrong by
DRAWN_FOR = "en"  # the random control; were it another one later, its old rows would stay


def record(scale: str, runs_dir: Path, results_dir: Path, replace: bool = False,
           encoder_dir: str | Path | None = None) -> set[Name]:  # fmt: skip
    """Everything that has run at a scale, into its tables; masks are compared at 50 %.

    `encoder_dir` is a folder that holds the encoder, in place of the hub. Returns the names of
    tickets that the tables had from another search. These are left out, or with `replace` take the
    place of the others. Killed anywhere and started again, it leaves what it would have left: whose
    search the tables are of is told by the densities, so these are the first to come in and the
    last to go.
    """
    source, home = places(runs_dir, scale).home, places(results_dir, scale).home
    if not SCORES.path(source).exists():
        raise UserError(f"nothing has run in {str(source)!r}: no {SCORES.path(source).name} there")
    setting = SCALES[scale]
    encoder = load_encoder(setting.encoder, encoder_dir)
    others = {name for task, name in setting.encoders.items() if (source / task).is_dir()}
    known = {encoder.fingerprint, *(load_encoder(name).fingerprint for name in others)}
    paths = [path for task in ALL_TASKS for path in (source / task).glob("*/seed*/*.safetensors")]
    found = [_mask(path, known) for path in sorted(paths)]
    masks = [mask for mask in found if mask is not None]
    scores = SCORES.read(source)
    current = scores[setting.current(scores) & scores["encoder"].isin(known)]
    with locked(home / "record", f"another process records {str(home)!r}: waiting for it to end"):
        again = _searched_again(tables.read(home / "density.csv"), masks)
        left_out = set() if replace else again
        compared = [mask for mask in masks if _name(mask) not in left_out]
        made = _compare(scale, encoder, compared)  # what takes long, before anything is changed
        if replace:
            _make_room(home, current, again)
        for name in ("density", "overlap", "excess"):
            _add(home / f"{name}.csv", made[name])
        _add_scores(home, current, left_out)
        tables.replace(home / "verdicts.csv", verdicts(Tables.read(home)).to_dict("records"))
    return again


def _mask(path: Path, encoders: Collection[str]) -> PackedMask | None:
    """The mask at 50 % of a ticket; None where it has none yet, or is of none of the encoders.

    An eighth of the ticket's size is held: 116 of mBERT's would take 10 GB.
    """
    ticket = Ticket.load(path)
    fits = HEADLINE in ticket.levels and ticket.record.encoder_fingerprint in encoders
    return ticket.packed(HEADLINE) if fits else None


def _name(mask: PackedMask) -> Name:
    record = mask.record
    return record.method, record.task, record.lang, record.seed


def _named(rows: pd.DataFrame, columns: Sequence[str], names: set[Name]) -> np.ndarray:
    """Which rows name one of the masks."""
    return pd.MultiIndex.from_frame(rows[list(columns)]).isin(list(names))


def _searched_again(density: pd.DataFrame, masks: Sequence[PackedMask]) -> set[Name]:
    """Names of the tickets whose mask is not the one that the tables have under their name.

    Told by the mask's digest; where none was noted, by the density of the parts: another search
    changes more weights than the table's digits hide.
    """
    known = density.set_index([*MASK, "by", "part"])["density"]
    digests = density[density["mask"] != ""].set_index(list(MASK))["mask"].to_dict()
    out = set()
    for mask in masks:
        if _name(mask) in digests:
            if digests[_name(mask)] != mask.digest:
                out.add(_name(mask))
            continue
        now = density_table([mask], HEADLINE, GROUPINGS)
        before = known.reindex(pd.MultiIndex.from_frame(now[known.index.names])).astype(float)
        if (abs(before.to_numpy() - now["density"].to_numpy()) > DIGITS).any():
            out.add(_name(mask))
    return out


def _make_room(home: Path, current: pd.DataFrame, names: set[Name]) -> None:
    """Take out what gives way to `current` and to another search for `names`, which is known by
    its densities until all the rest is gone. Scores are kept, in `repeats.csv`."""
    known = tables.read(home / "scores.csv")
    old = _named(known, SCORED_MASK, names) | _elsewhere(known, current)
    _add(home / "repeats.csv", known[old].to_dict("records"))
    _keep(home / "scores.csv", ~old, known)
    for name, ends in (("overlap", ("_a", "_b")), ("excess", ("_a", "_b")), ("density", ("",))):
        rows = tables.read(home / f"{name}.csv")
        sides = [_named(rows, [f"{column}{end}" for column in MASK], names) for end in ends]
        _keep(home / f"{name}.csv", ~np.any(sides, axis=0), rows)


def _keep(path: Path, which: np.ndarray, rows: pd.DataFrame) -> None:
    """Leave only these rows of a table in it."""
    if not which.all():
        tables.replace(path, rows[which].to_dict("records"))


def _add_scores(home: Path, current: pd.DataFrame, left_out: set[Name]) -> None:
    """New scores into `scores.csv`; of what stands there from another machine, into
    `repeats.csv`."""
    other = _elsewhere(current, tables.read(home / "scores.csv"))
    new = ~other & ~_named(current, SCORED_MASK, left_out)
    _add(home / "repeats.csv", current[other].to_dict("records"))
    _add(home / "scores.csv", current[new].to_dict("records"))
    repeats = tables.read(home / "repeats.csv")
    if len(repeats):  # one that stood beside another has its place now: it is no repeat any more
        both = pd.concat([tables.read(home / "scores.csv"), repeats])
        _keep(home / "repeats.csv", ~both.duplicated().to_numpy()[-len(repeats) :], repeats)


def _elsewhere(scores: pd.DataFrame, others: pd.DataFrame) -> np.ndarray:
    """Which scores `others` has too, of the same data and settings, from another machine."""
    same = [name for name in tables.SCORES.key if name != "mask"]
    same += ["recipe", "data", "encoder"]
    mine = scores.reset_index(drop=True).rename_axis("row").reset_index()
    both = mine.merge(others[[*same, "mask", *PLACE]], on=same, suffixes=("", " there"))
    masks = both["mask"], both["mask there"]  # one that was not noted may be any
    one = (masks[0] == masks[1]) | (masks[0] == "") | (masks[1] == "")
    place = np.any([both[name] != both[f"{name} there"] for name in PLACE], axis=0)
    return mine["row"].isin(both.loc[one & place, "row"]).to_numpy(bool)


def _compare(scale: str, encoder: Encoder,
             masks: Sequence[PackedMask]) -> dict[str, list[dict[str, Any]]]:  # fmt: skip
    """Rows by table: where masks keep weights, and what they share, among them and with masks that
    are made without data.

    Of a task with an encoder of its own it is the whole masks' densities alone.
    """
    made: dict[str, list[dict[str, Any]]] = {"density": [], "overlap": [], "excess": []}

    def note(name: str, table: pd.DataFrame, of: str = encoder.fingerprint) -> None:
        made[name] += stamped(table, scale, of, *DECIDING)

    def control(task: str, method: str) -> PackedMask:
        ticket = find_ticket(encoder, task, DRAWN_FOR, scale, method=method, levels=(HEADLINE,))
        return ticket.packed(HEADLINE)

    for mask in masks:
        if (of := mask.record.encoder_fingerprint) != encoder.fingerprint:
            note("density", density_table([mask], HEADLINE, GROUPINGS[:1]), of)
    masks = [mask for mask in masks if mask.record.encoder_fingerprint == encoder.fingerprint]
    if not masks:
        return made
    sizes = magnitudes(encoder.bare())
    untouched = control("mlm", "magnitude")  # of every task
    note("density", density_table([*masks, untouched], HEADLINE, GROUPINGS))
    for task in TASKS:
        of_task = [mask for mask in masks if mask.record.task == task]
        if not of_task:
            continue
        random = control(task, "random")
        note("density", density_table([random], HEADLINE, GROUPINGS))
        pairs = overlap_table([*of_task, random, untouched], HEADLINE, GROUPINGS)
        note("overlap", _telling(pairs))
        note("excess", _telling(excess_table(of_task, untouched, sizes, HEADLINE)))
    first = [mask for mask in masks if mask.record.method == "ticket" and mask.record.seed == 0]
    if first:
        for name, pairs in (
            ("overlap", overlap_table(first, HEADLINE, GROUPINGS)),
            ("excess", excess_table(first, untouched, sizes, HEADLINE)),
        ):
            note(name, pairs[nulls.kind(pairs) == "other task"])
    return made


def _add(path: Path, rows: list[dict[str, Any]]) -> None:
    """Rows into a table, which is not made for none."""
    if rows:
        tables.add(path, rows)


def _telling(pairs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of masks of one `nulls.kind`; half of all are of none, as two controls are."""
    return pairs[nulls.kind(pairs) != ""]
