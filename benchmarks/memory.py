"""How far a process grew; needs no package, so that peers in environments of their own can ask."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path


def peak_bytes(work: Callable[[], object]) -> float | None:
    """How far the process grew while `work` ran, numpy's and torch's arrays alike, in bytes.

    Linux keeps the highest resident size and lets a process reset its own; None elsewhere. What
    was freed before is given back first, or `work` would reuse it unseen.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        before = _resident("VmRSS")
        work()
        return float(_resident("VmHWM") - before)
    except (OSError, AttributeError):
        return None


def _resident(key: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return 1024 * int(line.split()[1])
    raise OSError(f"no {key} in /proc/self/status")
