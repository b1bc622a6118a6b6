"""The null ladder: what overlaps are compared to.

Two tickets overlap for many reasons. Each rung of the ladder is a pair of masks that has some of
these reasons and not the others, from independent masks up to two seeds of one language.
"""

from __future__ import annotations

import pandas as pd

from lnlib import published


def kind(overlap: pd.DataFrame) -> pd.Series:
    """What each row of an overlap table compares, in words; "" for none of the kinds below.

    "other language", "other seed", "other task": two tickets that differ in this and, for the last
    two, in nothing else that was chosen (seeds may differ between languages). "magnitude",
    "random": a ticket beside that control; "shuffled": beside the search of the same task and
    language on shuffled labels.
    """
    same = {name: overlap[f"{name}_a"] == overlap[f"{name}_b"] for name in ("task", "lang", "seed")}
    out = pd.Series("", index=overlap.index, dtype=object)
    a, b = overlap["method_a"], overlap["method_b"]
    tickets = (a == "ticket") & (b == "ticket")
    out[tickets & same["task"] & ~same["lang"]] = "other language"
    out[tickets & same["task"] & same["lang"] & ~same["seed"]] = "other seed"
    out[tickets & ~same["task"] & same["lang"] & same["seed"]] = "other task"
    for control in ("magnitude", "random", "shuffled"):
        hit = ((a == "ticket") & (b == control)) | ((a == control) & (b == "ticket"))
        out[hit & same["task"] & same["lang"] if control == "shuffled" else hit] = control
    return out


def compared(
    overlap: pd.DataFrame, task: str, what: str, by: str = "all", sparsity: int = 50
) -> pd.DataFrame:
    """Rows of one `kind` for one task, `lang` being the ticket's language; both ways for pairs.

    Masks found on mixtures of languages are left out, on either side.
    """
    rows = overlap[(overlap["by"] == by) & (overlap["sparsity"] == sparsity)]
    return _sides(rows, task, what)


def departures(excess: pd.DataFrame, task: str, what: str, sparsity: int = 50) -> pd.DataFrame:
    """`compared` for the departures of `lnlib.excess`: what they share beyond chance, in points.

    The column `beyond` is `shared` less `expected_near`.
    """
    rows = _sides(excess[excess["sparsity"] == sparsity], task, what)
    return rows.assign(beyond=100 * (rows["shared"] - rows["expected_near"]).astype(float))


def _sides(rows: pd.DataFrame, task: str, what: str) -> pd.DataFrame:
    rows = rows[kind(rows) == what]
    sides = []
    for a, b in ("ab", "ba"):
        side = rows[(rows[f"task_{a}"] == task) & (rows[f"method_{a}"] == "ticket")]
        sides.append(side.assign(lang=side[f"lang_{a}"], other=side[f"lang_{b}"]))
    both = pd.concat(sides)
    return both[~_mixed(both["lang"]) & ~_mixed(both["other"])]


def _mixed(langs: pd.Series) -> pd.Series:
    return langs.astype(str).str.contains("+", regex=False, na=False)


RUNGS = (
    "independent masks",
    "same density per matrix",
    "random mask",
    "one-shot magnitude",
    "shuffled labels",
    "other languages",
    "other seed",
)


def ladder(overlap: pd.DataFrame, task: str, sparsity: int = 50, by: str = "all") -> pd.DataFrame:
    """The rungs of one task: columns rung, lang, jaccard (%), pair; unmeasured rungs are absent.

    The first rung is (1 - s) / (1 + s) for sparsity s; the second is computed from the densities of
    the pairs of languages. Both hold for any masks; the others are measured. `pair` is the row's
    index in `overlap` (-1 for the first rung): a pair of tickets is there once for each of the two.
    """
    between = compared(overlap, task, "other language", by, sparsity)
    if between.empty:
        return pd.DataFrame(columns=["rung", "lang", "jaccard", "pair"])
    parts = [
        pd.DataFrame(
            {"rung": RUNGS[0], "lang": "", "jaccard": [(100 - sparsity) / (100 + sparsity)]},
            index=[-1],
        ),
        between.assign(rung=RUNGS[1], jaccard=between["expected"]),
    ]
    kinds = ("random", "magnitude", "shuffled", "other language", "other seed")
    for rung, what in zip(RUNGS[2:], kinds, strict=True):
        parts.append(compared(overlap, task, what, by, sparsity).assign(rung=rung))
    rungs = pd.concat([part[["rung", "lang", "jaccard"]] for part in parts])
    rungs = rungs.rename_axis("pair").reset_index()[["rung", "lang", "jaccard", "pair"]]
    return rungs.assign(jaccard=100 * rungs["jaccard"].astype(float))


def published_ladder(task: str) -> dict[str, float]:
    """The rungs that the paper and its poster print: mean Jaccard (%) at 50 %."""
    table = published.overlap()
    table = table[table["task"].isin([task, "any"])].set_index("kind")["jaccard_percent"]
    kinds = {
        "independent masks": "expected for two independent random masks",
        "other languages": "different languages, average",
        "other seed": "same language, different seeds",
    }
    return {rung: float(table[kind]) for rung, kind in kinds.items()}


EXCESS_RUNGS = (
    "chance, anywhere in a matrix",
    "chance, among weights of like size",
    "shuffled labels",
    "other languages",
    "other seed",
)


def excess_ladder(excess: pd.DataFrame, task: str, sparsity: int = 50) -> pd.DataFrame:
    """The rungs of the departures of `lnlib.excess`: columns rung, shared (%), one row a pair.

    The chance rungs are computed for the pairs of languages. Unmeasured rungs are absent.
    """

    def pairs(what: str) -> pd.DataFrame:
        rows = departures(excess, task, what, sparsity)
        return rows[~rows.index.duplicated()]  # a pair of tickets comes both ways

    between = pairs("other language")
    parts = [
        between.assign(rung=EXCESS_RUNGS[0], shared=between["expected"]),
        between.assign(rung=EXCESS_RUNGS[1], shared=between["expected_near"]),
    ]
    kinds = ("shuffled", "other language", "other seed")
    for rung, what in zip(EXCESS_RUNGS[2:], kinds, strict=True):
        parts.append(pairs(what).assign(rung=rung))
    rungs = pd.concat([part[["rung", "shared"]] for part in parts], ignore_index=True)
    return rungs.assign(shared=100 * rungs["shared"].astype(float))
