"""Where a training stands, on disk: weights, the optimizer's state and torch's random numbers.

A training whose batches follow from its seed and step goes on from its checkpoint as if it had
never stopped: on a CPU bit for bit, dropout and all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as as_bytes
from torch import nn

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, made_with: str,
         at: Mapping[str, Any]) -> None:  # fmt: skip
    """Put a checkpoint in the place of the one before, which stays whole until this one is.

    Parameters:

    - `model`, `optimizer`: between two steps; the optimizer's parameters are the model's.
    - `made_with`: names all that decides the training (hashes of its recipe and data).
    - `at`: how far it is, in the training's own terms, such as its step; what JSON can hold.

    Buffers are not kept: they are constants in what is trained here. Raises UserError where the
    disk is full.
    """
    tensors = {f"model.{name}": p.detach() for name, p in model.named_parameters()}
    kept = optimizer.state_dict()["state"]
    for number, name in enumerate(_trained(model, optimizer)):
        own = {key: v for key, v in kept.get(number, {}).items() if isinstance(v, torch.Tensor)}
        tensors |= {f"{key}.{name}": value for key, value in own.items()}
    tensors["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        tensors["random.cuda"] = torch.cuda.get_rng_state()
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    header = {"made_with": made_with, "at": json.dumps(dict(at))}
    metadata = {**header, "sha256": _digest(header, tensors)}
    with replacing(path) as partial:
        # Not save_file: it has an error of its own for a full disk.
        partial.write_bytes(as_bytes(tensors, metadata))


def resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer,
           made_with: str) -> dict[str, Any] | None:  # fmt: skip
    """Go on from `path`: set weights, optimizer and random numbers; returns its `at`.

    None where there is no file. Raises UserError, with nothing set, where the file is another
    training's (`made_with`, or parameters of other names or shapes), cut or altered.
    """
    if not path.exists():
        return None
    tensors, at = _read(path, made_with)
    weights = {key.removeprefix("model."): value for key, value in tensors.items()
               if key.startswith("model.")}  # fmt: skip
    set_parameters(model, weights, f"{str(path)!r} is the checkpoint", f": {_WAY_OUT}")
    state = {}
    for number, name in enumerate(_trained(model, optimizer)):
        keys = (key.removesuffix(f".{name}") for key in tensors if key.endswith(f".{name}"))
        state[number] = {key: tensors[f"{key}.{name}"] for key in keys if key != "model"}
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    torch.set_rng_state(tensors["random.cpu"])
    if torch.cuda.is_available() and "random.cuda" in tensors:
        torch.cuda.set_rng_state(tensors["random.cuda"])
    return at


_WAY_OUT = "name another folder, or remove it"


def _trained(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    """Names of the optimizer's parameters, in the order in which it numbers them."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return [names[p] for group in optimizer.param_groups for p in group["params"]]


def set_parameters(model: nn.Module, values: Mapping[str, torch.Tensor], what: str,
                   way_out: str = "") -> None:  # fmt: skip
    """Set every parameter of a model by its name.

    Raises UserError, with nothing set, where one is missing or has another shape: `what` says what
    the values are ("this checkpoint is"), `way_out` what can be done.
    """
    own = dict(model.named_parameters())
    for name, parameter in own.items():
        found = values.get(name)
        if found is None or found.shape != parameter.shape:
            raise UserError(
                f"{what} of another model: {name!r} is "
                f"{'not in it' if found is None else tuple(found.shape)}, and "
                f"{tuple(parameter.shape)} in this one{way_out}"
            )
    with torch.no_grad():
        for name, parameter in own.items():
            parameter.copy_(values[name])


def _read(path: Path, made_with: str) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """The tensors of a checkpoint and its `at`."""
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
        if (found := metadata.get("made_with")) != made_with:
            raise UserError(
                f"{str(path)!r} is the checkpoint of another training, made with another recipe, "
                f"other data or an older version ({found or 'not noted'}, now {made_with}): "
                f"{_WAY_OUT}"
            )
        tensors = load_file(path)
    except OSError as cause:
        raise refused("read", path, cause) from cause
    except SafetensorError as cause:
        raise UserError(f"{str(path)!r} is cut or no checkpoint ({cause}): {_WAY_OUT}") from cause
    header = {key: metadata.get(key, "") for key in ("made_with", "at")}
    if metadata.get("sha256") != _digest(header, tensors):
        raise UserError(f"{str(path)!r} is damaged: its checksum is wrong: {_WAY_OUT}")
    return tensors, json.loads(header["at"])


def _digest(header: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> str:
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
