"""Attribution: gradients of single examples, what many sub-networks at once add, and captum."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks import shapes, table
from benchmarks.memory import peak_bytes
from benchmarks.peers import one_by_one
from benchmarks.peers.captum_tracin import WAYS, Captum, NotThereError
from benchmarks.table import Options, Row, clock, interleaved, main, time_rows
from lnlib.base.device import default_device
from lnlib.papers.choenni.attribution.columns import Columns
from lnlib.papers.choenni.attribution.gradients import Gradients
from lnlib.papers.choenni.attribution.influence import Attribution
from lnlib.tasks.examples import Batch
from lnlib.tasks.ner import NER

VOCABULARY, LANGUAGES, MASKS = 1_000, 5, 31  # own, other and random masks of five languages


def rows(options: Options) -> list[Row]:
    # mini-mBERT's size, sentences of WikiAnn's and the gazetteer's length.
    batch = Attribution().batch
    layers, width, tokens, rounds = (6, 128, 28, 5)
    if options.toy:
        layers, width, batch, tokens, rounds = 2, 16, 2, 8, 2
    model = shapes.bert(layers, width, VOCABULARY).to(default_device()).eval()
    examples = _batch(batch, tokens)
    size = f"{layers} layers x {width}, {batch} examples x {tokens}"
    out = [*_gradients(model, examples, size, rounds), *_masks(model, examples, size, rounds)]
    if not options.toy:  # it takes an environment of its own
        out += captum(shapes.bert(layers, width, VOCABULARY).eval(), batch, tokens, 3)
    return out


def _gradients(model: torch.nn.Module, examples: Batch, size: str, rounds: int) -> list[Row]:
    ours = Gradients(model)
    ways = {
        "one by one": lambda: [0 for _ in one_by_one.gradients(model, NER, examples)],
        "ours": lambda: [0 for _ in ours.each(NER, examples)],
    }
    # 1 / 1.5: at least one and a half times the examples a second.
    targets = {"ours": "ratio <= 0.667"}
    out = time_rows("gradients of examples", size, interleaved(ways, rounds), "one by one", targets)
    wanted = torch.stack(list(one_by_one.gradients(model, NER, examples)))
    apart = float((ours(NER, examples) - wanted).norm() / wanted.norm())
    out.append(Row("gradients of examples", size, "ours", "difference", apart, "", None, "",
                   "value <= 1e-5", "of all gradients, relative to their norm"))  # fmt: skip
    return out


def _masks(model: torch.nn.Module, examples: Batch, size: str, rounds: int) -> list[Row]:
    gradients = Gradients(model)

    def columns(number: int) -> Columns:
        masks = [shapes.half(model, seed=seed) for seed in range(number)]
        made = Columns(masks, LANGUAGES, ("cosine",), True, device=default_device())
        seen = dict(gradients.each(NER, examples))
        for language in range(LANGUAGES):
            made.see(seen, torch.full((len(examples.labels),), language), 1 / len(examples.labels))
        return made

    made = {f"{number} masks": columns(number) for number in (1, MASKS)}
    seconds = interleaved(
        {
            who: lambda c=held: c.scores(gradients.each(NER, examples), len(examples.labels))
            for who, held in made.items()
        },
        rounds,
    )
    return time_rows(f"influence on {LANGUAGES} languages", size, seconds, "1 masks",
                     {f"{MASKS} masks": "ratio < 2"})  # fmt: skip


def captum(model: torch.nn.Module, batch: int, tokens: int, rounds: int) -> list[Row]:
    """TracIn of one checkpoint, products that are not normalised: what captum computes, too.

    The model loses the biases of its prunable layers: captum counts them, and no mask prunes them.
    """
    gradients = Gradients(model)
    layers = [f"bert.{name.removesuffix('.weight')}" for name in gradients.shapes]
    for name in layers:
        model.get_submodule(name).register_parameter("bias", None)
    test, train = _batch(max(1, batch // 4), tokens, 1), _batch(batch, tokens, 2)
    everything = {name: torch.ones(shape) for name, shape in gradients.shapes.items()}

    def ours() -> torch.Tensor:
        held = Columns([everything], len(test.labels), ("dot",), by_language=False)
        held.see(dict(gradients.each(NER, test)), torch.arange(len(test.labels)), 1.0)
        found = held.scores(gradients.each(NER, train), len(train.labels))
        return found["dot"][:, 0].T

    job = "influence without masks"
    size = f"{batch} training examples on {len(test.labels)}"
    given = [[*some.inputs.values(), some.labels] for some in (train, test)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            peer = Captum(Path(folder), model, layers, *given, table.chosen())
        except NotThereError as missing:
            return [Row(job, size, who, "time", status=f"not run: {missing}") for who in WAYS]
        try:
            seconds: dict[str, list[float]] = {who: [] for who in ("ours", *WAYS)}
            for number in range(1 + rounds):
                began = clock()
                ours()
                taken = {"ours": clock() - began, **{who: peer.ask(who) for who in WAYS}}
                for who in seconds if number else ():
                    seconds[who].append(taken[who])
            out = time_rows(job, size, {who: np.array(s) for who, s in seconds.items()}, "ours")
            grown = {"ours": peak_bytes(ours), **{who: peer.ask(who, "bytes") for who in WAYS}}
            for who, most in grown.items():
                out.append(Row(job, size, who, "memory", most, "bytes", note="growth at its peak"))
            wanted = ours()
            for who in WAYS:
                apart = float((peer.scores(who) - wanted).abs().max() / wanted.abs().max())
                out.append(Row(job, size, who, "difference", apart, "", None, "", "value <= 1e-4",
                               "of scores from ours, relative to the largest"))  # fmt: skip
            return out
        finally:
            peer.close()


def _batch(batch: int, tokens: int, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(5, VOCABULARY, (batch, tokens), generator=generator)
    labels = torch.randint(0, shapes.NER_LABELS, (batch, tokens), generator=generator)
    return Batch({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, labels)


if __name__ == "__main__":
    main("influence", rows)
