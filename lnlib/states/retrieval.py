"""How well translations are found in an encoder's states, by layer, without any training.

Text and code of the paper differ. The text speaks of the five nearest sentences; the code takes the
best of the five by margin, which is top-1. We follow the code. Source: Foroutan et al. (2022),
section 4.5 and Figure 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.encoders import Encoder
from lnlib.masks.applying import Mask, masked, without_absent
from lnlib.states import pooling
from lnlib.tasks.examples import Encoded

PIVOT = "en"  # as in the paper; each other language is retrieved from it and it from each
NEIGHBOURS = 5  # the reference code's


@dataclass(frozen=True)
class Found:
    """For each of N sentences the index of the one found, (N,), by margin and by plain cosine."""

    margin: torch.Tensor
    cosine: torch.Tensor


def pooled_states(
    encoder: nn.Module, sentences: Encoded, tokenizer: PreTrainedTokenizerBase
) -> torch.Tensor:
    """Mean over each sentence's tokens, (L + 1, N, H): the embeddings, then every layer's output.

    [CLS] and [SEP] count, as in the reference, which averages what its attention mask shows.
    """
    return pooling.pooled_states(encoder, sentences, tokenizer, special=True)


def retrieve(x: torch.Tensor, y: torch.Tensor, neighbours: int = NEIGHBOURS) -> tuple[Found, Found]:
    """What each row of x (N, H) finds among those of y (M, H), and each of y among those of x.

    The margin of a pair is its cosine over the mean cosine of both with their nearest `neighbours`
    on the other side, so a sentence near to everything wins less (the ratio of LASER; Artetxe and
    Schwenk 2019). The best margin among the nearest `neighbours` by cosine wins. Exact: all pairs.
    """
    x, y = (nn.functional.normalize(side, dim=-1) for side in (x, y))
    cosines = x @ y.T
    ahead = cosines.topk(min(neighbours, len(y)), dim=1)
    back = cosines.T.contiguous().topk(min(neighbours, len(x)), dim=1)
    near_x, near_y = ahead.values.mean(1), back.values.mean(1)
    return _best(*ahead, near_x, near_y), _best(*back, near_y, near_x)


def _best(
    cosines: torch.Tensor, candidates: torch.Tensor, own: torch.Tensor, others: torch.Tensor
) -> Found:
    """The candidate of the best margin; `own`, `others`: mean cosines with nearest neighbours."""
    margins = cosines / ((own[:, None] + others[candidates]) / 2)
    best = candidates.gather(1, margins.argmax(1, keepdim=True))[:, 0]
    return Found(best, candidates[:, 0])


def retrieval_table(
    encoder: Encoder, sentences: Mapping[str, Encoded], mask: Mask | None = None
) -> pd.DataFrame:
    """Share of sentences (0 to 1) whose translation is found, under a mask or in the whole encoder.

    `sentences` are translations of each other, by language, English among them. One row for each
    source, target (one of them English) and layer; layer 0 is the embeddings, which no mask
    changes. `accuracy` is by margin, `cosine` by plain cosine, `n` the sentences; by chance a
    share of 1 / n is found.
    """
    model = encoder.bare()  # no head plays a part in its states
    with masked(model, None if mask is None else without_absent(mask, model)):
        states = {
            lang: pooled_states(model, texts, encoder.tokenizer)
            for lang, texts in sentences.items()
        }
    rows = []
    for lang in sentences:
        if lang == PIVOT:
            continue
        for layer, (x, y) in enumerate(zip(states[PIVOT], states[lang], strict=True)):
            right = torch.arange(len(x))
            for names, found in zip(((PIVOT, lang), (lang, PIVOT)), retrieve(x, y), strict=True):
                rows.append(
                    {
                        **dict(zip(("source", "target"), names, strict=True)),
                        "layer": layer,
                        "accuracy": float((found.margin == right).double().mean()),
                        "cosine": float((found.cosine == right).double().mean()),
                        "n": len(right),
                    }
                )
    return pd.DataFrame(rows)
