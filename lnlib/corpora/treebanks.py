"""Sentences with tags and trees: Universal Dependencies, and what else has its words tagged.

A treebank is named as Universal Dependencies names it ("en_ewt"); the 20 parallel ones ("en_pud")
hold the same 1,000 sentences in one order. Words are syntactic words, heads count from 1, and 0 is
above the root. Everything is checked before it is used: a tree that is none would be scored, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnlib.base.errors import UserError, choose
from lnlib.base.seeds import derive
from lnlib.corpora.opening import open_split
from lnlib.corpora.sources import Source

UPOS = ("ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN",
        "PUNCT", "SCONJ", "SYM", "VERB", "X")  # fmt: skip
# The universal part of UD 2's relations; what stands behind a colon is a language's own.
RELATIONS = ("acl", "advcl", "advmod", "amod", "appos", "aux", "case", "cc", "ccomp", "clf",
             "compound", "conj", "cop", "csubj", "dep", "det", "discourse", "dislocated", "expl",
             "fixed", "flat", "goeswith", "iobj", "list", "mark", "nmod", "nsubj", "nummod", "obj",
             "obl", "orphan", "parataxis", "punct", "reparandum", "root", "vocative",
             "xcomp")  # fmt: skip
LABELS = {"pos": UPOS, "parsing": RELATIONS}  # of tasks on treebanks

# A copy of Universal Dependencies without a loading script; the tag was read in public code, the
# hub could not be asked.
TREEBANKS = Source(
    repo="commul/universal_dependencies",
    revision="2.17",
    config="{lang}",
    folders=(("ud", "{lang}"),),
    columns=("tokens", "upos", "head", "deprel"),
)
# Read from a folder alone, as no copy on the hub is known that needs no script: tags by language,
# as XTREME took them from UD 2.5.
TAGGED = Source(
    repo="", revision="", config="{lang}", folders=(("udpos", "{lang}"),),
    columns=("tokens", "upos"),
)  # fmt: skip

# Where a language is trained on, and where it is scored: on the parallel treebanks, whose sentences
# are the same in all, and on others where a language has none of these.
TRAINED = {"ar": "ar_padt", "en": "en_ewt", "fr": "fr_sequoia", "id": "id_csui", "it": "it_partut",
           "ko": "ko_gsd", "ru": "ru_taiga", "tr": "tr_imst"}  # fmt: skip
_PARALLEL = ("ar", "cs", "de", "en", "es", "fi", "fr", "hi", "id", "is", "it", "ja", "ko", "pl",
             "pt", "ru", "sv", "th", "tr", "zh")  # fmt: skip
SCORED = {**{lang: f"{lang}_pud" for lang in _PARALLEL}, "fa": "fa_seraji", "ur": "ur_udtb"}


@dataclass(frozen=True)
class Sentence:
    """N words with their tags (names in UPOS) and, where there is a tree, heads and relations."""

    id: str
    text: str  # as written; the words joined by spaces where that is not known
    words: tuple[str, ...]
    tags: tuple[str, ...]
    heads: tuple[int, ...] = ()  # 1 to N, 0 above the root
    relations: tuple[str, ...] = ()  # names in RELATIONS

    @property
    def example(self) -> dict[str, Any]:
        """As tasks read it: tags and relations as numbers."""
        return {
            "tokens": self.words,
            "upos": [UPOS.index(tag) for tag in self.tags],
            "head": self.heads,
            "deprel": [RELATIONS.index(name) for name in self.relations],
        }


def load_treebank(
    name: str, split: str, n: int | None = None, data_dir: str | Path | None = None, seed: int = 0
) -> tuple[list[Sentence], str]:
    """`n` sentences of a treebank (all for None), and one line on their origin.

    They are the first `n` of a shuffle that depends on `seed`, the split and how many sentences
    there are, so parallel treebanks give translations. Raises UserError where `open_split` does,
    and for a sentence whose columns do not fit each other or whose heads are no tree, by its id.
    """
    return _load(TREEBANKS, name, split, n, data_dir, seed)


def load_language(
    lang: str, train: int, held_out: int, data_dir: str | Path | None = None
) -> tuple[list[Sentence], list[Sentence], str]:
    """So many sentences of `TRAINED` and of `SCORED`'s test split, and one line on their origin.

    A language that is only scored has no sentences to train on. Raises UserError for a language
    without a treebank to score on, and as `load_treebank` does.
    """
    name = SCORED[choose(lang, SCORED, "language with a treebank")]
    scored, note = load_treebank(name, "test", held_out, data_dir)
    if lang not in TRAINED:
        return [], scored, note
    trained, first = load_treebank(TRAINED[lang], "train", train, data_dir)
    return trained, scored, f"{first}; {note}"


def load_tagged(
    lang: str, split: str, n: int | None = None, data_dir: str | Path | None = None, seed: int = 0
) -> tuple[list[Sentence], str]:
    """As `load_treebank`, without trees: XTREME's tagged sentences of a language ("ur")."""
    return _load(TAGGED, lang, split, n, data_dir, seed)


