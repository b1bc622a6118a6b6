"""The device that computes, and its number formats."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

import torch

from lnlib.base.errors import choose


def default_device() -> torch.device:
    """The device that LNLIB_DEVICE names (cpu, cuda, cuda:1); by default a GPU if there is one.

    UserError if it is not there: a run meant for a GPU would take weeks on a CPU unnoticed.
    """
    there = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    asked = os.environ.get("LNLIB_DEVICE") or ("cuda" if len(there) > 1 else "cpu")
    choose("cuda:0" if asked == "cuda" else asked, there, f"device (LNLIB_DEVICE={asked})")
    return torch.device(asked)


def autocast(device: torch.device) -> AbstractContextManager:
    """bf16 arithmetic where the device has units for it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=multiplies_bf16(device))


def multiplies_bf16(device: torch.device) -> bool:
    """Whether the device has bf16 units: NVIDIA's have since compute capability 8.

    `torch.cuda.is_bf16_supported` is also true of those that only emulate it, such as the T4 that
    Colab lends, where it is slower than fp32.
    """
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 0)
