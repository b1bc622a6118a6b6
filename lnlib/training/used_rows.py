"""Rows nobody reads need no step: train with the word embeddings that the data use, and no others.

A row that no batch looks up has no gradient, so Adam without weight decay never moves it. Leaving
it out of the gradient and the optimizer changes nothing but the rounding of the gradient's norm.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.tasks.task import TaskData


def pieces_of(data: TaskData, tokenizer: PreTrainedTokenizerBase) -> np.ndarray:
    """The word pieces in batches of either split, special ones included; sorted."""
    special = np.array(tokenizer.all_special_ids, np.int32)
    return np.unique(np.concatenate([data.train.ids, data.validation.ids, special]))


@contextmanager
def only_rows(model: nn.Module, pieces: np.ndarray) -> Iterator[bool]:
    """Inside the `with` the word embeddings of `model` hold the rows of `pieces` alone.

    They keep those of the pieces that its config names, too: a decoder starts from one. An
    optimizer has to be made inside. Batches keep their ids; another piece raises IndexError. At the
    end the whole matrix is back, with what was learnt. Yields whether rows were left out: not under
    a head over the vocabulary, such as MLM's, which needs all of them.
    """
    tables = _word_embeddings(model)
    if not tables:
        yield False
        return
    whole, paddings = tables[0].weight, [table.padding_idx for table in tables]
    config: Any = model.config
    own = [piece for name, piece in config.to_dict().items() if name.endswith("token_id")]
    own = [p for p in (*own, *paddings) if isinstance(p, int) and 0 <= p < len(whole)]
    used = torch.tensor(sorted({*pieces.tolist(), *own}), device=whole.device)
    row_of = torch.full((len(whole),), len(whole), device=whole.device)  # beyond any row
    row_of[used] = torch.arange(len(used), device=whole.device)

    def look_up(_module: nn.Module, args: tuple[torch.Tensor]) -> torch.Tensor:
        return row_of[args[0]]

    kept = nn.Parameter(whole.detach()[used], whole.requires_grad)
    hooks = [table.register_forward_pre_hook(look_up) for table in tables]
    for table, padding in zip(tables, paddings, strict=True):
        table.weight = kept
        table.padding_idx = None if padding is None else int(row_of[padding])
    try:
        yield True
    finally:
        for table, padding, hook in zip(tables, paddings, hooks, strict=True):
            table.weight, table.padding_idx = whole, padding
            hook.remove()
        with torch.no_grad():
            whole[used] = kept


def _word_embeddings(model: nn.Module) -> list[nn.Embedding]:
    """The modules that look up word pieces, all over one matrix; none where others need it whole.

    There are two where encoder and decoder have one each. A head over the vocabulary (MLM's) has
    to have all pieces: its batches show some that are drawn, and it often reads the matrix itself.
    """
    trained: Any = model
    try:
        weight, head = trained.get_input_embeddings().weight, trained.get_output_embeddings()
    except (AttributeError, NotImplementedError):  # no transformers model, or it looks nothing up
        return []
    readers = [m for m in model.modules() for p in m.parameters(recurse=False) if p is weight]
    tables = [reader for reader in readers if isinstance(reader, nn.Embedding)]
    return tables if head is None and len(tables) == len(readers) else []
