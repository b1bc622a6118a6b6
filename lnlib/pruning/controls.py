"""Masks that know less than a ticket: made from the encoder alone, without data or training."""

from __future__ import annotations

import numpy as np

from lnlib.base import hashes, seeds
from lnlib.base.provenance import versions
from lnlib.encoders import Encoder
from lnlib.masks.matrices import magnitudes
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.pruning.rounds import Search, to_every_level
from lnlib.pruning.search import start


def magnitude(encoder: Encoder, levels: tuple[int, ...], *, task: str = "", lang: str = "",
              scale: str = "", seed: int = 0,
              settings: Search | None = None) -> Ticket:  # fmt: skip
    """The untouched encoder's smallest weights, pruned in one shot to every level (%).

    Parameters:

    - `encoder`, `levels`: whose weights, and the sparsities (%).
    - `task`, `lang`, `scale`, `seed`: only name it; it is the same for all.
    - `settings`: of them `pooler` and `component_wise` count.
    """
    record, settings = _record("magnitude", encoder, levels, task, lang, scale, seed, settings)
    model = encoder.bare()
    return to_every_level(start(record, model, settings), magnitudes(model), settings)


def random(encoder: Encoder, levels: tuple[int, ...], seed: int, *, task: str = "", lang: str = "",
           scale: str = "", settings: Search | None = None) -> Ticket:  # fmt: skip
    """Weights pruned at random to every level (%).

    Parameters:

    - `encoder`, `levels`: whose weights, and the sparsities (%).
    - `seed`, `task`, `lang`: what it is drawn from; all levels are of one draw, so that random
      masks nest as those of a search do.
    - `scale`: only names it.
    - `settings`: of them `pooler` and `component_wise` count.
    """
    record, settings = _record("random", encoder, levels, task, lang, scale, seed, settings)
    empty = start(record, encoder.bare(), settings)
    rng = np.random.default_rng(seeds.derive(seed, "random", task, lang))
    ranks = {m.name: rng.random(m.weights, dtype=np.float32) for m in empty.matrices}
    return to_every_level(empty, ranks, settings)


def _record(method: str, encoder: Encoder, levels: tuple[int, ...], task: str, lang: str,
            scale: str, seed: int, settings: Search | None) -> tuple[Record, Search]:  # fmt: skip
    settings = Search() if settings is None else settings
    switches = hashes.settings(settings)
    what = f"{encoder.fingerprint} {method} {task} {lang} {levels} {seed} {switches}"
    record = Record(method, task, lang, seed, scale, levels, encoder.name, encoder.fingerprint,
                    versions=versions("pruning.controls"), search=hashes.short(what))  # fmt: skip
    return record, settings
