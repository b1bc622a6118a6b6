"""Muller et al. (EACL 2021), First align, then predict: layers re-initialised, states compared."""
