"""Measurements: tables on disk, runs that fill them, statistics, verdicts."""
