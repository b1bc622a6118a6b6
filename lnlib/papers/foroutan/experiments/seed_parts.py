"""What a seed shares: `python -m lnlib foroutan seed-parts`.

A seed draws the head that training starts from, and the order of the examples with the dropout.
Two searches of one seed have both in common. Searches that take one of the two from another seed
say which of them makes masks alike, beside what the language makes of them. And two searches in one
language see the same sentences; one that sees others says whether it is these that count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lnlib.base.errors import UserError
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.excess import excess_table
from lnlib.masks.matrices import magnitudes
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.doors import Workbench, find_ticket, load, places, ticket_at
from lnlib.papers.foroutan.scales import HEADLINE, SCALES, levels_to
from lnlib.papers.foroutan.tables import SEED_PARTS
from lnlib.results.scores import stamped
from lnlib.tasks.examples import training_order
from lnlib.tasks.task import TaskData

DECIDING = ("masks.overlap", "masks.excess")  # what decides these numbers
# What a search has in common with one of seed 0: the seeds of its head and of its order. Where a
# round of seed 0 leaves sentences out, also a search on these alone, under seed 0's head.
OTHER_TEXT = "head-other-text"
PARTS = {"both": (0, 0), "head": (0, 1), OTHER_TEXT: (0, 1), "order": (1, 0), "neither": (1, 1)}


def measure(task: str, langs: Sequence[str], scale: str, runs_dir: Path, results_dir: Path,
            data_dir: str | Path | None = None,
            encoder_dir: str | Path | None = None) -> None:  # fmt: skip
    """Search every language with each of PARTS, and write `seed_parts.csv`.

    Parameters:

    - `task`, `langs`, `scale`: what is searched.
    - `runs_dir`: where tickets are kept; what is there is not searched again.
    - `results_dir`: where tables go.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.

    A row is a search in `lang` that has `parts` in common with the ticket of seed 0 in `other`, at
    50 %: `jaccard`, and of `masks.excess` the departures they share (`shared`) and would share by
    chance (`expected_near`), all 0 to 1. What has been searched in `runs_dir` is not searched
    again. Raises UserError for MLM, whose head is pre-trained and not drawn.
    """
    if task == "mlm":
        raise UserError("task 'mlm' has a pre-trained head, which no seed draws: try ner or xnli")
    encoder = load_encoder(SCALES[scale].encoder_of(task), encoder_dir)
    searched = {
        (lang, parts): _search(encoder, task, lang, scale, parts, runs_dir, data_dir)
        for parts in PARTS
        for lang in langs
    }
    found = {what: ticket for what, ticket in searched.items() if ticket is not None}
    untouched = find_ticket(encoder, task, langs[0], scale, method="magnitude")
    sizes = magnitudes(encoder.bare())
    keys, tickets = list(found), list(found.values())
    pairs = [
        (place, keys.index((other, "both")))
        for place in range(len(keys))
        for other in langs
        if keys[place] != (other, "both")
    ]
    table = excess_table(tickets, untouched, sizes, HEADLINE, pairs).assign(
        task=task,
        lang=[keys[own][0] for own, _ in pairs],
        other=[keys[other][0] for _, other in pairs],
        parts=[keys[own][1] for own, _ in pairs],
        jaccard=[jaccard(tickets[own], tickets[other], HEADLINE) for own, other in pairs],
    )
    rows = stamped(table, scale, encoder.fingerprint, *DECIDING)
    SEED_PARTS.add(places(results_dir, scale).home, rows)


def _search(encoder: Encoder, task: str, lang: str, scale: str, parts: str, runs_dir: Path,
            data_dir: str | Path | None) -> Ticket | None:  # fmt: skip
    """One search to 50 %; where head and order are of one seed, it is the grid's own. None where
    there are no sentences that it asks for."""
    head, order = PARTS[parts]
    if head == order:
        return ticket_at(encoder, task, lang, scale, HEADLINE, order, runs_dir, data_dir)
    bench = Workbench(encoder, task, lang, scale, data_dir=data_dir, head_seed=head)
    if parts == OTHER_TEXT:
        data = _unseen(bench, head, data_dir)
        if data is None:
            return None
        bench = Workbench(encoder, task, lang, scale, data=data, head_seed=head)
    path = places(runs_dir / "seed_parts" / parts, scale).ticket(task, lang, order)
    return find_ticket(
        encoder, task, lang, seed=order, levels=levels_to(HEADLINE), path=path, bench=bench
    )


def _unseen(bench: Workbench, seed: int, data_dir: str | Path | None) -> TaskData | None:
    """The data without the training sentences that a round of `seed` sees; None if it sees all."""
    recipe, lengths = bench.recipe, bench.data.train.lengths
    order = training_order(lengths, recipe.batch_size, recipe.steps, seed)
    rest = np.setdiff1d(np.arange(len(lengths)), np.concatenate(order))
    if not len(rest):
        return None
    corpus = load(bench.task, bench.lang, bench.scale, data_dir)
    corpus = replace(corpus, train=[corpus.train[int(i)] for i in rest])
    return bench.encode(corpus)
