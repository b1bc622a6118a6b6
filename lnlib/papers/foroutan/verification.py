"""Make a part of a result again and compare: `python -m lnlib foroutan verify PATH`.

A checksum says that a file is what was written. This says that what was written is what this code
measures: rounds of a search, or rows of a table, are run once more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.base.errors import UserError, brief, choose, is_number
from lnlib.base.files import as_path
from lnlib.base.provenance import machine
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.doors import Workbench, find_ticket, places, transfer
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pruning.methods import CRITERIA, METHODS, WITHOUT_DATA
from lnlib.pruning.rounds import Search, one_round, search_hash
from lnlib.results.scores import SCORES

SHARE = 0.1  # of the rounds or rows, one at least: a tenth of what the result has cost


def verify(path: str | Path, share: float = SHARE, runs_dir: str | Path = "runs",
           data_dir: str | Path | None = None,
           encoder_dir: str | Path | None = None) -> pd.DataFrame:  # fmt: skip
    """Recompute `share` (0 to 1) of a ticket's rounds or of a score table's rows.

    Rounds and rows are spread evenly over the whole; the training that scores a ticket's last mask
    is a round that prunes nothing. Returns one row each: `what`, `recorded`, `again`, `same`, and
    `made_with`, what differed then from now ("" where nothing did; if something did, numbers may
    too). For a round, `recorded` is the number of weights it pruned and `again` how many of these
    were pruned again. Masks of other searches are read from `runs_dir`; `encoder_dir` is a
    folder that holds the encoder, in place of the hub. Raises UserError where the file, the data or
    a ticket that a row needs is not there or is of another encoder, and for a ticket that no search
    of a scale's own makes again.
    """
    path, runs_dir = as_path(path), as_path(runs_dir, "runs_dir")
    if not is_number(share) or not 0 < share <= 1:
        raise UserError(f"share {brief(share)}: expected more than 0 and at most 1")
    if path.suffix == ".csv":
        if not path.is_file():  # elsewhere a missing table is an empty one
            raise UserError(f"no table at {str(path)!r}")
        return _rows(path, share, runs_dir, data_dir, encoder_dir)
    return _rounds(Ticket.load(path), share, data_dir, encoder_dir)


def _rounds(ticket: Ticket, share: float, data_dir: str | Path | None,
            encoder_dir: str | Path | None) -> pd.DataFrame:  # fmt: skip
    record, encoder = ticket.record, _encoder_of(ticket, encoder_dir)
    # A search that is scored has one training more than rounds that prune.
    numbers = _spread(max(ticket.rounds, len(record.scores)), share)
    if record.method in WITHOUT_DATA:
        whole = find_ticket(encoder, record.task, record.lang, record.scale, seed=record.seed,
                            method=record.method, levels=record.levels)  # fmt: skip
        now, made = whole.record.versions, [(number, whole) for number in numbers]
    else:
        bench = Workbench(encoder, record.task, record.lang, record.scale, data_dir=data_dir)
        now = bench.versions("pruning.rounds")
        made = [(number, _one_more(ticket.cut(number), bench)) for number in numbers]
    made_with = ", ".join(name for name in now if record.versions.get(name) != now[name])
    rows: list[tuple[str, float, float, str]] = []
    for number, again in made:
        if number < ticket.rounds:
            pruned = [ticket.codes(m.name) == number + 1 for m in ticket.matrices]
            repeated = [again.codes(m.name) == number + 1 for m in ticket.matrices]
            both = [one & other for one, other in zip(pruned, repeated, strict=True)]
            recorded, common = (int(sum(part.sum() for part in parts)) for parts in (pruned, both))
            rows.append((f"round to {record.levels[number]} %", recorded, common, made_with))
        level = record.levels[number - 1] if number else 0
        if level in record.scores:
            rows.append((f"score at {level} %", record.scores[level],
                         again.record.scores[level], made_with))  # fmt: skip
    return _compared(rows)


def _encoder_of(ticket: Ticket, encoder_dir: str | Path | None) -> Encoder:
    """The encoder to search in again; UserError for a ticket that no scale's search makes."""
    r = ticket.record
    for value, known, what in ((r.scale, SCALES, "scale"), (r.method, METHODS, "method")):
        try:
            choose(value, known, what)
        except UserError as cause:  # the reference code's masks, say
            raise UserError(f"{ticket!r} cannot be searched again: {cause}") from None
    encoder = load_encoder(SCALES[r.scale].encoder_of(r.task), encoder_dir)
    if r.encoder_fingerprint != encoder.fingerprint:
        raise UserError(
            f"{ticket!r} cannot be searched again: it was found in {r.encoder!r} "
            f"({r.encoder_fingerprint or 'no fingerprint'}), and scale {r.scale!r} is searched in "
            f"{encoder.name!r} ({encoder.fingerprint})"
        )
    return encoder


