"""Threads of a training, on an idle machine and beside another busy process.

Every way of waiting is a process of its own, since OpenMP takes its settings when torch is loaded;
the processes take turns. "torch's own" is what torch does if nobody asks it for less: a thread a
core, and each spins while it waits. An idle machine is one where nothing else runs: see to that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import joblib

from benchmarks import shapes
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib import SCALES, Workbench
from lnlib.training.loop import train

JOB = "threads of a training"
ONE, OWN, OURS = "one thread", "torch's own", "ours"
DECIDING = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
SETTINGS = {
    OURS: {},
    ONE: {"OMP_NUM_THREADS": "1"},
    # As long as the library spins by itself; `import lnlib` would have it sleep.
    OWN: {"OMP_NUM_THREADS": str(joblib.cpu_count()), "GOMP_SPINCOUNT": "300000"},
}
IDLE, BUSY = "idle", "beside a busy process"
# Layers, width, and steps enough for a second or so; and what ours may take beside torch's own
# on an idle machine: the small shape loses a little that a second thread would save.
SHAPES = {
    "mini-mBERT's shape": ((6, 128, 20), "ratio <= 1.1"),
    "12 layers x 384": ((12, 384, 4), "ratio <= 1.05"),
}
TOY = {"toy": ((2, 16, 2), "ratio <= 1.1")}


def rows(options: Options) -> list[Row]:
    sizes, rounds = (TOY, 1) if options.toy else (SHAPES, 5)
    out = []
    for size, (shape, target) in sizes.items():
        with ExitStack() as stack:
            ways = {who: stack.enter_context(worker(who, shape)) for who in SETTINGS}
            runs = {who: lambda way=way: ask(way) for who, way in ways.items()}
            seconds = interleaved(runs, rounds)
            out += time_rows(JOB, f"{size}, {IDLE}", seconds, OWN, {OURS: target})
            with busy():
                seconds = interleaved(runs, rounds)
            out += time_rows(JOB, f"{size}, {BUSY}", seconds, ONE, {OURS: "ratio <= 1.1"})
    return out


@contextmanager
def worker(who: str, shape: tuple[int, int, int]) -> Iterator[subprocess.Popen]:
    """A process that trains this shape's few steps at every line it reads."""
    env = {name: value for name, value in os.environ.items() if name not in DECIDING}
    command = [sys.executable, "-m", "benchmarks.threads", "--worker", *map(str, shape)]
    process = subprocess.Popen(command, env=env | SETTINGS[who], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ask(process: subprocess.Popen) -> None:
    """Have a worker train once."""
    assert process.stdin and process.stdout
    print(file=process.stdin, flush=True)
    if not process.stdout.readline():
        raise RuntimeError("a worker has ended before its work")


@contextmanager
def busy() -> Iterator[None]:
    """Keep one core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def work(layers: int, width: int, steps: int) -> None:
    """Train at every line of the standard input, as the demo trains NER."""
    recipe = replace(SCALES["demo"].recipes["ner"], steps=steps)
    bench = Workbench("mini-mbert", "ner", "ur", recipe=recipe)
    data, tokenizer = bench.data, bench.encoder.tokenizer
    model = shapes.bert(layers, width, len(tokenizer), len(data.labels))
    mask = shapes.half(model)
    for _ in sys.stdin:
        train(model, data, recipe, tokenizer, 0, mask)
        print("done", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*map(int, sys.argv[2:]))
    else:
        main("threads", rows)
