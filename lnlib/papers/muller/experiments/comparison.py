"""Similarity of languages by layer, before and after fine-tuning, as rows of `similarity.csv`.

Sentences are translations of each other, in all eleven languages: NTREX's, or the gazetteer's
records. The paper has the parallel treebanks, which lack three of the languages that mini-mBERT has
read. Every value is measured with sentence length left in the states and regressed out of them, and
has its floors beside it (`states.similarity`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from lnlib.base.errors import choose
from lnlib.base.hashes import short
from lnlib.base.provenance import versions
from lnlib.base.seeds import check
from lnlib.corpora.loading import load_parallel
from lnlib.encoders import Encoder
from lnlib.masks.matrices import encoder_of
from lnlib.papers.muller.analysis.measures import PRETRAINED, TUNED
from lnlib.papers.muller.coverage import COMPARED
from lnlib.papers.muller.experiments.ablation import tuned
from lnlib.papers.muller.tables import SIMILARITY
from lnlib.results.table import find
from lnlib.states.pooling import own_tokens, pooled_states, without_length
from lnlib.states.similarity import MEASURES, similarity_table
from lnlib.tasks.examples import encode_sentences
from lnlib.tasks.task import Task
from lnlib.training.loop import Progress
from lnlib.training.recipe import Scale
from lnlib.training.workbench import Workbench

MAX_TOKENS = 200  # the reference code's
# As many as the gazetteer has, and half of NTREX's: CKA of 800 is within 0.01 of that of all.
SENTENCES = 1_000
KINDS = ("linear_debiased", "anc")  # those that claims and figures read
_LENGTHS = ("kept", "out")
_DECIDING = "papers.muller.experiments.comparison"  # the module whose code rows name

States = Mapping[str, torch.Tensor]  # by language


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
    """Rows of `similarity.csv` in `home`: `source` and `langs` with each other, layer by layer.

    Parameters:

    - `encoder`, `scale`: whose states, and on whose sentences.
    - `langs`, `source`: languages.
    - `home`: the folder of the table.
    - `task`: also compare the encoder fine-tuned on the source: the source with each other
      language, and each language with itself before and after.
    - `seed`: of that training.
    - `measures`: of `states.similarity.MEASURES`.
    - `data_dir`: a folder laid out like the hub.
    - `progress`: called after every step of the training.

    What is in the table is not measured again. Raises UserError for unknown names, data that cannot
    be had and a damaged table.
    """
    made = Comparison(encoder, [source, *langs], scale, home, measures, data_dir)
    made.before_training()
    if task is not None:
        made.after_training(task, source, seed, progress)
    return made.rows()


class Comparison:
    """The states of one encoder, compared on the same sentences before and after trainings.

    Those of the encoder as it was pre-trained are made once.
    """

    def __init__(
        self,
        encoder: Encoder,
        langs: Sequence[str],
        scale: Scale,
        home: str | Path,
        measures: Sequence[str] = KINDS,
        data_dir: str | Path | None = None,
    ) -> None:
        """Read the sentences; the parameters and errors are those of `compare`."""
        self.encoder, self.scale, self.home, self.data_dir = encoder, scale, home, data_dir
        self.measures = [choose(name, MEASURES, "measure") for name in measures]
        SIMILARITY.read(home)
        asked = [choose(lang, COMPARED, "language with parallel sentences") for lang in langs]
        self.langs = [lang for lang in COMPARED if lang in asked]
        texts, _ = load_parallel(scale.corpus, self.langs, data_dir)
        most = min(MAX_TOKENS, encoder.max_tokens or MAX_TOKENS)
        self.sentences = {
            lang: encode_sentences(part[:SENTENCES], encoder.tokenizer, most)
            for lang, part in texts.items()
        }
        self._key = {"scale": scale.name, "encoder": encoder.fingerprint,
                     "data": short(*(p.fingerprint for p in self.sentences.values()))}  # fmt: skip

    def rows(self) -> pd.DataFrame:
        """All rows there are of this encoder on these sentences."""
        return find(SIMILARITY.read(self.home), dict(self._key))

    def before_training(self) -> None:
        """Every two languages, in the encoder as it was pre-trained."""
        key = {"task": "", "source": "", "recipe": "", "model_a": PRETRAINED, "model_b": PRETRAINED}
        pairs = list(combinations(self.langs, 2))
        if not self._done(key, pairs):
            self._add(key, self._before, self._before, pairs)

    def after_training(self, task: Task, source: str, seed: int = 0,
                       progress: Progress | None = None) -> None:  # fmt: skip
        """The source with each other language after a training, and each with itself before."""
        own = {"task": task.name, "source": source, "seed": check(seed), "model_b": TUNED,
               "recipe": self.scale.recipe(task).hash}  # fmt: skip
        same = [(lang, lang) for lang in self.langs]
        across = [pair for pair in combinations(self.langs, 2) if source in pair]
        kept, moved = {**own, "model_a": PRETRAINED}, {**own, "model_a": TUNED}
        if self._done(kept, same) and self._done(moved, across):
            return
        bench = Workbench(self.encoder, task, source, self.scale, data_dir=self.data_dir)
        after = self._states(encoder_of(tuned(bench, seed, progress=progress)))
        self._add(kept, self._before, after, same)
        self._add(moved, after, after, across)

    @cached_property
    def _before(self) -> States:
        return self._states(self.encoder.bare())

    def _states(self, model: nn.Module) -> States:
        return {
            lang: pooled_states(model, part, self.encoder.tokenizer)
            for lang, part in self.sentences.items()
        }

    def _add(self, key: Mapping[str, object], one: States, other: States,
             pairs: Sequence[tuple[str, str]]) -> None:  # fmt: skip
        """Measure pairs of languages between two models, with and without length."""
        made_by = {name: versions(_DECIDING)[name] for name in ("lnlib", "code")}
        for a, b in pairs:
            sizes = [own_tokens(self.sentences[lang]) for lang in (a, b)]
            sides = [states[lang] for states, lang in ((one, a), (other, b))]
            free = [without_length(s, n) for s, n in zip(sides, sizes, strict=True)]
            for length, (x, y) in zip(_LENGTHS, (sides, free), strict=True):
                rows = similarity_table(
                    {"a": x, "b": y}, [("a", "b")], self.measures, lengths={"b": sizes[1]}
                ).assign(**self._key, **key, **made_by, lang_a=a, lang_b=b, length=length)
                SIMILARITY.add(self.home, rows.to_dict("records"))

    def _done(self, key: Mapping[str, object], pairs: Sequence[tuple[str, str]]) -> bool:
        rows = find(self.rows(), dict(key))
        there = set(rows[["lang_a", "lang_b", "measure", "length"]].itertuples(False, None))
        return there >= {
            (*pair, measure, length)
            for pair in pairs for measure in self.measures for length in _LENGTHS
        }  # fmt: skip
