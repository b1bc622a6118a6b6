"""The finished encoder as transformers loads it, with its model card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lnlib.pretraining.fine_tuning import FINE_TUNING
from lnlib.pretraining.loop import Recipe, network_of, new_model
from lnlib.pretraining.recipe import SpanPretraining, sampling_shares

NOT_STATED = "What the text was is not stated."


def export(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    log: Path,
    folder: Path,
    recipe: Recipe,
    sizes: dict[str, int],
    data: str = NOT_STATED,
) -> None:
    """Write the encoder as transformers loads it (bf16 safetensors), its recipe and its card.

    Parameters:

    - `model`, `tokenizer`: what was trained.
    - `log`: the run's log.
    - `folder`: where it goes.
    - `recipe`: how it was trained.
    - `sizes`: tokens of text there were in each language.
    - `data`: says for the card what text.
    """
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n")
    (folder / "log.jsonl").write_bytes(log.read_bytes())  # so that the card can be written again
    write_sizes(folder, sizes, recipe)
    write_card(folder, recipe, data=data)


def write_sizes(folder: Path, sizes: dict[str, int], recipe: Recipe) -> None:
    """`text.csv`: tokens of text in each language, and its share (0..1) of the batches of text."""
    shares = sampling_shares(sizes, recipe.exponent)
    table = pd.DataFrame({"tokens": sizes, "share": shares}).rename_axis("lang")
    table.to_csv(folder / "text.csv", float_format="%.4f", lineterminator="\n")


def write_card(folder: Path, recipe: Recipe, worth: pd.DataFrame | None = None,
               data: str = NOT_STATED) -> None:  # fmt: skip
    """The model card: what text it was (`data`, in whole sentences of Markdown), `text.csv`, the
    last line of the run's log, and `worth`'s table if given."""
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    text = pd.read_csv(folder / "text.csv", index_col="lang")
    rows = "\n".join(
        f"| {lang} | {text.tokens[lang]:,} | {text.share[lang]:.1%} | {loss:.2f} |"
        for lang, loss in last[f"held_out_{network_of(recipe).REPORTED}"].items()
    )
    weights = sum(p.numel() for p in new_model(recipe).parameters())
    card = (_SPANS_CARD if isinstance(recipe, SpanPretraining) else _CARD).format(
        rows=rows, weights=weights / 1e6, pair=last["train"].get("pair"), data=data,
        **{**asdict(recipe), **last},
    )  # fmt: skip
    if worth is not None:
        lines = [
            f"| {r.lang} | {r.random:.1f} | {r.pretrained:.1f} | {r.pretrained - r.random:+.1f} |"
            for r in worth.itertuples()
        ]
        gain = (worth.pretrained - worth.random).mean()
        card += _WORTH.format(
            lines="\n".join(lines), gain=gain, languages=len(worth), **asdict(FINE_TUNING)
        )
    (folder / "README.md").write_text(card)


_CARD = """---
license: cc-by-sa-4.0
language: [en, fr, de, zh, ru, es, fa, ur, ar, hi, sw]
library_name: transformers
---

# mini-mBERT

A BERT of {layers} layers and width {hidden}, {weights:.2f} M weights in all, with a cased WordPiece
vocabulary of {vocab_size:,} pieces for eleven languages. It is there so that the tickets of this
project can be searched in minutes on two CPU cores; it is no stand-in for mBERT in anything else.

**Training.** {tokens:,} tokens seen in {step:,} steps, languages sampled with exponent {exponent},
no dropout. The word embeddings start from co-occurrence counts (positive pointwise mutual
information, singular vectors); the first {causal_until:.0%} of the run predicts the next word, the
rest masked words and the next sentence, as BERT does. Every number of the recipe is in
`recipe.json`, with reasons in `lnlib/pretraining/recipe.py`. To make it again (the text is
not part of the project; its folder is laid out like the hub, `LANG/train-*.parquet` with a column
`text`):

    papermill notebooks/pretrain.ipynb out.ipynb -p text_dir FOLDER

**Data.** {data}
From {gazetteer_from:.0%} of the run on, {gazetteer_every:.0%} of the batches are pairs from the
training side of the gazetteer (Unicode CLDR, Unicode licence).

**Text and held-out loss.** Tokens of text there are, the language's share of the batches of text,
and masked cross-entropy in nats on fixed batches of held-out text, {mask_rate:.0%} of the tokens
masked. Languages share the vocabulary unequally, so compare a language's loss only with itself.

| language | tokens | share | loss (nats) |
|:--|--:|--:|--:|
{rows}

Next-sentence loss on the last training batches: {pair:.3f} nats (guessing: 0.693).
"""

_SPANS_CARD = """---
license: cc-by-sa-4.0
language: [en, fr, de, zh, ru, es, fa, ur, ar, hi, sw]
library_name: transformers
---

# mini-mT5

An mT5 of {layers} layers on either side and width {hidden}, {weights:.2f} M weights in all, with
mini-mBERT's vocabulary and {sentinels} sentinels. It is there so that what the paper says of mT5
can be tried in minutes on a CPU; it is no stand-in for mT5 in anything else.

**Training.** {tokens:,} tokens in {step:,} steps, no dropout. {span_rate:.0%} of the tokens are
left out, in spans of {span_length} on average, and the decoder says them (T5's objective). In
{asked_every:.0%} of the batches nothing is left out of pairs of texts, and the decoder says whether
they belong together, as mini-mBERT is asked and mT5 is not. Embeddings are tied, and begin as
mini-mBERT's. Every number of the recipe is in `recipe.json`, with reasons in
`lnlib/pretraining/recipe.py`. To make it again, with nothing to download:

    papermill notebooks/pretrain.ipynb out.ipynb -p network mini-mt5

**Data.** The training side of the gazetteer (Unicode CLDR, Unicode licence), in eleven languages:
pairs that mostly restate a part of a record, of which spans are left out in {gazetteer_every:.0%}
of the batches, and lines, with languages sampled with exponent {exponent}. It has seen no running
text but by way of mini-mBERT's word embeddings, whose card says what that was.

**Text and held-out loss.** Tokens of lines there are, the language's share of the batches of lines,
and cross-entropy of what was left out, in nats, on fixed batches of lines with held-out names.
Languages share the vocabulary unequally, so compare a language's loss only with itself.

| language | tokens | share | loss (nats) |
|:--|--:|--:|--:|
{rows}
"""

_WORTH = """
**What the pre-training is worth.** F1 (points) on WikiAnn's validation side after fine-tuning on
its training side, {steps} steps of {batch_size}, one seed: the same network from random weights,
and from these. Mean gain over {languages} languages: {gain:+.1f}.

| language | random weights | mini-mBERT | gain |
|:--|--:|--:|--:|
{lines}
"""
