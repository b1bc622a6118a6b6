"""Pre-train the encoders that ship, mini-mBERT and mini-mT5, in 11 languages.

mini-mBERT learns the next word, then masked words and next sentences (`masked`). Its recipe is
multilingual BERT's, scaled to what two CPU cores see in two hours:
languages sampled with exponent 0.7, tokens masked 80/10/10, pairs of segments of which half are
torn apart. Three things are not BERT's, because a run this short needs them: word embeddings start
from co-occurrence counts (`start`), the first part of the run predicts the next word, and three
batches in twenty are pairs from the gazetteer's training side, from `gazetteer_from` of the run on.

mini-mT5 is an encoder-decoder that learns to say what was left out of the gazetteer (`spans`).

A batch is a pure function of (seed, step), so a run that was stopped goes on from its last
checkpoint exactly where it stood. `notebooks/pretrain.ipynb` is the door to this module.
"""

from lnlib.pretraining.batches import Stream, encode_records, prepare
from lnlib.pretraining.card import export, write_card
from lnlib.pretraining.fine_tuning import worth
from lnlib.pretraining.loop import new_model, pretrain
from lnlib.pretraining.recipe import Pretraining, SpanPretraining
from lnlib.pretraining.spans import prepare as prepare_spans
from lnlib.pretraining.vocabulary import train_tokenizer

__all__ = [
    "Pretraining",
    "SpanPretraining",
    "Stream",
    "encode_records",
    "export",
    "new_model",
    "prepare",
    "prepare_spans",
    "pretrain",
    "train_tokenizer",
    "worth",
    "write_card",
]