def _load(
    source: Source, name: str, split: str, n: int | None, data_dir: str | Path | None, seed: int
) -> tuple[list[Sentence], str]:
    if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 1):
        raise UserError(f"n={n!r} sentences: expected a whole number from 1, or None for all")
    rows, at = _rows(source, name, split, n, data_dir, seed)
    return [_sentence(row, source, at) for row in rows], f"{at}, {len(rows):,} sentences"


def _rows(
    source: Source, name: str, split: str, n: int | None, data_dir: str | Path | None, seed: int
) -> tuple[list[dict[str, Any]], str]:
    """Rows with tags as names, and what they are from."""
    if data_dir is None and not source.repo:
        folder = source.folders[0][0]
        raise UserError(f"{folder} is read from a folder alone: give data_dir, with {folder} in it")
    with open_split(source, name, split, data_dir) as opened:
        at = f"{opened.name}, {name}, split {opened.split!r}"
        there = opened.rows.column_names
        missing = [column for column in source.columns if column not in there]
        if missing:
            raise UserError(
                f"{at}: no column {missing[0]!r}; expected {', '.join(source.columns)}, "
                f"found {', '.join(there)}"
            )
        ids = next((column for column in ("sent_id", "idx") if column in there), None)
        extra = [column for column in ("sent_id", "idx", "text") if column in there]
        shuffle = np.random.default_rng(derive(seed, "treebank", split))
        order = shuffle.permutation(len(opened.rows))
        if not len(order):
            raise UserError(f"{at}: no sentences")
        chosen = opened.rows.select_columns([*source.columns, *extra]).select(order[:n])
    feature = chosen.features.get("upos")
    names = getattr(getattr(feature, "feature", feature), "names", None)  # of tags that are numbers
    out: list[dict[str, Any]] = []
    for number, row in zip(order, chosen, strict=False):
        own: dict[str, Any] = {"sent_id": str(row[ids]) if ids else f"row {number}"}
        if names and row["upos"]:
            own["upos"] = [names[tag] if tag in range(len(names)) else tag for tag in row["upos"]]
        out.append({**row, **own})
    return out, at


def _sentence(row: Mapping[str, Any], source: Source, at: str) -> Sentence:
    """A row that has been checked; UserError names its sentence."""
    _check_counts(row, source.columns, at)
    here = f"{at}, sentence {row['sent_id']!r}"
    words, tags = (tuple(row[column]) for column in ("tokens", "upos"))
    for number, tag in enumerate(tags, 1):
        if tag not in UPOS:
            known = ", ".join(UPOS)
            raise UserError(f"{here}: word {number} has the tag {tag!r}; expected one of {known}")
    text = row.get("text") or " ".join(words)
    if "head" not in source.columns:
        return Sentence(row["sent_id"], text, words, tags)
    heads = _heads(row["head"], here)
    relations = tuple(str(name).partition(":")[0] for name in row["deprel"])
    for number, (head, relation) in enumerate(zip(heads, relations, strict=True), 1):
        if relation not in RELATIONS:
            raise UserError(
                f"{here}: word {number} has the relation {relation!r}, which is not one of the "
                f"{len(RELATIONS)} of Universal Dependencies 2"
            )
        if (head == 0) != (relation == "root"):
            raise UserError(f"{here}: word {number} has head {head} and relation {relation!r}")
    return Sentence(row["sent_id"], text, words, tags, heads, relations)


def _check_counts(row: Mapping[str, Any], columns: Sequence[str], at: str) -> None:
    """UserError unless a sentence has words, each with text, and as much of everything else."""
    here = f"{at}, sentence {row['sent_id']!r}"
    for column in columns:
        if row[column] is None:
            raise UserError(f"{here}: {column} is missing")
        if len(row[column]) != len(row["tokens"]):
            count, words = len(row[column]), len(row["tokens"])
            raise UserError(f"{here}: {words} words and {count} in {column}; expected as many")
    if not row["tokens"]:
        raise UserError(f"{here}: no words")
    for number, word in enumerate(row["tokens"], 1):
        if not isinstance(word, str) or not word.strip():
            raise UserError(f"{here}: word {number} is {word!r}; expected text")


def _heads(values: Sequence[object], here: str) -> tuple[int, ...]:
    """The heads as numbers (some copies hold them as text), or a UserError: they are no tree."""
    heads = []
    for number, value in enumerate(values, 1):
        text = str(value)
        if not text.isdecimal() or not 0 <= int(text) <= len(values):
            raise UserError(f"{here}: word {number} has head {text}; expected 0 to {len(values)}")
        heads.append(int(text))
    roots = [number for number, head in enumerate(heads, 1) if head == 0]
    if len(roots) > 1:
        raise UserError(
            f"{here}: {len(roots)} roots, words {', '.join(map(str, roots))}; one is due"
        )
    done: set[int] = {0}
    for number in range(1, len(heads) + 1):
        path: list[int] = []
        while number not in done:
            if number in path:
                cycle = [*path[path.index(number) :], number]
                raise UserError(f"{here}: a cycle of heads, words {' to '.join(map(str, cycle))}")
            path.append(number)
            number = heads[number - 1]
        done.update(path)
    return tuple(heads)
