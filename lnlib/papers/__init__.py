"""One folder a paper: its scales, tables, grid, measures, claims and figures.

`PAPERS` is the one list of them. A further paper is one folder, its notebooks, its pages and its
name here.
"""

PAPERS = ("foroutan", "muller", "choenni", "hua")
