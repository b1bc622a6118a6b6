"""Weights ranked by the gradients of a language's examples: Fisher, and |w dL/dw|.

`pruning.criteria.empirical_fisher` is the same mean square, example by example; per-example
gradients of whole batches take a fraction of its time, and give both criteria at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from lnlib.base import hashes, seeds
from lnlib.base.device import threads_for
from lnlib.base.errors import choose
from lnlib.base.provenance import versions
from lnlib.masks.matrices import largest, prunable
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.choenni.attribution.gradients import Gradients, batches
from lnlib.papers.choenni.joint import Joint, Sample
from lnlib.pruning.rounds import Search, prune
from lnlib.tasks.task import Task

CRITERIA = ("fisher", "saliency")


def importance(model: nn.Module, task: Task, sample: Sample, tokenizer: Any, criterion: str,
               seed: int = 0, size: int = 32) -> dict[str, np.ndarray]:  # fmt: skip
    """Mean over examples of g^2 ("fisher") or |w g| ("saliency") of every prunable weight.

    Parameters:

    - `model`, `task`, `sample`, `tokenizer`: what is differentiated on which examples.
    - `criterion`: "fisher" or "saliency".
    - `seed`: of what a batch draws.
    - `size`: examples in a batch; it changes the rounding only.
    """
    choose(criterion, CRITERIA, "criterion")
    gradients = Gradients(model)
    weights = {m.name: p.detach().flatten() for m, p in prunable(model).items()}
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    with threads_for(largest(model)):
        for _, batch in batches(task, sample.data, sample.index, tokenizer, seed, size):
            for name, g in gradients.each(task, batch):
                ranks = g.square() if criterion == "fisher" else (g * weights[name]).abs()
                total[name] += ranks.sum(0)
    shapes = gradients.shapes
    return {n: (t / len(sample)).cpu().numpy().reshape(shapes[n]) for n, t in total.items()}


def find_weights(model: nn.Module, joint: Joint, lang: str, sample: Sample, criterion: str, *,
                 level: int = 50, seed: int = 0) -> Ticket:  # fmt: skip
    """The weights of a trained model that a language's examples make most of, in one shot.

    Parameters:

    - `model`: trained on `joint`.
    - `joint`, `lang`: name it.
    - `sample`: examples of the language. A Fisher mask keeps the weights with large gradients on
      its own examples by construction: take others than those whose influence is asked for.
    - `criterion`: "fisher" or "saliency".
    - `level`: % pruned, of all matrices together.
    - `seed`: of what a batch draws.
    """
    ranks = importance(model, joint.task, sample, joint.tokenizer, criterion, seeds.check(seed))
    return ranked(model, joint, lang, ranks, criterion, level, seed)


def ranked(model: nn.Module, joint: Joint, lang: str, ranks: dict[str, np.ndarray], method: str,
           level: int, seed: int) -> Ticket:  # fmt: skip
    """The ticket that prunes the smallest `ranks` to exactly `level` %.

    Parameters:

    - `model`: whose matrices.
    - `joint`, `lang`, `method`, `seed`: name it.
    - `ranks`: by matrix, in its shape.
    - `level`: in %.
    """
    encoder, bench = joint.first.encoder, joint.benches[lang]
    what = (part for name, rank in ranks.items() for part in (name, rank.tobytes()))
    record = Record(method, joint.task.name, lang, seed, bench.scale.name, (level,), encoder.name,
                    encoder.fingerprint, bench.data.fingerprint,
                    search=hashes.short_over(what),
                    versions=versions("papers.choenni.subnetworks.ranked"))  # fmt: skip
    empty = Ticket.empty(record, {m: tuple(p.shape) for m, p in prunable(model).items()})
    return prune(empty, ranks, Search())
