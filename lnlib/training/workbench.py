"""What every training of a run shares: an encoder, one task's data and a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lnlib.base import seeds
from lnlib.base.errors import UserError, brief
from lnlib.base.files import as_path
from lnlib.base.provenance import versions
from lnlib.corpora.loading import Corpus, load
from lnlib.encoders import Encoder
from lnlib.masks.applying import Mask
from lnlib.tasks.task import Score, Task, TaskData, encode
from lnlib.training.loop import train
from lnlib.training.recipe import Recipe, Scale
from lnlib.training.scoring import score
from lnlib.training.trial import try_out


@dataclass(frozen=True)
class Trained:
    """One training from the pre-trained weights: the model, its score and its losses (nats)."""

    model: nn.Module
    score: Score
    losses: list[float]


class Workbench:
    """An encoder with one task's data and recipe: what every training of a run shares."""

    def __init__(self, encoder: Encoder, task: Task, lang: str, scale: Scale, *,
                 data_dir: str | Path | None = None, recipe: Recipe | None = None,
                 data: TaskData | None = None,
                 head_seed: int | None = None) -> None:  # fmt: skip
        """Load and encode the data, or take `data`, read before; `recipe` replaces the scale's.

        With `head_seed` every head is drawn from it, whatever the seed of the training. UserError
        for data of another task, language or tokenizer, and for what `load` refuses.
        """
        self.encoder, self.task, self.lang, self.scale = encoder, task, lang, scale
        self.head_seed = None if head_seed is None else seeds.check(head_seed, "head_seed")
        self.recipe = scale.recipe(task) if recipe is None else recipe
        if not isinstance(self.recipe, Recipe):
            raise UserError(f"recipe {brief(recipe)}: expected a Recipe")
        self.data = self._load(data_dir) if data is None else self._own(data)
        try_out(encoder, self.data)

    def _own(self, data: TaskData) -> TaskData:
        """The data, if they are of this task and language and the encoder can read them."""
        if not isinstance(data, TaskData):
            raise UserError(
                f"data {brief(data)}: expected those of another Workbench, or encode(...)"
            )
        if (data.task.name, data.lang) != (self.task.name, self.lang):
            raise UserError(
                f"these data are of task {data.task.name!r} in {data.lang!r}: expected task "
                f"{self.task.name!r} in {self.lang!r}"
            )
        pieces, most = len(self.encoder.tokenizer), self.encoder.max_tokens
        for split in (data.train, data.validation):
            if split.ids.max(initial=0) >= pieces or (most and split.lengths.max() > most):
                raise UserError(
                    f"these data were encoded for another encoder than {self.encoder.name!r}, "
                    f"which has {pieces:,} pieces and reads {most or 'any number of'} tokens"
                )
        return data

    def _load(self, data_dir: str | Path | None) -> TaskData:
        recipe, folder = self.recipe, None if data_dir is None else as_path(data_dir, "data_dir")
        sizes = recipe.train_examples, recipe.validation_examples
        return self.encode(load(self.task.corpus, self.lang, self.scale.corpus, *sizes, folder))

    def encode(self, corpus: Corpus) -> TaskData:
        """Examples of its task as its encoder reads them, cut as its recipe says."""
        recipe = self.recipe
        most = min(recipe.max_tokens, self.encoder.max_tokens or recipe.max_tokens)
        sizes = recipe.train_examples, recipe.validation_examples
        return encode(self.task, corpus, self.encoder.tokenizer, most, sizes)

    def versions(self, deciding: str) -> dict[str, str]:
        """What made a number on it: packages, and the code of a module and of the task."""
        return versions(deciding, self.task.module)

    def train(self, seed: int, mask: Mask | None = None, *, data: TaskData | None = None,
              head: dict[str, torch.Tensor] | None = None,
              horizon: int | None = None,
              progress: Callable[[int, float], None] | None = None) -> Trained:  # fmt: skip
        """Put the head on the pre-trained weights, apply the mask, train, score.

        Parameters:

        - `seed`: the head, the order of the examples and MLM's masking depend on it alone, so that
          trainings of one seed differ in their mask and nothing else.
        - `mask`: pruned weights are zeroed first and stay zero.
        - `data`: replaces the training data, never the data that are scored.
        - `head`: weights that replace those of the head.
        - `horizon`: steps after which the rate is zero, if not after the recipe's.
        - `progress`: called after every step with its number and loss.

        Raises UserError for a mask that does not fit the encoder.
        """
        model = self.model(seed)
        if head is not None:
            model.load_state_dict(head, strict=False)
        tokenizer = self.encoder.tokenizer
        used = self.data if data is None else self._own(data)
        losses = train(model, used, self.recipe, tokenizer, seed, mask, horizon, progress)
        return Trained(model, score(model, self.data, self.recipe, tokenizer, seed), losses)

    def model(self, seed: int) -> nn.Module:
        """The pre-trained weights under a head drawn from the seed, or from `head_seed`."""
        drawn = seeds.check(seed) if self.head_seed is None else self.head_seed
        return self.encoder.model(self.task, self.data.labels, drawn)
