"""The figures across papers: how lenses agree, what each sees, profiles by depth, Fisher masks.

Each comes wide, and narrow for a telephone.
"""

from lnlib.lenses.figures.agreement import correlations, maps
from lnlib.lenses.figures.depth import profiles
from lnlib.lenses.figures.masks import LADDER, fisher_beside_tickets, ladder
from lnlib.lenses.figures.names import TITLES, UNITS, in_one_line

__all__ = [
    "LADDER",
    "TITLES",
    "UNITS",
    "correlations",
    "fisher_beside_tickets",
    "in_one_line",
    "ladder",
    "maps",
    "profiles",
]
