"""Choenni et al. (Findings of NAACL 2024): whose examples taught a model what it says."""
