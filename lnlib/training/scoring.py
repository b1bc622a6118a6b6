"""The one scoring loop: a model's score on the validation split of a task."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base import seeds
from lnlib.base.device import default_device, threads_for
from lnlib.masks.matrices import largest
from lnlib.tasks.examples import IGNORE, evaluation_order
from lnlib.tasks.task import Score, TaskData
from lnlib.training.loop import memory_in_words
from lnlib.training.recipe import Recipe


def score(model: nn.Module, data: TaskData, recipe: Recipe, tokenizer: PreTrainedTokenizerBase,
          seed: int) -> Score:  # fmt: skip
    """The model's score on the validation split; MLM masks the same tokens for the same seed."""
    model.to(default_device()).eval()
    task, held_out = data.task, data.validation
    losses, weights = [], []
    predicted: list[Any] = [None] * len(held_out)
    with torch.no_grad(), memory_in_words(recipe), threads_for(largest(model)):
        # Without gradients four times the batch takes less memory than a training step.
        for number, index in enumerate(evaluation_order(held_out.lengths, 4 * recipe.batch_size)):
            drawn = seeds.derive(seed, "score", number)
            batch = task.collate(held_out, index, tokenizer, drawn)
            loss, logits = task.loss(model, batch)
            losses.append(loss.item())
            weights.append(int((batch.labels != IGNORE).sum()))
            for example, said in zip(index, task.read(logits, batch), strict=True):
                predicted[example] = said
    mean = float(np.average(losses, weights=weights))
    value = task.score(held_out, data.labels, predicted, mean)
    return Score(task.metric, value, mean, len(held_out), held_out.lost_words)
