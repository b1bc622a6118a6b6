"""Text and records as token ids, and batches of segment pairs made of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import PreTrainedTokenizerFast

from lnlib.base.errors import UserError
from lnlib.base.files import replacing
from lnlib.base.hashes import short
from lnlib.pretraining.recipe import Pretraining
from lnlib.pretraining.vocabulary import CLS, MASK, PAD, SEP, SPECIAL, train_tokenizer
from lnlib.tasks.examples import Batch
from lnlib.tasks.mlm import mask_tokens, pick_tokens

Records = dict[str, list[tuple[np.ndarray, np.ndarray]]]  # by language, pairs as token ids


@dataclass(frozen=True)
class Stream:
    """One language's text as a flat array of token ids, and where each document starts."""

    ids: np.ndarray  # int32, all documents one after another
    starts: np.ndarray  # int64, offset of each document

    @classmethod
    def encode(cls, documents: list[str], tokenizer: PreTrainedTokenizerFast) -> Stream:
        pieces = tokenizer(documents, add_special_tokens=False)["input_ids"]
        lengths = np.array([len(p) for p in pieces])
        ids = np.fromiter((i for p in pieces for i in p), dtype=np.int32, count=int(lengths.sum()))
        return cls(ids, np.concatenate([[0], np.cumsum(lengths)[:-1]]))

    def segment(self, rng: np.random.Generator, length: int) -> np.ndarray:
        """`length` consecutive tokens, from the start of a document where one is near."""
        at = int(rng.integers(0, len(self.ids) - length))
        start = int(self.starts[np.searchsorted(self.starts, at, side="right") - 1])
        at = start if at - start < length and start + length < len(self.ids) else at
        return self.ids[at : at + length]


@dataclass(kw_only=True)
class PairBatch(Batch):
    """B rows of two segments, without attention_mask where no row is padded.

    Labels are the tokens at `picked`, (P,); if causal, those that come next.
    """

    torn: torch.Tensor  # (B,) int64, 1 where the second segment is from elsewhere
    tokens: int  # real tokens
    causal: bool = False  # a token sees only those before it


def make_batch(rows: list[tuple[np.ndarray, np.ndarray, bool]], rate: float, vocab: int,
               rng: np.random.Generator, causal: bool = False) -> PairBatch:  # fmt: skip
    """Lay out (first, second, torn) segments as `[CLS] first [SEP] second [SEP]`, ask a share
    `rate` of the words: masked, or if `causal` from what comes before them."""
    length = max(len(a) + len(b) + 3 for a, b, _ in rows)
    ids = np.full((len(rows), length), PAD, dtype=np.int64)
    segments = np.zeros_like(ids)
    for row, (a, b, _) in enumerate(rows):
        ids[row, : len(a) + len(b) + 3] = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        segments[row, len(a) + 2 : len(a) + len(b) + 3] = 1
    attention = ids != PAD
    words = np.flatnonzero(ids.ravel() > MASK)
    if causal:
        asked = pick_tokens(words, rate, rng)
        targets = ids.ravel()[asked]
    else:
        others = len(SPECIAL), vocab
        asked, targets = mask_tokens(ids.ravel(), words, rate, MASK, others, rng)
    inputs = {"input_ids": torch.from_numpy(ids), "token_type_ids": torch.from_numpy(segments)}
    if not attention.all():
        inputs["attention_mask"] = torch.from_numpy(attention.astype(np.int64))
    return PairBatch(
        inputs=inputs,
        labels=torch.from_numpy(targets),
        picked=torch.from_numpy(asked - causal),  # a word is never a row's first token: [CLS] is
        torn=torch.tensor([int(torn) for _, _, torn in rows]),
        tokens=int(attention.sum()),
        causal=causal,
    )


