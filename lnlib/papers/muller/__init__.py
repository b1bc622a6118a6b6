"""Muller et al. (EACL 2021), First align, then predict: layers re-initialised, states compared.

Names are loaded when first used, as those of `lnlib` are.
"""

from importlib import import_module
from typing import Any

_HOME = {
    "SCALES": "scales",
    "ablate": "experiments.ablation",
    "blocks_of": "reinitialisation",
    "compare": "experiments.comparison",
    "losses": "analysis.blocks",
    "parse_blocks": "reinitialisation",
    "reinitialise": "reinitialisation",
    "verdicts": "analysis.claims",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lnlib.papers.muller.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
