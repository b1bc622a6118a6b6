"""What test examples leave behind for training examples to be multiplied with.

For a 0/1 mask m, <g m, g' m> = <g, g' m>: so only the test side is masked, once, and training
gradients stream past unmasked. Their norms under K masks are one product, (g g) M'. The mean cosine
with the test examples of a language is one column a mask: <g/|g|, mean of g'/|g'|>, exact for any
number of test examples.

Shapes: B batch, W weights (w of one matrix), K masks, C columns, M measures, s buckets of a sketch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import torch

from lnlib.masks.applying import Mask
from lnlib.papers.choenni.attribution.sketch import CountSketch

Parts = Mapping[str, torch.Tensor]  # every example's gradient of each matrix, flat: (B, w)


class Columns:
    """Columns of test examples under K masks, and the scores of training examples with them.

    With `by_language` a column is a language's mean, (M, K, C, W) numbers in all; else an example,
    kept unmasked: (C, W) numbers. With a sketch either takes (M or 1, K, C, s).
    """

    def __init__(self, masks: Sequence[Mask], columns: int, measures: Sequence[str],
                 by_language: bool, sketch: CountSketch | None = None,
                 device: torch.device | None = None,
                 only: Sequence[torch.Tensor | None] | None = None) -> None:  # fmt: skip
        """Nothing seen so far.

        Parameters:

        - `masks`: bool tensors, the same matrices in each.
        - `columns`: C.
        - `measures`: of "cosine" and "dot".
        - `by_language`: columns are means of languages and not examples.
        - `sketch`: compares sketches in place of gradients.
        - `device`: where gradients are.
        - `only`: for each mask the columns, whole numbers, that it is asked about; None is all.
        """
        self.measures, self.by_language, self.sketch = tuple(measures), by_language, sketch
        self._masks = {  # (w, K): norms, which every batch asks for, then take a plain product
            name: torch.stack([m[name].flatten() for m in masks], 1).to(device, torch.float32)
            for name in masks[0]
        }
        self._only = [None] * len(masks) if only is None else list(only)
        self._wide = (len(self.measures) if by_language else 1, len(masks), columns)
        narrow = (columns,)
        shape = self._wide if by_language or sketch else narrow
        sizes = {name: len(part) for name, part in self._masks.items()}
        sizes = {"sketch": sketch.buckets} if sketch else sizes
        self._held = {n: torch.zeros(*shape, size, device=device) for n, size in sizes.items()}
        self._inverse = torch.zeros(columns, len(masks), device=device)  # 1 / norms of examples

    def see(self, parts: Parts, column: torch.Tensor, share: float) -> None:
        """Take in a batch of test examples.

        `column` is (B,) whole numbers, the same for all of a batch if columns are languages; then
        `share` is what an example counts in the mean, one by their number.
        """
        inverse = _inverse(sum((g * g) @ self._masks[name] for name, g in parts.items()))
        if not self.by_language:
            self._inverse[column] = inverse
        for name, g in parts.items():
            masks = self._masks[name].T.contiguous()
            if self.by_language:
                for row, measure in enumerate(self.measures):
                    by = inverse if measure == "cosine" else torch.ones_like(inverse)
                    self._add(name, masks * ((share * by).T @ g), row, int(column[0]))
            elif self.sketch is None:
                self._held[name][column] = g
            else:
                for number, mask in enumerate(masks):
                    self._held["sketch"][0, number, column] += self.sketch(name, g * mask)

    def _add(self, name: str, rows: torch.Tensor, measure: int, column: int) -> None:
        key, rows = (name, rows) if self.sketch is None else ("sketch", self.sketch(name, rows))
        self._held[key][measure, :, column] += rows

    def scores(self, each: Iterable[tuple[str, torch.Tensor]],
               size: int) -> dict[str, torch.Tensor]:  # fmt: skip
        """Every measure of a batch of `size` training examples, (B, K, C), and "norm", (B, K).

        Not a number where a mask is not asked about a column.
        `each` gives their gradients matrix by matrix. The product with a gradient of zero is 0.
        """
        measures, masks, columns = self._wide
        device = self._inverse.device
        squares = torch.zeros(size, masks, device=device)
        products = torch.zeros(size, measures, masks, columns, device=device)
        sketched = torch.zeros(size, self.sketch.buckets, device=device) if self.sketch else None
        for name, g in each:
            squares += (g * g) @ self._masks[name]
            if sketched is not None and self.sketch is not None:
                sketched += self.sketch(name, g)
            elif self.by_language:
                products += (g @ self._held[name].flatten(0, 2).T).reshape(products.shape)
            else:
                for number, mask in enumerate(self._masks[name].T.contiguous()):
                    held, only = self._held[name], self._only[number]
                    at = slice(None) if only is None else only
                    products[:, 0, number, at] += (g * mask) @ held[at].T
        if sketched is not None:
            products = torch.einsum("bs,mkcs->bmkc", sketched, self._held["sketch"])
        for number, only in enumerate(self._only):
            if only is not None:
                rest = torch.ones(columns, dtype=torch.bool, device=device)
                rest[only] = False
                products[:, :, number, rest] = torch.nan
        own = _inverse(squares)[:, :, None]
        found = {"norm": squares.sqrt()}
        for row, measure in enumerate(self.measures):
            product = products[:, row if self.by_language else 0]
            if measure == "cosine":
                product = product * own * (1 if self.by_language else self._inverse.T)
            found[measure] = product
        return found


def _inverse(squares: torch.Tensor | int) -> torch.Tensor:
    """1 / norm of squared norms; 0 of none."""
    assert isinstance(squares, torch.Tensor)
    return torch.where(squares > 0, squares.rsqrt(), 0.0)
