"""Across the papers: four lenses on the same languages of one encoder, and whether they agree.

A lens gives each pair of languages a number: how far their masks overlap (Foroutan et al., and by
Fisher information as Choenni et al. make masks), how alike their states are (Muller et al.), how
much training examples of one influence predictions in the other (Choenni et al.), and what a model
that was trained in the one scores in the other.
"""
