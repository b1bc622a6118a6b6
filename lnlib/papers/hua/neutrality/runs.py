"""One network of the controlled test measured into the tables of a scale, if it is not there.

Its tickets are in RUNS/hua/SCALE/TEST/LANGUAGES/seedN/METHOD-ANCHORS-BOARD, saved every round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import pandas as pd

from lnlib.base.files import locked
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.experiments.pretraining import Pretrained, pretrain
from lnlib.papers.hua.neutrality import overlap, scoring
from lnlib.papers.hua.neutrality.masks import Subject
from lnlib.papers.hua.scales import Scale
from lnlib.papers.hua.tables import OVERLAP, SUBNETWORKS
from lnlib.papers.hua.world.languages import Languages
from lnlib.results.table import Table, find

# "long" is overlap where rounds are longer, "early" where pre-training was cut short.
TESTS: dict[str, tuple[Table, Callable[[Subject, Path], pd.DataFrame]]] = {
    "overlap": (OVERLAP, overlap.rows),
    "lesions": (SUBNETWORKS, scoring.lesions),
    "exchange": (SUBNETWORKS, scoring.exchange),
    "long": (OVERLAP, overlap.rows),
    "early": (OVERLAP, overlap.rows),
}


def measure(test: str, languages: Languages, scale: Scale, seed: int, folder: Path) -> pd.DataFrame:
    """Rows of one of TESTS for one network; trained and measured if they are not there.

    Parameters:

    - `test`: of TESTS.
    - `languages`, `scale`, `seed`, `folder`: the network, and the folder of its runs (`runs.home`).
    """
    table, rows_of = TESTS[test]
    about = runs.network(languages, scale, seed) | {"test": test, "recipe": scale.hash("masks")}
    if find(table.read(folder), about).empty:
        model = _pretrained(test, languages, scale, seed, folder).model
        began, plan = perf_counter(), scale.masks
        if test == "long":
            longer = replace(plan.training, steps=plan.long * plan.training.steps)
            scale = replace(scale, masks=replace(plan, training=longer))
        # Tickets that are exchanged are those whose overlap was measured.
        kept = "overlap" if test == "exchange" else test
        tickets = runs.place(folder, kept, languages, seed).with_suffix("")
        rows = rows_of(Subject(model, languages, scale, seed), tickets)
        runs.note(table, folder, rows, about, began)
    return find(table.read(folder), about)


def _pretrained(test: str, languages: Languages, scale: Scale, seed: int,
                folder: Path) -> Pretrained:  # fmt: skip
    if test != "early":
        return runs.pretrained(languages, scale, seed, folder)
    path = runs.place(folder, test, languages, seed)
    with locked(path, runs.WAITING):
        return pretrain(languages, scale, seed, steps=scale.training.steps // scale.masks.early,
                        path=path)  # fmt: skip
