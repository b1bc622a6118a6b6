"""Searches that make masks, their controls, and masks moved to another target."""
