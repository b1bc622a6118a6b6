"""What a grid will cost, before it starts: `python -m lnlib PAPER cost`.

Trainings are counted from the plan; what one takes is measured on this device with a few steps of
the real thing; the rest is multiplication.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lnlib.base.device import default_device
from lnlib.base.provenance import machine, versions
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.matrices import encoder_of, prunable
from lnlib.results.plan import COST, PEAKS, STARTUP, Run, hours_at_least
from lnlib.tasks.examples import Encoded, training_order
from lnlib.tasks.task import Task
from lnlib.training.recipe import Recipe, Scale
from lnlib.training.workbench import Workbench

WARM_UP, STEPS = 5, 20  # the first steps allocate and compile; twenty others' mean is steady
SAMPLE = 2_000  # training examples to draw batches from: lengths, and so times, are theirs
SCORED = 200  # validation examples scored to time one
NOTEBOOK = 0.2  # MB of an executed notebook with its figures
_STATE = 16  # bytes a parameter: weight, gradient and Adam's two moments, fp32


@dataclass(frozen=True)
class Measured:
    """One task's training on this device."""

    seconds: float  # a training with its scoring
    flops: float  # useful floating-point operations of it, counted by `flops`
    memory: float  # GB: at its peak on a GPU; on a CPU weights, moments and mask, computed
    ticket: float  # MB on disk

    @property
    def rate(self) -> float:
        """Useful TFLOP/s."""
        return self.flops / self.seconds / 1e12


def flops(bench: Workbench, recipe: Recipe) -> float:
    """Operations of one training by `recipe` and its scoring, padding not counted.

    A forward pass is 2 for each weight of the layers' matrices and each token, plus 4 T H in each
    layer and token for attention; a backward pass is twice that. Embeddings and heads are left out.
    Lengths are those of the workbench's examples.
    """
    model = bench.model(0)
    weights = sum(matrix.weights for matrix in prunable(model))
    config: Any = encoder_of(model).config
    layers, width = config.num_hidden_layers, config.hidden_size

    def forward(part: Encoded) -> float:
        """Mean over examples."""
        lengths = part.lengths.astype(float)
        return float((2 * weights * lengths + 4 * layers * width * lengths**2).mean())

    trained = recipe.steps * recipe.batch_size
    train, scored = forward(bench.data.train), forward(bench.data.validation)
    return 3 * trained * train + recipe.validation_examples * scored


def measure(encoder: Encoder, task: Task, lang: str, scale: Scale,
            data_dir: str | Path | None = None) -> Measured:  # fmt: skip
    """Time a few steps and some scoring of a training on this device, and scale them up."""
    recipe, device = scale.recipe(task), default_device()
    few = replace(
        recipe, steps=WARM_UP + STEPS, train_examples=min(SAMPLE, recipe.train_examples),
        validation_examples=min(SCORED, recipe.validation_examples),
    )  # fmt: skip
    bench = Workbench(encoder, task, lang, scale, data_dir=data_dir, recipe=few)
    clock: list[float] = []

    def progress(step: int, loss: float) -> None:  # the loss was read, so the step has ended
        clock.append(time.perf_counter())

    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    bench.train(0, progress=progress)
    scoring = time.perf_counter() - clock[-1]
    step = _typical(np.diff(clock)[WARM_UP - 1 :], bench.data.train.lengths, recipe.batch_size)
    seconds = (clock[WARM_UP - 1] - began) + step * (recipe.steps - WARM_UP)
    seconds += scoring * recipe.validation_examples / len(bench.data.validation)
    model = bench.model(0)
    pruned = sum(matrix.weights for matrix in prunable(model))
    memory = (_STATE * sum(p.numel() for p in model.parameters()) + pruned) / 1e9
    if device.type == "cuda":
        memory = torch.cuda.max_memory_allocated() / 1e9
    return Measured(seconds, flops(bench, recipe), memory, pruned / 2 / 1e6)


def _typical(seconds: np.ndarray, lengths: np.ndarray, batch_size: int) -> float:
    """Seconds of a step of average size, from those of the steps after `WARM_UP`.

    A few batches are longer or shorter than an epoch's: a line through their padded sizes is read
    at the epoch's mean.
    """
    steps = max(-(-len(lengths) // batch_size), WARM_UP + len(seconds))
    order = training_order(lengths, batch_size, steps, 0)
    tokens = np.array([len(batch) * lengths[batch].max() for batch in order], float)
    timed = tokens[WARM_UP : WARM_UP + len(seconds)]
    spread = timed.var()
    slope = np.mean((timed - timed.mean()) * seconds) / spread if spread else 0.0
    return float(seconds.mean() + slope * (tokens.mean() - timed.mean()))


def cost(grid: Sequence[Run], measured: Mapping[str, Measured]) -> pd.DataFrame:
    """One row a task: runs, trainings, hours on one device, TFLOP/s, memory (GB), disk (MB)."""
    rows = []
    for task, what in measured.items():
        runs = [run for run in grid if run.task == task]
        count = sum(run.trainings for run in runs)
        files = sum(run.tickets for run in runs)
        rows.append(
            {
                "task": task,
                "runs": len(runs),
                "trainings": count,
                "seconds a training": what.seconds,
                "hours": (count * what.seconds + len(runs) * STARTUP) / 3600,
                "TFLOP/s": what.rate,
                "memory, GB": what.memory,
                "disk, MB": files * what.ticket + len(runs) * NOTEBOOK,
            }
        )
    return pd.DataFrame(rows)


def row(what: Measured, task: Task, lang: str, scale: Scale, encoder: Encoder) -> dict[str, Any]:
    """What was measured, as a row of `COST`."""
    recipe, made_by = scale.recipe(task), versions("training.workbench", task.module)
    return {
        "scale": scale.name, "task": task.name, "lang": lang, **asdict(what),
        "steps": recipe.steps, "recipe": recipe.hash, "encoder": encoder.fingerprint, **machine(),
        **{key: made_by[key] for key in ("lnlib", "code", "torch")},
    }  # fmt: skip


def report(
    grid: Sequence[Run],
    tasks: Mapping[str, Task],
    scale: Scale,
    data_dir: str | Path | None = None,
    record: Path | None = None,
    encoder_dir: str | Path | None = None,
) -> str:
    """Measure each task of a grid in its first language; the table and the sum, in words.

    Parameters:

    - `grid`: the runs.
    - `tasks`: those of the paper, by name.
    - `scale`: what is measured.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.
    - `record`: the folder that keeps what was measured; none does, if it is not given.
    """
    measured = {}
    for name in dict.fromkeys(run.task for run in grid):
        lang = next(run.lang for run in grid if run.task == name)
        encoder = load_encoder(scale.encoder_of(name), encoder_dir)
        measured[name] = measure(encoder, tasks[name], lang, scale, data_dir)
        if record:
            COST.add(record, [row(measured[name], tasks[name], lang, scale, encoder)])
    table = cost(grid, measured)
    device = default_device()
    where = torch.cuda.get_device_name(0) if device.type == "cuda" else "this CPU"
    work = {task: what.flops for task, what in measured.items()}
    least = [f"{hours_at_least(grid, work, peak):.2g} on a {name}" for name, peak in PEAKS.items()]
    return (
        f"{table.to_string(index=False, float_format='{:.3g}'.format)}\n"
        f"In all {table['hours'].sum():.1f} hours on {where}, one run at a time "
        f"({machine()['threads']} threads), and {table['disk, MB'].sum():,.0f} MB on disk\n"
        f"Hours at least, by the data sheet's peak: {', '.join(least)}"
    )
