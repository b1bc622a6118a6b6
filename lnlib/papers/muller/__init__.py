"""Muller et al. (EACL 2021), First align, then predict: layers re-initialised, states compared.

Names are loaded when first used, as those of `lnlib` are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "PARSING": "parsing",
    "POS": "pos",
    "SCALES": "scales",
    "ablate": "ablation",
    "blocks_of": "reinitialisation",
    "compare": "comparison",
    "losses": "blocks",
    "parse_blocks": "reinitialisation",
    "reinitialise": "reinitialisation",
    "verdicts": "claims",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from lnlib.papers.muller.ablation import ablate as ablate
    from lnlib.papers.muller.blocks import losses as losses
    from lnlib.papers.muller.claims import verdicts as verdicts
    from lnlib.papers.muller.comparison import compare as compare
    from lnlib.papers.muller.parsing import PARSING as PARSING
    from lnlib.papers.muller.pos import POS as POS
    from lnlib.papers.muller.reinitialisation import blocks_of as blocks_of
    from lnlib.papers.muller.reinitialisation import parse_blocks as parse_blocks
    from lnlib.papers.muller.reinitialisation import reinitialise as reinitialise
    from lnlib.papers.muller.scales import SCALES as SCALES


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"lnlib.papers.muller.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
