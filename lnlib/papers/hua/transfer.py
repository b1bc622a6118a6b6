"""Transfer: what one language's training on all games does for the others.

The network is pre-trained in all languages on games that begin alike, so that there is something
left to learn, and then fine-tuned in one language on games that begin in any way.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from transformers import GPT2LMHeadModel

from lnlib.base.seeds import derive
from lnlib.papers.hua.network import files
from lnlib.papers.hua.network.model import check_world, size_of
from lnlib.papers.hua.network.playing import legal_rate, spoken_share
from lnlib.papers.hua.network.training import train
from lnlib.papers.hua.pretraining import Pretrained, play_games, pretrain, run_key
from lnlib.papers.hua.probing.scores import probe_accuracy, probe_games, train_probe
from lnlib.papers.hua.scales import Scale, scale_of
from lnlib.papers.hua.world.batches import batches
from lnlib.papers.hua.world.languages import Languages

COLUMNS = ("step", "tuned", "language", "measure", "value")
# legal: the paper's measure (%). legal within: only tokens of the language itself, or (legal within
# tuned) of the fine-tuned one (%). said in tuned: most probable tokens that are the fine-tuned
# language's (%). probe: trained in the fine-tuned language at that step, applied to this (0 to 1).
MEASURES = ("legal", "legal within", "legal within tuned", "said in tuned", "probe")


def pretrain_on_prefix(languages: Languages, scale: Scale | str = "demo", seed: int = 0, *,
                       path: Path | str | None = None, every: int = 100,
                       device: torch.device | str = "cpu") -> Pretrained:  # fmt: skip
    """A network trained on games with the scale's opening alone."""
    scale = scale_of(scale)
    plan = scale.transfer
    return pretrain(
        languages, scale, seed, prefix=plan.prefix, recipe=plan.training, games=plan.games,
        path=path, every=every, device=device,
    )  # fmt: skip


def fine_tune(model: GPT2LMHeadModel, languages: Languages, scale: Scale | str = "demo",
              seed: int = 0, language: int | str = 0, *,
              path: Path | str | None = None) -> tuple[GPT2LMHeadModel, pd.DataFrame]:  # fmt: skip
    """The network fine-tuned in one language, and every language's curve (COLUMNS, MEASURES).

    The one given is left as it is. Curves are measured on random games, which begin in any way:
    before the first step, every `transfer.every` steps, and after the last. With a `path` the run
    goes on from there.
    """
    check_world(model, languages)
    scale = scale_of(scale)
    plan, tuned = scale.transfer, languages.index(language)
    recipe = plan.fine_tuning
    network = deepcopy(model)
    new = play_games(languages, scale, derive(seed, "fine-tuning"))
    parts = probe_games(languages, *scale.probe_games, seed)

    def watch() -> dict[str, float]:
        probe = train_probe(network, languages, parts[0], tuned, recipe=scale.probe, seed=seed)
        noted: dict[str, float] = {}
        for k, name in enumerate(languages.names):
            said = spoken_share(network, languages, new, k)
            noted |= {
                f"{name}|legal": legal_rate(network, languages, new, k),
                f"{name}|legal within": legal_rate(network, languages, new, k, within=k),
                f"{name}|legal within tuned": legal_rate(network, languages, new, k, within=tuned),
                f"{name}|said in tuned": said[languages.names[tuned]],
                f"{name}|probe": probe_accuracy(probe, network, languages, parts[1], k),
            }
        return noted

    course = train(
        network,
        lambda step: batches(
            languages, recipe.batch_size, derive(seed, "fine-tuning"), targets=scale.targets,
            games=plan.fine_games, only=tuned, start=step,
        ),
        recipe, derive(seed, "fine-tuning"), path=path, every=plan.every, watch=watch,
        key=run_key(languages, recipe, seed, tuned=tuned, start=files.digest(model.state_dict()),
                    size=asdict(size_of(model)), targets=scale.targets, games=plan.fine_games,
                    every=plan.every, probe=asdict(scale.probe),
                    measured=[*scale.probe_games, scale.play_games]),
    )  # fmt: skip
    rows = [
        (int(noted["step"]), languages.names[tuned], *key.split("|"), value)
        for noted in course.watched
        for key, value in noted.items()
        if key != "step"
    ]
    return network, pd.DataFrame(rows, columns=COLUMNS)
