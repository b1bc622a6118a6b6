"""What made a result: code, versions, machine."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

import lnlib

_ROOT = Path(lnlib.__file__).parent
# The modules that decide a number; drawing or writing one down does not change it.
_DECIDING = (
    "base/seeds.py", "corpora/*.py", "encoders.py", "tasks/*.py", "masks/*.py", "training/*.py",
    "pruning/*.py", "states/*.py", "papers/foroutan/experiments/*.py",
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
    """Processor, device and threads of this run."""
    import torch

    from lnlib.base.device import default_device

    device = default_device()
    return {
        "machine": _processor(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
    }


@cache
def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
