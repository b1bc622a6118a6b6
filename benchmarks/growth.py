"""How cost grows: overlap with masks and with weights, a training step with sparsity."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np

from benchmarks import shapes, step
from benchmarks.overlap import LEVEL, many
from benchmarks.table import Options, Row, interleaved, main, ratio
from lnlib.masks.overlap import overlap_table
from lnlib.masks.ticket import PackedMask

OVERLAP = "overlap against masks"
WEIGHTS = "overlap against weights"
STEP = "training step against sparsity"
SPARSITIES = (0, 30, 50, 70, 90)


def rows(options: Options) -> list[Row]:
    return [*_overlaps(options.toy), *_steps(options.toy)]


def _overlaps(toy: bool) -> list[Row]:
    numbers = (2, 3) if toy else (2, 4, 8, 16, 32)
    masks = many(numbers[-1], toy)
    ways = {str(n): lambda n=n: overlap_table(masks[:n], LEVEL) for n in numbers}
    out = _rows(OVERLAP, "masks of " + shapes.size_of(toy), interleaved(ways, 3), "masks")
    cuts = {}
    for matrices in (12, 24, 48, 73):  # of mBERT's 73, in order
        cut = [_first(mask, matrices) for mask in masks[:9]]
        weights = sum(m.weights for m in cut[0].matrices)
        cuts[str(weights)] = lambda cut=cut: overlap_table(cut, LEVEL)
    return out + _rows(WEIGHTS, f"{len(masks[:9])} masks", interleaved(cuts, 3), "weights")


def _first(mask: PackedMask, matrices: int) -> PackedMask:
    kept = mask.matrices[:matrices]
    return PackedMask(mask.record, kept, mask.level, {m.name: mask.bits[m.name] for m in kept})


def _steps(toy: bool) -> list[Row]:
    layers, width = (2, 16) if toy else (6, 256)
    with ExitStack() as stack:
        ways = {}
        for sparsity in SPARSITIES:
            model = shapes.bert(layers, width, step.VOCABULARY)
            mask = shapes.half(model, keep=1 - sparsity / 100)
            ways[str(sparsity)] = step.way("ours", model, mask, stack)
        turns = {name: lambda w=way: next(w) for name, way in ways.items()}
        seconds = interleaved(turns, 3 if toy else 12, warm=2)
    return _rows(STEP, f"{layers} layers x {width}", seconds, "% sparsity")


def _rows(job: str, size: str, seconds: dict[str, np.ndarray], what: str) -> list[Row]:
    """One row a place on the axis, beside the first of them."""
    first = next(iter(seconds))
    return [
        Row(job, f"{size}, {number} {what}", "ours", "time", float(np.median(times)), "s",
            ratio(seconds, number, first), f"{first} {what}", at=float(number))
        for number, times in seconds.items()
    ]  # fmt: skip


if __name__ == "__main__":
    main("growth", rows)
