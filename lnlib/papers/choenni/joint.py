"""One task in several languages together: what is trained on, and samples of it.

Each language's data are those of a workbench of its own, so that scores, sizes and fingerprints are
what they are everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn
from transformers import PreTrainedTokenizerBase

from lnlib.base.errors import UserError, choose
from lnlib.base.files import as_path
from lnlib.base.hashes import short
from lnlib.corpora import treebanks
from lnlib.corpora.loading import Corpus, load
from lnlib.encoders import Encoder, load_encoder
from lnlib.papers.choenni.coverage import check_languages, get_task
from lnlib.papers.choenni.scales import SCALES
from lnlib.tasks.examples import Encoded
from lnlib.tasks.pos import POS
from lnlib.tasks.task import Score, Task, encode
from lnlib.training.recipe import Recipe, Scale
from lnlib.training.scoring import score
from lnlib.training.workbench import Workbench


@dataclass(frozen=True)
class Sample:
    """Some examples of a split: their numbers in `data`, and the language of each."""

    data: Encoded
    index: np.ndarray  # (N,)
    langs: np.ndarray  # (N,) codes
    numbers: np.ndarray  # (N,) in the split of its own language

    def __len__(self) -> int:
        return len(self.index)

    def of(self, lang: str) -> Sample:
        """Those of one language."""
        own = self.langs == lang
        return Sample(self.data, self.index[own], self.langs[own], self.numbers[own])

    @property
    def labels(self) -> np.ndarray | None:
        """(N,) each example's label; None where examples have none, or one a word."""
        labels = self.data.labels
        whole = labels is not None and len(labels) == len(self.data)
        return labels[self.index] if labels is not None and whole else None

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits of what a model gets to see of it."""
        return short(self.data.fingerprint, self.index.tobytes(), " ".join(self.langs))


class Joint:
    """The workbenches of several languages as one set of data."""

    def __init__(self, benches: Sequence[Workbench],
                 corpora: Mapping[str, Corpus] | None = None) -> None:  # fmt: skip
        """UserError unless they are of one encoder, task, recipe and set of labels.

        `corpora` are what their examples were encoded from, by language.
        """
        first, self._corpora = benches[0], dict(corpora or {})
        self.benches: dict[str, Workbench] = {bench.lang: bench for bench in benches}
        check_languages(first.task, [bench.lang for bench in benches])
        for bench in benches[1:]:
            for what in ("encoder.fingerprint", "task.name", "recipe", "data.labels"):
                own, other = (_at(one, what) for one in (first, bench))
                if own != other:
                    raise UserError(
                        f"{bench.lang!r} has another {what} than {first.lang!r} ({other!r}, "
                        f"{own!r}): they cannot be trained together"
                    )

    @property
    def langs(self) -> tuple[str, ...]:
        """The codes, in order."""
        return tuple(self.benches)

    @property
    def first(self) -> Workbench:
        """The first language's workbench: of all that they share."""
        return next(iter(self.benches.values()))

    @property
    def task(self) -> Task:
        """The task."""
        return self.first.task

    @property
    def recipe(self) -> Recipe:
        """Sizes for each language, steps for all together."""
        return self.first.recipe

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The encoder's."""
        return self.first.encoder.tokenizer

    @cached_property
    def fingerprint(self) -> str:
        """Twelve hex digits over encoder, task and the data of all languages."""
        data = [f"{lang} {bench.data.fingerprint}" for lang, bench in self.benches.items()]
        return short(self.first.encoder.fingerprint, self.task.name, *data)

    @property
    def parallel(self) -> bool:
        """Whether training examples of one number are translations, as far as labels can tell.

        One label an example (NLI), the same in all languages. Independent examples of three labels
        agree by chance in all places less than once in 3 to the power of their number.
        """
        splits = [bench.data.train for bench in self.benches.values()]
        labels = [split.labels for split in splits if split.labels is not None]
        one_each = len(labels) == len(splits) and len(labels[0]) == len(splits[0])
        return one_each and all(np.array_equal(labels[0], own) for own in labels)

    def model(self, seed: int = 0) -> nn.Module:
        """The pre-trained weights under a head drawn from the seed."""
        return self.first.model(seed)

    @cached_property
    def train(self) -> Sample:
        """All training examples, language after language."""
        return _together({lang: b.data.train for lang, b in self.benches.items()})

    @cached_property
    def validation(self) -> Sample:
        """All validation examples, language after language."""
        return _together({lang: b.data.validation for lang, b in self.benches.items()})

    def sample(self, split: str, each: int, skip: int = 0) -> Sample:
        """`each` examples of every language after its first `skip`.

        `split` is "train" or "validation". UserError where a language has fewer.
        """
        whole: Sample = getattr(self, choose(split, ("train", "validation"), "split"))
        places = []
        for lang in self.langs:
            own = np.flatnonzero(whole.langs == lang)
            if each < 1 or skip < 0 or skip + each > len(own):
                raise UserError(
                    f"{each} {split} examples of {lang!r} after the first {skip}: expected 1 at "
                    f"least, and there are {len(own)}"
                )
            places.append(own[skip : skip + each])
        index = np.concatenate(places)
        return Sample(whole.data, whole.index[index], whole.langs[index], whole.numbers[index])

    def without(self, lang: str) -> Joint:
        """The same data without one language, and as many steps for each that is left."""
        choose(lang, self.langs, "language")
        left = [copy(bench) for code, bench in self.benches.items() if code != lang]
        steps = round(self.recipe.steps * len(left) / len(self.langs))
        for bench in left:
            bench.recipe = replace(self.recipe, steps=steps)
        return Joint(left, self._corpora)

    def example(self, lang: str, number: int, split: str = "train") -> dict:
        """An example as its source has it: `Influence.top` names its language and number.

        Pieces would not do: a tokenizer does not give back characters that it does not know.
        """
        corpus = self._corpora[choose(lang, self._corpora, "language whose source is known")]
        rows = getattr(corpus, choose(split, ("train", "validation"), "split"))
        if not 0 <= number < len(getattr(self.benches[lang].data, split)):
            raise UserError(f"{split} example {number} of {lang!r}: there is none")
        return dict(rows[int(number)])

    def score(self, model: nn.Module, lang: str, seed: int = 0) -> Score:
        """The model's score on one language's validation data."""
        bench = self.benches[choose(lang, self.benches, "language")]
        return score(model, bench.data, self.recipe, self.tokenizer, seed)


