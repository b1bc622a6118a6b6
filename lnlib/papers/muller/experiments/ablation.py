"""Fine-tune with a block of layers re-initialised, and score the source and every target.

Trainings of one seed share head, order and dropout, and differ in what was re-initialised before.
Targets are scored zero-shot: the model is trained on the source alone. Rows go to `ablation.csv` as
they come, so a run that was killed goes on where it stopped, and nothing is measured twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd
from torch import nn

from lnlib.base.errors import UserError, choose
from lnlib.base.provenance import machine
from lnlib.base.seeds import check
from lnlib.corpora.loading import load
from lnlib.encoders import Encoder
from lnlib.papers.muller.reinitialisation import (
    NOTHING,
    STARTS,
    Block,
    blocks_of,
    parse_blocks,
    reinitialise,
)
from lnlib.papers.muller.tables import ABLATION, ALL
from lnlib.results.table import find
from lnlib.tasks.task import Score, Task, TaskData
from lnlib.training.loop import Progress, train
from lnlib.training.recipe import Scale
from lnlib.training.scoring import score
from lnlib.training.workbench import Workbench

_DECIDING = "papers.muller.experiments.ablation"  # the module whose code rows name


def ablate(
    encoder: Encoder,
    task: Task,
    source: str,
    targets: Sequence[str],
    blocks: str,
    scale: Scale,
    home: str | Path,
    *,
    seed: int = 0,
    start: str = "bert",
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
    on_block: Callable[[Block, pd.DataFrame], None] | None = None,
) -> pd.DataFrame:
    """Rows of `ablation.csv` in `home` for "none" and every block, source and targets.

    Parameters:

    - `encoder`, `task`, `scale`: what is trained, on what, and how.
    - `source`, `targets`: languages; the source is always scored, too.
    - `blocks`: "0-1,2-3,4-5,all", of the encoder's layers; "" for pairs of layers and all.
    - `home`: the folder of the table.
    - `seed`: of head, order of the examples and dropout; the draw of new values comes from it, too.
    - `start`: what re-initialised layers get; one of `reinitialisation.STARTS`.
    - `data_dir`: a folder laid out like the hub.
    - `progress`, `on_block`: called after every step of a training, and after every block with its
      rows.

    Raises UserError, before anything is trained, for unknown names, blocks that the encoder does
    not have, data that cannot be had and a damaged table.
    """
    seed, start = check(seed), choose(start, STARTS, "start")
    pairs = dict.fromkeys([*(b.name for b in blocks_of(encoder.skeleton)), ALL])
    blocks = blocks or ",".join(pairs)
    wanted = [block for block in parse_blocks(blocks, encoder.skeleton) if block != NOTHING]
    ABLATION.read(home)
    bench = Workbench(encoder, task, source, scale, data_dir=data_dir)
    scored = targets_of(bench, targets, data_dir)
    rows = []
    for block in (NOTHING, *wanted):
        key = {"scale": scale.name, "task": task.name, "source": source, "seed": seed,
               "block": block.name, "start": start if block.layers else "",
               "recipe": bench.recipe.hash, "encoder": encoder.fingerprint}  # fmt: skip
        if not _done(key, scored, home):
            ABLATION.add(home, _measured(bench, scored, block, start, seed, key, progress))
        found = find(ABLATION.read(home), key)
        rows.append(found[found["target"].isin(list(scored))])
        if on_block:
            on_block(block, rows[-1])
    return pd.concat(rows, ignore_index=True)


def tuned(bench: Workbench, seed: int, block: Block = NOTHING, start: str = "bert",
          progress: Progress | None = None) -> nn.Module:  # fmt: skip
    """The encoder under its head, with a block re-initialised, trained on the bench's data."""
    model = bench.model(seed)
    reinitialise(model, block, seed, start)
    train(model, bench.data, bench.recipe, bench.encoder.tokenizer, seed, progress=progress)
    return model


def targets_of(
    bench: Workbench, targets: Sequence[str], data_dir: str | Path | None = None
) -> dict[str, TaskData]:
    """The bench's own data, and with the same training split what each target is scored on."""
    scored = {bench.lang: bench.data}
    recipe, tokenizer = bench.recipe, bench.encoder.tokenizer
    most = min(recipe.max_tokens, bench.encoder.max_tokens or recipe.max_tokens)
    for target in (lang for lang in targets if lang != bench.lang):
        corpus = load(bench.task.name, target, bench.scale.corpus, 1, recipe.validation_examples,
                      data_dir)  # fmt: skip
        held_out = bench.task.encode(corpus.validation, tokenizer, most, recipe.validation_examples)
        if not len(held_out):
            raise UserError(f"{corpus.source}: no examples to score {target!r} on")
        scored[target] = replace(bench.data, lang=target, validation=held_out, source=corpus.source)
    return scored


def _done(key: Mapping[str, Any], scored: Mapping[str, TaskData], home: str | Path) -> bool:
    rows = find(ABLATION.read(home), dict(key))
    there = set(zip(rows["target"], rows["data"], strict=True))
    return all((target, data.fingerprint) in there for target, data in scored.items())


def _measured(
    bench: Workbench, scored: Mapping[str, TaskData], block: Block, start: str, seed: int,
    key: Mapping[str, Any], progress: Progress | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """A row for every language that is scored; `seconds` are of the training and its scoring."""
    began = perf_counter()
    model = tuned(bench, seed, block, start, progress)
    trained = perf_counter() - began
    made_by = {name: bench.versions(_DECIDING)[name] for name in ("lnlib", "code")}
    rows = []
    for target, result, data, seconds in _scores(model, bench, scored, seed):
        rows.append({
            **key, "target": target, "metric": result.metric, "value": result.value,
            "floor": floor_of(bench.task, data), "loss": result.loss, "n": result.n,
            "lost_words": result.lost_words, "steps": bench.recipe.steps,
            "seconds": round(trained + seconds, 2), "data": data.fingerprint, **made_by,
            "machine": machine()["machine"],
        })  # fmt: skip
    return rows


def _scores(
    model: nn.Module, bench: Workbench, scored: Mapping[str, TaskData], seed: int
) -> Iterator[tuple[str, Score, TaskData, float]]:
    for target, data in scored.items():
        began = perf_counter()
        result = score(model, data, bench.recipe, bench.encoder.tokenizer, seed)
        yield target, result, data, perf_counter() - began


def floor_of(task: Task, data: TaskData) -> float:
    """What needs no model scores on the data: the task's floor, else chance, else 0."""
    return task.floor(data.validation) if task.floor else task.chance or 0.0
