"""What a grid will cost, before it starts: `python -m lnlib hua cost --scale paper`.

Work is counted network by network. Some steps of the first one, of few games each, tell how fast
this device does it and what memory a game takes; the rest is multiplication. Generating games,
probes and counting legal moves are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import pandas as pd
import torch

from lnlib.base.device import default_device
from lnlib.base.provenance import machine
from lnlib.papers.hua.coverage import Network
from lnlib.papers.hua.grid import Run
from lnlib.papers.hua.network.model import build
from lnlib.papers.hua.network.training import loss, train
from lnlib.papers.hua.scales import Scale
from lnlib.papers.hua.world.batches import Batch, batches
from lnlib.papers.hua.world.languages import Languages
from lnlib.results.plan import PEAKS

GAMES = 16  # of a timed step, on a CPU: a step of the paper's 1,024 would take minutes
WARM_UP, STEPS = 1, 3  # the first allocates; three others tell the rate to a tenth
_STATE = 16  # bytes a parameter: weight, gradient and Adam's two moments, fp32


@dataclass(frozen=True)
class Work:
    """Steps of training that a network's test takes, on so many games each."""

    steps: int
    games: int


def work(network: Network, scale: Scale) -> list[Work]:
    """All trainings of one network in its test, without those that another test leaves to it."""
    plan, moved = scale.masks, scale.transfer
    few, each = plan.training.batch_size, plan.training.steps
    rounds = plan.levels[0] // plan.step
    search = Work(len(network.languages.split(",")) * plan.samples * rounds * each, few)
    if network.task == "alignment":
        return [Work(scale.training.steps, scale.training.batch_size)]
    if network.task == "transfer":
        return [Work(r.steps, r.batch_size) for r in (moved.training, moved.fine_tuning)]
    if network.task == "exchange":
        languages = len(network.languages.split(","))
        sparser = languages * (max(plan.levels) // plan.step - rounds)
        trained = languages * (1 + (languages + 2) * len(plan.levels))
        return [Work((sparser + trained) * each, few)]
    if network.task == "early":
        return [Work(scale.training.steps // plan.early, scale.training.batch_size), search]
    if network.task == "long":
        return [replace(search, steps=plan.long * search.steps)]
    return [search] if network.task == "overlap" else []


def batch_of(languages: Languages, scale: Scale, games: int, prefix: tuple[int, ...] = ()) -> Batch:
    """A batch as trainings have it, of so many games."""
    return next(batches(languages, games, 0, targets=scale.targets, prefix=prefix))


def flops(languages: Languages, scale: Scale, tokens: int) -> float:
    """Operations of a training step on one game of so many tokens, forward and backward.

    6 for each weight of the blocks and the head and each token, and 6 T H a token and block for
    attention that looks back only.
    """
    size = scale.size
    weights = 12 * size.layers * size.width**2 + languages.vocabulary * size.width
    return tokens * (6.0 * weights + 6.0 * tokens * size.width * size.layers)


@dataclass(frozen=True)
class Measured:
    """What training takes on this device."""

    rate: float  # FLOP/s
    activations: float  # bytes kept for the backward pass, a token
    state: float  # bytes of weights, gradients and moments


def measure(languages: Languages, scale: Scale) -> Measured:
    """Train a network of a scale for a few steps on this device."""
    device = default_device()
    whole = scale.training.batch_size
    games = whole if device.type == "cuda" else min(whole, GAMES)
    model = build(languages, scale.size).to(device)
    clock = []

    def timed(start: int) -> Any:
        for batch in batches(languages, games, 0, targets=scale.targets, start=start):
            if device.type == "cuda":
                torch.cuda.synchronize()
            clock.append(perf_counter())
            yield batch

    few = replace(scale.training, steps=WARM_UP + STEPS + 1, batch_size=games)
    train(model, timed, few)
    tokens = batch_of(languages, scale, games).tokens.shape[1]
    seconds = (clock[WARM_UP + STEPS] - clock[WARM_UP]) / STEPS
    kept = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    model.train()
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        loss(model, batch_of(languages, scale, games).to(device))
    parameters = sum(p.numel() for p in model.parameters())
    return Measured(games * flops(languages, scale, tokens) / seconds,
                    kept / games / tokens, _STATE * parameters)  # fmt: skip


def cost(grid: Sequence[Run], scale: Scale, measured: Measured) -> pd.DataFrame:
    """One row a task and languages: networks, steps (thousands), PFLOP, hours, memory (GB)."""
    rows = []
    for run in grid:
        own = run.network
        languages = own.made(scale, 0)
        prefix = scale.transfer.prefix if own.task == "transfer" else ()
        tokens = batch_of(languages, scale, 64, prefix).tokens.shape[1]  # the longest of a batch
        each = flops(languages, scale, tokens)
        parts = work(own, scale)
        games = max((part.games for part in parts), default=0)
        rows.append({
            "task": own.task, "languages": own.languages, "networks": 1,
            "thousand steps": sum(part.steps for part in parts) / 1e3,
            "PFLOP": sum(part.steps * part.games for part in parts) * each / 1e15,
            "memory, GB": (measured.state + games * tokens * measured.activations) / 1e9,
        })  # fmt: skip
    table = pd.DataFrame(rows)
    summed = ["networks", "thousand steps", "PFLOP"]
    found = table.groupby(["task", "languages"], sort=False)
    out = found[summed].sum().join(found["memory, GB"].max()).reset_index()
    out.insert(5, "hours", out["PFLOP"] * 1e15 / measured.rate / 3600)
    return out


def report(grid: Sequence[Run], scale: Scale) -> str:
    """The costs of a grid and their sum, in words; measured here and now."""
    measured = measure(grid[0].network.made(scale, 0), scale)
    table = cost(grid, scale, measured)
    device = default_device()
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else "this CPU"
    total = 1e15 * table["PFLOP"].sum()
    shares = ", ".join(
        f"{total / peak / share / 3600:.2g} at {100 * share:.0f} % of a {name}'s peak"
        for name, peak in PEAKS.items()
        for share in (1, 0.2)
    )
    return (
        f"{table.to_string(index=False, float_format='{:.3g}'.format)}\n"
        f"In all {table['hours'].sum():,.2g} hours on {where}, one network at a time "
        f"({machine()['threads']} threads, {measured.rate / 1e12:.3g} TFLOP/s)\n"
        f"Hours: {shares}"
    )
