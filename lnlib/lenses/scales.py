"""What is trained for the lenses, scored, attributed and masked, with the reason of each number.

A language alone is trained by the recipe of Foroutan et al., as its tickets were; all together by
that of Choenni et al.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lnlib.languages import LANGUAGES
from lnlib.papers.choenni.scales import SCALES as TOGETHER
from lnlib.papers.foroutan.scales import SCALES as ALONE
from lnlib.training.recipe import Recipe, Scale

TASK = "ner"  # the one task that every lens has in all eleven languages
LANGS = tuple(LANGUAGES)
LEVELS = (50, 90)  # % pruned: the tickets' headline, and the tenth that gradients tell apart best


@dataclass(frozen=True)
class Settings:
    """How much of a scale is measured."""

    scale: Scale  # of a language alone
    together: Recipe  # of all languages; examples are those of each
    half: int  # training examples of a language behind one Fisher mask
    train: int  # training examples a language whose influence is asked for
    test: int  # validation examples a language that they are asked about
    checkpoints: int = 2  # of the training together: the first half's end and the last
    langs: tuple[str, ...] = LANGS


def _settings(name: str, scored: int, steps: int, **more: Any) -> Settings:
    alone = replace(ALONE[name].recipe(TASK), validation_examples=scored)
    together = replace(TOGETHER[name].recipe(TASK), steps=steps)
    return Settings(replace(ALONE[name], recipes={TASK: alone}), together, **more)


# Eleven languages are scored after every training, so sentences are fewer than tickets are scored
# on: an F1 of 200 or 300 is known to two or three points, and cells are means of two directions.
SETTINGS: dict[str, Settings] = {
    # One epoch of 11 x 400 in steps of 16 (Choenni et al. here: two of 5 x 400). Of a language's
    # 400 the first hundred are attributed and the rest make two masks.
    "demo": _settings("demo", scored=200, steps=275, half=150, train=100, test=24),
    # One epoch of 11 x 1,000 in steps of 32.
    "small": _settings("small", scored=300, steps=344, half=256, train=150, test=24),
}
