"""What the reference code's habits change: `python -m lnlib foroutan switches`.

Each habit is a switch of `Search`. Masks found with it are trained and scored as every other mask
is, and compared with those of other languages found with it. A search to 50 % has six trainings, so
under `one_schedule` the rate falls by a sixth in each; in the code's longer searches it falls less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lnlib.encoders import load_encoder
from lnlib.masks.overlap import jaccard
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.doors import Workbench, find_ticket, places, ticket_at
from lnlib.papers.foroutan.scales import HEADLINE, SCALES, levels_to
from lnlib.papers.foroutan.tables import SWITCHES as SWITCHED
from lnlib.pruning.rounds import Search
from lnlib.results import runs

PLAIN = "none"
SWITCHES = {
    "keep_head": Search(keep_head=True),
    "one_schedule": Search(one_schedule=True),
    "keep_head+one_schedule": Search(keep_head=True, one_schedule=True),  # as the code has it
    "component_wise": Search(component_wise=True),
}


def measure(task: str, langs: Sequence[str], scale: str, runs_dir: Path, results_dir: Path,
            data_dir: str | Path | None = None, seed: int = 0,
            encoder_dir: str | Path | None = None) -> None:  # fmt: skip
    """Search with every switch in every language, and write `switches.csv`.

    Parameters:

    - `task`, `langs`, `scale`: what is searched.
    - `runs_dir`: where tickets are kept; what is there is not searched again.
    - `results_dir`: where tables go.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.
    - `seed`: of the searches.

    A row is a language under a switch, at 50 %: `value` is the score of its mask, trained as every
    mask is; `searched` the score inside the search (for what it is worth under a head that was
    kept, or a rate that hardly falls); `jaccard_plain` the overlap with the mask found without the
    switch; `jaccard_others` the mean overlap with the other languages' masks under the same switch.
    What has been searched and scored in `runs_dir`/switches is not done again.
    """
    encoder = load_encoder(SCALES[scale].encoder_of(task), encoder_dir)
    benches = {lang: Workbench(encoder, task, lang, scale, data_dir=data_dir) for lang in langs}
    table, scores = (places(folder, scale).home for folder in (results_dir, runs_dir))
    plain = {
        lang: ticket_at(encoder, task, lang, scale, HEADLINE, seed, runs_dir, data_dir)
        for lang in langs
    }
    SWITCHED.add(table, _rows(PLAIN, plain, plain, benches, scores))
    for name, search in SWITCHES.items():
        home = places(runs_dir / "switches" / name, scale)
        found = {
            lang: find_ticket(encoder, task, lang, scale, seed=seed, levels=levels_to(HEADLINE),
                              search=search, bench=bench,
                              path=home.ticket(task, lang, seed))
            for lang, bench in benches.items()
        }  # fmt: skip
        SWITCHED.add(table, _rows(name, found, plain, benches, home.home))


def _rows(name: str, found: dict[str, Ticket], plain: dict[str, Ticket],
          benches: dict[str, Workbench], scores: Path) -> Iterator[dict[str, Any]]:  # fmt: skip
    """One switch's tickets, scored (into a table in `scores`) and compared."""
    for lang, ticket in found.items():
        others = [jaccard(ticket, other) for at, other in found.items() if at != lang]
        row = runs.measure(benches[lang], ticket, HEADLINE, ticket.record.seed, scores)
        yield {
            **row,
            "switch": name,
            # A plain search that was stopped before this score would have found `value`.
            "searched": ticket.record.scores.get(HEADLINE, row["value"]),
            "jaccard_plain": jaccard(ticket, plain[lang]),
            "jaccard_others": float(np.mean(others)) if others else np.nan,
        }
