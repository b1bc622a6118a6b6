"""Masked language modelling: blocks of running text, 15 % of the tokens asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from lnlib.base.errors import UserError
from lnlib.tasks.examples import Batch, Encoded, from_batch, pad, padded_inputs
from lnlib.tasks.losses import cross_entropy
from lnlib.tasks.task import Task

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

MASK_RATE = 0.15  # BERT's, and the paper's


def _blocks(examples: Iterable[dict], tokenizer: PreTrainedTokenizerBase, max_tokens: int,
            limit: int) -> Encoded:  # fmt: skip
    """Running text cut into blocks of `max_tokens`; none is dropped (the reference drops some)."""
    before, after = _frame(tokenizer)
    room = max_tokens - len(before) - len(after)
    if room < 1:
        raise UserError(
            f"max_tokens {max_tokens} leaves no room for text beside {len(before) + len(after)} "
            "special tokens: expected more"
        )
    blocks: list[list[int]] = []
    left: list[int] = []
    texts = iter(examples)
    while len(blocks) < limit and (some := [e["text"] for e in islice(texts, 1_000)]):
        for pieces in tokenizer(some, add_special_tokens=False, verbose=False)["input_ids"]:
            left += pieces
        # The rest is copied once, not after every block, which would be quadratic.
        whole = min(len(left) // room, limit - len(blocks)) * room
        blocks += [left[at : at + room] for at in range(0, whole, room)]
        left = left[whole:]
    if left and len(blocks) < limit:
        blocks.append(left)
    edges = [1] * len(before), [1] * len(after)
    return from_batch(
        {
            "input_ids": [before + block + after for block in blocks],
            "special_tokens_mask": [edges[0] + [0] * len(block) + edges[1] for block in blocks],
        }
    )


def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """The special tokens a tokenizer sets before and after a text."""
    probe = tokenizer("0", return_special_tokens_mask=True)
    ids, special = probe["input_ids"], probe["special_tokens_mask"]
    first, last = special.index(0), len(special) - special[::-1].index(0)
    return ids[:first], ids[last:]


def _masked_batch(data: Encoded, index: np.ndarray, tokenizer: PreTrainedTokenizerBase,
                  seed: int) -> Batch:  # fmt: skip
    """A batch with tokens masked; the same ones for the same seed."""
    import torch

    inputs = padded_inputs(data, index, tokenizer)
    ids = inputs["input_ids"].numpy().reshape(-1)
    maskable = np.flatnonzero(pad(data, index, data.special, 1).ravel() == 0)
    rng, mask = np.random.default_rng(seed), int(tokenizer.mask_token_id)
    picked, targets = mask_tokens(ids, maskable, MASK_RATE, mask, (0, len(tokenizer)), rng)
    return Batch(inputs, torch.from_numpy(targets), torch.from_numpy(picked))


def mask_tokens(
    ids: np.ndarray,
    maskable: np.ndarray,
    rate: float,
    mask: int,
    others: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """BERT's 80/10/10 masking of a share `rate` of `maskable`, in place.

    Parameters:

    - `ids`: flat, int64.
    - `maskable`: the places that may be asked for.
    - `rate`: the share that is.
    - `mask`: the piece that four in five of them show.
    - `others`: (from, to), the pieces that one in ten shows instead; one in ten stays.
    - `rng`: what is drawn from.

    Returns the places picked, (P,), and what stood there.
    """
    picked = pick_tokens(maskable, rate, rng)
    targets = ids[picked].copy()
    fate = rng.random(len(picked))
    shown = np.where(fate < 0.8, mask, rng.integers(*others, size=len(picked)))
    ids[picked] = np.where(fate < 0.9, shown, targets)
    return picked, targets


def pick_tokens(maskable: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """A share `rate` of the places `maskable`, one at least if there is any, in rising order."""
    count = min(len(maskable), max(1, round(rate * len(maskable))))
    return np.sort(rng.choice(maskable, count, replace=False))


def _nothing(logits: torch.Tensor, batch: Batch) -> list:
    return [None] * len(batch.inputs["input_ids"])  # the score follows from the loss alone


def _perplexity(_data: Encoded, _labels: Sequence[str], _predicted: list, loss: float) -> float:
    return perplexity(loss)


def perplexity(loss: float) -> float:
    """exp(loss), for a mean cross-entropy in nats over all masked positions."""
    return math.exp(min(loss, 700.0))  # beyond that a float overflows


def _shuffle(train: Encoded, rng: np.random.Generator) -> Encoded:
    """Tokens permuted over the whole text, so that only their frequencies remain."""
    ids, words = train.ids.copy(), np.flatnonzero(~train.special)
    ids[words] = ids[rng.permutation(words)]
    return replace(train, ids=ids)


MLM = Task(
    "mlm", "masked language modelling", "perplexity", "perplexity", False, "AutoModelForMaskedLM",
    _blocks, _masked_batch, cross_entropy, _nothing, _perplexity, _shuffle, pretrained_head=True,
)  # fmt: skip
