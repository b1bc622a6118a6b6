"""Training a network on games in all languages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers import GPT2LMHeadModel

from lnlib.base.device import default_device
from lnlib.base.errors import UserError
from lnlib.base.seeds import check, derive
from lnlib.papers.hua.network.model import build
from lnlib.papers.hua.network.playing import legal_rate
from lnlib.papers.hua.network.training import Course, train
from lnlib.papers.hua.recipes import Recipe
from lnlib.papers.hua.scales import Scale, scale_of
from lnlib.papers.hua.world.batches import batches
from lnlib.papers.hua.world.games import Games, generate
from lnlib.papers.hua.world.languages import Languages


@dataclass(frozen=True)
class Pretrained:
    """A network, in evaluation mode, and what its training was like."""

    model: GPT2LMHeadModel
    languages: Languages
    course: Course


def pretrain(languages: Languages, scale: Scale | str = "demo", seed: int = 0, *,
             prefix: tuple[int, ...] = (), steps: int | None = None, path: Path | str | None = None,
             watch: bool = False, recipe: Recipe | None = None,
             games: int | None = None) -> Pretrained:  # fmt: skip
    """A network trained as the scale says, on games in all languages, or on those with a prefix.

    Parameters:

    - `languages`, `scale`, `seed`: what it learns, how, and what is drawn.
    - `prefix`: squares that all games begin with.
    - `steps`: in place of the scale's.
    - `path`: the run is kept there every `scale.every` steps, and goes on from there.
    - `watch`: the course notes, at the same steps, the legal moves (%) in every language.
    - `recipe`, `games`: in place of the scale's.

    Raises UserError for a path that another run has used.
    """
    scale = scale_of(scale)
    recipe = recipe or scale.training
    games = scale.games if games is None else games
    if steps is not None:
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise UserError(f"{steps!r} steps: expected a whole number from 1 up")
        recipe = replace(recipe, steps=steps, warmup=min(recipe.warmup, steps))
    model = build(languages, scale.size, check(seed)).to(default_device())
    new = play_games(languages, scale, seed, prefix)
    about: dict[str, Any] = {
        "size": asdict(scale.size),
        "targets": scale.targets,
        "prefix": list(prefix),
    }
    if watch:
        about["watched"] = scale.play_games
    course = train(
        model,
        lambda step: batches(
            languages, recipe.batch_size, derive(seed, "pre-training"), targets=scale.targets,
            games=games, prefix=prefix, start=step,
        ),
        recipe, derive(seed, "pre-training"), path=path, every=scale.every,
        key=run_key(languages, recipe, seed, games=games, every=scale.every, **about),
        watch=(lambda: legal_rates(model, languages, new)) if watch else None,
    )  # fmt: skip
    return Pretrained(model, languages, course)


def legal_rates(model: GPT2LMHeadModel, languages: Languages, games: Games) -> dict[str, float]:
    """Legal moves (%) in every language, by its name; see `legal_rate`."""
    return {name: legal_rate(model, languages, games, k) for k, name in enumerate(languages.names)}


def play_games(languages: Languages, scale: Scale, seed: int,
               prefix: tuple[int, ...] = ()) -> Games:  # fmt: skip
    """Random games to go on from, drawn apart from those of every training of this seed."""
    return generate(languages.world, scale.play_games, derive(seed, "games to play"), prefix)


def run_key(languages: Languages, recipe: Recipe, seed: int, **about: Any) -> str:
    """What tells one run from another: everything that it is made of."""
    told = {"languages": languages.record, "recipe": asdict(recipe), "seed": seed, **about}
    return json.dumps(told, sort_keys=True)
