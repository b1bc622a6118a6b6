"""Measurements beside the grid: switches, parts of a seed, longer rounds, the live run."""
