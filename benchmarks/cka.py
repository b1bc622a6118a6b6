"""CKA of every layer of one language with every layer of another, from states in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from benchmarks.peers import kernel_cka, torch_cka
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.states import cka

JOB = "CKA of all pairs of layers"
ROUNDS = 3
WINDOWS = 4


def states(levels: int, sentences: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Two sides that share half of their variance, as float32: time does not depend on values."""
    rng = np.random.default_rng(0)
    shared = rng.standard_normal((sentences, width), np.float32)
    one, other = (
        shared + rng.standard_normal((levels, sentences, width), np.float32) for _ in range(2)
    )
    return one, other


def rows(options: Options) -> list[Row]:
    levels, sentences, width = (3, 40, 16) if options.toy else (13, 800, 768)
    a, b = states(levels, sentences, width)
    few, some = a[:1], b[:2]  # of the peers' pairs: each takes as long as the next
    tensors = torch.from_numpy(a[:1]), torch.from_numpy(b)
    size = f"{levels} x {levels} layers, {sentences} sentences, width {width}"
    at_once = "reference's function on all sentences"
    out = []
    for kind, ours, peers in (
        ("linear, debiased", lambda: cka.grid(a, b), {
            "torch_cka": (lambda: torch_cka.grid(*tensors), levels, ""),
            at_once: (lambda: kernel_cka.grid(few, some, 1), 2, "ratio >= 100"),
        }),
        ("RBF, biased", lambda: cka.grid(a, b, "rbf", debiased=False), {
            at_once: (lambda: kernel_cka.grid(few, some, 1), 2, "ratio >= 75"),
        }),
        (f"RBF, biased, {WINDOWS} windows", lambda: cka.in_windows(a, b, WINDOWS), {
            "reference": (lambda: kernel_cka.grid(few, some, WINDOWS), 2, "ratio >= 15"),
        }),
    ):  # fmt: skip
        out += _beside(f"{JOB}: {kind}", size, levels**2, ours, peers)
    return out


def _beside(job: str, size: str, pairs: int, ours: Callable[[], object],
            peers: dict[str, tuple[Callable[[], object], int, str]]) -> list[Row]:  # fmt: skip
    """Ours for all pairs; each peer timed on some of them and scaled."""
    ways = {"ours": ours, **{who: way for who, (way, _, _) in peers.items()}}
    seconds = interleaved(ways, ROUNDS)
    for who, (_, timed, _) in peers.items():
        seconds[who] *= pairs / timed
    notes = {who: f"timed on {timed} of {pairs} pairs and scaled"
             for who, (_, timed, _) in peers.items()}  # fmt: skip
    targets = {who: target for who, (_, _, target) in peers.items()}
    return time_rows(job, size, seconds, "ours", targets, notes)


if __name__ == "__main__":
    main("cka", rows)
