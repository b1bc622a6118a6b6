"""What word embeddings that no batch reads cost a training: time of a step, optimizer's memory.

Encoders with random weights and the shapes of mBERT and of multilingual-e5-small (its width and
vocabulary; heads of 64 in both). The sentences are made like those of WikiAnn's Urdu training side:
their numbers of word pieces are drawn from its quantiles (mBERT's tokenizer, 20,000 sentences), and
their pieces, by Zipf's law, from as many different ones as that side and its validation use, which
stand anywhere in the vocabulary. Batches of the paper's size, grouped by length as in a training;
those timed stand at even quantiles of the padded length. Both ways see the same batches and
dropout, and take their steps by `training.loop.fit`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import numpy as np
import torch
from torch import nn

from benchmarks import shapes
from benchmarks.round import RECIPE, quantiles
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.base.device import default_device
from lnlib.encoders import load_encoder
from lnlib.tasks.examples import Batch, Encoded, training_order
from lnlib.tasks.ner import NER
from lnlib.training.loop import fit
from lnlib.training.used_rows import only_rows

JOB = "training step of NER"
PEER = "all rows"
SENTENCES = 20_000
SHARES = (0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1)
PIECES = (5, 8, 10, 14, 16, 19, 22, 24, 28, 128)  # in a sentence, at these quantiles
WARM, TIMED = 2, 12  # steps; the first makes the optimizer's moments


def rows(options: Options) -> list[Row]:
    if options.toy:
        return measure(2, 16, 2_000, 100, 2, "ratio >= 1", "ratio <= 0.5")
    # The weights that stay are a half of mBERT's and 0.2 of e5's.
    return [
        *measure(12, 768, 119_547, 3_452, TIMED, "ratio >= 1.1", "ratio <= 0.5"),
        *measure(12, 384, 250_037, 5_243, TIMED, "ratio >= 1.4", "ratio <= 0.201"),
    ]


def measure(layers: int, width: int, vocabulary: int, used: int, steps: int, time_target: str,
            memory_target: str) -> list[Row]:  # fmt: skip
    """Time, memory and losses of both ways with `used` of `vocabulary` pieces in the data."""
    size = f"{layers} layers x {width}, {used:,} of {vocabulary:,} pieces used"
    pieces = np.random.default_rng(0).choice(np.arange(1, vocabulary), used, replace=False)
    batches = made(pieces, WARM + steps)
    ways, optimizers, losses = {}, {}, {}
    with ExitStack() as stack:
        for who in (PEER, "ours"):
            model = shapes.bert(layers, width, vocabulary).to(default_device())
            if who == "ours":
                assert stack.enter_context(only_rows(model, pieces))
            optimizers[who] = torch.optim.AdamW(
                model.parameters(), lr=RECIPE.learning_rate, weight_decay=0.0, fused=True
            )
            losses[who] = list[float]()
            ways[who] = _step(model, optimizers[who], batches, losses[who])
        seconds = interleaved(ways, steps, warm=WARM)
        held = {who: _bytes(optimizer) for who, optimizer in optimizers.items()}
    padded = float(np.mean([batch.labels.shape[1] for batch in batches[WARM:]]))
    note = f"{steps} batches of {RECIPE.batch_size}, on average {padded:.1f} pieces long"
    apart = float(np.abs(np.subtract(losses["ours"], losses[PEER])).max())
    return [
        *time_rows(JOB, size, seconds, "ours", {PEER: time_target}, dict.fromkeys(ways, note)),
        *(
            Row(JOB, size, who, "optimizer's memory", bytes_, "bytes", bytes_ / held[PEER], PEER,
                memory_target if who == "ours" else "")
            for who, bytes_ in held.items()
        ),
        Row(JOB, size, "ours", "difference", apart, "nats", None, "", "value <= 1e-4",
            f"largest difference of a loss in {WARM + steps} steps"),
    ]  # fmt: skip


def made(pieces: np.ndarray, count: int) -> list[Batch]:
    """`count` batches of a training on made sentences."""
    rng = np.random.default_rng(1)
    lengths = np.interp(rng.random(SENTENCES), SHARES, PIECES).astype(int)
    often = 1 / np.arange(1, len(pieces) + 1)
    ids = rng.choice(pieces, lengths.sum(), p=often / often.sum()).astype(np.int32)
    labels = rng.integers(0, shapes.NER_LABELS, len(ids), np.int32)
    none = np.zeros(len(ids), np.uint8)
    data = Encoded(ids, none, none == 1, np.concatenate([[0], np.cumsum(lengths)]), labels)
    order = training_order(lengths, RECIPE.batch_size, SENTENCES // RECIPE.batch_size, 0)
    tokenizer = load_encoder().tokenizer  # for what it pads with
    return [
        NER.collate(data, index, tokenizer, 0)
        for index in rng.permuted(np.array(quantiles(order, lengths, count)), axis=0)
    ]


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, batches: list[Batch],
          losses: list[float]) -> Callable[[], object]:  # fmt: skip
    """One training step at every call; its loss goes to `losses`."""

    def loss(model: nn.Module, batch: Batch) -> torch.Tensor:
        torch.manual_seed(len(losses))  # the same dropout for both ways
        return NER.loss(model, batch)[0]

    def step() -> None:
        steps = [(batches[len(losses)], RECIPE.learning_rate)]
        losses.extend(fit(model, steps, loss, optimizer, RECIPE.clip))

    return step


def _bytes(optimizer: torch.optim.Optimizer) -> int:
    """What an optimizer holds beside the weights and their gradients."""
    return sum(
        value.nbytes
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    )


if __name__ == "__main__":
    main("unused_rows", rows)
