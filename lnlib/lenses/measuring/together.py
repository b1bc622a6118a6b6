"""One model trained on all languages: whose examples it leans on, and each one's Fisher mask.

Both are asked of the weights as a whole and layer by layer. Examples that are attributed make no
mask: a Fisher mask keeps the weights with large gradients on its own examples by construction.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lnlib.base import seeds
from lnlib.encoders import Encoder
from lnlib.lenses.measuring.fisher import HALVES, fisher, overlaps
from lnlib.lenses.scales import Settings
from lnlib.lenses.tables import INFLUENCE, MASKS
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import prunable
from lnlib.papers.choenni.attribution.found import Influence
from lnlib.papers.choenni.attribution.influence import Attribution, influence
from lnlib.papers.choenni.joint import Joint, join
from lnlib.papers.choenni.sparse import fine_tune
from lnlib.results.places import Places
from lnlib.results.table import find
from lnlib.tasks.task import Task, shuffled

PERMUTATIONS = 1_000  # of languages: the ends of 95 % are then of 25 draws each


class Together:
    """All eleven languages in one training."""

    def __init__(self, settings: Settings, encoder: Encoder, task: Task, places: Places,
                 data_dir: Path | None = None) -> None:  # fmt: skip
        """Read and encode the data; UserError where they cannot be had."""
        self.settings, self.places = settings, places
        self.joint: Joint = join(task, settings.langs, settings.scale, encoder=encoder,
                                 data_dir=data_dir, recipe=settings.together)  # fmt: skip

    def measure(self, seed: int, home: Path) -> None:
        """Train, attribute and mask, into `INFLUENCE` and `MASKS`; what is there is not again."""
        joint, settings = self.joint, self.settings
        folder = self.places.search(joint.task.name, "+".join(joint.langs), seed)
        key = {"scale": settings.scale.name, "task": joint.task.name, "seed": seed,
               "recipe": joint.recipe.hash, "data": joint.fingerprint,
               "encoder": joint.first.encoder.fingerprint}  # fmt: skip
        made_by = joint.first.versions("lenses.measuring.together")
        common = {**key, "lnlib": made_by["lnlib"], "code": made_by["code"]}
        if len(find(INFLUENCE.read(home), key)) and len(find(MASKS.read(home), key)):
            return
        tuned = fine_tune(joint, seed=seed, checkpoints=settings.checkpoints, folder=folder)
        found = influence(
            tuned.checkpoints, joint, {"all": None, **_layers(joint)},
            train=joint.sample("train", settings.train),
            test=joint.sample("validation", settings.test),
            settings=Attribution(columns="languages", measures=("cosine",)),
            folder=folder / "influence",
        )  # fmt: skip
        INFLUENCE.add(home, [{**common, **row} for row in _rows(found)])
        made_with = tuned.checkpoints[-1].digest
        model, masks, controls = partial(tuned.model, joint), [], []
        for lang, bench in joint.benches.items():
            of = partial(fisher, model, bench, size=settings.half, skip=settings.train,
                         made_with=made_with)  # fmt: skip
            for half in HALVES:
                path = folder / f"fisher-{lang}-{half}.safetensors"
                masks.append(of(bench.data.train, half, path=path))
            broken = shuffled(bench.data, seed).train
            path = folder / f"shuffled-{lang}.safetensors"
            controls.append(of(broken, 0, path=path, method="shuffled"))
        more = {"model": "together", "n": settings.half}
        MASKS.add(home, overlaps(masks, controls, joint.first, {**common, **more}))


def _layers(joint: Joint) -> dict[str, Mask]:
    """For each layer the sub-network that is that layer."""
    matrices = prunable(joint.model())
    layers = dict.fromkeys(m.layer for m in matrices if m.layer is not None)
    return {
        str(layer): {m.name: torch.full(p.shape, m.layer == layer) for m, p in matrices.items()}
        for layer in layers
    }


def _rows(found: Influence) -> list[dict[str, Any]]:
    """Every part's matrix of languages, beside what permuted training languages would give."""
    rng = np.random.default_rng(seeds.derive(0, "permuted languages", "influence"))
    each = len(found.train) // len(found.langs)
    draws = rng.permuted(np.tile(np.arange(len(found.train)), (PERMUTATIONS, 1)), axis=1)[:, :each]
    rows = []
    for part in found.subnetworks:
        means, scores = found.matrix(part), found.scores(part)
        low, high = np.quantile(scores[draws].mean(axis=1), [0.025, 0.975], axis=0)  # (languages,)
        for place, target in enumerate(found.langs):
            rows += [
                {"part": part, "source": source, "target": target,
                 "value": float(means.loc[source, target]), "null_low": float(low[place]),
                 "null_high": float(high[place]), "n_train": len(found.train),
                 "n_test": len(found.test)}
                for source in found.langs
            ]  # fmt: skip
    return rows
