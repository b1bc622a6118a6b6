"""One folder a paper: its scales, tables, grid, measures, claims and figures."""
