"""A search on disk as the paper's code keeps it: one pickle of float32 masks for every level."""

from pathlib import Path

import torch

from lnlib.masks.applying import Mask


def save(masks: dict[int, Mask], folder: Path) -> list[Path]:
    """One file a level."""
    paths = []
    for level, mask in masks.items():
        paths.append(folder / f"mask_{level}.pt")
        named = {f"bert.{name}_mask": kept.float() for name, kept in mask.items()}
        torch.save(named, paths[-1])
    return paths


def load(path: Path) -> dict[str, torch.Tensor]:
    """The masks of one level, float32."""
    return torch.load(path, weights_only=True)
