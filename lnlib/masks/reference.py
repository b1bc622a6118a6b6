"""Masks as the paper's official code keeps them: a `.pt` dictionary of float tensors a sparsity.

A name is read by its structure: what stands before the encoder's own part of it (`bert.`,
`roberta.`, `module.bert.`, nothing) is the model's around it, and is dropped. That code prunes the
matrices of an encoder's layers and its pooler. The mask of anything else (embeddings, norms, a
classifier) is left out if it keeps everything, and refused by name if it does not: without it, the
sub-network would be another.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from lnlib.base.errors import UserError, choose
from lnlib.base.files import as_path, refused, replacing
from lnlib.languages import NOT_THERE, codes_of
from lnlib.masks.applying import Mask, kept
from lnlib.masks.matrices import MATRIX_NAME, Matrix

TASKS = ("mlm", "ner", "xnli")  # those that the official code finds masks on
# Where an encoder's own names begin: transformers puts its layers under one of these words, and its
# pooler beside them. An architecture that has none of them has its layers at the top.
_BEGIN = ("encoder", "decoder", "transformer", "pooler")
_AROUND = ("module", "model", "bert")  # what then stands before: DataParallel's, the model's, ours
# Inside a layer, but no matrix that multiplies states: T5's table of distances, say.
_TABLES = ("embeddings", "relative_attention_bias")


def check_origin(task: str, lang: object) -> None:
    """UserError for a task or language that the official code finds no masks on."""
    choose(task, TASKS, "task")
    for code in codes_of(lang):
        if (task, code) in NOT_THERE:
            raise UserError(f"no masks of {task!r} in {code!r}: {NOT_THERE[task, code]}")


def read(
    paths: str | Path | Iterable[str | Path],
) -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
    """The sparsities (%) of some masks of one search, and by matrix the round that pruned, or 0.

    One path is a list of one. Loaded with weights only, never as arbitrary pickles. The sparsity of
    each file is measured from its zeros. Raises UserError if a file is no such dictionary or the
    masks do not nest.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else paths
    if not isinstance(given, Iterable):
        raise UserError(f"mask files {paths!r}: expected a list of paths, one a sparsity")
    loaded = []
    for path in (as_path(item, "mask file") for item in given):
        masks = _load(path)
        total = sum(m.size for m in masks.values())
        zeros = total - sum(int(m.sum()) for m in masks.values())
        level = round(100 * zeros / total)
        if level == 0:
            raise UserError(f"{str(path)!r} prunes {zeros} of {total} weights: less than half a %")
        loaded.append((level, path, masks))
    if not loaded:
        raise UserError("no mask files given")
    loaded.sort(key=lambda item: item[0])
    for (level, one, _), (other, two, _) in pairwise(loaded):
        if level == other:
            raise UserError(f"{str(one)!r} and {str(two)!r} both prune {level} %: pass one of them")
    first = loaded[0][2]
    codes = {name: np.zeros(part.shape, np.uint8) for name, part in first.items()}
    for number, (_, path, masks) in enumerate(loaded, start=1):
        if {n: m.shape for n, m in masks.items()} != {n: c.shape for n, c in codes.items()}:
            raise UserError(f"{str(path)!r} is a mask for another encoder than the others")
        for name, part in masks.items():
            if (part & (codes[name] > 0)).any():
                raise UserError(
                    f"{str(path)!r} keeps weights of {name!r} that a denser mask has pruned: "
                    "these masks are not of one search"
                )
            codes[name][~part & (codes[name] == 0)] = number
    return tuple(level for level, *_ in loaded), codes


def write(mask: Mask, prefix: str, path: Path) -> Path:
    """Write a mask as the official code reads it: float32, `PREFIX*.weight_mask`."""
    masks = {f"{prefix}{name}_mask": part.float() for name, part in mask.items()}
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
    """By matrix, which weights stay."""
    out: dict[str, np.ndarray] = {}
    for key, value in _tensors(path).items():
        name = key.removesuffix("_mask")
        if not MATRIX_NAME.fullmatch(name):
            raise UserError(f"{str(path)!r}: {key!r} is no name of a matrix")
        if not value.numel():
            raise UserError(f"{str(path)!r}: {key!r} has no values")
        try:
            array = kept(key, value.detach()).numpy()
        except UserError as cause:
            raise UserError(f"{str(path)!r}: {cause}") from None
        own = _own_name(name)
        if own is None or array.ndim != 2:
            if not array.all():
                raise UserError(
                    f"{str(path)!r} prunes {name!r}, which is no matrix of an encoder's layers and "
                    "not its pooler: no other weights are pruned here"
                )
        elif own in out:
            raise UserError(f"{str(path)!r} has two masks for {own!r}")
        else:
            out[own] = array
    if not out:
        raise UserError(
            f"{str(path)!r} holds no `*.weight_mask` tensors of the layers of an encoder"
        )
    return out


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    """The `*.weight_mask` of a file of torch's, read without running anything in it."""
    if not path.is_file():
        what = " (a folder): name the files in it" if path.is_dir() else ""
        raise UserError(f"no mask file at {str(path)!r}{what}")
    try:
        with path.open("rb") as file:
            begin = file.read(24)
        found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as cause:
        raise refused("read", path, cause) from cause
    except Exception as cause:  # any error of the unpickler's; its words tell how to load it anyway
        if begin[:2] in (b"PK", b"\x80\x02"):  # as torch writes them, now and formerly
            why = "it is cut or damaged, or holds other things than tensors, which are not loaded"
        else:
            why = f"it begins with {begin!r}"  # a web page, a pointer of Git LFS
        raise UserError(f"{str(path)!r} is not a plain mask file: {why}") from cause
    return {
        key: value
        for key, value in (found.items() if isinstance(found, dict) else ())
        if isinstance(value, torch.Tensor) and isinstance(key, str) and key.endswith(".weight_mask")
    }


def _own_name(name: str) -> str | None:
    """A matrix's name relative to the encoder; None where it is in no layer and no pooler."""
    parts = name.removesuffix(".weight").split(".")
    layer = next((at for at, part in enumerate(parts) if part.isdigit()), len(parts) - 1)
    begin = max((at for at, part in enumerate(parts[:layer]) if part in _BEGIN), default=None)
    if begin is None:
        begin = next((at for at, part in enumerate(parts) if part not in _AROUND), layer)
    # A layer holds several matrices, so each has a name in it; "classifier.0" is one by itself.
    inside = parts[begin] == "pooler" or layer < len(parts) - 1
    tables = any(part in _TABLES for part in parts)
    return ".".join([*parts[begin:], "weight"]) if inside and not tables else None
