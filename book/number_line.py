"""A number beside its null: a grey band and dots on a line, as HTML that takes a page's colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pages


@dataclass(frozen=True)
class NumberLine:
    """Numbers on an axis, and where they would lie if languages had nothing to do with them."""

    axis: tuple[float, float]
    null: tuple[float, float]
    null_is: str  # what the band is, in words
    dots: Sequence[tuple[str, float]]  # name and value

    def html(self) -> str:
        """The line; what it shows stands in its label too, and its ends below it."""
        (left, right), (low, high) = self.axis, sorted(self.null)
        band = f"left:{self._at(low):.1f}%;right:{100 - self._at(high):.1f}%"
        dots = "".join(
            f'<i style="left:{self._at(value):.1f}%"><b>{escape(name)}</b></i>'
            for name, value in self.dots
        )
        said = "; ".join(f"{name} {pages.number(value, 1)}" for name, value in self.dots)
        ends = " to ".join(pages.number(value, 1) for value in (low, high))
        label = f"{said}; grey, from {ends}: {self.null_is}"
        return (
            f'<span class="number-line" role="img" aria-label="{escape(label)}">'
            f'<span style="{band}"></span>{dots}</span>'
            f'<span class="number-line-ends" aria-hidden="true">'
            f"<span>{pages.number(left, 0)}</span><span>grey: {escape(self.null_is)}</span>"
            f"<span>{pages.number(right, 0)}</span></span>"
        )

    def _at(self, value: float) -> float:
        """Per cent of the axis."""
        left, right = self.axis
        return 100 * min(max((value - left) / (right - left), 0), 1)
