"""Weights as text that a page can carry, and the network and probe that they are once more.

A matrix is rounded to whole numbers from -127 to 127, an output a row, with one scale a row; a
vector stays as it is. What is unpacked is what the page computes with, so everything that is said
of a network is measured after packing.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from lnlib.papers.hua.network.model import build
from lnlib.papers.hua.probing.probe import Probe
from lnlib.papers.hua.recipes import ProbeRecipe, Size
from lnlib.papers.hua.world.languages import Languages

Packed = dict[str, dict[str, str]]
_MOST = 127  # of 8 bits with a sign, alike on both sides of 0
_PREFIX = "transformer."  # what the names of a network's tensors do without


def pack(tensors: Mapping[str, torch.Tensor]) -> Packed:
    """Tensors by name, each `rows` and `scale` (a matrix) or `floats` (a vector), in base64."""
    return {name: _packed(tensor.detach().cpu().float()) for name, tensor in tensors.items()}


def unpack(packed: Packed) -> dict[str, torch.Tensor]:
    """The tensors of `pack`, rounded."""
    found = {}
    for name, parts in packed.items():
        if "floats" in parts:
            found[name] = _read(parts["floats"], "<f4")
        else:
            scale = _read(parts["scale"], "<f4")[:, None]
            found[name] = _read(parts["rows"], "i1").reshape(len(scale), -1) * scale
    return found


def pack_network(model: GPT2LMHeadModel) -> Packed:
    """The weights of a network; every matrix has an output a row."""
    tensors = model.state_dict().items()
    return pack({name.removeprefix(_PREFIX): _by_output(name, tensor) for name, tensor in tensors})


def network(packed: Packed, languages: Languages, size: Size) -> GPT2LMHeadModel:
    """The network of `pack_network`, in evaluation mode."""
    model, found = build(languages, size), unpack(packed)
    names = model.state_dict()
    model.load_state_dict({n: _by_output(n, found[n.removeprefix(_PREFIX)]) for n in names})
    return model.eval()


def pack_probe(probe: Probe) -> Packed:
    """The weights of a probe, and by what it moves and scales states."""
    return pack({name: torch.atleast_1d(tensor) for name, tensor in probe.state_dict().items()})


def probe(packed: Packed, squares: int, recipe: ProbeRecipe) -> Probe:
    """The probe of `pack_probe`, in evaluation mode."""
    found = unpack(packed)
    made = Probe(torch.zeros(1, len(found["middle"])), squares, recipe)
    made.load_state_dict(found | {"spread": found["spread"][0]})
    return made.eval()


def _by_output(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """With an output a row, or back: GPT-2's blocks keep their matrices with an input a row."""
    return tensor.T if tensor.ndim == 2 and ".h." in name else tensor


def _packed(tensor: torch.Tensor) -> dict[str, str]:
    if tensor.ndim == 1:
        return {"floats": _text(tensor.numpy().astype("<f4"))}
    scale = (tensor.abs().amax(1) / _MOST).clamp(min=torch.finfo(torch.float32).tiny)
    rows = torch.round(tensor / scale[:, None]).numpy().astype("i1")
    return {"scale": _text(scale.numpy().astype("<f4")), "rows": _text(rows)}


def _text(values: np.ndarray) -> str:
    return b64encode(values.tobytes()).decode("ascii")


def _read(text: str, kind: str) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(b64decode(text), kind).astype(np.float32))
