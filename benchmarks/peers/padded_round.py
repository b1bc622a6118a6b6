"""A round of training as the paper's code runs it: every sentence padded to the longest allowed,
float32, `torch.nn.utils.prune`, plain AdamW, the loss read after each step."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from benchmarks.peers import prune_hooks
from lnlib.base.device import default_device
from lnlib.masks.applying import Mask
from lnlib.tasks.examples import IGNORE, Encoded
from lnlib.training.recipe import Recipe


def batch(data: Encoded, index: np.ndarray, length: int) -> dict[str, torch.Tensor]:
    """The examples of `index` padded to `length`, with labels: all (B, length) int64."""
    shape = (len(index), length)
    out = {
        "input_ids": torch.zeros(shape, dtype=torch.long),  # BERT's [PAD] is 0
        "attention_mask": torch.zeros(shape, dtype=torch.long),
        "token_type_ids": torch.zeros(shape, dtype=torch.long),
        "labels": torch.full(shape, IGNORE),
    }
    for row, example in enumerate(index):
        start, end = data.offsets[example], data.offsets[example + 1]
        out["input_ids"][row, : end - start] = torch.from_numpy(data.ids[start:end].astype(int))
        out["labels"][row, : end - start] = torch.from_numpy(data.labels[start:end].astype(int))
        out["attention_mask"][row, : end - start] = 1
    return out


def train(model: nn.Module, data: Encoded, order: list[np.ndarray], recipe: Recipe, mask: Mask,
          progress: Callable[[int, float], object] | None = None) -> None:  # fmt: skip
    """One step a batch of `order`; `progress(step, loss)` after each."""
    device = default_device()
    model.to(device).train()
    prune_hooks.attach(model, mask)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, eps=recipe.epsilon, weight_decay=0.0
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: max(0.0, 1 - s / len(order)))
    for step, index in enumerate(order):
        inputs = {k: v.to(device) for k, v in batch(data, index, recipe.max_tokens).items()}
        loss = model(**inputs).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        schedule.step()
        model.zero_grad()
        value = loss.item()  # the official loop sums it at every step, which waits for the device
        if progress:
            progress(step, value)
