"""A NER round at the paper's shapes: real sentences, mBERT's tokenizer and shape, random weights.

The official recipe pads to 128 tokens and multiplies masks in hooks; ours is
`training.loop.train`. Both start from the same weights and mask, in batches of the paper's size. A
round has 1,875 steps; a few are timed. Ours takes as long as its sentences: its batches stand at
even quantiles of an epoch's batches by padded length, so that a few of them cost what an average
batch costs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from unittest import mock

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from benchmarks import shapes, table
from benchmarks.peers import padded_round
from benchmarks.table import Options, Row, main
from lnlib import load
from lnlib.corpora.loading import Corpus
from lnlib.papers.foroutan.scales import SCALES
from lnlib.tasks.examples import training_order
from lnlib.tasks.ner import NER
from lnlib.tasks.task import TaskData, encode
from lnlib.training import loop
from lnlib.training.recipe import Recipe

JOB = "one NER round"
LANG = "en"
RECIPE = SCALES["paper"].recipes["ner"]
TOKENIZER = "bert-base-multilingual-cased-tokenizer"
PEER = "pad to 128, hooks (official)"


def rows(options: Options) -> list[Row]:
    return measure(options, official_steps=2, our_steps=8, repeats=2, target="ratio >= 5")


def measure(options: Options, official_steps: int, our_steps: int, repeats: int,
            target: str) -> list[Row]:  # fmt: skip
    """Examples per second of both ways; they take turns, and first steps are left out."""
    size = "toy" if options.toy else f"mBERT shape, batch {RECIPE.batch_size}, {LANG}"
    if not (options.data_dir or options.toy):
        status = "not run: needs --data-dir"
        target_of = {"ours": target, PEER: ""}
        return [
            Row(JOB, size, who, "throughput", unit="examples a second", target=goal, status=status)
            for who, goal in target_of.items()
        ]
    found, tokenizer, recipe = data(options)
    order = training_order(found.train.lengths, recipe.batch_size, epoch(found, recipe), 0)
    typical = quantiles(order, found.train.lengths, our_steps)
    seconds: dict[str, list[float]] = {"ours": [], PEER: []}
    some = quantiles(order, found.train.lengths, official_steps)
    for _ in range(repeats):
        seconds["ours"].append(_ours(options.toy, found, tokenizer, recipe, typical))
        seconds[PEER].append(_official(options.toy, found, tokenizer, recipe, some))
    rate = {who: recipe.batch_size / float(np.median(times)) for who, times in seconds.items()}
    tokens = float(np.mean([found.train.lengths[index].mean() for index in order]))
    padded = float(np.mean([found.train.lengths[index].max() for index in order]))
    here = float(np.mean([found.train.lengths[index].max() for index in typical]))
    notes = {
        "ours": f"{len(typical)} steps; a sentence has {tokens:.1f} tokens, {padded:.1f} padded in "
        f"its batch ({here:.1f} in the batches timed)",
        PEER: f"{official_steps} steps; every sentence has {recipe.max_tokens} tokens",
    }
    gain = float(np.median(np.array(seconds[PEER]) / np.array(seconds["ours"])))
    return [
        Row(JOB, size, "ours", "throughput", rate["ours"], "examples a second", gain, PEER, target,
            notes["ours"]),
        Row(JOB, size, PEER, "throughput", rate[PEER], "examples a second", 1.0, PEER, "",
            notes[PEER]),
        *(
            Row(JOB, size, who, "time a step", float(np.median(times)), "s")
            for who, times in seconds.items()
        ),
    ]  # fmt: skip


def _ours(toy: bool, found: TaskData, tokenizer: PreTrainedTokenizerBase, recipe: Recipe,
          batches: list[np.ndarray]) -> float:  # fmt: skip
    model = network(toy, len(tokenizer), len(found.labels))
    mask = shapes.half(model)
    order = [batches[0], *batches]
    steps = replace(recipe, steps=len(order))
    with mock.patch.object(loop, "training_order", lambda *_: order):
        return _seconds(
            lambda clock: loop.train(model, found, steps, tokenizer, 0, mask, progress=clock),
            len(batches),
        )


def _official(toy: bool, found: TaskData, tokenizer: PreTrainedTokenizerBase, recipe: Recipe,
              batches: list[np.ndarray]) -> float:  # fmt: skip
    model = network(toy, len(tokenizer), len(found.labels))
    mask = shapes.half(model)
    order = [batches[0], *batches]
    return _seconds(
        lambda clock: padded_round.train(model, found.train, order, recipe, mask, clock),
        len(batches),
    )


def network(toy: bool, vocabulary: int, labels: int) -> torch.nn.Module:
    """An encoder of mBERT's shape under a NER head, random weights."""
    return shapes.bert(*((2, 16) if toy else (12, 768)), vocabulary, labels)


def epoch(data: TaskData, recipe: Recipe) -> int:
    """Steps of one epoch."""
    return -(-len(data.train) // recipe.batch_size)


def quantiles(order: list[np.ndarray], lengths: np.ndarray, count: int) -> list[np.ndarray]:
    """`count` whole batches of an epoch, at even quantiles of their padded length."""
    full = [index for index in order if len(index) == len(order[0])] or order
    ranked = sorted(full, key=lambda index: int(lengths[index].max()))
    return [ranked[int((n + 0.5) * len(ranked) / count)] for n in range(count)]


def data(options: Options) -> tuple[TaskData, PreTrainedTokenizerBase, Recipe]:
    """Real sentences and mBERT's tokenizer; for a toy the gazetteer and mini-mBERT's."""
    if options.data_dir is None:
        from lnlib.encoders import load_encoder

        recipe = replace(RECIPE, train_examples=200, validation_examples=10, batch_size=4,
                         max_tokens=64)  # fmt: skip
        tokenizer = load_encoder().tokenizer
        return _encoded(load("ner", "en", "demo"), tokenizer, recipe), tokenizer, recipe
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(Path(options.data_dir) / TOKENIZER)
    corpus = load("ner", LANG, "paper", options.data_dir)
    recipe = replace(RECIPE, batch_size=4) if options.toy else RECIPE
    return _encoded(corpus, tokenizer, recipe), tokenizer, recipe


def _encoded(corpus: Corpus, tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> TaskData:
    sizes = recipe.train_examples, recipe.validation_examples
    return encode(NER, corpus, tokenizer, recipe.max_tokens, sizes)


def _seconds(run: Callable[[Callable | None], object], steps: int) -> float:
    """Seconds a step of a run of `steps` and one more.

    The first step makes the optimizer's moments: on a CPU it is left out. On a GPU the whole run is
    timed, since a clock that reads each loss would hold it up, and one step in hundreds is nothing.
    """
    if torch.cuda.is_available():
        began = perf_counter()
        run(None)
        torch.cuda.synchronize()
        return (perf_counter() - began) / (steps + 1)
    ends: list[float] = []
    run(lambda _step, _loss: ends.append(table.clock()))
    return (ends[-1] - ends[0]) / steps


if __name__ == "__main__":
    main("round", rows)
