"""Fine-tuning on several languages, with sub-networks or without.

In sparse fine-tuning a batch is of one language, and only the weights of its mask work and learn:
the others are zero in its step and afterwards what they were, bit by bit. Adam would move them, by
what other languages' gradients have left in its moments. Head, embeddings, norms and biases belong
to all languages and always learn. Static masks are found before; dynamic ones are ranked again and
again by a running mean of |w dL/dw| on the language's own batches, since |w| is one for all. Their
control is drawn again as often: masks that move, and know no language.
Source: Choenni et al. 2023 (Computational Linguistics 49(3)) for both variants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lnlib.base import hashes, seeds
from lnlib.base.device import default_device, threads_for
from lnlib.base.errors import UserError, brief, whole
from lnlib.base.files import as_path
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import largest, prunable
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import PackedMask
from lnlib.papers.choenni.attribution.checkpoints import Checkpoint
from lnlib.papers.choenni.joint import Joint
from lnlib.papers.choenni.subnetworks.masks import Subnetwork, digest, in_model, random_like
from lnlib.papers.choenni.subnetworks.ranked import ranked
from lnlib.tasks.examples import Batch, training_order
from lnlib.training.loop import fit, memory_in_words


@dataclass(frozen=True)
class Dynamic:
    """Masks that follow the training: all weights at first, and from then on `level` % pruned.

    `random` is the control: each time as many weights of every matrix as are ranked highest stay,
    but drawn blindly.
    """

    level: int = 50  # % pruned
    rounds: int = 10  # parts of the training: masks are found anew between them, nine times
    memory: float = 0.9  # share that a running mean keeps of what was before a batch
    random: bool = False

    def __post_init__(self) -> None:
        level = whole(self.level)
        if level is None or not 0 < level < 100:
            raise UserError(f"level {brief(self.level)}: expected a whole number within 1 to 99 %")
        if seeds.check(self.rounds, "rounds") < 2:
            raise UserError(f"rounds {self.rounds}: expected 2 at least, or no mask is trained")
        if not 0 <= self.memory < 1:
            raise UserError(f"memory {brief(self.memory)}: expected a share from 0, below 1")


@dataclass(frozen=True)
class Tuned:
    """One training: its checkpoints, losses (nats), and the masks it ended with."""

    checkpoints: list[Checkpoint]
    losses: list[float] = field(repr=False)
    masks: dict[str, Subnetwork]
    # Dynamic: step, lang, drift (Jaccard with the mask before), between (mean with other langs').
    drift: list[dict[str, Any]] = field(default_factory=list, repr=False)

    def model(self, joint: Joint, checkpoint: int = 0) -> nn.Module:
        """The model at a checkpoint, 1 the first, 0 the last."""
        return self.checkpoints[checkpoint - 1].put_on(joint.model().to(default_device()))


def fine_tune(
    joint: Joint,
    masks: Mapping[str, Subnetwork] | Dynamic | None = None,
    *,
    seed: int = 0,
    checkpoints: int = 3,
    in_turn: bool | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Tuned:
    """Train on all languages together for the recipe's steps, and keep where it went through.

    Parameters:

    - `joint`: encoder, data and recipe.
    - `masks`: a sub-network for each language, `Dynamic(...)`, or none.
    - `seed`: of the head, of the order of examples, of dropout and of what a batch draws: trainings
      of one seed differ in their masks and nothing else, if both are `in_turn`.
    - `checkpoints`: how many, at equal distances; the last is the end.
    - `in_turn`: batches are of one language, each in its turn; as masks need, and then the default.
      Otherwise examples are mixed.
    - `folder`: where static and full trainings keep their checkpoints; found there, they are read.
    - `progress`: called after every step with its number and loss.

    Raises UserError for a language without a mask, a mask of another encoder, checkpoints of
    another run in the folder, and where the training diverges.
    """
    seed, recipe = seeds.check(seed), joint.recipe
    in_turn = masks is not None if in_turn is None else in_turn
    if masks is not None and not in_turn:
        raise UserError("masks are those of a language, so batches have to be: expected in_turn")
    if not 1 <= seeds.check(checkpoints, "checkpoints") <= recipe.steps:
        raise UserError(f"checkpoints {checkpoints}: expected 1 to {recipe.steps}, the steps")
    model = joint.model(seed)
    shifts = _Shifts(model, joint, masks, seed)
    how = f"{seed} {in_turn} {checkpoints} {shifts.names}"
    made_with = hashes.short(joint.fingerprint, recipe.hash, how)
    ends = [round(recipe.steps * (n + 1) / checkpoints) for n in range(checkpoints)]
    paths = [] if folder is None else [
        as_path(folder, "folder") / f"step{end}.safetensors" for end in ends
    ]  # fmt: skip
    static = not isinstance(masks, Dynamic)
    if paths and static and all(path.exists() for path in paths):
        read = [Checkpoint.load(path, made_with) for path in paths]
        return Tuned(read, [], shifts.subnetworks)
    for path in paths:
        if path.exists():
            Checkpoint.load(path, made_with)  # another run's is refused before it is replaced
    with memory_in_words(recipe):
        model.to(default_device()).train()
    torch.manual_seed(seeds.derive(seed, "dropout"))
    found: list[Checkpoint] = []

    def after(step: int, loss: torch.Tensor) -> None:
        shifts.end(step)
        if progress:
            progress(step, loss.item())
        if step + 1 in ends:
            since = ends[len(found) - 1] if found else 0
            rates = [recipe.rate(number) for number in range(since, step + 1)]
            found.append(Checkpoint.of(model, step + 1, float(np.mean(rates)), made_with))

    with memory_in_words(recipe), threads_for(largest(model)), shifts.hooked():
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.learning_rate, eps=recipe.epsilon, weight_decay=0.0,
            fused=True,
        )  # fmt: skip
        losses = fit(model, _steps(joint, seed, in_turn), shifts.loss, optimizer, recipe.clip,
                     after=after)  # fmt: skip
    for checkpoint, path in zip(found, paths, strict=False):  # not before it is known to be finite
        checkpoint.save(path)
    return Tuned(found, losses, shifts.subnetworks, shifts.drift)


Step = tuple[str, Batch]


def _steps(joint: Joint, seed: int, in_turn: bool) -> Iterator[tuple[Step, float]]:
    """(language, batch) and rate of every step; the language is "" where examples are mixed."""
    recipe, task, train = joint.recipe, joint.task, joint.train
    groups = {lang: np.flatnonzero(train.langs == lang) for lang in joint.langs}
    groups = groups if in_turn else {"": np.arange(len(train))}
    each = -(-recipe.steps // len(groups))
    orders = {
        lang: training_order(train.data.lengths[own], recipe.batch_size, each,
                             seeds.derive(seed, "turn", lang) if lang else seed)
        for lang, own in groups.items()
    }  # fmt: skip
    for step in range(recipe.steps):
        lang = list(groups)[step % len(groups)]
        index = groups[lang][orders[lang][step // len(groups)]]
        drawn = seeds.derive(seed, "mask", step)
        yield (lang, task.collate(train.data, index, joint.tokenizer, drawn)), recipe.rate(step)


class _Shifts:
    """Whose turn it is: puts the language's mask on for a step and takes it off after it."""

    def __init__(self, model: nn.Module, joint: Joint,
                 masks: Mapping[str, Subnetwork] | Dynamic | None, seed: int) -> None:  # fmt: skip
        self.model, self.joint, self.seed = model, joint, seed
        self.dynamic = masks if isinstance(masks, Dynamic) else None
        self.subnetworks: dict[str, Subnetwork] = {}
        self.drift: list[dict[str, Any]] = []
        self._parameters = {m.name: p for m, p in prunable(model).items()}
        self._masks: dict[str, Mask] = {}
        self._means: dict[str, dict[str, torch.Tensor]] = {}
        self._before: dict[str, torch.Tensor] = {}
        self._lang = ""
        self.names = repr(masks)
        if isinstance(masks, Mapping):
            if lacking := [lang for lang in joint.langs if lang not in masks]:
                raise UserError(f"no mask for {lacking[0]!r}: expected one for each language")
            self.subnetworks = {lang: masks[lang] for lang in joint.langs}
            self._masks = {lang: in_model(m, model) for lang, m in self.subnetworks.items()}
            self.names = " ".join(f"{lang} {digest(m)}" for lang, m in self._masks.items())

    def loss(self, model: nn.Module, step: Step) -> torch.Tensor:
        self._lang, batch = step
        if mask := self._masks.get(self._lang):
            with torch.no_grad():
                for name, parameter in self._parameters.items():
                    self._before[name] = parameter.detach().clone()
                    mask[name] = mask[name].to(parameter.device)
                    parameter.masked_fill_(~mask[name], 0)
        return self.joint.task.loss(model, batch)[0]

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Gradients are ranked by, and masked, as they are accumulated: before they are clipped."""

        def hook(name: str) -> Callable[[torch.Tensor], None]:
            def take(p: torch.Tensor) -> None:
                assert p.grad is not None
                if self.dynamic:
                    self._rank(name, p)
                if mask := self._masks.get(self._lang):
                    p.grad.masked_fill_(~mask[name], 0)

            return take

        hooks = [p.register_post_accumulate_grad_hook(hook(n)) for n, p in self._parameters.items()]
        try:
            yield
        finally:
            for one in hooks:
                one.remove()

    def end(self, step: int) -> None:
        """After the optimizer's step: all outside the mask is what it was before."""
        with torch.no_grad():
            for name, before in self._before.items():
                parameter, mask = self._parameters[name], self._masks[self._lang][name]
                parameter.copy_(torch.where(mask, parameter, before))
        self._before = {}
        if self.dynamic:
            steps, rounds = self.joint.recipe.steps, self.dynamic.rounds
            # Not after the last step: no mask is left that nothing was trained under.
            between = {round(steps * part / rounds) for part in range(1, rounds)} - {steps}
            if step + 1 in between and len(self._means) == len(self.joint.langs):
                self._rerank(step)

    def _rank(self, name: str, parameter: torch.Tensor) -> None:
        assert self.dynamic is not None and parameter.grad is not None
        # A weight that is zero for this step counts as what it is otherwise: it may come back.
        whole = self._before.get(name, parameter.detach())
        new = (whole * parameter.grad).abs()
        means = self._means.setdefault(self._lang, {})
        kept = self.dynamic.memory if name in means else 0.0
        means[name] = kept * means.get(name, new) + (1 - kept) * new

    def _rerank(self, step: int) -> None:
        assert self.dynamic is not None
        old, level = dict(self.subnetworks), self.dynamic.level
        made: dict[str, PackedMask] = {}
        for lang in self.joint.langs:
            ranks = {n: part.cpu().numpy() for n, part in self._means[lang].items()}
            ticket = ranked(self.model, self.joint, lang, ranks, "dynamic", level, self.seed)
            made[lang] = ticket.packed(level)
            if self.dynamic.random:
                made[lang] = random_like(made[lang], seeds.derive(self.seed, "moved", lang, step))
        for lang, mask in made.items():
            before = old.get(lang)
            others = [jaccard(mask, m, level) for code, m in made.items() if code != lang]
            self.drift.append({
                "step": step + 1, "lang": lang, "between": float(np.mean(others)),
                "drift": jaccard(mask, before, level) if isinstance(before, PackedMask) else None,
            })  # fmt: skip
        self.subnetworks = dict(made)
        self._masks = {lang: in_model(m, self.model) for lang, m in made.items()}