def join(task: str | Task, langs: Sequence[str] | str, scale: str | Scale = "demo", *,
         encoder: Encoder | str | Path | None = None, data_dir: str | Path | None = None,
         recipe: Recipe | None = None) -> Joint:  # fmt: skip
    """The data of a task in several languages.

    Parameters:

    - `task`: "ner", "xnli" or "pos" (which is read from a folder alone), or a Task.
    - `langs`: codes, as a list or as "ar,en,fa,ur,zh".
    - `scale`: its encoder, corpus and recipe.
    - `encoder`: in place of the scale's: loaded, or a name or folder.
    - `data_dir`: a folder laid out like the hub, in place of the hub.
    - `recipe`: in place of the scale's.

    Raises UserError for what it does not know, one language alone, and where data cannot be had.
    """
    task = get_task(task)
    codes = langs.replace(",", " ").split() if isinstance(langs, str) else list(langs)
    codes = list(check_languages(task, codes))
    setting = scale if isinstance(scale, Scale) else SCALES[choose(scale, SCALES, "scale")]
    chosen = setting.encoder if encoder is None else encoder
    loaded = chosen if isinstance(chosen, Encoder) else load_encoder(chosen)
    own = setting.recipe(task) if recipe is None else recipe
    most = min(own.max_tokens, loaded.max_tokens or own.max_tokens)
    sizes = own.train_examples, own.validation_examples
    folder = None if data_dir is None else as_path(data_dir, "data_dir")
    benches, corpora = [], {}
    for code in codes:
        if task is POS:  # treebanks to train on are of other languages
            corpus = _tagged(code, sizes, folder)
        else:
            corpus = load(task.name, code, setting.corpus, *sizes, folder)
        data = encode(task, corpus, loaded.tokenizer, most, sizes)
        benches.append(Workbench(loaded, task, code, setting, recipe=own, data=data))
        corpora[code] = corpus
    return Joint(benches, corpora)


def _tagged(lang: str, sizes: tuple[int, int], data_dir: Path | None) -> Corpus:
    """XTREME's tagged sentences of a language, as a corpus."""
    train, note = treebanks.load_tagged(lang, "train", sizes[0], data_dir)
    held_out, other = treebanks.load_tagged(lang, "validation", sizes[1], data_dir)
    first, last = ([sentence.example for sentence in some] for some in (train, held_out))
    return Corpus("pos", lang, treebanks.LABELS["pos"], first, last, f"{note}; {other}")


def concatenated(parts: Sequence[Encoded]) -> Encoded:
    """Splits one after another as one."""
    whole: dict[str, Any] = {}
    for field in fields(Encoded):
        values = [getattr(part, field.name) for part in parts]
        if field.name == "offsets":
            starts = np.cumsum([0, *(int(v[-1]) for v in values)])
            moved = [v[1:] + start for v, start in zip(values, starts, strict=False)]
            whole[field.name] = np.concatenate([[0], *moved]).astype(np.int64)
        elif all(isinstance(value, np.ndarray) for value in values):
            whole[field.name] = np.concatenate(values)
        elif all(isinstance(value, list) for value in values):
            whole[field.name] = [row for value in values for row in value]
        else:
            whole[field.name] = None if values[0] is None else sum(values)
    return Encoded(**whole)


def _together(parts: Mapping[str, Encoded]) -> Sample:
    data = concatenated(list(parts.values()))
    langs = np.repeat(list(parts), [len(part) for part in parts.values()])
    numbers = np.concatenate([np.arange(len(part)) for part in parts.values()])
    return Sample(data, np.arange(len(data)), langs, numbers)


def _at(bench: Workbench, path: str) -> object:
    found: Any = bench
    for name in path.split("."):
        found = getattr(found, name)
    return found
