"""The device that computes: which one, its number formats, and how many threads.

Threads of one computation wait for each other hundreds of times a step. OpenMP lets them spin while
they wait, so beside another busy process each waits for a core that the other's spinning takes.
Two things help, and `python -m benchmarks.threads` measures both. `import lnlib` asks for waiting
asleep, which OpenMP reads when torch is loaded. And a small encoder gets one thread, since more
save it next to nothing: a demo training of mini-mBERT on two cores takes 15.9 s with one thread and
14.9 with two that spin; beside one busy process 18.2 and 40.3, and 19.2 with two that sleep.

The number depends on the encoder and the machine, not on what else runs there: sums over another
number of threads differ in their last digits, and a round must be the same when it is run again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

import torch

from lnlib.base.errors import choose

# Weights of the largest matrix from which a second thread pays: between mini-mBERT's (65,536) and
# the 589,824 of width 384.
PAYS = 4 * 256 * 256
_SET = {"OMP_NUM_THREADS", "MKL_NUM_THREADS"}  # either decides torch's number
_STARTED_WITH = torch.get_num_threads()  # another one later is the user's own
_LOOK = 0.2  # s to see which cores are free: 20 of the system's ticks
_used: int | None = None
_full_precision = ContextVar("full_precision", default=False)


def default_device() -> torch.device:
    """The device that LNLIB_DEVICE names (cpu, cuda, cuda:1); by default a GPU if there is one.

    UserError if it is not there: a run meant for a GPU would take weeks on a CPU unnoticed.
    """
    there = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    asked = os.environ.get("LNLIB_DEVICE") or ("cuda" if len(there) > 1 else "cpu")
    choose("cuda:0" if asked == "cuda" else asked, there, f"device (LNLIB_DEVICE={asked})")
    return torch.device(asked)


def autocast(device: torch.device) -> AbstractContextManager:
    """bf16 arithmetic where the device has units for it, but not inside `full_precision`."""
    enabled = multiplies_bf16(device) and not _full_precision.get()
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)


@contextmanager
def full_precision() -> Iterator[None]:
    """No `autocast` inside the `with`: for what is compared digit by digit, and not trained on."""
    before = _full_precision.set(True)
    try:
        yield
    finally:
        _full_precision.reset(before)


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the device has bf16 units: NVIDIA's have since compute capability 8.

    `torch.cuda.is_bf16_supported` is also true of those that only emulate it, such as the T4 that
    Colab lends, where it is slower than fp32.
    """
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)


@contextmanager
def threads_for(largest: int) -> Iterator[None]:
    """Compute with `number` threads inside the `with`; then torch has its own number again.

    `largest` is the number of weights in the largest matrix of the encoder.
    """
    global _used
    before, now = torch.get_num_threads(), number(largest)
    torch.set_num_threads(now)
    _used = now
    try:
        yield
    finally:
        torch.set_num_threads(before)


def used() -> int:
    """The threads of the last `threads_for` in this process; torch's own before there was one."""
    return _used or torch.get_num_threads()


def number(largest: int) -> int:
    """How many threads to compute with an encoder whose largest matrix has so many weights.

    What OMP_NUM_THREADS, MKL_NUM_THREADS or `torch.set_num_threads` says, if a user has said it.
    Else one for a small encoder, and for others as many as torch has and this process may use.
    Where torch was loaded before lnlib, and so spins, only as many as there were free cores when it
    was first asked: there, and nowhere else, last digits may depend on what else runs.
    """
    own = torch.get_num_threads()
    if own != _STARTED_WITH or _SET & os.environ.keys():
        return own
    if largest < PAYS:
        return 1
    return min(own, _free_cores() if _spins() else _cores())


def _spins() -> bool:
    """Whether threads wait busily; `import lnlib` could ask them not to before torch was loaded."""
    asleep = os.environ.get("OMP_WAIT_POLICY", "").upper() == "PASSIVE"
    return not asleep and "GOMP_SPINCOUNT" not in os.environ


def _cores() -> int:
    """Cores that this process may use: of its affinity, and of a container's share of time."""
    import joblib

    return joblib.cpu_count()


@cache
def _free_cores() -> int:
    """Those of them that nobody used for a moment, in which this process slept; one at least."""
    try:
        before = _idle_ticks()
        time.sleep(_LOOK)
        idle = (_idle_ticks() - before) / (_LOOK * os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError):  # no Linux
        return _cores()
    return max(1, min(_cores(), round(idle)))


def _idle_ticks() -> int:
    """Ticks that the cores of this process's affinity have idled or waited for a disk."""
    mine = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    lines = (line.split() for line in Path("/proc/stat").read_text().splitlines())
    return sum(int(line[4]) + int(line[5]) for line in lines if line[0] in mine)
