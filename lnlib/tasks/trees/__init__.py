"""Dependency parsing: a head that scores trees on any encoder, and the task around it."""
