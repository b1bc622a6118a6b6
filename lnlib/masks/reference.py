"""Masks as the paper's official code keeps them: a `.pt` dictionary of float tensors a sparsity."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.masks.matrices import MATRIX_NAME, Mask, Matrix


def read(paths: Iterable[str | Path]) -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
    """The sparsities (%) of some masks of one search, and by matrix the round that pruned, or 0.

    Loaded with weights only, never as arbitrary pickles. The sparsity of each file is measured
    from its zeros. Raises UserError if a file is no such dictionary or the masks do not nest.
    """
    loaded = []
    for path in map(Path, paths):
        masks = _load(path)
        total = sum(m.size for m in masks.values())
        zeros = total - sum(int(m.sum()) for m in masks.values())
        loaded.append((round(100 * zeros / total), path, masks))
    if not loaded:
        raise UserError("no mask files given")
    loaded.sort(key=lambda item: item[0])
    first = loaded[0][2]
    codes = {name: np.zeros(kept.shape, np.uint8) for name, kept in first.items()}
    for number, (_, path, masks) in enumerate(loaded, start=1):
        if {n: m.shape for n, m in masks.items()} != {n: c.shape for n, c in codes.items()}:
            raise UserError(f"{str(path)!r} is a mask for another encoder than the others")
        for name, kept in masks.items():
            if (kept & (codes[name] > 0)).any():
                raise UserError(
                    f"{str(path)!r} keeps weights of {name!r} that a denser mask has pruned: "
                    "these masks are not of one search"
                )
            codes[name][~kept & (codes[name] == 0)] = number
    return tuple(level for level, *_ in loaded), codes


def write(mask: Mask, prefix: str, path: Path) -> Path:
    """Write a mask as the official code reads it: float32, `PREFIX*.weight_mask`."""
    masks = {f"{prefix}{name}_mask": kept.float() for name, kept in mask.items()}
    whole = io.BytesIO()  # torch's own writing has an error of its own for a full disk
    torch.save(masks, whole)
    with replacing(path) as partial:
        partial.write_bytes(whole.getvalue())
    return path


def matrix_of(name: str, weights: int) -> Matrix:
    """The matrix that a parameter's name tells of: its stack, layer and component."""
    parts = name.removesuffix(".weight").split(".")
    numbers = [i for i, part in enumerate(parts) if part.isdigit()]
    if not numbers:
        return Matrix(name, "pooler", None, "pooler", weights)
    at = numbers[0]
    return Matrix(name, ".".join(parts[:at]), int(parts[at]), ".".join(parts[at + 1 :]), weights)


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise UserError(f"no mask file at {str(path)!r}")
    try:
        masks = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as cause:
        raise refused("read", path, cause) from cause
    except Exception as cause:  # a cut or foreign file ends in any error of the unpickler's
        reason = str(cause).partition("\n")[0]  # what follows tells how to load it all the same
        raise UserError(f"{str(path)!r} is not a plain mask file: {reason}") from cause
    out = {}
    for key, value in masks.items() if isinstance(masks, dict) else ():
        if not (isinstance(value, torch.Tensor) and str(key).endswith(".weight_mask")):
            continue
        name = str(key).removeprefix("module.").removeprefix("bert.").removesuffix("_mask")
        if not MATRIX_NAME.fullmatch(name):
            raise UserError(f"{str(path)!r}: {key!r} is no name of a matrix")
        if value.layout != torch.strided or not value.numel():
            raise UserError(f"{str(path)!r}: {key!r} is no plain tensor with values")
        array = value.detach().float().numpy()
        if not np.isin(array, (0, 1)).all():
            raise UserError(f"{str(path)!r}: {key!r} holds values other than 0 and 1")
        out[name] = array.astype(bool)
    if not out:
        raise UserError(f"{str(path)!r} holds no `*.weight_mask` tensors")
    return out
