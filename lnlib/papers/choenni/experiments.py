"""What fills the tables of paper 2: one task, its languages and a seed at a time.

Trainings, masks and shards of attributions are kept in RUNS/choenni/SCALE/TASK/LANGS/seedN, where
an interrupted run goes on; rows are added to RESULTS/choenni/SCALE.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from torch import nn

from lnlib.base import seeds
from lnlib.base.errors import choose
from lnlib.base.provenance import versions
from lnlib.masks.overlap import overlap_table
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.papers.choenni.analysis.measures import KINDS, MODELS, MOVING, STATIC, model_of
from lnlib.papers.choenni.attribution.found import Influence
from lnlib.papers.choenni.attribution.influence import Attribution, influence
from lnlib.papers.choenni.joint import Joint
from lnlib.papers.choenni.scales import LEVEL, Settings
from lnlib.papers.choenni.sparse import Dynamic, Tuned, fine_tune
from lnlib.papers.choenni.subnetworks.heads import find_heads, random_heads
from lnlib.papers.choenni.subnetworks.masks import (
    Subnetwork,
    applied,
    in_model,
    intersection,
    random_like,
    union,
)  # fmt: skip
from lnlib.papers.choenni.subnetworks.ranked import find_weights
from lnlib.papers.choenni.subnetworks.tickets import read_tickets, ticket_of
from lnlib.papers.choenni.tables import INFLUENCE, LEFT_OUT, MASKS, MODULAR
from lnlib.results.places import Places


@dataclass(frozen=True)
class Named:
    """A sub-network and what tables call it."""

    kind: str  # "full", one of KINDS; before it "union", "intersection", "random", "random union"
    mask: PackedMask | None = None
    lang: str = ""
    seed: int | None = None  # of a random mask

    @property
    def name(self) -> str:
        """One text for it."""
        return f"{self.kind} {self.lang} {self.seed}"

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns in a table."""
        return {"kind": self.kind, "mask_lang": self.lang, "mask_seed": self.seed,
                "mask": self.mask.digest if self.mask else ""}  # fmt: skip


FULL = Named("full")


