"""Tensors and what is told about them in one file that is whole or refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing

_FORMAT = "lnlib othello 1"


def write(path: Path, tensors: Mapping[str, torch.Tensor], about: Mapping[str, Any]) -> None:
    """Put `tensors` and `about` (JSON) in the place of whatever is at `path`, or leave that be."""
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    told = json.dumps(about)
    with replacing(path) as partial:
        save_file(held, partial, {"format": _FORMAT, "about": told, "sha256": digest(held, told)})


def read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `write` wrote. Raises UserError for a file that is missing, torn or another tool's."""
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as cause:
        raise UserError(f"no file {str(path)!r}") from cause
    except OSError as cause:
        raise refused("read", path, cause) from cause
    except SafetensorError as cause:
        raise UserError(f"{str(path)!r} is torn or no safetensors file: delete it") from cause
    if header.get("format") != _FORMAT:
        raise UserError(f"{str(path)!r} was written by another tool, not as {_FORMAT!r}")
    if digest(tensors, header["about"]) != header["sha256"]:
        raise UserError(f"{str(path)!r} is damaged (its checksum differs): delete it")
    return tensors, json.loads(header["about"])


def digest(tensors: Mapping[str, torch.Tensor], about: str = "") -> str:
    """SHA-256 over tensors, their names, types and shapes, and a text."""
    found = hashlib.sha256(about.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu()
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.numpy().tobytes())
    return found.hexdigest()
