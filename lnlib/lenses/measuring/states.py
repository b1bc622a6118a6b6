"""Lenses that train nothing: states of parallel sentences, and the word pieces languages share."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from lnlib.base.hashes import short
from lnlib.base.provenance import versions
from lnlib.corpora.loading import load_parallel
from lnlib.encoders import load_encoder
from lnlib.lenses.scales import Settings
from lnlib.lenses.tables import PIECES, STATES
from lnlib.results.table import find
from lnlib.states.pooling import own_tokens, pooled_states, without_length
from lnlib.states.similarity import similarity_table
from lnlib.tasks.examples import encode_sentences
from lnlib.training.workbench import Workbench

MAX_TOKENS = 200  # the reference code's of Muller et al.; longer sentences are cut


def compare_states(settings: Settings, home: Path, data_dir: Path | None = None) -> None:
    """CKA of every two languages at every layer, with sentence length and without, into `STATES`.

    Raises UserError where the parallel sentences cannot be had.
    """
    encoder = load_encoder(settings.scale.encoder)
    texts, _ = load_parallel(settings.scale.corpus, settings.langs, data_dir)
    most = min(MAX_TOKENS, encoder.max_tokens or MAX_TOKENS)
    sentences = {lang: encode_sentences(part, encoder.tokenizer, most)
                 for lang, part in texts.items()}  # fmt: skip
    made_by = versions("lenses.measuring.states")
    data = short(*(part.fingerprint for part in sentences.values()))
    key: dict[str, Any] = {"scale": settings.scale.name, "encoder": encoder.fingerprint,
                           "data": data}  # fmt: skip
    pairs = list(combinations(settings.langs, 2))
    there = find(STATES.read(home), key)
    if {*zip(there["lang_a"], there["lang_b"], strict=True)} >= {*pairs}:
        return
    bare = encoder.bare()
    kept = {n: pooled_states(bare, part, encoder.tokenizer) for n, part in sentences.items()}
    lengths = {lang: own_tokens(part) for lang, part in sentences.items()}
    out = {lang: without_length(own, lengths[lang]) for lang, own in kept.items()}
    rows: list[dict[str, Any]] = []
    for length, states in (("kept", kept), ("out", out)):
        found = similarity_table(states, pairs, ["linear_debiased"], lengths=lengths)
        found = found.assign(**key, length=length, layer=found["layer_a"],
                             lnlib=made_by["lnlib"], code=made_by["code"])  # fmt: skip
        rows += found.to_dict("records")
    STATES.add(home, rows)


def compare_pieces(benches: dict[str, Workbench], home: Path) -> None:
    """Which share of their word pieces the training data of two languages share, into `PIECES`."""
    rows = []
    pieces = {lang: np.unique(bench.data.train.ids) for lang, bench in benches.items()}
    for a, b in combinations(benches, 2):
        made_by = benches[a].versions("lenses.measuring.states")
        both = len(np.intersect1d(pieces[a], pieces[b]))
        rows.append({
            "scale": benches[a].scale.name, "task": benches[a].task.name, "lang_a": a, "lang_b": b,
            "value": both / (len(pieces[a]) + len(pieces[b]) - both),
            "recipe": benches[a].recipe.hash, "encoder": benches[a].encoder.fingerprint,
            "data": short(benches[a].data.fingerprint, benches[b].data.fingerprint),
            "lnlib": made_by["lnlib"], "code": made_by["code"],
        })  # fmt: skip
    PIECES.add(home, rows)
