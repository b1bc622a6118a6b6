"""How large a network is, and how it and its probes are trained: numbers, which need no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Blocks, their width H, attention heads, and dropout (embeddings, attention, residuals)."""

    layers: int
    width: int
    heads: int
    dropout: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: AdamW, a linear warm-up, then a cosine."""

    steps: int
    batch_size: int  # games
    learning_rate: float  # at the peak
    warmup: int  # steps until the peak; it may lie beyond the last step
    least: float = 0.1  # share of the peak at which the cosine ends; the official code's
    weight_decay: float = 0.1  # of matrices alone; the official code's, as are the betas and clip
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float = 1.0

    def rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0."""
        if step + 1 <= self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        gone = (step - self.warmup) / max(1, self.steps - self.warmup)
        share = self.least + (1 - self.least) * 0.5 * (1 + math.cos(math.pi * gone))
        return self.learning_rate * share


@dataclass(frozen=True)
class ProbeRecipe:
    """How a probe is trained: Adam, its rate falling to 0 along a cosine.

    Epochs, batch and rate are the paper's; it lowers the rate whenever the test loss rises, which
    looks at the test games.
    """

    kind: str = "mlp"  # or "linear"
    width: int = 512  # of the hidden layer; the paper's
    epochs: int = 16
    batch_size: int = 1_024  # states
    learning_rate: float = 1e-3
