"""Claims judged by what was measured: every verdict is computed, none is typed.

A claim says between which bounds the mean of a measure lies. The verdict follows from the mean's
95 % interval over languages, or over what else a paper repeats (`each`). Over languages it says how
much these differ, not how much seeds do; it is not a significance test over independent pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import t as student

from lnlib.base.errors import UserError, choose
from lnlib.base.hashes import short

AGREES, DIFFERS, CANNOT_TELL, NOT_RUN = VERDICTS = (  # in the order in which pages count them
    "agrees",
    "differs",
    "cannot be told at this scale",
    "not run",
)
FEWEST = 3  # values for a standard deviation, and so for an interval


@dataclass(frozen=True)
class Claim:
    """One claim: that the mean of a measure lies between two bounds, in the measure's unit."""

    id: int
    statement: str
    measure: str  # the name of a function of a paper's measures
    tasks: tuple[str, ...]
    above: float = -np.inf
    below: float = np.inf
    because: str = ""  # why these bounds, where they are not the claim's own word
    fewest: int = FEWEST  # values it takes, where that is more than an interval needs
    part: str = ""  # "a", "b": where a paper's claim says two things

    @property
    def number(self) -> str:
        """What a reader calls it: "5a"."""
        return f"{self.id}{self.part}"

    @property
    def bounds(self) -> str:
        """What it needs, in words."""
        given = {name: getattr(self, name) for name in ("above", "below")}
        return " and ".join(f"{k} {v}" for k, v in given.items() if np.isfinite(v))


def read_claims(file: Traversable, asked_of: str = "tasks") -> tuple[Claim, ...]:
    """The claims of a YAML file, in its order; UserError for an entry that is no claim.

    `asked_of` is what the file calls a claim's `tasks`, where these are something else.
    """
    names = [field.name for field in fields(Claim)]
    found = []
    for entry in yaml.safe_load(file.read_text(encoding="utf-8")):
        if asked_of in entry:
            entry["tasks"] = entry.pop(asked_of)
        for name in entry:
            choose(name, names, f"entry of claim {entry.get('id')}")
        try:
            found.append(Claim(**{**entry, "tasks": tuple(entry["tasks"])}))
        except (KeyError, TypeError) as cause:
            raise UserError(f"claim {entry.get('id')} is not whole: {cause}") from cause
    return tuple(found)


def interval(values: pd.Series) -> tuple[float, float]:
    """95 % interval of the mean (Student); endless with fewer than three values."""
    if len(values) < FEWEST:
        return -np.inf, np.inf
    half = float(student.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values)))
    return float(values.mean()) - half, float(values.mean()) + half


def judge(claim: Claim, values: pd.Series, counted: bool = False,
          each: str = "language") -> tuple[str, str]:  # fmt: skip
    """The verdict on the values of a claim's measure, one for `each` language, and why.

    With `counted` the mean is a count of what was seen (100 or 0 each), and nothing to estimate.
    """
    if len(values) < claim.fewest:
        needs = f"{len(values)} {each}(s) with what the test needs; it takes {claim.fewest}"
        return CANNOT_TELL, needs
    if counted:
        low = high = float(values.mean())
        seen = f"{int((values > 0).sum())} of {len(values)} {each}s"
    else:
        low, high = interval(values)
        seen = f"95 % interval over {len(values)} {each}s {low:+.2f} to {high:+.2f}"
    return decide(claim, low, high, seen)


def decide(claim: Claim, low: float, high: float, seen: str) -> tuple[str, str]:
    """The verdict on an interval, in the words of what was `seen`, and why."""
    if low > claim.above and high < claim.below:
        return AGREES, f"{seen}; the claim needs {claim.bounds}"
    if high <= claim.above or low >= claim.below:
        return DIFFERS, f"{seen}; the claim needs {claim.bounds}"
    return CANNOT_TELL, f"{seen} reaches across a bound; the claim needs {claim.bounds}"


@dataclass(frozen=True)
class Measure:
    """A function of a paper's tables and a task, the tables it reads, and its values' unit."""

    of: Callable[[Any, str], pd.Series]
    reads: tuple[str, ...]
    unit: str  # "" is the unit of the task's metric
    counted: bool = False  # its mean is a count of what was seen, not a mean to be estimated


@dataclass(frozen=True)
class Verdict:
    """What tables say of a claim, asked of one task (or one pair of languages)."""

    values: pd.Series  # of its measure; those that are missing do not count
    unit: str
    verdict: str
    why: str
    published: float  # NaN where the paper prints none
    rows: str  # `rows_behind` it


def verdicts(claims: Iterable[Claim], scale: str, of: Callable[[Claim, str], Verdict],
             only: Collection[int] = (), asked_of: str = "task") -> pd.DataFrame:  # fmt: skip
    """One row a claim and what it is asked of, in the columns of `verdicts.csv`.

    Parameters:

    - `claims`: in the order of the rows.
    - `scale`: of the tables.
    - `of`: the verdict on a claim, asked of a task.
    - `only`: claims by number; without it all are judged.
    - `asked_of`: the name of the column that says of what.
    """
    out = []
    for claim in claims:
        for asked in claim.tasks if not only or claim.id in only else ():
            found = of(claim, asked)
            counted = found.values.dropna()
            out.append({
                "scale": scale,
                "id": claim.id,
                "claim": claim.statement,
                asked_of: asked,
                "published": found.published,
                "ours": float(counted.mean()) if len(counted) else np.nan,
                "measure": claim.measure,
                "unit": found.unit,
                "n": len(counted),
                "verdict": found.verdict,
                "why": found.why,
                "rows": found.rows,
            })  # fmt: skip
    return pd.DataFrame(out)


def leading(found: pd.DataFrame, scales: Sequence[str], asked_of: str = "task") -> pd.DataFrame:
    """One row a claim and what it is asked of: the verdict of the largest scale that can tell.

    `scales` are in order, the largest last. Where none can tell it is the largest at which the
    claim ran, and where it ran at none the largest that there is.
    """
    told = found["verdict"].isin((AGREES, DIFFERS))
    ran = found["verdict"] != NOT_RUN
    size = found["scale"].map({scale: place for place, scale in enumerate(scales)})
    ranked = found.assign(_told=told, _ran=ran, _size=size)
    ranked = ranked.sort_values(["_told", "_ran", "_size"], kind="stable")
    last = ranked.drop_duplicates(["id", "measure", asked_of], keep="last").index
    order = found.drop_duplicates(["id", "measure", asked_of])[["id", "measure", asked_of]]
    return order.merge(found.loc[last], how="left")[list(found)]


def in_words(found: pd.DataFrame, measure: str, task: str, words: Mapping[str, str]) -> str:
    """What a sentence says by the verdict on a measure: it says no more, and changes with it.

    `words` has "agrees", "differs" and "" for what cannot be told or has not run.
    """
    row = found[(found["measure"] == measure) & (found["task"] == task)]
    return words.get(row["verdict"].iloc[0] if len(row) else "", words[""])


def rows_behind(tables: Iterable[pd.DataFrame], task: str) -> str:
    """Twelve hex digits over the rows of a task that a verdict was computed from."""
    parts = []
    for table in tables:
        sides = [column for column in ("task", "task_a", "task_b") if column in table]
        rows = table[(table[sides] == task).any(axis=1)] if sides else table
        parts.append(rows.to_csv(index=False, float_format="%.6g"))
    return short(*parts)
