"""Overlap as the paper's helper counts it: two float masks stacked and summed, matrix by matrix.

A two in the sum is kept by both, a one by either; places are gathered by boolean indexing and
counted. The helper's double count of the pooler is left out.
"""

from collections.abc import Callable, Mapping

import torch

from lnlib.masks.matrices import Matrix

Masks = Mapping[str, torch.Tensor]  # float32, 0 and 1


def jaccards(a: Masks, b: Masks, part_of: Callable[[Matrix], list[str]],
             matrices: list[Matrix]) -> dict[str, float]:  # fmt: skip
    """Jaccard of every part; `part_of` names the parts that a matrix is counted in."""
    both: dict[str, int] = {}
    either: dict[str, int] = {}
    for matrix in matrices:
        summed = torch.stack([a[matrix.name], b[matrix.name]]).sum(dim=0)
        common, any_ = len(summed[summed == 2]), len(summed[summed > 0])
        for part in part_of(matrix):
            both[part] = both.get(part, 0) + common
            either[part] = either.get(part, 0) + any_
    return {part: both[part] / either[part] if either[part] else 1.0 for part in both}
