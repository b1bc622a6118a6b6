"""The k-th magnitude as `torch.nn.utils.prune.global_unstructured` finds it: one long vector, and
the indices of its smallest entries by topk."""

from collections.abc import Sequence

import torch


def fallen(scores: Sequence[torch.Tensor], count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The `count` smallest scores of several tensors and their places in the long vector."""
    vector = torch.cat([part.reshape(-1) for part in scores])
    smallest = torch.topk(vector, count, largest=False)
    return smallest.values, smallest.indices


def threshold(scores: Sequence[torch.Tensor], count: int) -> float:
    """The largest of them."""
    return fallen(scores, count)[0].max().item()
