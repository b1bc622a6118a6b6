"""Similarity of languages by layer, before and after fine-tuning, as rows of `similarity.csv`.

Sentences are translations of each other: the parallel treebanks, as in the paper, or the
gazetteer's records. Every value is measured with sentence length left in the states and regressed
out of them, and has its floors beside it (`states.similarity`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from lnlib.base.errors import choose
from lnlib.base.hashes import short
from lnlib.base.provenance import versions
from lnlib.base.seeds import check
from lnlib.corpora.loading import load_parallel
from lnlib.corpora.treebanks import load_parallel_treebanks
from lnlib.encoders import Encoder
from lnlib.masks.matrices import encoder_of
from lnlib.papers.muller.analysis.measures import PRETRAINED, TUNED
from lnlib.papers.muller.experiments.ablation import tuned
from lnlib.papers.muller.tables import SIMILARITY
from lnlib.results.table import find
from lnlib.states.pooling import pooled_states, without_length
from lnlib.states.similarity import MEASURES, similarity_table
from lnlib.tasks.examples import Encoded, encode_sentences
from lnlib.tasks.task import Task
from lnlib.training.loop import Progress
from lnlib.training.recipe import Scale
from lnlib.training.workbench import Workbench

MAX_TOKENS = 200  # the reference code's; cuts no sentence of the parallel treebanks in English
KINDS = ("linear_debiased", "anc")  # those that claims and figures read


def compare(
    encoder: Encoder,
    langs: Sequence[str],
    scale: Scale,
    home: str | Path,
    *,
    task: Task | None = None,
    source: str = "en",
    seed: int = 0,
    measures: Sequence[str] = KINDS,
    data_dir: str | Path | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Rows of `similarity.csv` in `home`: `source` with each of `langs`, layer by layer.

    Parameters:

    - `encoder`, `scale`: whose states, and on whose sentences.
    - `langs`, `source`: languages; each is compared with the source.
    - `home`: the folder of the table.
    - `task`: also compare the encoder fine-tuned on the source, and each language with itself
      before and after.
    - `seed`: of that training.
    - `measures`: of `states.similarity.MEASURES`.
    - `data_dir`: a folder laid out like the hub.
    - `progress`: called after every step of the training.

    What is in the table is not measured again. Raises UserError for unknown names, data that cannot
    be had and a damaged table.
    """
    for name in measures:
        choose(name, MEASURES, "measure")
    SIMILARITY.read(home)
    everyone = [source, *(lang for lang in langs if lang != source)]
    sentences = _sentences(encoder, everyone, scale, data_dir)
    key = {"scale": scale.name, "encoder": encoder.fingerprint,
           "data": short(*(part.fingerprint for part in sentences.values()))}  # fmt: skip
    across = [(source, lang) for lang in everyone[1:]]
    plain = {**key, "task": "", "source": "", "model_a": PRETRAINED, "model_b": PRETRAINED}
    before = None
    if not _done(plain, across, measures, home):
        before = _states(encoder.bare(), encoder, sentences)
        _add(home, plain, before, before, across, measures, sentences)
    if task is not None:
        own = {**key, "task": task.name, "source": source, "seed": check(seed), "model_b": TUNED}
        same = [(lang, lang) for lang in everyone]
        kept, moved = {**own, "model_a": PRETRAINED}, {**own, "model_a": TUNED}
        if not (_done(kept, same, measures, home) and _done(moved, across, measures, home)):
            bench = Workbench(encoder, task, source, scale, data_dir=data_dir)
            model = encoder_of(tuned(bench, seed, progress=progress))
            after = _states(model, encoder, sentences)
            before = before or _states(encoder.bare(), encoder, sentences)
            _add(home, kept, before, after, same, measures, sentences)
            _add(home, moved, after, after, across, measures, sentences)
    return find(SIMILARITY.read(home), dict(key))


def _sentences(
    encoder: Encoder, langs: Sequence[str], scale: Scale, data_dir: str | Path | None
) -> dict[str, Encoded]:
    if scale.corpus == "gazetteer":
        texts, _ = load_parallel(scale.corpus, langs, data_dir)
    else:
        trees = load_parallel_treebanks(langs, data_dir)
        texts = {lang: [sentence.text for sentence in part] for lang, part in trees.items()}
    most = min(MAX_TOKENS, encoder.max_tokens or MAX_TOKENS)
    return {lang: encode_sentences(part, encoder.tokenizer, most) for lang, part in texts.items()}


def _states(
    model: nn.Module, encoder: Encoder, sentences: Mapping[str, Encoded]
) -> dict[str, torch.Tensor]:
    return {lang: pooled_states(model, part, encoder.tokenizer) for lang, part in sentences.items()}


def _add(
    home: str | Path, key: Mapping[str, object], one: Mapping[str, torch.Tensor],
    other: Mapping[str, torch.Tensor], pairs: Sequence[tuple[str, str]], measures: Sequence[str],
    sentences: Mapping[str, Encoded],
) -> None:  # fmt: skip
    """Measure pairs of languages between two models, with and without length, and add the rows."""
    made_by = {name: versions()[name] for name in ("lnlib", "code")}
    for a, b in pairs:
        sizes = [_lengths(sentences[lang]) for lang in (a, b)]
        sides = [states[lang] for states, lang in ((one, a), (other, b))]
        free = [without_length(s, n) for s, n in zip(sides, sizes, strict=True)]
        for length, (x, y) in (("kept", sides), ("out", free)):
            rows = similarity_table(
                {"a": x, "b": y}, [("a", "b")], measures, lengths={"b": sizes[1]}
            )
            names = {"lang_a": a, "lang_b": b, "length": length}
            SIMILARITY.add(home, rows.assign(**key, **names, **made_by).to_dict("records"))


def _lengths(sentences: Encoded) -> np.ndarray:
    """(N,) tokens of each sentence that are not special."""
    words = np.concatenate([[0], np.cumsum(~sentences.special)])
    return words[sentences.offsets[1:]] - words[sentences.offsets[:-1]]


def _done(
    key: Mapping[str, object], pairs: Sequence[tuple[str, str]], measures: Sequence[str],
    home: str | Path,
) -> bool:  # fmt: skip
    rows = find(SIMILARITY.read(home), dict(key))
    there = set(rows[["lang_a", "lang_b", "measure", "length"]].itertuples(index=False, name=None))
    return there >= {
        (*pair, measure, length)
        for pair in pairs for measure in measures for length in ("kept", "out")
    }  # fmt: skip
