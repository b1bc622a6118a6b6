"""mini-mT5's network and what it is asked: the spans that were left out of a text.

T5's objective (Raffel et al. 2020), and mT5's network by configuration. Of some pairs nothing is
left out, and the decoder says whether they belong together, as mini-mBERT is asked. All text is the
gazetteer's training side. The vocabulary is mini-mBERT's with a sentinel for each span; the word
embeddings begin as mini-mBERT's, so what is known of running text is in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from transformers import MT5Config, MT5ForConditionalGeneration, PreTrainedTokenizerFast
from transformers.models.mt5.modeling_mt5 import MT5Attention

from lnlib.corpora import gazetteer
from lnlib.encoders import load_encoder
from lnlib.pretraining.batches import Records, Stream, encode_records
from lnlib.pretraining.recipe import SpanPretraining
from lnlib.pretraining.vocabulary import PAD, SEP
from lnlib.tasks.examples import IGNORE, Batch, said_before
from lnlib.tasks.losses import cross_entropy

REPORTED = "spans"  # the loss that is reported on held-out text
_HELD_OUT = 500  # lines of held-out names a language; its reported loss reads about all


@dataclass(kw_only=True)
class SpanBatch(Batch):
    """B rows without their spans, and as labels, (B, T), each span behind its sentinel."""

    tokens: int  # of the rows as they were
    asked: bool = False  # whether nothing is left out, and the answer says whether a pair is torn


def prepare(
    recipe: SpanPretraining,
) -> tuple[PreTrainedTokenizerFast, dict[str, Stream], dict[str, Stream], Records]:
    """Tokenizer, lines of the gazetteer by language (train, validation), and pairs of records."""
    tokenizer = load_encoder().tokenizer
    tokenizer.eos_token = tokenizer.sep_token
    streams = []
    for split, lines in (("train", recipe.lines), ("validation", _HELD_OUT)):
        read = {
            lang: [line["text"] for line in gazetteer.load("mlm", lang, split, lines)]
            for lang in gazetteer.LANGS
        }
        streams.append({lang: Stream.encode(text, tokenizer) for lang, text in read.items()})
    records = encode_records(tokenizer, list(gazetteer.LANGS), recipe.pairs)
    sentinels = [f"<extra_id_{number}>" for number in range(recipe.sentinels)]  # T5's names
    tokenizer.add_special_tokens({"additional_special_tokens": sentinels})
    return tokenizer, streams[0], streams[1], records


def new_model(recipe: SpanPretraining) -> MT5ForConditionalGeneration:
    """An mT5 of the recipe's size with seeded random weights; no dropout, as it never overfits.

    Embeddings are tied, as T5's: apart, the second table would be half of the checkpoint.
    """
    torch.manual_seed(recipe.seed)
    model = MT5ForConditionalGeneration(
        MT5Config(
            vocab_size=recipe.vocab_size + recipe.sentinels,
            d_model=recipe.hidden,
            d_kv=32,
            num_heads=recipe.hidden // 32,
            d_ff=2 * recipe.hidden,  # three matrices, as it is gated; mT5's ratio
            num_layers=recipe.layers,
            num_decoder_layers=recipe.layers,
            dropout_rate=0.0,
            tie_word_embeddings=True,
            pad_token_id=PAD,
            decoder_start_token_id=PAD,
            eos_token_id=SEP,
        )
    )
    with torch.no_grad():
        # T5's scale of the logits under tied embeddings.
        model.decoder.final_layer_norm.weight.fill_(recipe.hidden**-0.5)
        # Keys begin as queries, so that a head begins by looking for what is alike (Trockman and
        # Kolter 2023): a run this short has no time to find that out.
        for part in model.modules():
            if isinstance(part, MT5Attention):
                part.k.weight.copy_(part.q.weight * part.key_value_proj_dim**0.5)
    return model


def start(model: MT5ForConditionalGeneration, _train: object, _shares: object,
          recipe: SpanPretraining) -> None:  # fmt: skip
    """Set the word embeddings of a new model to mini-mBERT's, at the scale that random ones have.

    Sentinels stay as drawn.
    """
    rows = load_encoder().bare().get_parameter("embeddings.word_embeddings.weight").data
    model.shared.weight.data[: recipe.vocab_size] = rows / rows.std()


def optimizer(model: MT5ForConditionalGeneration, recipe: SpanPretraining) -> torch.optim.Optimizer:
    """Adafactor, T5's: its steps are shares of a weight's size. T5's queries begin sixty times as
    small as its embeddings, so no one step of AdamW fits both."""
    return torch.optim.Adafactor(model.parameters(), lr=recipe.learning_rate)


def losses(model: MT5ForConditionalGeneration, batch: SpanBatch) -> dict[str, torch.Tensor]:
    """Cross-entropy of the spans that were left out, with their sentinels, or of the answer, in
    nats."""
    return {"pair" if batch.asked else REPORTED: cross_entropy(model, batch)[0]}


def step_batch(step: int, progress: float, train: dict[str, Stream], shares: dict[str, float],
               records: Records, recipe: SpanPretraining) -> SpanBatch:  # fmt: skip
    """The batch of a step, from the seed and the step alone.

    Parameters:

    - `step`, `progress`: how far the run is, in steps and from 0 to 1; the latter changes nothing.
    - `train`, `shares`: text by language, and how often each is drawn.
    - `records`: pairs of the gazetteer, by language.
    - `recipe`: what is drawn, and how often.
    """
    rng = np.random.default_rng([recipe.seed, 0, step])
    kind = rng.random()
    if kind < recipe.gazetteer_every + recipe.asked_every:
        count = recipe.tokens_per_batch // 32  # a pair has 33 tokens on average
        torn = rng.random(count) < (0.5 if kind < recipe.asked_every else 0.0)
        rows = _pairs(records, torn, recipe, rng)
        if kind < recipe.asked_every:
            return asked(rows, torn, recipe)
        return corrupted(rows, recipe, rng)
    stretch = 2 if step % recipe.long_every == recipe.long_every - 1 else 1
    return _text(train, shares, stretch * recipe.length, recipe, rng)


def held_out_batch(stream: Stream, recipe: SpanPretraining, rng: np.random.Generator) -> SpanBatch:
    """A batch of one language's held-out text."""
    return _text({"": stream}, {"": 1.0}, recipe.length, recipe, rng)


