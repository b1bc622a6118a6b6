"""The controlled test: what overlap of masks says of alignment, where alignment is known.

Measures of the claims in `ours.yaml`, one number a seed, and the tables behind the figures. Overlap
is read between two marks: 0 is what masks share by chance, 100 what two masks of one language do
that were found on different games.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lnlib.papers.hua.analysis.means import method_of, rank
from lnlib.papers.hua.analysis.measures import Measure, Tables, probe_rows
from lnlib.papers.hua.coverage import CONTROLLED, TWO

NETWORK = ["method", "anchors", "seed"]
# What masks are compared by; "departures" is what tickets share beyond the untouched network's
# largest weights, among weights of like size.
KINDS = ("ticket", "departures", "change", "fisher", "weighted fisher")
MEASURES: dict[str, Measure] = {}


def _measure(unit: str) -> Callable:
    def note(of: Callable[[Tables, str], pd.Series]) -> Callable[[Tables, str], pd.Series]:
        MEASURES[of.__name__] = Measure(of, unit, lambda _asked: np.nan)
        return of

    return note


def overlaps(rows: pd.DataFrame, test: str = "overlap", level: int = 50, by: str = "all",
             part: str = "all") -> pd.DataFrame:  # fmt: skip
    """One row a network and `kind` of mask: NETWORK, and of Jaccard's index (0 to 1) `across` two
    languages, `within` one, `expected` by chance across; `corrected` (0 to 100, see the module).

    Parameters:

    - `rows`: of the table of overlap.
    - `test`: of `neutrality.runs.TESTS`.
    - `level`, `by`, `part`: sparsity (%) and part of the network.
    """
    rows = rows[(rows["test"] == test) & (rows["sparsity"] == level)]
    rows = rows[(rows["by"] == by) & (rows["part"] == part) & (rows["kind_a"] == rows["kind_b"])]
    own = rows["lang_a"] == rows["lang_b"]
    keys = [*NETWORK, "kind_a"]
    within, across = (
        of.groupby(keys)[["jaccard", "expected"]].mean() for of in (rows[own], rows[~own])
    )
    within = within.reindex(across.index)
    room = within["jaccard"] - within["expected"]
    above = across["jaccard"] - across["expected"]
    found = pd.DataFrame({
        "across": across["jaccard"], "within": within["jaccard"], "expected": across["expected"],
        "corrected": 100 * above / room.where(room > 0),
    })  # fmt: skip
    return found.reset_index().rename(columns={"kind_a": "kind"})


def aligned(tables: Tables) -> pd.Series:
    """How far the two languages are aligned, by NETWORK: squares that a probe reads right in the
    other language, in % of those in its own."""
    rows = probe_rows(tables, TWO)
    rows = rows[rows["measure"] == "accuracy"].assign(own=lambda r: r["source"] == r["target"])
    means = rows.groupby([*NETWORK, "own"])["value"].mean().unstack("own")
    return (100 * means[False] / means[True]).rename("alignment") if len(means) else pd.Series(
        dtype=float, index=pd.MultiIndex.from_tuples([], names=NETWORK), name="alignment"
    )  # fmt: skip


def beside(tables: Tables, **of: object) -> pd.DataFrame:
    """`overlaps` with each network's `alignment` and `shown` (`method_of`), by method in order."""
    found = overlaps(tables.overlap, **of).join(aligned(tables), on=NETWORK)  # type: ignore[arg-type]
    found = found.assign(shown=method_of(found), order=rank(found["method"]))
    return found.sort_values(["order", "anchors", "seed"], ignore_index=True).drop(columns="order")


@_measure("Spearman's rho")
def follows_alignment(tables: Tables, kind: str) -> pd.Series:
    """Rank correlation, over the six networks of a seed, of overlap between chance and ceiling with
    alignment. Missing where one of the six is."""
    found = beside(tables)
    found = found[found["kind"] == kind].dropna(subset=["corrected", "alignment"])

    def of(seed: pd.DataFrame) -> float:
        if len(seed) < len(CONTROLLED) or seed["corrected"].nunique() == 1:
            return np.nan
        return float(spearmanr(seed["corrected"], seed["alignment"]).statistic)

    return pd.Series({seed: of(rows) for seed, rows in found.groupby("seed")}, dtype=float)


def _corrected(tables: Tables, kind: str, method: str) -> pd.Series:
    found = overlaps(tables.overlap)
    found = found[(found["kind"] == kind) & (found["method"] == method) & (found["anchors"] == 0)]
    return found.set_index("seed")["corrected"]


@_measure("points between chance and ceiling")
def told_apart(tables: Tables, kind: str) -> pd.Series:
    """Overlap between chance and ceiling with unified output, less that of naive training."""
    naive = _corrected(tables, kind, "naive")
    return _corrected(tables, kind, "unified").reindex(naive.index) - naive


def lesions(rows: pd.DataFrame) -> pd.DataFrame:
    """What lesions cost, one row a network, `kind` and whether it is of the language that is read
    (`own`): `cost` in points of legal moves, mean over languages."""
    rows = rows[(rows["test"] == "lesions") & (rows["measure"] == "legal")]
    whole = rows[rows["kind"] == "full"].set_index([*NETWORK, "target"])["value"].rename("intact")
    cut = rows[rows["kind"] != "full"].join(whole, on=[*NETWORK, "target"])
    cut = cut.assign(cost=cut["intact"] - cut["value"], own=cut["lang"] == cut["target"])
    return cut.groupby([*NETWORK, "kind", "own"], as_index=False)["cost"].mean()


@_measure("points of legal moves")
def lesion_selectivity(tables: Tables, method: str) -> pd.Series:
    """What it costs a language to lose the weights that it needs in excess of the other, less what
    that costs the other."""
    found = lesions(tables.subnetworks)
    found = found[(found["method"] == method) & (found["anchors"] == 0)]
    found = found[found["kind"] == "lesion"]
    of = {own: found[found["own"] == own].set_index("seed")["cost"] for own in (True, False)}
    return of[True] - of[False].reindex(of[True].index)


def exchanged(rows: pd.DataFrame) -> pd.DataFrame:
    """Legal moves (%) after training a sub-network, one row a network, `sparsity` and `mask`:
    "own" and "other" tickets, "magnitude", "random" and "full"; means over languages."""
    rows = rows[(rows["test"] == "exchange") & (rows["measure"] == "legal")]
    of = np.where(rows["lang"] == rows["target"], "own", "other")
    rows = rows.assign(mask=rows["kind"].where(rows["kind"] != "ticket", pd.Series(of, rows.index)))
    return rows.groupby([*NETWORK, "sparsity", "mask"], as_index=False)["value"].mean()


def _own_over_other(tables: Tables, method: str, level: int) -> pd.Series:
    found = exchanged(tables.subnetworks)
    found = found[(found["method"] == method) & (found["anchors"] == 0)]
    found = found[found["sparsity"] == level]
    of = {
        mask: found[found["mask"] == mask].set_index("seed")["value"] for mask in ("own", "other")
    }
    return of["own"] - of["other"].reindex(of["own"].index)


@_measure("points of legal moves")
def own_over_other_at_50(tables: Tables, method: str) -> pd.Series:
    """Legal moves after training a language's own ticket at 50 %, less those after the other's."""
    return _own_over_other(tables, method, 50)


@_measure("points of legal moves")
def own_over_other_at_90(tables: Tables, method: str) -> pd.Series:
    """Legal moves after training a language's own ticket at 90 %, less those after the other's."""
    return _own_over_other(tables, method, 90)
