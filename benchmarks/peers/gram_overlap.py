"""Overlap by linear algebra: masks as rows of a float matrix, whose Gram matrix counts what each
two keep. Exact as long as a matrix has fewer than 2^24 weights."""

from collections.abc import Mapping

import numpy as np
import torch


def counts(stacked: Mapping[str, torch.Tensor]) -> np.ndarray:
    """(matrices, N, N) weights both keep, from (N, W) float32 masks of each matrix."""
    return np.stack([(part @ part.T).numpy() for part in stacked.values()]).astype(np.int64)
