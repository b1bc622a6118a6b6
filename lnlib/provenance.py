"""What made a result: code, versions, machine."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

import lnlib

_ROOT = Path(__file__).parent
# The modules that decide a number; drawing or writing one down does not change it.
_DECIDING = (
    "corpora/*.py", "encoders.py", "encoding.py", "excess.py", "masks.py", "overlap.py",
    "packing.py", "pruning.py", "retrieval.py", "seed_parts.py", "seeds.py", "switches.py",
    "tasks.py", "threads.py", "tickets.py", "training.py", "transfers.py", "workbench.py",
)  # fmt: skip


@cache
def code() -> str:
    """Twelve hex digits over the source of every module that decides a number."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in _DECIDING for path in _ROOT.glob(pattern)):
        digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def versions() -> dict[str, str]:
    """Versions of what decides a number."""
    names = ("torch", "transformers", "numpy", "babel")
    return {
        "lnlib": lnlib.__version__,
        "code": code(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


def machine() -> dict[str, object]:
    """Processor, device and threads of this run's last training."""
    import torch

    from lnlib import threads
    from lnlib.training import default_device

    device = default_device()
    return {
        "machine": _processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": threads.used(),
    }


@cache
def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
