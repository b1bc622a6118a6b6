"""Translations found under every mask there is: `python -m lnlib foroutan retrieval`.

The whole encoder, random masks, the one-shot magnitude mask and every ticket of seed 0, at 50 %,
with English against each other language. Nothing is measured twice. Source: paper, section 4.5 and
Figure 7 (English and French, WMT14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from lnlib.base.errors import choose
from lnlib.base.hashes import short
from lnlib.corpora.loading import load_parallel
from lnlib.encoders import Encoder, load_encoder
from lnlib.languages import LANGUAGES
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.coverage import TASKS
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import HEADLINE, SCALES
from lnlib.papers.foroutan.tables import RETRIEVAL
from lnlib.pruning import controls
from lnlib.pruning.methods import WITHOUT_DATA
from lnlib.pruning.search import check_ticket
from lnlib.pruning.transfer import Source
from lnlib.results.scores import stamped
from lnlib.results.table import find
from lnlib.states.retrieval import retrieval_table
from lnlib.tasks.examples import encode_sentences

MAX_TOKENS = 128  # the reference's for NER and XNLI; cuts 3 in 100 Hindi sentences, fewer elsewhere
RANDOM_SEEDS = (0, 1, 2)  # three random masks, to see how much they differ


def measure(
    scale: str,
    runs_dir: Path,
    results_dir: Path,
    data_dir: str | Path | None = None,
    tickets_from: str | None = None,
    encoder_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Fill the scale's `retrieval.csv` in `results_dir` with every mask that is not in it.

    Parameters:

    - `scale`: whose text is read, in whose encoder.
    - `runs_dir`, `results_dir`: where tickets are, and where tables go.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.
    - `tickets_from`: another scale of the same encoder, whose tickets are taken; `scale` itself, if
      none is given.

    A mask is measured again where its search, the text or the encoder is another one. Returns the
    table. Raises UserError for data that cannot be had and tickets of another encoder.
    """
    setting, home = SCALES[choose(scale, SCALES, "scale")], places(results_dir, scale).home
    tickets_from = choose(tickets_from or scale, SCALES, "scale")
    table = RETRIEVAL.read(home)  # a damaged one is said now, not after the first measurement
    encoder = load_encoder(setting.encoder, encoder_dir)
    texts, where = load_parallel(setting.corpus, tuple(LANGUAGES), data_dir)
    most = min(MAX_TOKENS, encoder.max_tokens or MAX_TOKENS)
    sentences = {
        lang: encode_sentences(lines, encoder.tokenizer, most) for lang, lines in texts.items()
    }
    print(where)
    made_with = {
        "data": short(*(encoded.fingerprint for encoded in sentences.values())),
        "encoder": encoder.fingerprint,
    }
    for who, ticket in _masks(encoder, runs_dir, tickets_from):
        made_with["search"] = ticket.record.search if ticket else ""
        if not find(table, {"scale": scale, **who, **made_with}).empty:
            continue
        mask = check_ticket(ticket, encoder, HEADLINE) if ticket else None
        rows = retrieval_table(encoder, sentences, mask).assign(**who, **made_with)
        table = RETRIEVAL.add(home, stamped(rows, scale, encoder.fingerprint, "states.retrieval"))
        print(" ".join(str(value) for value in who.values() if value is not None), flush=True)
    return table


def _masks(
    encoder: Encoder, runs_dir: Path, found_at: str
) -> Iterator[tuple[dict[str, Any], Ticket | None]]:
    """Whole encoder, controls, tickets: the table's columns that say who it is, and its masks."""
    yield {"mask_scale": "", **asdict(Source())}, None
    ticket = controls.magnitude(encoder, (HEADLINE,), task="mlm", lang="en")
    yield {"mask_scale": "", **asdict(Source.of(ticket, HEADLINE))}, ticket
    paths = places(runs_dir, found_at).tickets("0")
    paths = [path for path in paths if path.parts[-4] in TASKS]  # of its encoder
    # Tasks of one language together: a run that was stopped can be compared.
    for path in sorted(paths, key=lambda p: (p.stem != "ticket", p.parts[-3], p.parts[-4])):
        ticket = Ticket.load(path)
        if HEADLINE in ticket.levels and ticket.record.method not in WITHOUT_DATA:
            yield {"mask_scale": found_at, **asdict(Source.of(ticket, HEADLINE))}, ticket
    for seed in RANDOM_SEEDS:
        ticket = controls.random(encoder, (HEADLINE,), seed, task="mlm", lang="en")
        yield {"mask_scale": "", **asdict(Source.of(ticket, HEADLINE)), "mask_seed": seed}, ticket
