"""Gradients in few numbers, for encoders whose gradients fit in no memory: CountSketch.

Every weight has a sign and one of k buckets, drawn once; an example's sketch sums its signed
gradient by bucket. Products of sketches are those of gradients on average over draws, with an error
of about |g| |g'| / sqrt(k), also when one side is masked: a projection of rows and columns, which
costs less, cannot be masked weight by weight afterwards. Source: Charikar et al. 2002.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from lnlib.base import seeds
from lnlib.base.errors import UserError


class CountSketch:
    """One draw of signs and buckets, shared by all examples it is compared over."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], buckets: int, seed: int) -> None:
        """For matrices of these names and shapes; UserError for less than one bucket."""
        if (buckets := seeds.check(buckets, "sketch")) < 1:
            raise UserError(f"sketch {buckets}: expected 1 bucket at least")
        self.buckets = buckets
        self._drawn: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for name, shape in shapes.items():  # by numpy: the same on every device
            rng, size = np.random.default_rng(seeds.derive(seed, "sketch", name)), np.prod(shape)
            bucket = torch.from_numpy(rng.integers(buckets, size=size, dtype=np.int32))
            sign = torch.from_numpy(rng.integers(2, size=size, dtype=np.int8) * 2 - 1)
            self._drawn[name] = bucket, sign

    def __call__(self, name: str, rows: torch.Tensor) -> torch.Tensor:
        """What one matrix adds to the sketch of every row: (R, weights of it) to (R, buckets)."""
        bucket, sign = (drawn.to(rows.device) for drawn in self._drawn[name])
        return rows.new_zeros(len(rows), self.buckets).index_add_(1, bucket, rows * sign)
