"""Scale `demo` in three steps a round, for any process that has this folder in its PYTHONPATH.

A grid is made of processes that a test cannot reach into, on a cluster even less.
"""

from types import MappingProxyType

from lnlib.papers.foroutan.scales import SCALES
from lnlib.training.recipe import Recipe, Scale

RECIPE = Recipe(24, 12, 3, 4, 1e-3, 48, warmup=0.1)
SCALES["demo"] = Scale(
    "demo", "mini-mbert", "gazetteer",
    MappingProxyType(dict.fromkeys(SCALES["demo"].recipes, RECIPE)),
)  # fmt: skip
