"""Choenni et al. (Findings of NAACL 2024): whose examples taught a model what it says.

>>> from lnlib.papers import choenni
>>> joint = choenni.join("ner", "ar,en,fa,ur,zh")
>>> tuned = choenni.fine_tune(joint)
>>> found = choenni.influence(tuned.checkpoints, joint, test=joint.sample("validation", 12))
>>> print(found.matrix(), found.top(0, 5), choenni.Gradients(tuned.model(joint)).size)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

_HOME = {
    "Attribution": "attribution.influence",
    "Checkpoint": "attribution.checkpoints",
    "Dynamic": "sparse",
    "Gradients": "attribution.gradients",
    "find_heads": "subnetworks.heads",
    "find_weights": "subnetworks.ranked",
    "fine_tune": "sparse",
    "influence": "attribution.influence",
    "intersection": "subnetworks.masks",
    "join": "joint",
    "random_heads": "subnetworks.heads",
    "random_like": "subnetworks.masks",
    "union": "subnetworks.masks",
}
__all__ = sorted(_HOME)

if TYPE_CHECKING:
    from lnlib.papers.choenni.attribution.checkpoints import Checkpoint as Checkpoint
    from lnlib.papers.choenni.attribution.gradients import Gradients as Gradients
    from lnlib.papers.choenni.attribution.influence import Attribution as Attribution
    from lnlib.papers.choenni.attribution.influence import influence as influence
    from lnlib.papers.choenni.joint import join as join
    from lnlib.papers.choenni.sparse import Dynamic as Dynamic
    from lnlib.papers.choenni.sparse import fine_tune as fine_tune
    from lnlib.papers.choenni.subnetworks.heads import find_heads as find_heads
    from lnlib.papers.choenni.subnetworks.heads import random_heads as random_heads
    from lnlib.papers.choenni.subnetworks.masks import intersection as intersection
    from lnlib.papers.choenni.subnetworks.masks import random_like as random_like
    from lnlib.papers.choenni.subnetworks.masks import union as union
    from lnlib.papers.choenni.subnetworks.ranked import find_weights as find_weights


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
