"""Attention heads as sub-networks: gates found by structure, importance, and a search.

`head_mask` is accepted and ignored by transformers 5, so a hook multiplies what goes into a layer's
output projection, the heads side by side, by one gate a head. Of a layer's linear modules the first
three or more that read the same tensor are query, key and value, and the next one called is the
output projection: so no module's name is asked for. Without its output columns a head adds nothing
to the layer, so a head mask is a mask of weights: the head's rows of query, key and value and its
columns of the output projection.

Shapes: B batch, A heads a layer, L layers, H = A times a head's width.
Source: Michel et al. 2019 for importance; the stop at 95 % is remembered of the paper, not read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from lnlib.base import hashes, seeds
from lnlib.base.device import full_precision, threads_for
from lnlib.base.errors import UserError, brief, is_number
from lnlib.base.provenance import versions
from lnlib.masks import packing
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import encoder_of, largest, prunable
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.choenni.attribution.gradients import batches, own_mean
from lnlib.papers.choenni.joint import Joint, Sample
from lnlib.papers.choenni.subnetworks.masks import in_model
from lnlib.tasks.task import Task


@dataclass(frozen=True)
class Attention:
    """One layer's attention, by the names of its matrices."""

    inputs: tuple[str, ...]  # query, key and value: (H, hidden)
    output: str  # (hidden, H)
    module: nn.Module  # the output projection


