"""What the pre-training is made of, number by number."""

from __future__ import annotations

from dataclasses import dataclass

from lnlib.base.hashes import of_settings, settings


@dataclass(frozen=True)
class Pretraining:
    """Every number of the recipe, with its reason."""

    tokens: int = 60_000_000  # padding not counted; two hours on two cores at 8,800 a second
    vocab_size: int = 12_000  # 2.8 M parameters: 5.5 MB in bf16, so the wheel stays small
    # Characters kept: some 2,100 Chinese ones cover 98 % of the Chinese text, and every character
    # more is a word piece less for the ten other languages.
    alphabet: int = 2_600
    hidden: int = 128  # width; 4 heads of 32
    layers: int = 6
    length: int = 64  # tokens of a text row; most sentences of the three tasks are shorter
    long_every: int = 8  # each 8th text batch has rows of 2 x length, to train the later positions
    # A short run gains most from many steps: for the same tokens the loss after 0.8 M tokens of
    # English was 6.5 nats with 1,024 a batch and 6.7 with 4,096. With 2,048 the optimizer takes
    # half the time it takes with 1,024.
    tokens_per_batch: int = 2_048
    learning_rate: float = 1e-3  # the usual one for BERTs this narrow; falls to 0 by a cosine
    # A short run of masked modelling alone stays on a plateau where context is hardly used. After
    # 1 M tokens of English it stood at 6.50 nats; with half of them spent on the next word first,
    # at 6.63 from random embeddings and 6.34 from counted ones (at a rate of 2e-3). This order also
    # does best for a fixed budget in Gisserot-Boukhlef et al. (2025).
    causal_until: float = 0.4  # share of the tokens that train the next word
    causal_rate: float = 0.25  # share of the places asked there; more costs more in logits
    warmup: float = 0.02
    weight_decay: float = 0.01  # BERT's
    initializer_range: float = 0.05  # BERT's 0.02 at width 768, scaled by sqrt(768 / 128)
    window: int = 4  # tokens either side that the first embeddings are counted from
    exponent: float = 0.7  # mBERT's language sampling
    mask_rate: float = 0.15  # BERT's, at the end and wherever a loss is reported
    mask_rate_start: float = 0.2  # falls linearly to it: at first more targets a token teach more
    gazetteer_every: float = 0.15  # share of batches; enough to meet every name a few times
    gazetteer_from: float = 0.3  # share of the tokens: records come once the words are there
    seed: int = 0

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when any number above does."""
        return of_settings(settings(self))


@dataclass(frozen=True)
class SpanPretraining:
    """Every number of mini-mT5's recipe, with its reason; as mini-mBERT's where none is given."""

    # Before spans are left out; as many as mini-mBERT saw, three hours of one core. Not run to the
    # end yet: after 1.4 M of them, whether a pair belongs together was still guessed.
    tokens: int = 60_000_000
    hidden: int = 128  # width; 4 heads of 32, as mini-mBERT, whose word embeddings it begins with
    layers: int = 3  # of the encoder, and as many of the decoder: 2.7 M weights in all
    vocab_size: int = 12_000  # mini-mBERT's pieces; sentinels follow
    sentinels: int = 32  # more than the spans of the longest row: 15 % of 128 tokens, three each
    length: int = 64
    long_every: int = 8
    tokens_per_batch: int = 1_024  # for many steps: that is what comparing two texts waits for
    learning_rate: float = 1e-2  # a share of the weights' size; T5's, but for the cosine to 0
    warmup: float = 0.02
    exponent: float = 0.7
    span_rate: float = 0.15  # share of the tokens that are left out; T5's
    span_length: int = 3  # tokens of a span on average; T5's
    # Pairs of a record, of which the second restates the first: to fill a span is then to look it
    # up. In other batches nothing is left out of pairs, half of them torn, and the answer is one
    # sentinel, as mini-mBERT is asked and mT5 is not: after 2.2 M tokens of spans alone, by AdamW,
    # 800 steps of inference in English ended at 34.5 %, where guessing has 33.3.
    gazetteer_every: float = 0.4  # share of batches
    asked_every: float = 0.4
    lines: int = 10_000  # of the gazetteer in each language
    pairs: int = 20_000  # of parts of a record in each, as mini-mBERT saw
    seed: int = 0

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when any number above does."""
        return of_settings(settings(self))


def sampling_shares(sizes: dict[str, int], exponent: float) -> dict[str, float]:
    """Share of each language: its size to the power of `exponent`, normalised to sum to 1."""
    total = sum(sizes.values())
    raised = {lang: (size / total) ** exponent for lang, size in sizes.items()}
    return {lang: value / sum(raised.values()) for lang, value in raised.items()}
