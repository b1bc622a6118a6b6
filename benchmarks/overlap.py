"""Overlap of all pairs of nine masks, for the whole mask, every layer and every component.

Every way starts from its own masks in memory: float32 tensors for the peers, bits for ours.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks import shapes
from benchmarks.memory import peak_bytes
from benchmarks.peers import float_overlap, gram_overlap
from benchmarks.table import Options, Row, clock, interleaved, main, ratio, time_rows
from lnlib.masks.matrices import Matrix
from lnlib.masks.overlap import overlap_table
from lnlib.masks.ticket import PackedMask, part_of

JOB = "overlap of all pairs"
BY = ("all", "layer", "component")
LEVEL = 50
MASKS, MANY = 9, 99
TIMED_PAIRS = 1  # of the official way: a second each


def parts(matrix: Matrix) -> list[str]:
    """Every part that a matrix is counted in."""
    return [f"{by} {part_of(matrix, by)}" for by in BY]


def read_once(packed: list[PackedMask]) -> int:
    """Touch every word of every mask: what no comparison can do without."""
    return sum(int(np.bitwise_or.reduce(w)) & 1 for mask in packed for w in mask.bits.values())


def rows(options: Options) -> list[Row]:
    return [*_nine(options), *_many(options)]


def _nine(options: Options) -> list[Row]:
    size = f"{MASKS} masks of {shapes.size_of(options.toy)}"
    tickets = [shapes.ticket(number, options.toy) for number in range(MASKS)]
    packed = [ticket.packed(LEVEL) for ticket in tickets]
    matrices = tickets[0].matrices
    out = _files(tickets, size)
    two = [{n: kept.float() for n, kept in t.mask(LEVEL).items()} for t in tickets[:2]]
    stacked = {
        m.name: torch.stack(
            [torch.from_numpy(t.kept(m.name, LEVEL).ravel()).float() for t in tickets]
        )
        for m in matrices
    }
    pairs = MASKS * (MASKS - 1) // 2

    def official() -> None:
        for _ in range(TIMED_PAIRS):
            float_overlap.jaccards(*two, parts, matrices)

    ways = {
        "ours": lambda: overlap_table(packed, LEVEL, BY),
        "float Gram matrix": lambda: gram_overlap.counts(stacked),
        "float stack and sum (official)": official,
        "reading each mask once": lambda: read_once(packed),
    }
    seconds = interleaved(ways, 5)
    seconds["float stack and sum (official)"] *= pairs / TIMED_PAIRS
    scaled = f"timed on {TIMED_PAIRS} of {pairs} pairs and scaled"
    targets = {"float Gram matrix": "ratio >= 20", "float stack and sum (official)": "ratio >= 300"}
    notes = {
        "float stack and sum (official)": scaled,
        "float Gram matrix": "the counts alone, without the table of parts",
    }
    reading = seconds.pop("reading each mask once")
    out += time_rows(JOB, size, seconds, "ours", targets, notes)
    both = {"ours": seconds["ours"], "reading": reading}
    note = "bound by counting bits: each of 36 pairs takes an AND and a popcount of every word"
    out.append(Row(JOB, size, "reading each mask once", "time", float(np.median(reading))))
    out.append(Row(JOB, size, "ours", "time beside reading", float(np.median(seconds["ours"])), "s",
                   ratio(both, "ours", "reading"), "reading each mask once", "ratio <= 12",
                   note))  # fmt: skip
    return out


def _files(tickets: list, size: str) -> list[Row]:
    """The same table from tickets in memory and from their files."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [t.save(Path(folder) / f"{n}.safetensors") for n, t in enumerate(tickets)]
        ways = {
            "ours, from tickets in memory": lambda: overlap_table(tickets, LEVEL, BY),
            "ours, from files": lambda: overlap_table(
                [PackedMask.load(path, LEVEL) for path in paths], LEVEL, BY
            ),
        }
        seconds = interleaved(ways, 3)
    return [Row(JOB, size, who, "time", float(np.median(times))) for who, times in seconds.items()]


def many(number: int, toy: bool) -> list[PackedMask]:
    """Random masks as bits, without the tickets they would come from."""
    rng = np.random.default_rng(0)
    ticket = shapes.ticket(0, toy)
    names = [f"language {n}" for n in range(number)]
    return [
        PackedMask(
            type(ticket.record)(**{**vars(ticket.record), "lang": name}),
            ticket.matrices,
            LEVEL,
            {
                m.name: rng.integers(0, 1 << 64, -(-m.weights // 64), np.uint64)
                for m in ticket.matrices
            },
        )
        for name in names
    ]


def _many(options: Options) -> list[Row]:
    size = f"{MANY} masks of {shapes.size_of(options.toy)}"
    masks = many(MANY, options.toy)
    held = sum(part.nbytes for mask in masks for part in mask.bits.values())
    seconds: list[float] = []

    def compare() -> None:
        began = clock()
        overlap_table(masks, LEVEL)
        seconds.append(clock() - began)

    grown = peak_bytes(compare)
    note = "the masks, and what the process grows while it compares them; whole masks"
    return [
        Row(JOB, size, "ours", "memory", held + (grown or 0), "bytes", None, "", "value < 2e9",
            note),
        Row(JOB, size, "ours", "time", seconds[0]),
    ]  # fmt: skip


if __name__ == "__main__":
    main("overlap", rows)
