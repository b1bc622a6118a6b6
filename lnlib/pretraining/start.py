"""Word embeddings to begin with: what stands near what, counted instead of learnt."""

from __future__ import annotations

import numpy as np
import torch
from transformers import BertForPreTraining

from lnlib.pretraining.batches import Stream
from lnlib.pretraining.recipe import Pretraining
from lnlib.pretraining.vocabulary import SPECIAL

_SMOOTHING = 0.75  # of the contexts' distribution; Levy, Goldberg and Dagan (2015), section 3.2


def cooccurrence(
    streams: dict[str, Stream], shares: dict[str, float], vocab: int, window: int
) -> np.ndarray:
    """(V, V) float32: how often two tokens stand within `window` of each other, at distance d
    counted 1/d, each language weighted by its share of the training; symmetric."""
    total = np.zeros(vocab * vocab, dtype=np.float32)
    tokens = sum(len(s.ids) for s in streams.values())
    for lang, stream in streams.items():
        ids = stream.ids.astype(np.int64)
        weight = shares[lang] * tokens / len(ids)
        for distance in range(1, min(window, len(ids) - 1) + 1):
            pairs = ids[:-distance] * vocab + ids[distance:]
            total += np.bincount(pairs, minlength=vocab * vocab) * np.float32(weight / distance)
    counts = total.reshape(vocab, vocab)
    return counts + counts.T


def embeddings(counts: np.ndarray, hidden: int) -> torch.Tensor:
    """(V, H): singular vectors of the positive pointwise mutual information, rows of length 1.

    Rows of tokens that were never seen are 0. Levy, Goldberg and Dagan (2015).
    """
    counts = counts.copy()
    counts[: len(SPECIAL)] = 0
    counts[:, : len(SPECIAL)] = 0
    seen = counts.sum(1)
    context = seen**_SMOOTHING
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(counts / seen[:, None] / (context / context.sum()))
    information[~(information > 0)] = 0  # never together, or less than by chance
    torch.manual_seed(0)  # svd_lowrank starts from random directions
    left, values, _ = torch.svd_lowrank(
        torch.from_numpy(information), q=min(hidden + 32, len(counts)), niter=4
    )
    rows = (left * values.sqrt())[:, :hidden]
    return torch.nn.functional.normalize(rows, dim=1)


def start_from_cooccurrence(model: BertForPreTraining, streams: dict[str, Stream],
                            shares: dict[str, float], recipe: Pretraining) -> None:  # fmt: skip
    """Set the word embeddings and the output bias of a new model from the training text.

    Embeddings get the length that random ones have; the bias is each token's log frequency, so
    that the first step need not learn how often words occur. Tokens never seen stay as drawn.
    """
    counts = cooccurrence(streams, shares, recipe.vocab_size, recipe.window)
    rows = embeddings(counts, recipe.hidden)
    table = model.bert.embeddings.word_embeddings.weight.data
    seen = rows.norm(dim=1) > 0.5  # 1 or 0
    table[seen] = rows[seen] * recipe.initializer_range * recipe.hidden**0.5
    often = torch.from_numpy(counts.sum(1))
    # A token never seen counts as seen once in a hundred times the least share a float can tell.
    model.cls.predictions.bias.data = torch.log(often / often.sum() + 1e-8)