@dataclass(frozen=True)
class Heads:
    """Where a model's heads are."""

    layers: tuple[Attention, ...]
    number: int  # A

    @classmethod
    def of(cls, model: nn.Module) -> Heads:
        """UserError where a layer has no query, key and value of its own, one row a head's."""
        config: Any = getattr(model, "config", None)
        number = getattr(config, "num_attention_heads", None)
        if not isinstance(number, int):
            raise UserError(f"{type(model).__name__} does not say how many attention heads it has")
        if config.is_encoder_decoder:
            raise UserError(f"a decoder's layer of {type(model).__name__} has two attentions: its "
                            "heads are not told apart")  # fmt: skip
        by_layer: dict[tuple[str, int | None], list[Any]] = {}
        places = {m.name: (m.stack, m.layer) for m in prunable(model)}
        for name, module, source in _calls(model, list(places)):
            by_layer.setdefault(places[name], []).append((name, module, source))
        return cls(tuple(_attention(model, calls, number) for calls in by_layer.values()), number)

    def mask(self, stays: np.ndarray, model: nn.Module) -> Mask:
        """The weights of the heads that stay, and all others: `stays` is bool, (L, A)."""
        mask = in_model(None, model)
        for layer, own in zip(self.layers, stays, strict=True):
            for name in layer.inputs:
                mask[name][~self._wide(own, mask[name].shape[0])] = False
            mask[layer.output][:, ~self._wide(own, mask[layer.output].shape[1])] = False
        return mask

    def kept(self, mask: Mask) -> np.ndarray:
        """(L, A) bool: the heads of which the mask keeps anything that the layer's output reads."""
        return np.stack([
            mask[layer.output].any(0).reshape(self.number, -1).any(1).numpy()
            for layer in self.layers
        ])  # fmt: skip

    def _wide(self, own: np.ndarray, width: int) -> torch.Tensor:
        return torch.from_numpy(np.repeat(own, width // self.number))

    @contextmanager
    def gates(self, values: torch.Tensor) -> Iterator[None]:
        """Inside the `with` every head is multiplied by its gate.

        `values` is (L, A), or (L, B, A) with gates for each example of a batch.
        """

        def hook(own: torch.Tensor) -> Any:
            def multiply(_module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple:
                heads, *others = given
                wide = own.repeat_interleave(heads.shape[-1] // self.number, dim=-1)
                if wide.ndim == 2:  # (B, H), the same for every token
                    wide = wide[:, None]
                return (heads * wide, *others)

            return multiply

        hooks = [layer.module.register_forward_pre_hook(hook(own))
                 for layer, own in zip(self.layers, values, strict=True)]  # fmt: skip
        try:
            yield
        finally:
            for one in hooks:
                one.remove()

    def importance(self, model: nn.Module, task: Task, sample: Sample, tokenizer: Any, seed: int,
                   stays: np.ndarray | None = None, size: int = 32) -> np.ndarray:  # fmt: skip
        """Mean over examples of |dL / d gate|, of norm one within a layer: (L, A).

        Parameters:

        - `model`, `task`, `sample`, `tokenizer`: what is differentiated on which examples.
        - `seed`: of what a batch draws.
        - `stays`: bool (L, A), the gates that are one; all if not given.
        - `size`: examples in a batch. It changes nothing: absolute values are taken of each
          example's own gradient, not of a batch's sum, in which examples cancel.
        """
        first = next(model.parameters())
        ones = torch.ones(len(self.layers), self.number)
        gate = ones if stays is None else torch.from_numpy(stays).float()
        total = torch.zeros_like(ones)
        with full_precision(), threads_for(largest(model)), torch.enable_grad():
            model.eval()
            for _, batch in batches(task, sample.data, sample.index, tokenizer, seed, size):
                weights = own_mean(batch).to(first)
                values = gate.to(first)[:, None].repeat(1, len(weights), 1).requires_grad_()
                with self.gates(values):
                    loss, _ = task.loss(model, batch)
                (slope,) = torch.autograd.grad(loss, [values])
                total += (slope * weights[None, :, None]).abs().sum(1).cpu()
        found = (total / len(sample)).numpy()
        if not np.isfinite(found).all():
            raise UserError("gradients of the heads are not finite: the training has diverged")
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-30)


def find_heads(model: nn.Module, joint: Joint, lang: str, sample: Sample, *, keep: float = 0.95,
               per_round: float = 0.1, seed: int = 0,
               on_round: Callable[[int, float], None] | None = None) -> Ticket:  # fmt: skip
    """The heads a language needs: the least important go, as long as the score stays.

    Parameters:

    - `model`: trained on `joint`.
    - `joint`, `lang`: whose validation data decide when to stop. Scores of the mask on the same
      data favour it: compare it with other masks found alike.
    - `sample`: training examples of the language, which heads are ranked by.
    - `keep`: the share of the score without a mask that is kept at least (of a perplexity, its
      inverse).
    - `per_round`: the share of all heads that falls in a round, the least important of all layers.
    - `seed`: of the score, and of what a batch draws.
    - `on_round`: called after every round with the heads left and their score.

    Returns a ticket with a level for every round that kept the score, in % of heads; its record has
    the scores. It has none where the first round did not.
    """
    if not is_number(keep) or not 0 < keep <= 1:
        raise UserError(f"keep {brief(keep)}: expected a share above 0, 1 at most")
    if not is_number(per_round) or not 0 < per_round < 1:
        raise UserError(f"per_round {brief(per_round)}: expected a share between 0 and 1")
    heads, task = Heads.of(model), joint.task
    stays = np.ones((len(heads.layers), heads.number), bool)
    step = max(1, math.floor(per_round * stays.size))
    scores = {0: joint.score(model, lang, seed).value}
    least = scores[0] * keep if task.higher_is_better else scores[0] / keep
    falls: list[np.ndarray] = []
    while stays.sum() > step:
        ranks = heads.importance(model, task, sample, joint.tokenizer, seed, stays)
        order = np.argsort(np.where(stays, ranks, np.inf).ravel(), kind="stable")[:step]
        left = stays.copy()
        left.ravel()[order] = False
        with heads.gates(torch.from_numpy(left).to(next(model.parameters()))):
            value = joint.score(model, lang, seed).value
        if on_round:
            on_round(int(left.sum()), value)
        if task.sign * value < task.sign * least:
            break
        falls.append(stays & ~left)
        stays = left
        scores[_percent(stays)] = value
    return _ticket(model, joint, lang, heads, falls, scores, seed, f"{keep} {per_round}")


def random_heads(like: PackedMask, model: nn.Module, seed: int) -> PackedMask:
    """A mask of as many heads in every layer as `like` keeps, drawn at random."""
    heads = Heads.of(model)
    own = heads.kept(in_model(like, model))
    rng = np.random.default_rng(seeds.derive(seed, "random heads"))
    drawn = rng.permuted(own, axis=1)
    record = replace(like.record, method="random heads", lang="", seed=seed, scores={})
    bits = {n: packing.bits(part.numpy()) for n, part in heads.mask(drawn, model).items()}
    return PackedMask(record, like.matrices, like.level, bits)


def _ticket(model: nn.Module, joint: Joint, lang: str, heads: Heads, falls: list[np.ndarray],
            scores: dict[int, float], seed: int, settings: str) -> Ticket:  # fmt: skip
    encoder, bench = joint.first.encoder, joint.benches[lang]
    stays = np.ones((len(heads.layers), heads.number), bool)
    levels = []
    for fell in falls:
        stays = stays & ~fell
        levels.append(_percent(stays))
    search = hashes.short(joint.fingerprint, lang, settings, str(seed), str(scores))
    record = Record(
        "heads", joint.task.name, lang, seed, bench.scale.name, tuple(levels), encoder.name,
        encoder.fingerprint, bench.data.fingerprint, search, scores,
        versions("papers.choenni.subnetworks.heads"),
    )  # fmt: skip
    ticket = Ticket.empty(record, {m: tuple(p.shape) for m, p in prunable(model).items()})
    for fell in falls:
        mask = heads.mask(~fell, model)
        ticket = ticket.pruned({name: ~part.numpy().ravel() for name, part in mask.items()})
    return ticket


def _percent(stays: np.ndarray) -> int:
    return round(100 * float((~stays).mean()))


def _calls(model: nn.Module, names: list[str]) -> list[tuple[str, nn.Module, int]]:
    """The linear modules of the layers in the order of their first call, and what each read."""
    found: dict[str, tuple[str, nn.Module, int]] = {}
    held: list[torch.Tensor] = []  # so that no two inputs have one place in memory

    def note(name: str, module: nn.Module) -> Any:
        def hook(_module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
            held.append(given[0])
            found.setdefault(name, (name, module, given[0].data_ptr()))

        return hook

    encoder = encoder_of(model)
    modules = {name: encoder.get_submodule(name.removesuffix(".weight")) for name in names}
    hooks = [m.register_forward_pre_hook(note(n, m)) for n, m in modules.items()]
    try:
        with torch.no_grad():
            some = torch.ones(1, 4, dtype=torch.int64, device=next(model.parameters()).device)
            model.eval()(input_ids=some, attention_mask=torch.ones_like(some))
    finally:
        for hook in hooks:
            hook.remove()
    return list(found.values())


def _attention(model: nn.Module, calls: list[tuple[str, nn.Module, int]], number: int) -> Attention:
    sources = [source for _, _, source in calls]
    for start, source in enumerate(sources):
        together = [place for place, other in enumerate(sources) if other == source]
        if len(together) >= 3 and together[-1] + 1 < len(calls) and start == together[0]:
            name, module, _ = calls[together[-1] + 1]
            inputs = tuple(calls[place][0] for place in together)
            width: Any = module
            rows = {calls[place][1].out_features for place in together}
            if rows == {width.in_features} and width.in_features % number == 0:
                return Attention(inputs, name, module)
    raise UserError(
        f"a layer of {type(model).__name__} has no query, key and value of its own with as many "
        "rows as its heads are wide: its heads cannot be told apart"
    )