def _one_more(ticket: Ticket, bench: Workbench) -> Ticket:
    """The ticket after one more training."""
    r = ticket.record
    if r.data_fingerprint != bench.data.fingerprint:
        raise UserError(
            f"{ticket!r} cannot be searched again: its data were {r.data_fingerprint}, and those "
            f"of scale {r.scale!r} are {bench.data.fingerprint} ({bench.data.source})"
        )
    settings = Search(criterion=r.method) if r.method in CRITERIA else Search()
    if r.search != search_hash(bench, settings, r.method, r.levels, r.seed):
        raise UserError(
            f"{ticket!r} cannot be searched again: it was found under a switch, or by another "
            f"recipe or head than scale {r.scale!r} has"
        )
    return one_round(bench, ticket, settings)[0]


def _rows(path: Path, share: float, runs_dir: Path, data_dir: str | Path | None,
          encoder_dir: str | Path | None) -> pd.DataFrame:  # fmt: skip
    if path.name != "scores.csv":
        raise UserError(
            f"{str(path)!r}: overlaps follow from tickets (python -m lnlib foroutan "
            "record); expected a ticket or scores.csv"
        )
    table = SCORES.read(path.parent)
    if table.empty:
        raise UserError(f"{str(path)!r} has no rows to measure again")
    rows = []
    benches: dict[tuple[str, ...], Workbench] = {}
    for number in _spread(len(table), share):
        row = table.iloc[number]
        scale, task, lang = row["scale"], row["task"], row["lang"]
        if (scale, task, lang) not in benches:
            setting = SCALES[choose(scale, SCALES, "scale")]
            encoder = load_encoder(setting.encoder_of(task), encoder_dir)
            benches[scale, task, lang] = Workbench(encoder, task, lang, scale, data_dir=data_dir)
        bench = benches[scale, task, lang]
        ticket = _mask_of(row, bench, runs_dir)
        again = transfer(ticket, bench.encoder, level=int(row["sparsity"]), seed=int(row["seed"]),
                         bench=bench)  # fmt: skip
        mask = " ".join(str(row[name]) for name in ("mask_task", "mask_lang") if row[name])
        what = f"{task} {lang} seed {row['seed']}: {row['method']} {mask} {row['sparsity']} %"
        rows.append((what, row["value"], again.score.value, _other(row, bench)))
    return _compared(rows)


def _mask_of(row: pd.Series, bench: Workbench, runs_dir: Path) -> Ticket | None:
    if row["method"] == "full":
        return None
    if row["method"] in WITHOUT_DATA:
        return find_ticket(bench.encoder, bench.task, bench.lang, bench.scale,
                           seed=int(row["seed"]), method=row["method"])  # fmt: skip
    home = places(runs_dir, bench.scale)
    found = row["mask_task"], row["mask_lang"], int(row["mask_seed"]), row["method"]
    return Ticket.load(home.ticket(*found))


def _other(row: pd.Series, bench: Workbench) -> str:
    """What the row was made with that is not what there is now, by name."""
    now: dict[str, Any] = bench.versions("pruning.transfer") | machine()
    now |= {"recipe": bench.recipe.hash, "data": bench.data.fingerprint,
            "encoder": bench.encoder.fingerprint}  # fmt: skip
    return ", ".join(name for name in now if name in row and str(row[name]) != str(now[name]))


def _spread(number: int, share: float) -> list[int]:
    """A share of 0 .. number - 1, one at least, in the middle of even parts."""
    count = math.ceil(share * number)
    return [int((place + 0.5) * number / count) for place in range(count)]


def _compared(rows: Sequence[tuple[str, float, float, str]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["what", "recorded", "again", "made_with"])
    digits = frame[["recorded", "again"]].map("{:.6g}".format)  # as many as a table keeps
    frame["same"] = digits["recorded"] == digits["again"]
    return frame
