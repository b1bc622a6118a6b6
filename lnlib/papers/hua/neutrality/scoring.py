"""What sub-networks are worth: lesions that one language needs, tickets trained in another one."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from transformers import GPT2LMHeadModel

from lnlib.base.seeds import derive
from lnlib.masks.applying import masked
from lnlib.masks.matrices import magnitudes
from lnlib.masks.ticket import Ticket
from lnlib.papers.hua.experiments.pretraining import play_games
from lnlib.papers.hua.network.playing import legal_rate
from lnlib.papers.hua.neutrality.masks import Subject, ticket_name

COLUMNS = ("kind", "lang", "sparsity", "mask", "target", "measure", "value")


def lesions(subject: Subject, _folder: Path) -> pd.DataFrame:
    """Legal moves (%) in all languages without the weights that one needs in excess (COLUMNS).

    What a language needs of a weight is its share of all there is of w^2 times Fisher: what its
    removal costs, to second order. A "lesion" removes those where this exceeds the other languages'
    mean by most; "random important" as many, drawn among the half that the language needs most.
    """
    plan, sizes = subject.scale.masks, magnitudes(subject.model)
    needs = []
    for language in range(len(subject.languages)):
        fisher = subject.fisher(language, 0)
        cost = {name: sizes[name] ** 2 * part for name, part in fisher.items()}
        total = sum(float(part.sum(dtype=np.float64)) for part in cost.values())
        needs.append({name: part / total for name, part in cost.items()})
    cut: list[Ticket | None] = [None]
    for language, own in enumerate(needs):
        others = [need for other, need in enumerate(needs) if other != language]
        excess = {name: np.mean([o[name] for o in others], axis=0) - own[name] for name in own}
        half = np.median(np.concatenate([part.ravel() for part in own.values()]))
        rng = np.random.default_rng(derive(subject.seed, "lesion", language))
        drawn = {n: np.where(part > half, rng.random(part.shape), 1) for n, part in own.items()}
        for kind, scores in (("lesion", excess), ("random important", drawn)):
            record = subject.record(kind, language, 0, (plan.lesion,))
            cut.append(subject.by_scores(record, scores))
    return _table(
        row
        for ticket in cut
        for target in range(len(subject.languages))
        for row in _scored(subject, _without(subject.model, ticket, plan.lesion), ticket,
                           plan.lesion, target)
    )  # fmt: skip


def exchange(subject: Subject, folder: Path) -> pd.DataFrame:
    """Legal moves (%) in a language after training sub-networks in it, by whose ticket (COLUMNS).

    Every language's ticket (taken up from `folder`), the untouched network's largest weights and
    random ones, at every level; "full" is the whole network. All see the same games, others than
    those on which tickets were found.
    """
    spoken, levels = range(len(subject.languages)), subject.scale.masks.levels
    masks = [subject.ticket(k, 0, max(levels), folder / ticket_name(k, 0)) for k in spoken]
    masks += [subject.untouched(), subject.random(None, 0)]
    asked: list[tuple[Ticket | None, int]] = [(None, 0)]
    asked += [(mask, level) for level in levels for mask in masks]
    return _table(
        row
        for mask, level in asked
        for target in spoken
        for row in _scored(
            subject, subject.trained(target, "exchange", mask.mask(level) if mask else None), mask,
            level, target,
        )
    )  # fmt: skip


def _without(model: GPT2LMHeadModel, ticket: Ticket | None, level: int) -> GPT2LMHeadModel:
    """A copy of the network with the weights that a mask prunes at 0."""
    cut = deepcopy(model)
    with masked(cut, ticket.mask(level) if ticket else None):
        return cut


def _scored(subject: Subject, model: GPT2LMHeadModel, ticket: Ticket | None, level: int,
            target: int) -> Iterator[dict[str, Any]]:  # fmt: skip
    games = play_games(subject.languages, subject.scale, subject.seed)
    about: dict[str, Any] = {"kind": "full", "lang": "", "sparsity": 0, "mask": ""}
    if ticket:
        record = ticket.record
        about = {"kind": record.method, "lang": record.lang, "sparsity": level,
                 "mask": ticket.digest(level)}  # fmt: skip
    about["target"] = subject.languages.names[target]
    for measure, within in (("legal", None), ("legal within", target)):
        value = legal_rate(model, subject.languages, games, target, within)
        yield {**about, "measure": measure, "value": value}


def _table(rows: Iterator[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))
