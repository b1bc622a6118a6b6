"""What a GPU changes, in under ten minutes: the masked step, and a NER round at the paper's size.

The round's model FLOPs are set beside the peak of a bf16 matrix product measured on the same
device. Without a GPU every row says so.
"""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np
import torch

from benchmarks import round as ner
from benchmarks import step
from benchmarks.table import Options, Row, main
from lnlib.base.device import default_device
from lnlib.tasks.examples import training_order

PEAK = "bf16 matrix product"
SIZE = 8_192
OURS, OFFICIAL = 600, 60  # steps timed: well above a second on any device
TARGETS = {step.JOB: "ratio <= 1.03", ner.JOB: "ratio >= 15"}


def rows(options: Options) -> list[Row]:
    if not (torch.cuda.is_available() or options.toy):
        return [
            Row(job, "on a GPU", "ours", measure, None, unit, None, "", target, "",
                "not run: no GPU")
            for job, measure, unit, target in (
                (step.JOB, "time", "s", TARGETS[step.JOB]),
                (ner.JOB, "throughput", "examples a second", TARGETS[ner.JOB]),
                (ner.JOB, "model FLOPs utilisation", "of the measured peak", ""),
                (PEAK, "throughput", "FLOP/s", ""),
            )
        ]  # fmt: skip
    layers, width = (2, 16) if options.toy else (12, 768)
    counts = (1, 2, 1) if options.toy else (OFFICIAL, OURS, 3)
    out = step.measure(layers, width, 2 if options.toy else 50, TARGETS[step.JOB])
    peak = matmul_peak(64 if options.toy else SIZE)
    out.append(Row(PEAK, f"{SIZE} x {SIZE}", "torch", "throughput", peak, "FLOP/s"))
    official, ours, repeats = counts
    found = ner.measure(options, official, ours, repeats, TARGETS[ner.JOB])
    return [replace(row, size=f"{row.size}, on a GPU") for row in [*out, *found]] + _utilisation(
        options, found, peak, ours
    )


def matmul_peak(size: int) -> float:
    """FLOP/s of a square bf16 product, the best of 20."""
    device = default_device()
    a, b = (torch.randn(size, size, device=device).bfloat16() for _ in range(2))
    best = np.inf
    for _ in range(20):
        began = perf_counter()
        a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = min(best, perf_counter() - began)
    return 2 * size**3 / best


def flops(tokens: int, length: float, layers: int, width: int) -> float:
    """Of a forward and a backward pass: six a weight and token, and attention's products."""
    weights = 12 * layers * width**2
    return tokens * (6 * weights + 12 * layers * width * length)


def _utilisation(options: Options, found: list[Row], peak: float, steps: int) -> list[Row]:
    """Model FLOPs a second over the peak; tokens that only pad are not counted."""
    times = {row.who: row.value for row in found if row.measure == "time a step"}
    if "ours" not in times:
        return []
    data, _, recipe = ner.data(options)
    order = training_order(data.train.lengths, recipe.batch_size, ner.epoch(data, recipe), 0)
    lengths = data.train.lengths
    batches = ner.quantiles(order, lengths, steps)
    shape = (2, 16) if options.toy else (12, 768)
    work = np.mean([flops(lengths[i].sum(), lengths[i].mean(), *shape) for i in batches])
    share = float(work / times["ours"] / peak)
    return [Row(ner.JOB, "on a GPU", "ours", "model FLOPs utilisation", share,
                "of the measured peak")]  # fmt: skip


if __name__ == "__main__":
    main("gpu", rows)
