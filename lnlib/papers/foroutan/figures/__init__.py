"""The book's figures: each function takes tables, and returns one matplotlib `Figure`.

Better is always up, or blue: perplexity axes are reversed, and changes are signed as gains. What
has not been measured is named in the figure and left blank. Captions and alternative texts are the
caller's, who knows what the figure is to show.
"""

from lnlib.figures.growth import growth
from lnlib.figures.style import COLOURS, GAINS, MARKERS, SHARES, Figure
from lnlib.papers.foroutan.figures.density import density_difference, density_profile
from lnlib.papers.foroutan.figures.findings import shared, shared_by, summary
from lnlib.papers.foroutan.figures.overlap import (
    excess_comparisons,
    layer_profile,
    overlap_comparisons,
    overlap_matrix,
    tree,
)
from lnlib.papers.foroutan.figures.retrieval import retrieval_by_layer
from lnlib.papers.foroutan.figures.scores import (
    gain_over_full,
    gains_by_origin,
    losses,
    sparsity_curve,
    transfer_matrix,
)

__all__ = [
    "COLOURS",
    "GAINS",
    "MARKERS",
    "SHARES",
    "Figure",
    "density_difference",
    "density_profile",
    "excess_comparisons",
    "gain_over_full",
    "gains_by_origin",
    "growth",
    "layer_profile",
    "losses",
    "overlap_comparisons",
    "overlap_matrix",
    "retrieval_by_layer",
    "shared",
    "shared_by",
    "sparsity_curve",
    "summary",
    "transfer_matrix",
    "tree",
]
