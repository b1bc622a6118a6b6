"""The k-th magnitude as open_lth finds it: gather all survivors, sort them, look at one place."""

from collections.abc import Sequence

import numpy as np


def threshold(scores: Sequence[np.ndarray], alive: Sequence[np.ndarray], count: int) -> np.floating:
    """The `count`-th smallest (from 1) of the alive scores of several arrays."""
    gathered = np.concatenate([part[lives] for part, lives in zip(scores, alive, strict=True)])
    return np.sort(gathered)[count - 1]
