"""Attribution: gradients of single examples, and what many sub-networks at once add to them."""

from __future__ import annotations

import torch

from benchmarks import shapes
from benchmarks.peers import one_by_one
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.base.device import default_device
from lnlib.papers.choenni.attribution.columns import Columns
from lnlib.papers.choenni.attribution.gradients import Gradients
from lnlib.tasks.examples import Batch
from lnlib.tasks.ner import NER

VOCABULARY, LANGUAGES, MASKS = 1_000, 5, 31  # own, other and random masks of five languages


def rows(options: Options) -> list[Row]:
    # mini-mBERT's size, sentences of WikiAnn's and the gazetteer's length.
    layers, width, batch, tokens, rounds = (2, 16, 2, 8, 2) if options.toy else (6, 128, 32, 28, 9)
    model = shapes.bert(layers, width, VOCABULARY).to(default_device()).eval()
    examples = _batch(batch, tokens)
    size = f"{layers} layers x {width}, {batch} examples x {tokens}"
    return [*_gradients(model, examples, size, rounds), *_masks(model, examples, size, rounds)]


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


def _batch(batch: int, tokens: int) -> Batch:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(5, VOCABULARY, (batch, tokens), generator=generator)
    labels = torch.randint(0, shapes.NER_LABELS, (batch, tokens), generator=generator)
    return Batch({"input_ids": ids, "attention_mask": torch.ones_like(ids)}, labels)


if __name__ == "__main__":
    main("influence", rows)
