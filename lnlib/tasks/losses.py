"""Losses that tasks share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lnlib.tasks.examples import IGNORE, Batch

if TYPE_CHECKING:
    import torch
    from torch import nn


def cross_entropy(model: nn.Module, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean cross-entropy (nats) of the head's logits with the labels, and the logits in float32.

    With `batch.picked` only these positions reach the head, and the logits are (P, V). The loss of
    a batch without a label is 0, and so is its gradient.
    """
    from torch.nn import functional

    from lnlib.base.device import autocast
    from lnlib.masks.matrices import encoder_of

    device = next(model.parameters()).device
    inputs = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.inputs.items()}
    labels = batch.labels.to(device, non_blocking=True)
    with autocast(device):
        if batch.picked is None:
            logits = model(**inputs).logits
        else:
            with _only(encoder_of(model), batch.picked.to(device)):
                logits = model(**inputs).logits[0]
    logits = logits.float()
    loss = functional.cross_entropy(
        logits.flatten(0, -2), labels.flatten(), ignore_index=IGNORE,
        reduction="mean" if (batch.labels != IGNORE).any() else "sum",  # a mean of none is NaN
    )  # fmt: skip
    return loss, logits


@contextmanager
def _only(encoder: nn.Module, picked: torch.Tensor) -> Iterator[None]:
    """Let only the hidden states at `picked` through to the head.

    The vocabulary is the widest layer by far, and six positions in seven are not asked for. A hook
    on the encoder serves every architecture, where their heads all differ.
    """

    def select(_module: nn.Module, _args: object, output):  # type: ignore[no-untyped-def]
        hidden = output.last_hidden_state
        output.last_hidden_state = hidden.reshape(-1, hidden.shape[-1])[picked][None]  # (1, P, H)
        return output

    hook = encoder.register_forward_hook(select)
    try:
        yield
    finally:
        hook.remove()
