"""The paper's data as examples: a shuffled, checked choice of one language's rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lnlib.base.errors import UserError, choose
from lnlib.base.hashes import number
from lnlib.base.seeds import derive
from lnlib.corpora.opening import Opened, open_split
from lnlib.corpora.sources import NTREX, NTREX_NAMES, SOURCES, Source

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

    from lnlib.corpora.rows import FileRows

SPLITS = ("train", "validation")
HELD_OUT = 50  # one Wikipedia article in 50 is validation: 2 %, 1,571 of them in the smallest (sw)


class Examples(Sequence[dict[str, Any]]):
    """Rows of a `datasets.Dataset` as dicts, read from disk when asked for."""

    def __init__(self, rows: Dataset) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return Examples(self._rows.select(range(*index.indices(len(self)))))
        return self._rows[int(index)]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)


def load(
    task: str,
    lang: str,
    split: str,
    n: int | None,
    data_dir: str | Path | None = None,
    seed: int = 0,
) -> tuple[Sequence[dict[str, Any]], str]:
    """`n` examples of one language, and one line that says where they are from.

    Parameters:

    - `task`: the name of a source; examples are dicts of its columns, tags and labels as indices.
    - `lang`: a code.
    - `split`: "train" or "validation". A source's stand-in is read where there is none. Where
      documents have no validation split, one in 50 is held out of train by a hash of its id (the
      official code validated on text it had trained on). The description names both.
    - `n`: the first so many of a shuffle, or all if there are fewer or it is None.
    - `data_dir`: a folder laid out like the hub, in place of the hub.
    - `seed`: the shuffle depends on it, the task and the split alone: not on a run's seed, so that
      seeds of a search see the same data, and not on the language, so that XNLI's translations of a
      pair stay together.

    Raises UserError where `open_split` does, and for rows that are not what the task needs.
    """
    source = SOURCES[choose(task, SOURCES, "task")]
    choose(split, SPLITS, "split")
    if n is not None and n < 1:
        raise UserError(f"n={n!r} examples: expected a whole number from 1, or None for all")
    with open_split(source, lang, split, data_dir) as opened:
        return _choose(opened, source, task, lang, split, n, seed)


def _choose(opened: Opened, source: Source, task: str, lang: str, split: str, n: int | None,
            seed: int) -> tuple[Examples, str]:  # fmt: skip
    rows = opened.rows
    at = f"{opened.name}, {lang}, split {opened.split!r}"
    missing = [column for column in source.columns if column not in rows.column_names]
    if missing:
        raise UserError(
            f"{at}: no column {missing[0]!r}; expected {', '.join(source.columns)}, "
            f"found {', '.join(rows.column_names)}"
        )
    order = np.random.default_rng(derive(seed, "hub", task, split)).permutation(len(rows))
    note = ""
    if source.documents and "validation" not in opened.splits:
        order = _sift(rows, order, n, held_out=split == "validation")
        note = f" ({'only' if split == 'validation' else 'without'} the 1 in {HELD_OUT} held out)"
    elif opened.split != split:
        note = f" (there is no {split})"
    order = order[:n]
    if not len(order):
        raise UserError(f"{at}: no examples{note}")

    chosen = rows.select_columns(list(source.columns)).select(order)
    if source.labels:
        _check_labels(chosen, source, at)
    _check_texts(chosen, source, at)
    return Examples(chosen), f"{at}{note}, {len(order):,} of {len(rows):,} examples"


def load_parallel(
    langs: Sequence[str], data_dir: str | Path | None = None
) -> tuple[dict[str, list[str]], str]:
    """NTREX's sentences by language, all in one order, and one line on their origin.

    Raises UserError as `load` does, and for a language that has no column.
    """
    with open_split(NTREX, "all languages", "test", data_dir) as opened:
        return _translations(opened, langs)


def _translations(opened: Opened, langs: Sequence[str]) -> tuple[dict[str, list[str]], str]:
    rows = opened.rows
    at = f"{opened.name}, split {opened.split!r}"
    columns = {}
    for lang in langs:
        names = (lang, NTREX_NAMES.get(lang, lang))
        there = [name for name in names if name in rows.column_names]
        if not there:
            raise UserError(
                f"{at}: no column {names[0]!r} or {names[1]!r}; "
                f"found {', '.join(rows.column_names)}"
            )
        columns[lang] = there[0]
    if not len(rows):
        raise UserError(f"{at}: no sentences")
    chosen = rows.select_columns(list(columns.values())).select(range(len(rows)))
    _check_texts(chosen, replace(NTREX, columns=tuple(columns.values())), at)
    texts = {lang: list(chosen[column]) for lang, column in columns.items()}
    return texts, f"{at}, {len(rows):,} sentences in {len(columns)} languages"


def _sift(rows: Dataset | FileRows, order: np.ndarray, n: int | None, held_out: bool) -> np.ndarray:
    """The indices in `order` of documents on one side of the hold-out; stops once `n` are found."""
    everything = range(len(rows))
    key = "id" if "id" in rows.column_names else "text"
    keys = rows.select_columns([key]).select(everything)  # the articles themselves stay on disk
    if keys.data.column(key).null_count:  # no id: all of them would be on one side
        key = "text"
        keys = rows.select_columns([key]).select(everything)
    block = 10_000  # ids looked at in one go; the English Wikipedia has 6.4 million
    kept: list[np.ndarray] = []
    for start in range(0, len(order), block):
        part = order[start : start + block]
        side = np.array([_is_held_out(str(value)) for value in keys[part][key]])
        kept.append(part[side == held_out])
        if n is not None and sum(map(len, kept)) >= n:
            break
    return np.concatenate(kept) if kept else order


def _is_held_out(key: str) -> bool:
    return number(key) % HELD_OUT == 0


def _check_texts(rows: Dataset, source: Source, at: str) -> None:
    """Raise UserError unless every text is there and is text, and every word has one tag."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tagged = source.tagged
    for name in source.columns[:-1] if source.labels else source.columns:
        column = rows.data.column(name)  # on disk; its type and its gaps are known without reading
        values = _values(column, tagged)
        said = ""
        if values is None or not (
            pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
        ):
            said = f"{column.type}; write {'lists of strings' if tagged else 'strings'}"
        elif nulls := values.null_count or column.null_count:
            said = f"{nulls} null; leave their rows out"
        if said:
            raise UserError(f"{at}: {name} has cells that hold no text: {said}")
    if tagged:
        chosen = rows.with_format("arrow")[:]
        words, tags = (pc.list_value_length(chosen[name]) for name in source.columns)
        uneven = pc.index(pc.fill_null(pc.equal(words, tags), False), False).as_py()
        if uneven >= 0:
            raise UserError(
                f"{at}: {words[uneven]} words have {tags[uneven]} tags in one of its examples"
            )


