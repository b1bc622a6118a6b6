"""Masks by Fisher information, and how far two of them overlap.

A Fisher mask keeps the weights whose gradients are largest on a language's examples, in one shot.
Two languages are compared on other halves of their data, as two halves of one language are: the
ceiling then has no example in common either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from lnlib.base import hashes
from lnlib.base.provenance import versions
from lnlib.lenses.scales import LEVELS
from lnlib.masks.matrices import prunable
from lnlib.masks.overlap import overlap_table
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.choenni.joint import Sample
from lnlib.papers.choenni.subnetworks.masks import random_like
from lnlib.papers.choenni.subnetworks.ranked import importance
from lnlib.pruning.controls import magnitude
from lnlib.pruning.rounds import Search, to_every_level
from lnlib.tasks.examples import Encoded
from lnlib.training.workbench import Workbench

_BY_LAYER = LEVELS[0]  # the level that is compared layer by layer, too
HALVES = (0, 1)


@dataclass(frozen=True)
class Named:
    """A mask at every level, and what `MASKS` calls it."""

    method: str
    lang: str
    half: int
    mask: Mapping[int, PackedMask]  # by level

    def columns(self, side: str, level: int) -> dict[str, Any]:
        """Its columns as one side of a pair."""
        own = {"method": self.method, "lang": self.lang, "half": self.half,
               "mask": self.mask[level].digest}  # fmt: skip
        return {f"{name}_{side}": value for name, value in own.items()}


def fisher(
    model: Callable[[], nn.Module], bench: Workbench, data: Encoded, half: int, *, size: int,
    skip: int = 0, path: Path, made_with: str, method: str = "fisher",
) -> Named:  # fmt: skip
    """The Fisher masks of `size` examples of a language, from `path` if it holds these very ones.

    Parameters:

    - `model`: gives the trained model with its task's head; not asked where `path` has the masks.
    - `bench`: names encoder, task and language.
    - `data`: the examples, of which `skip` are left out and those of the halves before this one.
    - `half`: 0, 1, ...
    - `size`, `skip`: see `data`.
    - `path`: of the ticket.
    - `made_with`: names the training that `model` comes from.
    - `method`: what the mask is called.
    """
    index = np.arange(skip + half * size, skip + (half + 1) * size)
    what = hashes.short(made_with, data.fingerprint, index.tobytes(), method, str(LEVELS))
    record = Record(method, bench.task.name, bench.lang, half, bench.scale.name, LEVELS,
                    bench.encoder.name, bench.encoder.fingerprint, bench.data.fingerprint,
                    search=what, versions=versions("lenses.measuring.fisher"))  # fmt: skip
    ticket = Ticket.load(path) if path.exists() else None
    if ticket is None or ticket.record.search != what:
        langs = np.full(len(index), bench.lang)
        sample = Sample(data, index, langs, index)
        trained = model()
        ranks = importance(trained, bench.task, sample, bench.encoder.tokenizer, "fisher")
        empty = Ticket.empty(record, {m: tuple(p.shape) for m, p in prunable(trained).items()})
        ticket = to_every_level(empty, ranks, Search())
        ticket.save(path)
    return Named(method, bench.lang, half, {level: ticket.packed(level) for level in LEVELS})


def overlaps(own: Iterable[Named], others: Iterable[Named], bench: Workbench,
             common: Mapping[str, Any]) -> list[dict[str, Any]]:  # fmt: skip
    """Rows of `MASKS`: every two Fisher masks of other halves, and controls beside the first half.

    Parameters:

    - `own`: Fisher masks, two halves a language.
    - `others`: controls made for one language each, compared with that language's first half.
    - `bench`: whose encoder's largest weights are the control that no language was asked for.
    - `common`: columns that all rows have.
    """
    halves = [[named for named in own if named.half == half] for half in HALVES]
    first = {named.lang: named for named in halves[0]}
    large = magnitude(bench.encoder, LEVELS)
    blind = Named("magnitude", "", 0, {level: large.packed(level) for level in LEVELS})
    pairs = [*product(*halves), *((first[named.lang], named) for named in others)]
    for named in halves[0]:
        drawn = {level: random_like(mask, 0) for level, mask in named.mask.items()}
        pairs += [(named, Named("random", named.lang, 0, drawn)), (named, blind)]
    rows = []
    for (a, b), level in product(pairs, LEVELS):
        by = ("all", "layer") if level == _BY_LAYER else ("all",)
        for row in overlap_table([a.mask[level], b.mask[level]], level, by).to_dict("records"):
            shown = {name: row[name] for name in ("by", "part", "jaccard", "expected")}
            rows.append({**common, **shown, "sparsity": level, **a.columns("a", level),
                         **b.columns("b", level)})  # fmt: skip
    return rows
