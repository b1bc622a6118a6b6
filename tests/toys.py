"""Tiny encoders with random weights, built in a second, laid out as transformers saves them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import torch
import transformers
from tokenizers.models import WordPiece

from lnlib.corpora import gazetteer
from lnlib.pretraining.recipe import Pretraining
from lnlib.pretraining.vocabulary import SPECIAL, train_tokenizer
from lnlib.training.recipe import Recipe

# Three steps of four sentences: enough for every line of a search to run.
RECIPE = Recipe(
    train_examples=24, validation_examples=12, steps=3, batch_size=4, learning_rate=2e-3,
    max_tokens=48, warmup=0.1,
)  # fmt: skip


@cache
def tokenizer() -> transformers.PreTrainedTokenizerBase:
    """A vocabulary of 600 pieces over English, Urdu and Chinese gazetteer lines, always the same.

    The trainer breaks ties as it likes, so its vocabulary, and every score, differ from one process
    to the next: the pieces are chosen here, the commonest characters and words.
    """
    texts = {
        lang: [line["text"] for line in gazetteer.load("mlm", lang, "train", 300)]
        for lang in ("en", "ur", "zh")
    }
    made = train_tokenizer(texts, Pretraining(vocab_size=600, alphabet=300, length=64))
    split = made.backend_tokenizer.pre_tokenizer.pre_tokenize_str
    words = Counter(word for lines in texts.values() for line in lines for word, _ in split(line))
    letters = [letter for letter, _ in Counter("".join(words.elements())).most_common(200)]
    pieces = [*SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    pieces += [word for word, _ in words.most_common() if len(word) > 1]
    vocabulary = {piece: number for number, piece in enumerate(pieces[:600])}
    made.backend_tokenizer.model = WordPiece(vocabulary, unk_token="[UNK]")
    return made


def _size(**more: float) -> dict[str, float]:
    return {"vocab_size": len(tokenizer()), "pad_token_id": 0, **more}


# Words differ enough for three steps to tag them differently. At the usual 0.02 every word got the
# same tag, every F1 was 0.0, and a comparison of scores compared nothing.
INIT = 0.3
BERT = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 32, "max_position_embeddings": 128,
        "initializer_range": INIT}  # fmt: skip
CONFIGS = {
    "bert": lambda: transformers.BertConfig(**_size(**BERT)),
    "xlm-roberta": lambda: transformers.XLMRobertaConfig(**_size(**BERT)),
    "distilbert": lambda: transformers.DistilBertConfig(
        **_size(dim=16, n_layers=2, n_heads=2, hidden_dim=32, max_position_embeddings=128)
    ),
    "llama": lambda: transformers.LlamaConfig(
        **_size(**{**BERT, "num_key_value_heads": 2}, bos_token_id=2, eos_token_id=3)
    ),
    "mt5": lambda: transformers.MT5Config(
        **_size(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2),
        decoder_start_token_id=0, eos_token_id=3,
    ),
}  # fmt: skip


def save_encoder(folder: Path, kind: str = "bert", seed: int = 0) -> Path:
    """A random encoder of one architecture in `folder`, with its tokenizer."""
    torch.manual_seed(seed)
    classes = {"bert": transformers.BertForPreTraining, "llama": transformers.LlamaForCausalLM}
    config = CONFIGS[kind]()
    classes.get(kind, transformers.AutoModel)  # a checkpoint with heads where there is one
    model = classes[kind](config) if kind in classes else transformers.AutoModel.from_config(config)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder
