"""One language trained alone: what it scores in every other, and its model's own Fisher mask.

Two seeds stand for two halves: a mask of the one and of the other come from other models and other
examples, as two tickets of two seeds do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from time import perf_counter
from typing import Any

from torch import nn

from lnlib.base.hashes import short
from lnlib.base.provenance import machine, versions
from lnlib.encoders import Encoder
from lnlib.lenses.measuring.fisher import HALVES, Named, fisher, overlaps
from lnlib.lenses.scales import Settings
from lnlib.lenses.tables import MASKS, TRANSFER
from lnlib.results.places import Places
from lnlib.results.table import find
from lnlib.tasks.task import Task
from lnlib.training.scoring import score
from lnlib.training.workbench import Workbench


class Alone:
    """The eleven languages on one encoder, each with its own data and recipe."""

    def __init__(self, settings: Settings, encoder: Encoder, task: Task, places: Places,
                 data_dir: Path | None = None) -> None:  # fmt: skip
        """Read and encode the data; UserError where they cannot be had."""
        self.settings, self.encoder, self.task, self.places = settings, encoder, task, places
        self.benches = {
            lang: Workbench(encoder, task, lang, settings.scale, data_dir=data_dir)
            for lang in settings.langs
        }
        self.recipe = settings.scale.recipe(task)
        self.data = short(*(bench.data.fingerprint for bench in self.benches.values()))

    def transfer(self, seed: int, home: Path, say: Callable[[str], None]) -> list[Named]:
        """Train every language and score all, into `TRANSFER`; returns each model's Fisher mask.

        What is in the table, and whose mask is on disk, is not trained again. Of seeds that are no
        half there are no masks.
        """
        masks, floors = [], None
        for source, bench in self.benches.items():
            key = {"scale": self.settings.scale.name, "task": self.task.name, "seed": seed,
                   "source": source, "recipe": self.recipe.hash, "data": self.data,
                   "encoder": self.encoder.fingerprint}  # fmt: skip

            @cache
            def model(bench: Workbench = bench) -> nn.Module:
                return bench.train(seed).model

            if not {*find(TRANSFER.read(home), key)["target"]} >= {*self.benches}:
                floors = floors or self._floors(seed)
                began = perf_counter()
                rows = self._scores(model(), key, floors)
                seconds = round(perf_counter() - began, 2)
                TRANSFER.add(home, [{**row, "seconds": seconds} for row in rows])
                say(f"{source}, seed {seed}: trained and scored in {seconds:.0f} s")
            if seed in HALVES:
                path = self.places.ticket(self.task.name, source, seed, "fisher")
                made_with = f"{seed} {self.recipe.hash} {bench.data.fingerprint}"
                masks.append(fisher(model, bench, bench.data.train, seed, path=path,
                                    size=self.settings.half, made_with=made_with))  # fmt: skip
        return masks

    def compare(self, masks: list[Named], home: Path) -> None:
        """Overlap of the masks of both seeds, into `MASKS`."""
        bench = self._first
        made_by = bench.versions("lenses.measuring.alone")
        common = {"scale": self.settings.scale.name, "task": self.task.name, "model": "alone",
                  "seed": 0, "n": self.settings.half, "recipe": self.recipe.hash,
                  "data": self.data, "encoder": self.encoder.fingerprint,
                  "lnlib": made_by["lnlib"], "code": made_by["code"]}  # fmt: skip
        MASKS.add(home, overlaps(masks, [], bench, common))

    @property
    def _first(self) -> Workbench:
        return next(iter(self.benches.values()))

    def _floors(self, seed: int) -> dict[str, float]:
        """What the untrained model of a seed scores in every language."""
        model = self._first.model(seed)
        tokenizer = self.encoder.tokenizer
        return {lang: score(model, bench.data, self.recipe, tokenizer, seed).value
                for lang, bench in self.benches.items()}  # fmt: skip

    def _scores(self, model: nn.Module, key: dict[str, Any],
                floors: dict[str, float]) -> list[dict[str, Any]]:  # fmt: skip
        """A row for every target, in the order of the languages."""
        made_by = versions("lenses.measuring.alone", self.task.module)
        rows = []
        for target, bench in self.benches.items():
            data = replace(bench.data, train=self.benches[key["source"]].data.train)
            found = score(model, data, self.recipe, self.encoder.tokenizer, key["seed"])
            rows.append({
                **key, "target": target, "metric": found.metric, "value": found.value,
                "floor": floors[target], "loss": found.loss, "n": found.n,
                "steps": self.recipe.steps, "lnlib": made_by["lnlib"], "code": made_by["code"],
                "machine": machine()["machine"],
            })  # fmt: skip
        return rows
