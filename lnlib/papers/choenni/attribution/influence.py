"""Influence of training examples on test examples: TracIn over checkpoints, in any sub-network.

The influence of z on z' is the sum over checkpoints of w <g(z), g(z')>, with g the gradient of an
example's loss over the weights of the sub-network (Pruthi et al. 2020, TracInCP). As "cosine" the
products are those of gradients of norm one and w is one by the number of checkpoints: the norms of
gradients differ by orders of magnitude. As "dot" they are raw, and w is the mean rate of the steps
that a checkpoint stands for.

A sub-network has two meanings. View "coordinates": gradients of the full model, products over the
weights that the mask keeps: where in the full model influence lives. View "applied": the other
weights are zero, and gradients are those of the masked model: the network that sparse fine-tuning
trains. Any damage raises the own language's share there, so it needs its random control.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file
from safetensors.numpy import save as as_bytes
from torch import nn

from lnlib.base import seeds
from lnlib.base.device import default_device, threads_for
from lnlib.base.errors import UserError, choose
from lnlib.base.files import as_path, replacing
from lnlib.base.hashes import of_settings, short
from lnlib.base.provenance import code
from lnlib.masks.applying import Mask
from lnlib.masks.matrices import largest
from lnlib.papers.choenni.attribution.checkpoints import Checkpoint
from lnlib.papers.choenni.attribution.columns import Columns
from lnlib.papers.choenni.attribution.found import Influence
from lnlib.papers.choenni.attribution.gradients import Gradients, batches
from lnlib.papers.choenni.attribution.sketch import CountSketch
from lnlib.papers.choenni.joint import Joint, Sample
from lnlib.papers.choenni.subnetworks.masks import Subnetwork, applied, digest, in_model

VIEWS, COLUMNS, MEASURES = ("coordinates", "applied"), ("examples", "languages"), ("cosine", "dot")


@dataclass(frozen=True)
class Attribution:
    """How influence is computed. The defaults are exact."""

    view: str = "coordinates"
    columns: str = "examples"  # or "languages": means alone, far cheaper where there are many masks
    measures: tuple[str, ...] = MEASURES
    sketch: int = 0  # buckets (8,192: a cosine's error is 0.01); 0 compares whole gradients
    seed: int = 0  # of the sketch, and of what a batch draws
    batch: int = 32  # training examples together; large encoders take fewer
    shard: int = 256  # training examples that are kept together: what an interrupted run loses

    def __post_init__(self) -> None:
        choose(self.view, VIEWS, "view")
        choose(self.columns, COLUMNS, "columns")
        for measure in self.measures:
            choose(measure, MEASURES, "measure")
        for name in ("batch", "shard"):
            if seeds.check(getattr(self, name), name) < 1:
                raise UserError(f"{name} 0: expected 1 at least")


def influence(
    checkpoints: Sequence[Checkpoint],
    joint: Joint,
    subnetworks: Mapping[str, Subnetwork] | None = None,
    *,
    only: Mapping[str, str] | None = None,
    train: Sample | None = None,
    test: Sample | None = None,
    settings: Attribution | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Influence:
    """How much every training example influences predictions on test examples.

    Parameters:

    - `checkpoints`: of one training on `joint`, in order.
    - `joint`: encoder, task and data.
    - `subnetworks`: by name; None is the full model, and all that is asked for if not given.
    - `only`: names of sub-networks that are asked about the test examples of one language alone,
      which takes as much less time. About others their influence is not a number.
    - `train`, `test`: samples of `joint`; all its training and validation examples if not given.
    - `settings`: how it is computed; exactly, for single test examples, if not given.
    - `folder`: where shards of the result are kept: an interrupted run goes on at the next one.
    - `progress`: called after every shard with how many are done, and how many there are.

    Raises UserError for checkpoints of different trainings or another model, a mask of another
    encoder, a rate of zero where products are raw, and gradients that are not finite.
    """
    settings = settings or Attribution()
    subnetworks = {"full": None} if subnetworks is None else dict(subnetworks)
    train, test = train or joint.train, test or joint.validation
    _check(checkpoints, subnetworks, settings)
    splits = {split.data.fingerprint for split in (joint.train, joint.validation)}
    if not {train.data.fingerprint, test.data.fingerprint} <= splits:
        raise UserError("a sample is of other data: expected joint.sample(...) of this joint")
    only = {} if only is None else dict(only)
    for name, lang in only.items():
        choose(name, subnetworks, "sub-network")
        choose(lang, joint.langs, "language")
    home = None if folder is None else as_path(folder, "folder")
    model = joint.model().to(default_device())
    masks = {name: in_model(subnetwork, model) for name, subnetwork in subnetworks.items()}
    for name, mask in masks.items():
        if not any(bool(part.any()) for part in mask.values()):
            raise UserError(f"sub-network {name!r} keeps no weight: nothing has influence in it")
    digests = {name: digest(mask) for name, mask in masks.items()}
    names = list(masks)
    groups = [names] if settings.view == "coordinates" else [[name] for name in names]
    shards = np.array_split(np.arange(len(train)), -(-len(train) // settings.shard))
    # The code too: a shard that an older version computed is computed again.
    made_by = code("papers.choenni.attribution.influence", joint.task.module)
    key = of_settings(
        [joint.fingerprint, train.fingerprint, test.fingerprint, asdict(settings), joint.langs,
         made_by]
    )  # fmt: skip
    found: list[dict[str, np.ndarray]] = []
    done, number = 0, len(checkpoints) * len(groups) * len(shards)
    for checkpoint in checkpoints:
        checkpoint.put_on(model)
        own = []
        for group in groups:
            named = ",".join(digests[name] + only.get(name, "") for name in group)
            what = f"{key} {checkpoint.digest} {named} "
            of = [(masks[name], only.get(name)) for name in group]
            compute = _Pass(model, joint, of, train, test, settings)
            parts = []
            for shard in shards:
                file = short(what, shard.tobytes())
                parts.append(_kept(home, file, partial(compute.scores, shard)))
                done += 1
                if progress:
                    progress(done, number)
            own.append({n: np.concatenate([p[n] for p in parts]) for n in parts[0]})
        found.append({n: np.concatenate([o[n] for o in own], axis=1) for n in own[0]})
    values = {n: np.stack([own[n] for own in found]).swapaxes(1, 2) for n in found[0]}
    return Influence(
        values, tuple(names), digests, [c.step for c in checkpoints],
        [c.rate for c in checkpoints], joint.langs, train, test, settings.view,
        settings.columns == "languages", only,
    )  # fmt: skip


class _Pass:
    """One checkpoint under one group of masks; its test side is computed when first needed.

    Each mask with the language whose test examples it is asked about, None for all.
    """

    def __init__(self, model: nn.Module, joint: Joint, masks: list[tuple[Mask, str | None]],
                 train: Sample, test: Sample, settings: Attribution) -> None:  # fmt: skip
        self.model, self.joint = model, joint
        self.masks, self.only = [mask for mask, _ in masks], [lang for _, lang in masks]
        self.train, self.test, self.settings = train, test, settings
        self.gradients = Gradients(model)
        self._columns: Columns | None = None

    def scores(self, places: np.ndarray) -> dict[str, np.ndarray]:
        """Every measure of the training examples at `places`, (N, K, C), and "norm", (N, K)."""
        mask = self.masks[0] if self.settings.view == "applied" else None
        with applied(self.model, mask), threads_for(largest(self.model)):
            self._columns = self._columns or self._test_side()
            found: dict[str, np.ndarray] = {}
            for rows, parts in self._batches(self.train, places, self.settings.batch):
                for name, values in self._columns.scores(parts, len(rows)).items():
                    whole = np.zeros((len(places), *values.shape[1:]), np.float32)
                    found.setdefault(name, whole)[rows] = values.cpu().numpy()
        return found

    def _test_side(self) -> Columns:
        langs, by_language = self.joint.langs, self.settings.columns == "languages"
        sketch = None
        if self.settings.sketch:
            shapes = self.gradients.shapes
            sketch = CountSketch(shapes, self.settings.sketch, self.settings.seed)
        device = next(self.model.parameters()).device
        names = np.array(langs) if by_language else self.test.langs
        only = [None if lang is None else torch.from_numpy(np.flatnonzero(names == lang)).to(device)
                for lang in self.only]  # fmt: skip
        columns = Columns(self.masks, len(names), self.settings.measures, by_language, sketch,
                          device, only)  # fmt: skip
        # All matrices of a batch are held, as its norms are needed first: a quarter of the batch.
        size = max(1, self.settings.batch // 4)
        for column, lang in enumerate(langs):
            own = np.flatnonzero(self.test.langs == lang)
            if len(own) == 0:
                raise UserError(f"no test example of {lang!r}")
            if all(asked not in (None, lang) for asked in self.only):
                continue
            for rows, parts in self._batches(self.test, own, size):
                at = np.full(len(rows), column) if by_language else own[rows]
                columns.see(dict(parts), torch.from_numpy(at).to(device), 1 / len(own))
        return columns

    def _batches(self, sample: Sample, places: np.ndarray,
                 size: int) -> Iterator[tuple[np.ndarray, Iterator]]:  # fmt: skip
        task, index = self.joint.task, sample.index[places]
        drawn = seeds.derive(self.settings.seed, "attribution")
        for rows, batch in batches(task, sample.data, index, self.joint.tokenizer, drawn, size):
            yield rows, self.gradients.each(task, batch)


def _check(checkpoints: Sequence[Checkpoint], subnetworks: Mapping[str, Subnetwork],
           settings: Attribution) -> None:  # fmt: skip
    if not checkpoints or not subnetworks:
        raise UserError("no checkpoint or no sub-network: influence takes one of each at least")
    if len({checkpoint.made_with for checkpoint in checkpoints}) > 1:
        raise UserError("these checkpoints are of different trainings: influence sums over one")
    if "dot" in settings.measures and any(c.rate <= 0 for c in checkpoints):
        raise UserError(
            "a checkpoint has the rate 0, so it would count for nothing: expected the mean rate of "
            'the steps it stands for, or measures=("cosine",)'
        )


def _kept(home: Path | None, name: str,
          compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:  # fmt: skip
    """A shard as its file has it; computed, and written, where there is none that is whole."""
    if home is None:
        return compute()
    path = home / f"{name}.safetensors"
    try:
        with safe_open(path, "np") as file:
            noted = (file.metadata() or {}).get("sum")
        held = load_file(path)
        if noted == _sum(held):
            return held
    except (OSError, SafetensorError):
        pass
    found = compute()
    with replacing(path) as partial:
        partial.write_bytes(as_bytes(found, {"sum": _sum(found)}))
    return found


def _sum(parts: Mapping[str, np.ndarray]) -> str:
    return short(*(piece for n in sorted(parts) for piece in (n, parts[n].tobytes())))
