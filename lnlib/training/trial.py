"""Whether an encoder can do a task at all: asked before anything is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lnlib.base.errors import UserError
from lnlib.encoders import Encoder
from lnlib.tasks.task import TaskData


def try_out(encoder: Encoder, data: TaskData) -> None:
    """UserError names what the encoder lacks for the task; it is silent where it lacks nothing.

    The shortest and the longest example go through the model once, on the CPU: what would end in
    the middle of a search ends here.
    """
    task, tokenizer, train = data.task, encoder.tokenizer, data.train
    order = np.argsort(train.lengths, kind="stable")
    filled = order[train.lengths[order] > 0]  # without special tokens an empty text has none at all
    if len(filled) == 0:
        return
    model: Any = encoder.model(task, data.labels)
    if task.head == "AutoModelForMaskedLM" and tokenizer.mask_token_id is None:
        raise UserError(
            f"encoder {encoder.name!r} has a tokenizer without mask token: no {task.name}"
        )
    batch = task.collate(train, filled[[0, -1]], tokenizer, 0)
    try:
        with torch.no_grad():
            _, logits = task.loss(model, batch)
    except Exception as cause:  # whatever an architecture says of inputs that are not for it
        raise UserError(
            f"encoder {encoder.name!r} ({model.config.model_type}) cannot read the {task.name} "
            f"data: {type(cause).__name__}: {' '.join(str(cause).split())[:300]}"
        ) from cause
    if not torch.isfinite(logits).all():
        raise UserError(
            f"encoder {encoder.name!r} gives numbers that are not finite before it is trained: its "
            "file is damaged or was saved after a training that diverged"
        )
