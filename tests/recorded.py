"""What is recorded follows from the tables beside it, for every paper."""

import pytest


def hold_verdicts(found, table, home):
    """Those computed now are those in the folder, up to the six digits that a table keeps."""
    found, recorded = found.sort_values(list(table.key)), table.read(home)
    words = [*table.key, "claim", "unit", "n", "verdict", "why", "rows"]
    assert found[words].to_numpy().tolist() == recorded[words].to_numpy().tolist()
    for name in ("published", "ours"):
        wanted = recorded[name].to_numpy(float)
        assert found[name].to_numpy(float) == pytest.approx(wanted, rel=1e-5, nan_ok=True)