def text_batch(streams: dict[str, Stream], shares: dict[str, float], length: int, rate: float,
               recipe: Pretraining, rng: np.random.Generator,
               causal: bool = False) -> PairBatch:  # fmt: skip
    """Rows of `length` tokens of running text, half of them with a second segment torn away.

    Parameters:

    - `streams`: text by language.
    - `shares`: how often each language is drawn, 0 to 1.
    - `length`: T.
    - `rate`: the share of words asked for.
    - `recipe`: the number of tokens in a batch, and of pieces.
    - `rng`: what is drawn from.
    - `causal`: ask for the next word, not for a masked one.
    """
    langs = rng.choice(list(shares), recipe.tokens_per_batch // length, p=list(shares.values()))
    rows = []
    for lang in langs:
        whole = streams[lang].segment(rng, length - 3)
        cut = int(rng.integers(length // 4, 3 * length // 4))
        torn = bool(rng.random() < 0.5)
        second = streams[lang].segment(rng, length - 3 - cut) if torn else whole[cut:]
        rows.append((whole[:cut], second, torn))
    return make_batch(rows, rate, recipe.vocab_size, rng, causal)


def record_batch(records: Records, rate: float,
                 recipe: Pretraining, rng: np.random.Generator,
                 causal: bool = False) -> PairBatch:  # fmt: skip
    """Pairs of gazetteer record parts, half of them with another record's second part."""
    rows, tokens = [], 0
    while tokens < recipe.tokens_per_batch:
        pairs = records[str(rng.choice(sorted(records)))]
        first, second = pairs[int(rng.integers(len(pairs)))]
        torn = bool(rng.random() < 0.5)
        if torn:
            second = pairs[int(rng.integers(len(pairs)))][1]
        room = 2 * recipe.length - 3
        rows.append((first[: room // 2], second[: room - min(len(first), room // 2)], torn))
        tokens += len(rows[-1][0]) + len(rows[-1][1]) + 3
    return make_batch(rows, rate, recipe.vocab_size, rng, causal)


def read_texts(folder: Path, split: str) -> dict[str, list[str]]:
    """Documents per language from a folder laid out like the hub: LANG/SPLIT-*.parquet.

    A language's shards follow each other in the order of their names. Raises UserError where no
    language has one, and for one that cannot be read or has no text.
    """
    texts: dict[str, list[str]] = {}
    for path in _shards(folder, split):
        texts.setdefault(path.parent.name, []).extend(_documents(path))
    return texts


def _documents(path: Path) -> list[str]:
    import pandas as pd

    try:
        found = pd.read_parquet(path, columns=["text"])["text"].tolist()
    except Exception as cause:  # pyarrow's errors have no common ancestor
        why = " ".join(str(cause).split())[:300]
        raise UserError(f"{str(path)!r} has no column 'text' that can be read: {why}") from cause
    for document in found:
        if not isinstance(document, str):
            raise UserError(f"{str(path)!r} has a document that is no text: {document!r}")
    return found


def _shards(folder: Path, split: str) -> list[Path]:
    found = sorted(folder.glob(f"*/{split}-*.parquet"))
    if not found:
        raise UserError(
            f"text_dir {str(folder)!r} has no text: expected LANG/{split}-*.parquet in it"
        )
    return found


def prepare(
    text_dir: Path, folder: Path, recipe: Pretraining
) -> tuple[PreTrainedTokenizerFast, dict[str, Stream], dict[str, Stream]]:
    """Tokenizer and encoded streams (train, validation), kept in `folder` between runs.

    Raises UserError where `folder` keeps those of another recipe or other text, or `text_dir` has
    no text.
    """
    home, note = folder / "tokenizer", folder / "made_with"
    made_with = f"{recipe.hash} {_fingerprint(text_dir)}"
    if home.exists() or note.exists():
        if (found := note.read_text() if note.exists() else "") != made_with:
            raise UserError(
                f"{str(folder)!r} keeps what was made with another recipe, other text or an older "
                f"version ({found or 'not noted'}, now {made_with}): name another out_dir, or "
                "remove that one"
            )
    else:
        with replacing(note) as partial:
            partial.write_text(made_with)
    if (home / "tokenizer.json").exists():
        tokenizer = PreTrainedTokenizerFast.from_pretrained(home)
    else:
        tokenizer = train_tokenizer(read_texts(text_dir, "train"), recipe)
        tokenizer.save_pretrained(home)
    streams = {}
    for split in ("train", "validation"):
        cache = folder / f"{split}.safetensors"
        if not cache.exists():
            arrays = {}
            for lang, documents in read_texts(text_dir, split).items():
                stream = Stream.encode(documents, tokenizer)
                arrays[f"{lang}.ids"] = torch.from_numpy(stream.ids)
                arrays[f"{lang}.starts"] = torch.from_numpy(stream.starts)
            with replacing(cache) as partial:
                save_file(arrays, partial)
        flat = {k: v.numpy() for k, v in load_file(cache).items()}
        langs = sorted({key.split(".")[0] for key in flat})
        streams[split] = {k: Stream(flat[f"{k}.ids"], flat[f"{k}.starts"]) for k in langs}
    return tokenizer, streams["train"], streams["validation"]


def _fingerprint(text_dir: Path) -> str:
    """Twelve hex digits over the text's files, their languages and names."""
    parts: list[str | bytes] = []
    for split in ("train", "validation"):
        for path in _shards(text_dir, split):
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").digest()
            parts += [path.relative_to(text_dir).as_posix(), content]
    return short(*parts)


def encode_records(tokenizer: PreTrainedTokenizerFast, langs: list[str], per_language: int = 20_000,
                   seed: int = 0) -> Records:  # fmt: skip
    """Gazetteer pairs of the training side as token ids, per language."""
    from lnlib.corpora import gazetteer

    out = {}
    for lang in langs:
        made = gazetteer.pairs(lang, per_language, seed)
        sides = [
            [np.array(i, dtype=np.int64) for i in
             tokenizer([p[side] for p in made], add_special_tokens=False)["input_ids"]]
            for side in (0, 1)
        ]  # fmt: skip
        out[lang] = list(zip(*sides, strict=True))
    return out