def _text(streams: dict[str, Stream], shares: dict[str, float], length: int,
          recipe: SpanPretraining, rng: np.random.Generator) -> SpanBatch:  # fmt: skip
    count = recipe.tokens_per_batch // length
    langs = rng.choice(list(shares), count, p=list(shares.values()))
    return corrupted([streams[lang].segment(rng, length - 1) for lang in langs], recipe, rng)


def _pairs(records: Records, torn: np.ndarray, recipe: SpanPretraining,
           rng: np.random.Generator) -> list[np.ndarray]:  # fmt: skip
    """A row for each of `torn`: both parts of a record, or the second of another one."""
    rows = []
    for other in torn:
        pairs = records[str(rng.choice(sorted(records)))]
        first, second = pairs[int(rng.integers(len(pairs)))]
        if other:
            second = pairs[int(rng.integers(len(pairs)))][1]
        rows.append(np.concatenate([first, [SEP], second])[: 2 * recipe.length - 1])
    return rows


def asked(rows: list[np.ndarray], torn: np.ndarray, recipe: SpanPretraining) -> SpanBatch:
    """Whole rows, and as labels a sentinel: the first for parts of one record, else the second."""
    answers = [np.array([recipe.vocab_size + int(other), SEP]) for other in torn]
    return _batch([np.append(row, SEP) for row in rows], answers, sum(map(len, rows)), asked=True)


def corrupted(rows: list[np.ndarray], recipe: SpanPretraining,
              rng: np.random.Generator) -> SpanBatch:  # fmt: skip
    """Rows of token ids without a share of their tokens, and these as labels."""
    pairs = [_without_spans(row, spans(len(row), recipe, rng), recipe.vocab_size) for row in rows]
    read, said = ([pair[side] for pair in pairs] for side in (0, 1))
    return _batch(read, said, sum(map(len, rows)))


def _batch(read: list[np.ndarray], said: list[np.ndarray], tokens: int,
           asked: bool = False) -> SpanBatch:  # fmt: skip
    ids, labels = _padded(read, PAD), _padded(said, IGNORE)
    inputs = {"input_ids": ids, "attention_mask": (ids != PAD).astype(np.int64),
              "decoder_input_ids": said_before(labels, PAD)}  # fmt: skip
    return SpanBatch(
        inputs={name: torch.from_numpy(values) for name, values in inputs.items()},
        labels=torch.from_numpy(labels),
        tokens=tokens,
        asked=asked,
    )


def spans(length: int, recipe: SpanPretraining, rng: np.random.Generator) -> np.ndarray:
    """(length,) int64: the number of the span that a token is in, -1 where it stays.

    As T5 draws them: a share of the tokens, in spans of some length on average, each behind one
    token at least that stays.
    """
    asked = min(max(round(recipe.span_rate * length), 1), length - 1)
    count = min(max(round(asked / recipe.span_length), 1), length - asked, recipe.sentinels)
    lengths = np.stack([_parts(length - asked, count, rng), _parts(asked, count, rng)], axis=1)
    numbers = np.stack([np.full(count, -1), np.arange(count)], axis=1)
    return np.repeat(numbers.ravel(), lengths.ravel())


def _parts(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Lengths of `count` parts, one token at least each, all ways to cut being as likely."""
    cuts = np.sort(rng.choice(length - 1, count - 1, replace=False)) + 1
    return np.diff(np.concatenate([[0], cuts, [length]]))


def _without_spans(row: np.ndarray, which: np.ndarray,
                   first: int) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """What is read, each span a sentinel, and what is said, each span behind it; both to an end."""
    begins = np.flatnonzero((which >= 0) & (np.diff(which, prepend=-1) != 0))
    sentinels = first + which[begins]
    read = row.copy()
    read[begins] = sentinels
    stays = which < 0
    stays[begins] = True
    said = np.insert(row, begins, sentinels)[np.insert(which, begins, which[begins]) >= 0]
    return np.append(read[stays], SEP), np.append(said, SEP)


def _padded(rows: list[np.ndarray], filler: int) -> np.ndarray:
    out = np.full((len(rows), max(map(len, rows))), filler, np.int64)
    for place, row in zip(out, rows, strict=True):
        place[: len(row)] = row
    return out
