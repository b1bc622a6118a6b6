"""The scales of paper 2: what is trained, attributed and masked, with the reason of each number.

`train_examples` and `validation_examples` of a recipe are those of each language, `steps` those of
all together. The paper's own hyper-parameters were not found; its sibling of 2023 (2305.13286) has
10,000 examples of five languages in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from lnlib.training.recipe import Recipe, Scale


@dataclass(frozen=True)
class Settings:
    """How much of a scale is attributed, and with which masks."""

    checkpoints: int  # at equal distances, the last at the end; an epoch each
    train: int  # training examples a language whose influence is asked for
    test: int  # validation examples a language that they are asked about
    top: int  # most influential examples of which shares are taken
    mask_examples: int  # training examples a language that masks are made from
    mask_seeds: int = 3  # random masks: the fewest with a standard deviation
    sketch: int = 0  # buckets; 0 compares whole gradients


LEVEL = 50  # % pruned: that of wing 1's masks, so that its tickets serve as they are
SEEDS = (0, 1, 2)

SCALES: dict[str, Scale] = {
    # Two epochs of 5 x 400 in steps of 16, as few as teach mini-mBERT the gazetteer's names.
    "demo": Scale(
        "demo",
        "mini-mbert",
        "gazetteer",
        MappingProxyType({
            "ner": Recipe(400, 120, 250, 16, 1e-3, 64, warmup=0.1),
            "xnli": Recipe(400, 120, 250, 16, 5e-4, 64, warmup=0.1),
        }),
    ),
    # Three epochs of 5 x 1,000 in steps of 32, as in the pilot (84 % of words in 154 CPU seconds).
    "small": Scale(
        "small",
        "mini-mbert",
        "hub",
        MappingProxyType({
            "pos": Recipe(1_000, 300, 468, 32, 1e-3, 64, warmup=0.1),
            "ner": Recipe(1_000, 300, 468, 32, 1e-3, 64, warmup=0.1),
            "xnli": Recipe(1_000, 300, 468, 32, 5e-4, 128, warmup=0.1),
        }),
    ),
    # 10,000 examples in all, five epochs. Rate and batch are those usual for XLM-R base.
    "paper": Scale(
        "paper",
        "xlm-roberta-base",
        "hub",
        MappingProxyType({
            "ner": Recipe(2_000, 500, 1_560, 32, 2e-5, 128),
            "xnli": Recipe(2_000, 500, 1_560, 32, 2e-5, 128),
        }),
    ),
}  # fmt: skip
# Masks are made from other examples than those attributed (`mask_examples` after `train`): a Fisher
# mask keeps the weights with large gradients on its own examples by construction.
SETTINGS: dict[str, Settings] = {
    "demo": Settings(checkpoints=2, train=100, test=12, top=25, mask_examples=96),
    "small": Settings(checkpoints=3, train=400, test=24, top=100, mask_examples=96),
    "paper": Settings(
        checkpoints=5, train=1_500, test=100, top=100, mask_examples=500, sketch=32_768
    ),
}
