"""Tiny encoders with random weights, built in a second, laid out as transformers saves them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import torch
import transformers
from tokenizers.models import WordPiece

from lnlib.corpora import gazetteer
from lnlib.corpora.loading import Corpus
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.pretraining.recipe import Pretraining
from lnlib.pretraining.vocabulary import SPECIAL, train_tokenizer
from lnlib.tasks.task import TaskData, encode
from lnlib.training.recipe import Recipe

# Three steps of four sentences: enough for every line of a search to run.
RECIPE = Recipe(
    train_examples=24, validation_examples=12, steps=3, batch_size=4, learning_rate=2e-3,
    max_tokens=48, warmup=0.1,
)  # fmt: skip


def encoded(corpus: Corpus, tokenizer: object, recipe: Recipe) -> TaskData:
    """A corpus, cut as a recipe says."""
    sizes = recipe.train_examples, recipe.validation_examples
    return encode(TASKS[corpus.task], corpus, tokenizer, recipe.max_tokens, sizes)


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


@cache
def byte_tokenizer(begin: bool = True) -> transformers.PreTrainedTokenizerBase:
    """Byte-level pieces as RoBERTa's (`begin`: <s> and </s> around a text) or as GPT-2's.

    Beside all bytes there are `river`, and `Ġriver`, which has the space before it.
    """
    from tokenizers import Tokenizer, pre_tokenizers, processors
    from tokenizers.models import BPE

    merges = [("r", "i"), ("v", "e"), ("ve", "r"), ("ri", "ver"), ("Ġ", "river")]
    pieces = ["<s>", "<pad>", "</s>", "<mask>"]
    pieces += [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    backend = Tokenizer(BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = {"eos_token": "</s>"}
    if begin:
        backend.post_processor = processors.RobertaProcessing(
            ("</s>", 2), ("<s>", 0), add_prefix_space=False
        )
        special |= {"bos_token": "<s>", "pad_token": "<pad>", "mask_token": "<mask>"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=backend, **special)


def _small(**more: object) -> dict[str, object]:
    """A row of positions that the examples of RECIPE overrun, also in pieces of one byte."""
    return {**BERT, "vocab_size": 600, "max_position_embeddings": 42, **more}


_BART = {f"{half}_{what}": size for half in ("encoder", "decoder")
         for what, size in (("layers", 2), ("attention_heads", 2), ("ffn_dim", 32))}  # fmt: skip
# Architectures as their checkpoints are: one kind of segment, positions from behind the padding's,
# no padding token, no mask token.
FAMILIES = {
    "roberta": (lambda: transformers.RobertaConfig(**_small(type_vocab_size=1, pad_token_id=1)),
                byte_tokenizer),
    "camembert": (lambda: transformers.CamembertConfig(
        **_small(type_vocab_size=1, pad_token_id=1)), byte_tokenizer),
    "gpt2": (lambda: transformers.GPT2Config(
        vocab_size=600, n_positions=42, n_embd=16, n_layer=2, n_head=2, bos_token_id=2,
        eos_token_id=2), lambda: byte_tokenizer(False)),
    "deberta-v2": (lambda: transformers.DebertaV2Config(**_small(
        relative_attention=True, pos_att_type=["p2c", "c2p"])), tokenizer),
    "modernbert": (lambda: transformers.ModernBertConfig(**_small(
        pad_token_id=0, bos_token_id=2, eos_token_id=3, cls_token_id=2, sep_token_id=3)),
        tokenizer),
    "bart": (lambda: transformers.BartConfig(
        vocab_size=600, d_model=16, max_position_embeddings=42, eos_token_id=2, pad_token_id=1,
        forced_eos_token_id=None, decoder_start_token_id=2, **_BART), byte_tokenizer),
    "xlnet": (lambda: transformers.XLNetConfig(
        vocab_size=600, d_model=16, n_layer=2, n_head=2, d_inner=32), tokenizer),
}  # fmt: skip


def save_family(folder: Path, family: str) -> Path:
    """A random encoder of one of FAMILIES, with the head of MLM where the architecture has one."""
    torch.manual_seed(0)
    make, pieces = FAMILIES[family]
    config = make()
    try:
        model = transformers.AutoModelForMaskedLM.from_config(config)
    except ValueError:
        model = transformers.AutoModel.from_config(config)
    model.save_pretrained(folder)
    pieces().save_pretrained(folder)
    return folder
