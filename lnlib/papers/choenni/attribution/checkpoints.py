"""What influence is summed over: the states that a training went through, with their rates.

A checkpoint stands for the steps since the one before. Its weight is their mean learning rate: with
a rate that falls to zero the rate at its own last step would count the last one for nothing (LESS
takes the mean for the same reason).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as as_bytes
from torch import nn

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.base.hashes import short_over
from lnlib.training.checkpoint import set_parameters


@dataclass(frozen=True)
class Checkpoint:
    """The parameters of a model after `step` steps, in float32 on the CPU."""

    step: int
    rate: float  # mean rate of the steps since the checkpoint before
    made_with: str  # twelve hex digits over all that decides the training
    state: dict[str, torch.Tensor]

    @classmethod
    def of(cls, model: nn.Module, step: int, rate: float, made_with: str) -> Checkpoint:
        """The model as it stands."""
        state = {n: p.detach().cpu().clone().contiguous() for n, p in model.named_parameters()}
        return cls(step, rate, made_with, state)

    def put_on(self, model: nn.Module) -> nn.Module:
        """Set the model's parameters; UserError, with nothing set, where it has others."""
        set_parameters(model, self.state, "this checkpoint is")
        return model.eval()

    @property
    def digest(self) -> str:
        """Twelve hex digits over its parameters."""
        return _digest(self.state)

    def save(self, path: Path) -> None:
        """Write it atomically."""
        metadata = {"step": str(self.step), "rate": repr(self.rate), "made_with": self.made_with,
                    "digest": self.digest}  # fmt: skip
        with replacing(path) as partial:
            partial.write_bytes(as_bytes(self.state, metadata))

    @classmethod
    def load(cls, path: Path, made_with: str) -> Checkpoint:
        """Read it; UserError where the file is another training's, missing, cut or altered."""
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
            state = load_file(path)
        except OSError as cause:
            raise refused("read", path, cause) from cause
        except SafetensorError as cause:
            what = f"{str(path)!r} is cut or no checkpoint ({cause}): remove it"
            raise UserError(what) from cause
        if (found := metadata.get("made_with")) != made_with:
            raise UserError(
                f"{str(path)!r} is the checkpoint of another run ({found or 'not noted'}, this one "
                f"is {made_with}): name another folder, or remove it"
            )
        if metadata.get("digest") != _digest(state):
            raise UserError(f"{str(path)!r} is damaged: its checksum is wrong; remove it")
        return cls(int(metadata["step"]), float(metadata["rate"]), made_with, state)


def _digest(state: dict[str, torch.Tensor]) -> str:
    pairs = sorted(state.items())
    return short_over(part for n, p in pairs for part in (n, p.numpy().tobytes()))
