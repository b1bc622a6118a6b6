"""Sentences as single vectors: means over tokens of every layer's states, and length taken out.

Shapes: L + 1 levels (the embeddings, then every layer's output), N sentences, H hidden units.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base.device import default_device, threads_for
from lnlib.base.errors import UserError
from lnlib.masks.matrices import largest
from lnlib.tasks.examples import Encoded, evaluation_order, pad, padded_inputs

_BATCH = 64  # sentences at a time: little padding, and states of mBERT's size stay under 1 GB


def pooled_states(
    encoder: nn.Module,
    sentences: Encoded,
    tokenizer: PreTrainedTokenizerBase,
    special: bool = False,
) -> torch.Tensor:
    """Mean over each sentence's tokens, (L + 1, N, H), float32, on the CPU.

    Padding is left out, and so are [CLS] and [SEP] unless `special`: they stand in every sentence
    and would make any two alike. Raises UserError for a sentence that has no other.
    """
    empty = np.flatnonzero(own_tokens(sentences) == 0)
    if len(empty) and not special:
        raise UserError(f"sentence {empty[0]} (from 0) has no tokens: nothing to take a mean of")
    device = default_device()
    encoder.to(device).eval()
    out = torch.empty(0)
    with torch.inference_mode(), threads_for(largest(encoder)):
        for index in evaluation_order(sentences.lengths, _BATCH):
            batch = padded_inputs(sentences, index, tokenizer)
            inputs = {name: values.to(device) for name, values in batch.items()}
            levels = encoder(**inputs, output_hidden_states=True).hidden_states  # (B, T, H) each
            shown = inputs["attention_mask"]  # (B, T)
            if not special:
                shown = torch.from_numpy(1 - pad(sentences, index, sentences.special, 1)).to(device)
            weights = shown[..., None].float()
            means = torch.stack([(level * weights).sum(1) / weights.sum(1) for level in levels])
            if not len(out):
                out = torch.empty(len(levels), len(sentences), means.shape[-1])
            out[:, torch.from_numpy(index)] = means.float().cpu()
    return out


def own_tokens(sentences: Encoded) -> np.ndarray:
    """(N,) tokens of each sentence that are not special."""
    counted = np.concatenate([[0], np.cumsum(~sentences.special)])
    return counted[sentences.offsets[1:]] - counted[sentences.offsets[:-1]]


def without_length(states: torch.Tensor, lengths: np.ndarray) -> torch.Tensor:
    """The states less what a sentence's length says of them: residuals of every unit, (..., N, H).

    `lengths` (N,) are tokens; 1, n, log n and 1 / n are regressed out by least squares, in double
    precision. Translations are long together, and a mean over tokens keeps a trace of how many
    there were: in the lowest layers most of their similarity is this. Raises UserError where
    states and lengths are not of the same sentences, or a length is below 1.
    """
    lengths = np.asarray(lengths, dtype=float)
    if lengths.shape != states.shape[-2:-1]:
        raise UserError(f"{states.shape[-2]} sentences have {len(lengths)} lengths")
    if not (lengths >= 1).all():
        raise UserError(f"a sentence has a length of {lengths.min():g}: expected 1 token or more")
    design = np.stack([np.ones_like(lengths), lengths, np.log(lengths), 1 / lengths], axis=1)
    left, sizes, _ = np.linalg.svd(design / np.linalg.norm(design, axis=0), full_matrices=False)
    basis = torch.from_numpy(left[:, sizes > 1e-9])  # equal lengths leave fewer than four columns
    wide = states.double()
    return wide - basis @ (basis.T @ wide)
