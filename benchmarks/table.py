"""One tidy shape for every benchmark: rows, targets, clocks, and the file they go to."""

from __future__ import annotations

import argparse
import operator
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from lnlib.base.files import replacing
from lnlib.base.provenance import imports, machine, versions

FOLDER = Path(__file__).resolve().parents[1] / "results" / "bench"
# On a machine that is shared, seconds of the processor say more than seconds on the wall; a process
# with several threads spends several of them at once.
CLOCKS = {"wall": perf_counter, "processor": process_time}
_clock = "wall"
_SIGNS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt}
_WORDS = {"<=": "at most", ">=": "at least", "<": "under"}


@dataclass(frozen=True)
class Options:
    """What a benchmark may be asked: a toy size for tests, and where real data are."""

    toy: bool = False
    data_dir: str | None = None


@dataclass
class Row:
    """One measured quantity of one way to do a job."""

    job: str
    size: str
    who: str  # "ours", or the peer
    measure: str  # "time", "memory", ...
    value: float | None = None  # None: not run
    unit: str = "s"
    ratio: float | None = None  # the value over that of `beside`
    beside: str = ""
    target: str = ""  # "ratio <= 1.05" or "value < 4": what should hold of this row
    note: str = ""
    status: str = "measured"  # or "not run: " and why
    at: float | None = None  # place on the axis along which a cost grows

    @property
    def verdict(self) -> str:
        """ "met", "missed", or nothing where there is no target or no measurement."""
        if not self.target or self.value is None:
            return ""
        what, sign, limit = self.target.split()
        value = self.ratio if what == "ratio" else self.value
        return "met" if _SIGNS[sign](value, float(limit)) else "missed"


def in_words(target: str) -> str:
    """A target for reading: "at least 8 ×"."""
    if not target:
        return ""
    what, sign, limit = target.split()
    return f"{_WORDS[sign]} {limit}" + (" ×" if what == "ratio" else "")


def interleaved(ways: dict[str, Callable[[], object]], rounds: int,
                warm: int = 1) -> dict[str, np.ndarray]:  # fmt: skip
    """Seconds of every way in every round, (rounds,): all ways take turns, so that a machine that
    slows down slows all of them. The first `warm` rounds are run and not counted."""
    seconds: dict[str, list[float]] = {who: [] for who in ways}
    for number in range(warm + rounds):
        for who in ways if number % 2 else reversed(ways):
            began = clock()
            ways[who]()
            _synchronise()
            if number >= warm:
                seconds[who].append(clock() - began)
    return {who: np.array(times) for who, times in seconds.items()}


def chosen() -> str:
    """The name of the clock that was asked for: peers in processes of their own look at it, too."""
    return _clock


def clock() -> float:
    """Seconds by the clock that was asked for."""
    return CLOCKS[chosen()]()


def ratio(seconds: dict[str, np.ndarray], who: str, beside: str) -> float:
    """Median over rounds of one way's time over another's in the same round."""
    return float(np.median(seconds[who] / seconds[beside]))


def time_rows(job: str, size: str, seconds: dict[str, np.ndarray], beside: str,
              targets: dict[str, str] | None = None,
              notes: dict[str, str] | None = None) -> list[Row]:  # fmt: skip
    """A row a way: median seconds, and the ratio to `beside`."""
    return [
        Row(
            job, size, who, "time", float(np.median(times)), "s", ratio(seconds, who, beside),
            beside, (targets or {}).get(who, ""), (notes or {}).get(who, ""),
        )
        for who, times in seconds.items()
    ]  # fmt: skip


def _synchronise() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The rows with their verdicts and what they were measured with."""
    made_by = versions(*imports())  # the whole library: a benchmark may reach all of it
    stamp = {
        "clock": _clock,
        **machine(),
        **{name: made_by[name] for name in ("python", "torch", "numpy", "transformers")},
        "pyarrow": metadata.version("pyarrow"),
        **{name: made_by[name] for name in ("lnlib", "code")},
    }
    return pd.DataFrame([{**asdict(row), "verdict": row.verdict, **stamp} for row in rows])


def write(name: str, rows: Iterable[Row], folder: Path = FOLDER) -> Path:
    """`NAME.csv`. Rows none of which was run never take the place of a measured table."""
    path = folder / f"{name}.csv"
    new = frame(rows)
    before = pd.read_csv(path)["status"] if path.exists() else pd.Series(dtype=str)
    if (before == "measured").any() and not (new["status"] == "measured").any():
        print(f"{path.name} keeps what was measured before")
        return path
    with replacing(path) as partial:
        new.to_csv(partial, index=False, float_format="%.5g")
    return path


def show(rows: Iterable[Row]) -> None:
    """Print the rows for a terminal."""
    for row in rows:
        what = f"{row.job} ({row.size}), {row.who}, {row.measure}"
        if row.value is None:
            print(f"{what}: {row.status}")
            continue
        beside = f", {row.ratio:.3g} x {row.beside}" if row.ratio is not None else ""
        target = f" [{in_words(row.target)}: {row.verdict}]" if row.target else ""
        print(f"{what}: {row.value:.4g} {row.unit}{beside}{target}")


def main(name: str, rows: Callable[[Options], list[Row]]) -> None:
    """The command line of one benchmark. Toy sizes are printed and never written."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--toy", action="store_true", help="a size that shows that it runs")
    parser.add_argument("--data-dir", help="a folder laid out like the hub, for real sentences")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="which seconds to count")
    parsed = parser.parse_args()
    global _clock
    _clock = parsed.clock
    print(f"== {name}", flush=True)
    found = rows(Options(parsed.toy, parsed.data_dir))
    show(found)
    if not parsed.toy:
        write(name, found)
