"""What every training of a run shares: an encoder, one task's data and a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lnlib.base.errors import UserError, choose
from lnlib.corpora.loading import load
from lnlib.encoders import Encoder
from lnlib.masks.matrices import Mask
from lnlib.papers.foroutan.scales import SCALES, Recipe
from lnlib.tasks.examples import TaskData, encode
from lnlib.tasks.task import Score, get_task
from lnlib.training.loop import score, train


@dataclass(frozen=True)
class Trained:
    """One training from the pre-trained weights: the model, its score and its losses (nats)."""

    model: nn.Module
    score: Score
    losses: list[float]


class Workbench:
    """An encoder with one task's data and recipe: what every training of a run shares."""

    def __init__(self, encoder: Encoder, task: str, lang: str, scale: str = "demo", *,
                 data_dir: str | Path | None = None, recipe: Recipe | None = None,
                 data: TaskData | None = None,
                 head_seed: int | None = None) -> None:  # fmt: skip
        """Load and encode the data (or take `data`); `recipe` replaces the scale's.

        With `head_seed` every head is drawn from it, whatever the seed of the training.
        """
        self.encoder, self.task, self.lang, self.scale = encoder, task, lang, scale
        self.head_seed = head_seed
        recipes = SCALES[choose(scale, SCALES, "scale")].recipes
        self.recipe = recipe or recipes[get_task(task).name]
        self.data = data or encode(
            load(task, lang, scale, data_dir), encoder.tokenizer, self.recipe, encoder.max_tokens
        )

    def check(self, encoder: Encoder, **asked: str | None) -> None:
        """UserError unless the encoder and the task, lang or scale asked for are its own."""
        for name, value in asked.items():
            own = getattr(self, name)
            if value not in (None, own):
                raise UserError(f"{name} {value!r} is not that of the workbench: expected {own!r}")
        if encoder.fingerprint != self.encoder.fingerprint:
            raise UserError(
                f"encoder {encoder.name!r} ({encoder.fingerprint}) is not that of the workbench: "
                f"expected {self.encoder.name!r} ({self.encoder.fingerprint})"
            )

    def train(self, seed: int, mask: Mask | None = None, *, data: TaskData | None = None,
              head: dict[str, torch.Tensor] | None = None,
              horizon: int | None = None,
              progress: Callable[[int, float], None] | None = None) -> Trained:  # fmt: skip
        """Put the head on the pre-trained weights, apply the mask, train, score.

        The head, the order of the examples and MLM's masking depend on the seed alone, so that
        trainings of one seed differ in their mask and nothing else. `data` replaces the training
        data, never the data that are scored.
        """
        model = self.model(seed)
        if head is not None:
            model.load_state_dict(head, strict=False)
        tokenizer = self.encoder.tokenizer
        used = data or self.data
        losses = train(model, used, self.recipe, tokenizer, seed, mask, horizon, progress)
        return Trained(model, score(model, self.data, self.recipe, tokenizer, seed), losses)

    def model(self, seed: int) -> nn.Module:
        """The pre-trained weights under a head drawn from the seed, or from `head_seed`."""
        drawn = seed if self.head_seed is None else self.head_seed
        return self.encoder.model(self.task, self.data.labels, drawn)
