"""How a round trains (`Recipe`), and what a scale is: an encoder, a source of data, recipes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lnlib.base import seeds
from lnlib.base.errors import UserError, brief, choose, is_number
from lnlib.base.hashes import LATER, of_settings, settings
from lnlib.base.parameters import folder_to_read

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Recipe:
    """How one round trains and scores; the same for full models, tickets and controls."""

    train_examples: int  # sentences, pairs or (MLM) blocks
    validation_examples: int
    steps: int  # optimizer steps of a round
    batch_size: int  # B
    learning_rate: float  # at its peak; falls linearly to 0 within the round
    max_tokens: int  # T at most; longer inputs are cut
    warmup: float = 0.0  # share of the steps; the paper has none
    epsilon: float = 1e-8  # Adam's; Table 7
    clip: float = 1.0  # norm of the gradient; the reference code's
    # Leave word embeddings that the data never use out of the optimizer (see `used_rows`): worth it
    # where there are many, and off where numbers were recorded to the last digit.
    only_used_rows: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        for name in ("train_examples", "validation_examples", "steps", "batch_size", "max_tokens"):
            if (value := seeds.check(getattr(self, name), name)) < 1:
                raise UserError(f"{name} {value}: expected 1 at least")
            object.__setattr__(self, name, value)  # numpy's is no JSON, so has no hash
        for name in ("learning_rate", "epsilon", "clip"):
            value = getattr(self, name)
            if not is_number(value) or not 0 < value < math.inf:
                raise UserError(f"{name} {value!r}: expected a number above 0")
            object.__setattr__(self, name, float(value))
        if not isinstance(self.only_used_rows, bool):
            raise UserError(f"only_used_rows {brief(self.only_used_rows)}: expected True or False")

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when any number above does."""
        return of_settings(settings(self))

    def rate(self, step: int, steps: int | None = None) -> float:
        """The learning rate of a step: linear warm-up, then linear to zero at `steps` (Table 7)."""
        steps = steps or self.steps
        warm = self.warmup * steps
        rise = (step + 1) / warm if step < warm else 1.0
        return self.learning_rate * min(rise, (steps - step) / max(1.0, steps - warm))


@dataclass(frozen=True)
class Scale:
    """An encoder, a source of data, and one recipe per task; not every scale has every task."""

    name: str
    encoder: str
    corpus: str  # "gazetteer" (ships) or "hub" (hub or a local folder laid out alike)
    recipes: Mapping[str, Recipe]
    without: Mapping[str, str] = field(default_factory=dict)  # tasks it does not have, and why
    encoders: Mapping[str, str] = field(default_factory=dict)  # of tasks that have one of their own

    def recipe(self, task: object) -> Recipe:
        """The recipe of a task, by name; UserError where the scale has none, with the reason."""
        if str(task) in self.without:
            raise UserError(f"scale {self.name!r} has no {task}: {self.without[str(task)]}")
        return self.recipes[choose(str(task), self.recipes, f"task at scale {self.name!r}")]

    def encoder_of(self, task: object) -> str:
        """The name of the encoder that does a task, by its name."""
        return self.encoders.get(str(task), self.encoder)

    def data_folder(self, given: object) -> Path | None:
        """The folder of parameter `data_dir`, or None; UserError where the scale ships its."""
        if given is None:
            return None
        folder = folder_to_read(given, "data_dir")
        if self.corpus == "gazetteer":
            raise UserError(
                f"scale {self.name!r} reads the gazetteer and takes no data_dir: add "
                f"-p scale small (got {str(folder)!r})"
            )
        return folder

    def current(self, rows: pd.DataFrame) -> pd.Series:
        """Which rows (columns task, recipe) were measured with the recipes there are now."""
        recipes = {task: recipe.hash for task, recipe in self.recipes.items()}
        return rows["recipe"] == rows["task"].map(recipes)

    def __str__(self) -> str:
        return self.name
