"""Which weights of a network one of its languages needs: a mask by each of several criteria.

Masks are of the blocks' matrices alone. Embeddings and the head are in none: languages with anchors
share rows of them, so that part of the overlap would be built in. By kind:

- "ticket": iterative magnitude pruning, as in paper 1.
- "change": the weights that one round of training in the language moves most.
- "fisher": those with the largest squared gradients in the network as it is.
- "weighted fisher": the same times w^2, which is what removing a weight costs, to second order.
- "magnitude": the untouched network's largest weights, and "random" ones: no language is in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from transformers import GPT2LMHeadModel

from lnlib.base.device import threads_for
from lnlib.base.hashes import of_settings, short
from lnlib.base.seeds import derive
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import largest, magnitudes, prunable
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.hua.network import files
from lnlib.papers.hua.network.training import loss, train
from lnlib.papers.hua.scales import Scale
from lnlib.papers.hua.world.batches import Batch, batches
from lnlib.papers.hua.world.languages import Languages
from lnlib.pruning.criteria import mean_squares
from lnlib.pruning.rounds import Search, prune, to_every_level
from lnlib.pruning.search import found_at, start

Scores = dict[str, np.ndarray]  # by matrix


def ticket_name(language: int, sample: int) -> str:
    """Where a ticket is kept in its network's folder."""
    return f"ticket-{language}-{sample}.safetensors"


@dataclass
class Subject:
    """A trained network, the languages it knows, and what all that is drawn for it follows from."""

    model: GPT2LMHeadModel
    languages: Languages
    scale: Scale
    seed: int
    _dense: dict[tuple[int, object], GPT2LMHeadModel] = field(default_factory=dict)

    def trained(self, language: int, sample: object, mask: Mask | None = None) -> GPT2LMHeadModel:
        """The network after a round in one language, under a mask if there is one.

        The games, and their order, follow from the language and the `sample`.
        """
        key = (language, sample)
        if mask is None and key in self._dense:
            return self._dense[key]
        recipe, network = self.scale.masks.training, deepcopy(self.model)
        seed = derive(self.seed, "sub-network", *key)
        train(network, lambda step: self._batches(recipe.batch_size, seed, language, step), recipe,
              seed, mask=mask)  # fmt: skip
        if mask is None:  # every search begins with it, and change is read from it
            self._dense[key] = network
        return network

    def fisher(self, language: int, sample: object) -> Scores:
        """Mean squared gradient of every weight over batches of games in one language.

        Of the moves that were played, not of those expected: Fisher's information is of outcomes.
        """
        plan = self.scale.masks
        seed = derive(self.seed, "fisher", language, sample)
        drawn = islice(self._batches(plan.fisher_batch, seed, language, targets="hard"),
                       plan.fisher_games // plan.fisher_batch)  # fmt: skip
        self.model.eval()
        device = next(self.model.parameters()).device
        weights = {matrix.name: weight for matrix, weight in prunable(self.model).items()}
        with threads_for(largest(self.model)):
            return dict(mean_squares((loss(self.model, b.to(device)) for b in drawn), weights))

    def _batches(self, size: int, seed: int, language: int, step: int = 0,
                 targets: str = "") -> Iterator[Batch]:  # fmt: skip
        return batches(self.languages, size, seed, targets=targets or self.scale.targets,
                       only=language, start=step)  # fmt: skip

    def record(
        self, method: str, language: int | None, sample: int, levels: tuple[int, ...]
    ) -> Record:
        """What a mask is of; `language` None for one that has seen none."""
        own = self.languages
        name = "" if language is None else own.names[language]
        encoder = short(files.digest(self.model.state_dict()))
        search = of_settings([encoder, method, name, sample, levels, self.seed,
                              self.scale.hash("masks")])  # fmt: skip
        return Record(method, "othello", name, sample, self.scale.name, levels,
                      f"{own.method} on {own.world.name}", encoder, search=search)  # fmt: skip

    def by_scores(self, record: Record, scores: Scores) -> Ticket:
        """The mask of the largest scores, at every level of the record."""
        return to_every_level(start(record, self.model, Search()), scores, Search())

    def ticket(self, language: int, sample: int, level: int, path: Path | None = None) -> Ticket:
        """Iterative magnitude pruning in one language, to a sparsity of `level` % at least.

        Every round trains from the network's own weights. Kept at `path` after each, and taken up
        from there; UserError for another search's.
        """
        plan = self.scale.masks
        levels = tuple(range(plan.step, max(plan.levels) + 1, plan.step))
        record = self.record("ticket", language, sample, levels)
        ticket = found_at(path, record) or start(record, self.model, Search())
        while ticket.sparsity < level:
            mask = ticket.mask(ticket.sparsity) if ticket.rounds else None
            trained = self.trained(language, sample, mask)
            ticket = prune(ticket, magnitudes(trained), Search())
            if path:
                ticket.save(path)
        return ticket

    def one_shot(self, kind: str, language: int | None, sample: int, scores: Scores) -> Ticket:
        """A mask of a kind by its scores, at the levels of the scale."""
        return self.by_scores(self.record(kind, language, sample, self.scale.masks.levels), scores)

    def untouched(self) -> Ticket:
        """The largest weights of the network itself: no language is in it."""
        return self.one_shot("magnitude", None, 0, magnitudes(self.model))

    def random(self, language: int | None, sample: int) -> Ticket:
        """Weights drawn at random."""
        rng = np.random.default_rng(derive(self.seed, "random mask", language, sample))
        drawn = {name: rng.random(part.size) for name, part in magnitudes(self.model).items()}
        return self.one_shot("random", language, sample, drawn)

    def masks(self, language: int, sample: int, path: Path | None = None) -> dict[str, Ticket]:
        """All masks that were found on one sample of a language's games, by kind.

        `path` is where its ticket is kept, which goes no further than the first of the levels.
        """
        before, after = (prunable(m) for m in (self.model, self.trained(language, sample)))
        pairs = zip(before.items(), after.values(), strict=True)
        moved = {m.name: (new - old).detach().abs().cpu().numpy() for (m, old), new in pairs}
        fisher, sizes = self.fisher(language, sample), magnitudes(self.model)
        weighted = {name: sizes[name] ** 2 * part for name, part in fisher.items()}
        return {
            "ticket": self.ticket(language, sample, self.scale.masks.levels[0], path),
            "change": self.one_shot("change", language, sample, moved),
            "fisher": self.one_shot("fisher", language, sample, fisher),
            "weighted fisher": self.one_shot("weighted fisher", language, sample, weighted),
            "random": self.random(language, sample),
        }
