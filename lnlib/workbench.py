"""What every training of a run shares: an encoder, one task's data and a recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from lnlib import seeds
from lnlib.corpora import load
from lnlib.encoders import Encoder, load_encoder
from lnlib.encoding import TaskData, encode
from lnlib.errors import UserError, brief, choose
from lnlib.files import as_path
from lnlib.languages import check_language
from lnlib.masks import Mask
from lnlib.scales import SCALES, Recipe
from lnlib.tasks import Score, get_task
from lnlib.training import score, train


@dataclass(frozen=True)
class Trained:
    """One training from the pre-trained weights: the model, its score and its losses (nats)."""

    model: nn.Module
    score: Score
    losses: list[float]


def encoder_of_name(encoder: Encoder | str | Path) -> Encoder:
    """An encoder as it is, or loaded by its name or folder; UserError where there is none."""
    return encoder if isinstance(encoder, Encoder) else load_encoder(encoder)


def check_bench(bench: Workbench, encoder: Encoder, data_dir: object, **asked: str | None) -> None:
    """UserError unless a workbench that was passed is of all that was passed beside it."""
    if not isinstance(bench, Workbench):
        raise UserError(f"bench {brief(bench)}: expected a Workbench")
    if data_dir is not None:
        raise UserError(
            f"data_dir {brief(data_dir)} would not be read, as the workbench has its data: pass it "
            "to Workbench(...)"
        )
    bench.check(encoder, **asked)


class Workbench:
    """An encoder with one task's data and recipe: what every training of a run shares."""

    def __init__(self, encoder: Encoder | str | Path, task: str, lang: str, scale: str = "demo", *,
                 data_dir: str | Path | None = None, recipe: Recipe | None = None,
                 data: TaskData | None = None,
                 head_seed: int | None = None) -> None:  # fmt: skip
        """Load and encode the data (or take `data`); `recipe` replaces the scale's.

        With `head_seed` every head is drawn from it, whatever the seed of the training. UserError
        for data of another task, language or tokenizer, and for what `load` refuses.
        """
        self.encoder = encoder = encoder_of_name(encoder)
        recipes = SCALES[choose(scale, SCALES, "scale")].recipes
        self.task, self.lang, self.scale = get_task(task).name, lang, scale
        check_language(task, lang)
        self.head_seed = None if head_seed is None else seeds.check(head_seed, "head_seed")
        self.recipe = recipes[task] if recipe is None else recipe
        if not isinstance(self.recipe, Recipe):
            raise UserError(f"recipe {brief(recipe)}: expected a Recipe, such as {recipes[task]}")
        if data is None:
            folder = None if data_dir is None else as_path(data_dir, "data_dir")
            corpus = load(task, lang, scale, folder)
            self.data = encode(corpus, encoder.tokenizer, self.recipe, encoder.max_tokens)
        else:
            self.data = self._own(data)

    def _own(self, data: TaskData) -> TaskData:
        """The data, if they are of this task and language and the encoder can read them."""
        if not isinstance(data, TaskData):
            raise UserError(
                f"data {brief(data)}: expected those of another Workbench, or encode(...)"
            )
        if (data.task, data.lang) != (self.task, self.lang):
            raise UserError(
                f"these data are of task {data.task!r} in {data.lang!r}: expected task "
                f"{self.task!r} in {self.lang!r}"
            )
        pieces, most = len(self.encoder.tokenizer), self.encoder.max_tokens
        for split in (data.train, data.validation):
            if split.ids.max(initial=0) >= pieces or (most and split.lengths.max() > most):
                raise UserError(
                    f"these data were encoded for another encoder than {self.encoder.name!r}, "
                    f"which has {pieces:,} pieces and reads {most or 'any number of'} tokens"
                )
        return data

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
        data, never the data that are scored. UserError for a mask that does not fit the encoder.
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
