"""One network measured into the tables of a scale, and skipping what is already there.

A run's checkpoints are in RUNS/hua/SCALE/TASK/LANGUAGES/seedN, named by its method, anchors and
board; its rows are in the tables of RUNS/hua/SCALE. A run that was stopped goes on from its
checkpoint, and one whose rows are there is only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from lnlib.base.files import locked
from lnlib.base.provenance import machine, versions
from lnlib.base.seeds import check
from lnlib.papers.hua.experiments import transfer as transfer_module
from lnlib.papers.hua.experiments.pretraining import Pretrained, pretrain
from lnlib.papers.hua.experiments.transfer import fine_tune, pretrain_on_prefix
from lnlib.papers.hua.probing.probe import KINDS
from lnlib.papers.hua.probing.scores import BOARDS, alignment, probe_games
from lnlib.papers.hua.scales import Scale
from lnlib.papers.hua.tables import (
    ALIGNMENT,
    NETWORK,
    OVERLAP,
    PRETRAINING,
    SUBNETWORKS,
    TRANSFER,
)
from lnlib.papers.hua.world.languages import Languages
from lnlib.results.places import Places
from lnlib.results.table import Table, find

_DECIDING = {
    PRETRAINING: "papers.hua.experiments.pretraining",
    ALIGNMENT: "papers.hua.probing.scores",
    TRANSFER: "papers.hua.experiments.transfer",
    OVERLAP: "papers.hua.neutrality.overlap",
    SUBNETWORKS: "papers.hua.neutrality.scoring",
}
WAITING = "another process trains this network: waiting for it to end"


def home(runs_dir: str | Path, scale: Scale) -> Path:
    """The folder of a scale's runs."""
    return Places.of(runs_dir, "hua", scale.name).home


def place(folder: Path, task: str, languages: Languages, seed: int) -> Path:
    """Where one network's training is kept; of `task` "alignment", "transfer" or "tuning"."""
    squares = {square for square, _ in languages.anchors}
    name = f"{languages.method}-{len(squares)}-{languages.world.name}.safetensors"
    return folder / task / "+".join(languages.kinds) / f"seed{check(seed)}" / name


def network(languages: Languages, scale: Scale, seed: int) -> dict[str, Any]:
    """The columns that name a network."""
    told = (
        scale.name, languages.world.name, ",".join(languages.kinds), languages.method,
        len({square for square, _ in languages.anchors}), seed,
    )  # fmt: skip
    return dict(zip(NETWORK, told, strict=True))


def pretrained(languages: Languages, scale: Scale, seed: int, folder: Path,
               task: str = "alignment") -> Pretrained:  # fmt: skip
    """The network, trained or taken up from its checkpoint; its course goes into the table.

    For task "transfer" it is trained on the scale's opening alone.
    """
    PRETRAINING.read(folder)  # a damaged one is said now, not after the training
    path, began = place(folder, task, languages, seed), perf_counter()
    with locked(path, WAITING):
        if task == "alignment":
            found = pretrain(languages, scale, seed, path=path, watch=True)
        else:
            found = pretrain_on_prefix(languages, scale, seed, path=path, watch=True)
    about = {**network(languages, scale, seed), "task": task}
    recipe = {"recipe": scale.hash(task)}
    if find(PRETRAINING.read(folder), about | recipe).empty:
        rows, before = [], 0
        for noted in found.course.watched:
            step = int(noted["step"])
            since = found.course.losses[before:step]
            loss = float(np.mean(since)) if since else np.nan
            for name in languages.names:
                rows.append({"step": step, "language": name, "legal": noted[name], "loss": loss})
            before = step
        note(PRETRAINING, folder, pd.DataFrame(rows), about | recipe, began)
    return found


def align(languages: Languages, scale: Scale, seed: int, folder: Path,
          kinds: Sequence[str] = KINDS,
          codings: Sequence[str] = BOARDS) -> pd.DataFrame:  # fmt: skip
    """Rows of the table of alignment for one network; trained and probed if they are not there.

    Parameters:

    - `languages`, `scale`, `seed`, `folder`: the network, and the folder of its runs (`home`).
    - `kinds`, `codings`: of probes and of the board, if not all; see `probing.scores.alignment`.
    """
    about = network(languages, scale, seed) | {"recipe": scale.hash("alignment")}
    found = find(ALIGNMENT.read(folder), about)
    probed = found[found["probe"].isin(kinds) & found["board"].isin(codings)]
    if len(probed[["probe", "board"]].drop_duplicates()) < len(kinds) * len(codings):
        model = pretrained(languages, scale, seed, folder).model
        began = perf_counter()
        games = probe_games(languages, *scale.probe_games, seed)
        rows = alignment(model, languages, *games, None, scale.probe, seed, kinds, codings)
        note(ALIGNMENT, folder, rows, about, began)
        found = find(ALIGNMENT.read(folder), about)  # in a file's six digits, as every later call
    return found


def move(languages: Languages, scale: Scale, seed: int, folder: Path,
         language: int | str = 0) -> pd.DataFrame:  # fmt: skip
    """Rows of the table of transfer for one network; trained and tuned if they are not there.

    The parameters are those of `align`, and the `language` that it is tuned in.
    """
    tuned = languages.names[languages.index(language)]
    about = network(languages, scale, seed) | {"recipe": scale.hash("transfer")}
    found = find(TRANSFER.read(folder), about | {"tuned": tuned})
    if found.empty:
        model = pretrained(languages, scale, seed, folder, "transfer").model
        path, began = place(folder, "tuning", languages, seed), perf_counter()
        path = path.with_name(f"{path.stem}-{tuned.replace(' ', '')}{path.suffix}")
        with locked(path, WAITING):
            _, rows = fine_tune(model, languages, scale, seed, language, path=path)
        note(TRANSFER, folder, rows[list(transfer_module.COLUMNS)], about, began)
        found = find(TRANSFER.read(folder), about | {"tuned": tuned})
    return found


def note(table: Table, folder: Path, rows: pd.DataFrame, about: dict[str, Any],
         began: float) -> None:  # fmt: skip
    """Rows into a table with the network's name and what made them; `seconds` are of all rows."""
    made_by = {key: versions(_DECIDING[table])[key] for key in ("lnlib", "code", "torch")}
    seconds = round(perf_counter() - began, 1)
    rows = rows.assign(**about, **made_by, **machine(), seconds=seconds)
    table.add(folder, rows.to_dict("records"))