class Experiment:
    """All that is measured of one task, its languages and a seed."""

    def __init__(self, joint: Joint, settings: Settings, seed: int, runs_dir: str | Path,
                 results_dir: str | Path, tickets: str | Path | None = None) -> None:  # fmt: skip
        """Nothing is run before it is asked for.

        Parameters:

        - `joint`, `settings`: what is trained, and how much of it is attributed.
        - `seed`: of trainings, random masks, and the tickets that are read.
        - `runs_dir`, `results_dir`: where trainings and masks are kept, and where rows are added.
        - `tickets`: the folder of a scale's searches, such as runs/foroutan/demo, whose tickets are
          the masks of that kind. If not given, they are searched on each language's data here.

        Raises UserError for a ticket that is missing there, or of another encoder.
        """
        self.joint, self.settings, self.seed = joint, settings, seeds.check(seed)
        self._tickets = {} if tickets is None else read_tickets(tickets, joint, seed, LEVEL)
        scale, langs = joint.first.scale.name, "+".join(joint.langs)
        self.home = Places.of(runs_dir, "choenni", scale).search(joint.task.name, langs, seed)
        self.results = Places.of(results_dir, "choenni", scale).home
        self._identity = {"scale": scale, "task": joint.task.name, "seed": self.seed}

    @cached_property
    def stamp(self) -> dict[str, Any]:
        """What made a row."""
        made_by = versions("papers.choenni.experiments", self.joint.task.module)
        return {"lnlib": made_by["lnlib"], "code": made_by["code"],
                "recipe": self.joint.recipe.hash, "data": self.joint.fingerprint,
                "encoder": self.joint.first.encoder.fingerprint}  # fmt: skip

    # ---- models and masks --------------------------------------------------------------------

    def tuned(self, model: str = "full", kind: str = STATIC) -> Tuned:
        """One of MODELS, trained under own masks of a kind, or random ones of their shape."""
        masks: Mapping[str, Subnetwork] | Dynamic | None = None
        folder: Path | None = self.home / model_of(choose(model, MODELS, "model"), kind)
        if model in MOVING:
            masks, folder = Dynamic(LEVEL, random=model == "redrawn"), None
        elif model == "static":
            masks = {m.lang: m.mask for m in self.own(kind)}
        elif model == "random":
            masks = {m.lang: m.mask for m in self.random(kind) if m.seed == 0}
        return fine_tune(self.joint, masks, seed=self.seed, checkpoints=self.settings.checkpoints,
                         folder=folder)  # fmt: skip

    def own(self, kind: str) -> list[Named]:
        """Each language's own mask of a kind, found on the fully trained model (tickets apart).

        UserError for other tickets than those that this run began with.
        """
        choose(kind, KINDS, "kind of mask")
        last = self.tuned().checkpoints[-1]
        folder, found = self.home / f"masks-{last.digest}", []
        for lang in self.joint.langs:
            path = folder / f"{kind}-{lang}.safetensors"
            if kind == "ticket":
                bench, given = self.joint.benches[lang], self._tickets.get(lang)
                ticket = ticket_of(bench, given, self.seed, LEVEL, path)
            else:
                ticket = Ticket.load(path) if path.exists() else self._found(kind, lang, path)
            found.append(Named(kind, ticket.packed(ticket.sparsity), lang))
        return found

    def _found(self, kind: str, lang: str, path: Path) -> Ticket:
        joint, settings = self.joint, self.settings
        sample = joint.sample("train", settings.mask_examples, skip=settings.train).of(lang)
        if kind == "heads":
            ticket = find_heads(self._model, joint, lang, sample, seed=self.seed)
        else:
            ticket = find_weights(self._model, joint, lang, sample, kind, level=LEVEL)
        ticket.save(path)
        return ticket

    @cached_property
    def _model(self) -> nn.Module:
        return self.tuned().model(self.joint)

    def random(self, kind: str) -> list[Named]:
        """For each own mask of a kind random ones of its shape."""
        return [mask for own in self.own(kind) for mask in self._drawn(own)]

    def _drawn(self, like: Named) -> list[Named]:
        """Random masks of its shape."""
        assert like.mask is not None
        found = []
        for number in range(self.settings.mask_seeds):
            seed = seeds.derive(self.seed, "random mask", like.lang, number)
            if like.kind.endswith("heads"):
                mask = random_heads(like.mask, self._model, seed)
            else:
                mask = random_like(like.mask, seed)
            found.append(Named(f"random {like.kind}", mask, like.lang, number))
        return found

    # ---- measurements ------------------------------------------------------------------------

    def attribute(self, kinds: Sequence[str] = KINDS) -> None:
        """C1 to C5: influence in the full model, on the weights of own, other and random masks."""
        for kind in kinds:
            own = self.own(kind)
            masks = [FULL, *own, *self.random(kind)]
            self._influence("full", self.tuned(), masks, "coordinates")
            self._compare("full", own)

    def sparse(self, models: Sequence[str] = MODELS, kind: str = STATIC) -> None:
        """C6 to C8, C10: scores and influence with masks put on, before and after fine-tuning.

        `models` are of MODELS; the own masks are of a `kind`, and claims about those of STATIC.
        """
        own, random = self.own(kind), [m for m in self.random(kind) if m.seed == 0]
        for model in models:
            tuned, name = self.tuned(model, kind), model_of(model, kind)
            masks = {"random": random}.get(model, own)
            if model in MOVING:
                last = tuned.masks.items()
                masks = [Named(model, m, n) for n, m in last if isinstance(m, PackedMask)]
                self._compare(name, masks)
            self._influence(name, tuned, [FULL, *masks], "applied")
            heads = self._composed_heads() if model == "full" else []
            put_on = {mask.name: mask for mask in (FULL, *masks, *_pairs(masks), *heads)}
            self._score(name, tuned, list(put_on.values()))

    def _composed_heads(self) -> list[Named]:
        """Own heads, unions and intersections of two, and random heads of the unions' shapes."""
        heads = self.own("heads")
        pairs = list(_pairs(heads))
        drawn = [self._drawn(pair) for pair in pairs if pair.kind == "union heads"]
        return [*heads, *pairs, *(mask for masks in drawn for mask in masks)]

    def leave_out(self) -> None:
        """C11: the loss of every language in joint trainings without one of them."""
        rows = []
        for left in ("", *self.joint.langs):
            joint = self.joint.without(left) if left else self.joint
            tuned = self.tuned() if not left else fine_tune(
                joint, seed=self.seed, checkpoints=1, folder=self.home / f"without-{left}"
            )  # fmt: skip
            model = tuned.model(joint)
            for lang in self.joint.langs:
                score = self.joint.score(model, lang, self.seed)
                rows.append({**self._identity, "left_out": left, "test_lang": lang,
                             "loss": score.loss, "value": score.value, "n": score.n,
                             **self.stamp})  # fmt: skip
        LEFT_OUT.add(self.results, rows)

    def influence(self, tuned: Tuned, masks: Sequence[Named], view: str) -> Influence:
        """Influence on the scale's samples, from shards where there are any.

        A random mask is drawn for one language, and asked about that one.
        """
        joint, own = self.joint, self.settings
        return influence(
            tuned.checkpoints, joint, {m.name: m.mask for m in masks},
            only={m.name: m.lang for m in masks if m.kind.startswith("random")},
            train=joint.sample("train", own.train), test=joint.sample("validation", own.test),
            settings=Attribution(view, sketch=own.sketch), folder=self.home / "influence",
        )  # fmt: skip

    def _influence(self, model: str, tuned: Tuned, masks: Sequence[Named], view: str) -> None:
        found, rows = self.influence(tuned, masks, view), []
        top = self.settings.top
        for mask in masks:
            parallel = self.joint.parallel and mask is FULL  # `_told` keeps no mask's
            common = {**self._identity, "model": model, **mask.columns, **self.stamp}
            rows += [{**common, **row} for row in found.rows(mask.name, top, parallel)
                     if _told(mask, row)]  # fmt: skip
        INFLUENCE.add(self.results, rows)

    def _score(self, model: str, tuned: Tuned, masks: Sequence[Named]) -> None:
        network, rows = tuned.model(self.joint), []
        for mask in masks:
            put_on = in_model(mask.mask, network)
            kept = sum(int(part.sum()) for part in put_on.values())
            density = kept / sum(part.numel() for part in put_on.values())
            pair = mask.lang.split("+") if "+" in mask.lang else self.joint.langs
            with applied(network, put_on):
                for lang in pair:  # a composition of two is asked about these alone
                    score = self.joint.score(network, lang, self.seed)
                    rows.append({**self._identity, "model": model, **mask.columns,
                                 "test_lang": lang, "metric": score.metric, "value": score.value,
                                 "loss": score.loss, "n": score.n, "density": density,
                                 **self.stamp})  # fmt: skip
        MODULAR.add(self.results, rows)

    def _compare(self, model: str, masks: Sequence[Named]) -> None:
        """How much the masks of two languages overlap: "own" and "other" differ by the rest."""
        rows = []
        for a, b in combinations(masks, 2):
            assert a.mask is not None and b.mask is not None
            pair = _at_one_level(a.mask), _at_one_level(b.mask)
            (row,) = overlap_table(pair, pair[0].level).to_dict("records")
            rows.append({**self._identity, "model": model, "kind": a.kind, "lang_a": a.lang,
                         "lang_b": b.lang, **self.stamp,
                         **{name: row[name] for name in ("mask_a", "mask_b", "jaccard", "density_a",
                                                         "density_b", "expected")}})  # fmt: skip
        MASKS.add(self.results, rows)


def _at_one_level(mask: PackedMask) -> PackedMask:
    """Masks of heads end at levels of their own: for a comparison of bits all are called LEVEL."""
    return PackedMask(mask.record, mask.matrices, LEVEL, mask.bits)


def _pairs(masks: Sequence[Named]) -> Iterator[Named]:
    """Unions and intersections of every two."""
    for a, b in combinations(masks, 2):
        assert a.mask is not None and b.mask is not None
        for how, made in (("union", union), ("intersection", intersection)):
            yield Named(f"{how} {a.kind}", made(a.mask, b.mask), f"{a.lang}+{b.lang}")


def _told(mask: Named, row: Mapping[str, Any]) -> bool:
    """Whether a table keeps a row: of the full model all; of masks shares of the own language.

    Cosines in masks of different sizes have different scales, so only shares are compared.
    """
    if mask.kind == "full":
        return True
    own = row["measure"].startswith("share") and row["train_lang"] == row["test_lang"]
    return own and row["checkpoint"] == 0