def _check_labels(rows: Dataset, source: Source, at: str) -> None:
    """Raise UserError unless the last column holds indices into the labels, in their order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column, labels, tagged = source.columns[-1], source.labels, source.tagged
    feature = rows.features[column]
    names = getattr(getattr(feature, "feature", feature), "names", None)
    if names is not None and tuple(names) != labels:
        raise UserError(f"{at}: labels {', '.join(names)}; expected {', '.join(labels)}")
    chosen = rows.select_columns([column]).with_format("arrow")[:][column]
    values = _values(chosen, tagged)
    said = ""
    if values is None or not pa.types.is_integer(values.type):
        wanted = "lists of whole numbers" if tagged else "whole numbers"
        said = f"{chosen.type}; write {wanted}, the places in {', '.join(labels)}"
    elif values.null_count:
        said = f"{values.null_count} null; leave their rows out"
    elif len(values):
        span = pc.min_max(values).as_py()
        if span["min"] < 0 or span["max"] >= len(labels):
            said = f"{span['min']} to {span['max']}"
    if said:
        raise UserError(f"{at}: {column} holds something else than 0 to {len(labels) - 1}: {said}")


def _values(column: pa.ChunkedArray, tagged: bool) -> pa.ChunkedArray | None:
    """What a column holds, of lists what they hold; None if it should hold lists and does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lists = pa.types.is_list(column.type) or pa.types.is_large_list(column.type)
    if lists != tagged:
        return None
    return pc.list_flatten(column) if lists else column
