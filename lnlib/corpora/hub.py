"""The paper's data: from the Hugging Face hub, or from a local folder laid out like it.

WikiAnn (Rahimi et al. 2019), XNLI (Conneau et al. 2018) and the Wikipedia of 2023-11-01; and NTREX
(Federmann et al. 2022), translated into all eleven languages, in place of the paper's WMT14 test
set, which is English and French. Both ways are one code path,
`datasets.load_dataset_builder(repository or folder, config)`. A local folder has a `README.md`
whose `configs:` name the languages, as every data repository on the hub does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lnlib.errors import UserError, choose
from lnlib.hub_access import hub_error, reach_hub
from lnlib.seeds import derive

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder

WIKIANN_LABELS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
XNLI_LABELS = ("entailment", "neutral", "contradiction")
SPLITS = ("train", "validation")
HELD_OUT = 50  # one Wikipedia article in 50 is validation: 2 %, 1,571 of them in the smallest (sw)


@dataclass(frozen=True)
class Source:
    """Where one task's data are, on the hub and in a local folder."""

    repo: str
    revision: str  # a commit, so that the data stay the same
    config: str
    folders: tuple[tuple[str, str], ...]  # (folder, config) in `data_dir`; the first found is read
    columns: tuple[str, ...]
    labels: tuple[str, ...] = ()
    stand_ins: Mapping[str, str] = field(
        default_factory=dict
    )  # split -> split read if it is not there


SOURCES: dict[str, Source] = {
    "ner": Source(
        repo="unimelb-nlp/wikiann",
        revision="f0a3be6dc5564c0cc4150bb660144800a1f539d4",
        config="{lang}",
        folders=(("wikiann", "{lang}"),),
        columns=("tokens", "ner_tags"),
        labels=WIKIANN_LABELS,
    ),
    "xnli": Source(
        repo="facebook/xnli",
        revision="b8dd5d7af51114dbda02c0e3f6133f332186418e",
        config="{lang}",
        folders=(("xnli", "{lang}"),),
        columns=("premise", "hypothesis", "label"),
        labels=XNLI_LABELS,
        stand_ins={"train": "test"},  # a folder may lack the 392,702 translated training pairs
    ),
    "mlm": Source(
        repo="wikimedia/wikipedia",
        revision="b04c8d1ceb2f5cd4588862100d08de323dccfbaa",
        config="20231101.{lang}",
        folders=(("wikipedia", "20231101.{lang}"), ("text", "{lang}")),
        columns=("text",),
        stand_ins={"validation": "train"},  # Wikipedia has only train; one in HELD_OUT is held out
    ),
}


# Read in public code, as the other revisions are; the hub could not be asked.
NTREX = Source(
    repo="mteb/NTREXBitextMining",
    revision="66b8b27efc99658903127730575e9fa0cb9f075c",
    config="default",
    folders=(("ntrex", "all"),),
    columns=(),  # one a language: by the code in a folder, by the names below on the hub
)
NTREX_NAMES = {
    "ar": "arb_Arab", "de": "deu_Latn", "en": "eng_Latn", "es": "spa_Latn", "fa": "fas_Arab",
    "fr": "fra_Latn", "hi": "hin_Deva", "ru": "rus_Cyrl", "sw": "swa_Latn", "ur": "urd_Arab",
    "zh": "zho_Hans",
}  # fmt: skip


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

    Examples are as on the hub: `tokens` and `ner_tags` (indices into WIKIANN_LABELS) for "ner";
    `premise`, `hypothesis` and `label` (index into XNLI_LABELS) for "xnli"; `text`, a document, for
    "mlm". They are the first `n` of a shuffle, or all if there are fewer or `n` is None. The
    shuffle depends on `seed`, task and split alone: not on a run's seed, so that seeds of a search
    see the same data, and not on the language, so that XNLI's translations of a pair stay together.

    `split` is "train" or "validation". An XNLI folder without a train split is trained on its test
    split. Where documents have no validation split, one in 50 is held out of train by a hash of its
    id (the official code validated on text it had trained on). The description names both.

    Raises UserError if the hub cannot be reached (within half a minute), and for a folder,
    language, split or file that is missing or cannot be read.
    """
    source = SOURCES[choose(task, SOURCES, "task")]
    choose(split, SPLITS, "split")
    if n is not None and n < 1:
        raise UserError(f"n={n!r} examples: expected a whole number from 1, or None for all")
    name, rows, used, splits = (
        _from_hub(source, lang, split)
        if data_dir is None
        else _from_folder(source, lang, split, Path(data_dir))
    )
    at = f"{name}, {lang}, split {used!r}"
    missing = [column for column in source.columns if column not in rows.column_names]
    if missing:
        raise UserError(
            f"{at}: no column {missing[0]!r}; expected {', '.join(source.columns)}, "
            f"found {', '.join(rows.column_names)}"
        )
    order = np.random.default_rng(derive(seed, "hub", task, split)).permutation(len(rows))
    note = ""
    if task == "mlm" and "validation" not in splits:
        order = _sift(rows, order, n, held_out=split == "validation")
        note = f" ({'only' if split == 'validation' else 'without'} the 1 in {HELD_OUT} held out)"
    elif used != split:
        note = f" (there is no {split})"
    order = order[:n]
    if not len(order):
        raise UserError(f"{at}: no examples{note}")

    chosen = rows.select_columns(list(source.columns)).select(order)
    if source.labels:
        _check_labels(chosen, source.columns[-1], source.labels, at)
    _check_texts(chosen, source, at)
    return Examples(chosen), f"{at}{note}, {len(order):,} of {len(rows):,} examples"


def load_parallel(
    langs: Sequence[str], data_dir: str | Path | None = None
) -> tuple[dict[str, list[str]], str]:
    """NTREX's sentences by language, all in one order, and one line on their origin.

    Raises UserError as `load` does, and for a language that has no column.
    """
    name, rows, used, _ = (
        _from_hub(NTREX, "all languages", "test")
        if data_dir is None
        else _from_folder(NTREX, "all languages", "test", Path(data_dir))
    )
    at = f"{name}, split {used!r}"
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
    chosen = rows.select_columns(list(columns.values()))
    _check_texts(chosen, replace(NTREX, columns=tuple(columns.values())), at)
    texts = {lang: list(chosen[column]) for lang, column in columns.items()}
    return texts, f"{at}, {len(rows):,} sentences in {len(columns)} languages"


def _from_hub(source: Source, lang: str, split: str) -> tuple[str, Dataset, str, list[str]]:
    """(name, rows, split read, all splits) of the hub's repository."""
    what, config = f"data set {source.repo} ({lang})", source.config.format(lang=lang)
    connected = reach_hub()
    try:
        builder = _builder(source.repo, config, source.revision)
    except Exception as cause:  # datasets raises OSError, ValueError, RuntimeError and its own
        raise hub_error(what, cause) from cause
    splits = _splits(builder)
    used = _split_to_read(splits, split, source, f"{source.repo}, {lang}")
    try:
        builder.download_and_prepare()
        rows = builder.as_dataset(used)
    except Exception as cause:
        raise hub_error(what, cause) from cause
    # Offline, datasets takes the copy that was cached last, whatever its revision.
    pinned = connected or source.revision in str(builder.cache_dir)
    name = f"{source.repo}@{source.revision[:7] if pinned else 'another revision, from the cache'}"
    return name, rows, used, splits


def _from_folder(
    source: Source, lang: str, split: str, data_dir: Path
) -> tuple[str, Dataset, str, list[str]]:
    """(name, rows, split read, all splits) of a folder in `data_dir`."""
    root = data_dir.expanduser().resolve()
    if not root.is_dir():
        raise UserError(f"data_dir: {str(data_dir)!r} is not a folder")
    for name, template in source.folders:
        folder, config = root / name, template.format(lang=lang)
        if folder.is_dir():
            break
    else:
        wanted = " or ".join(repr(name) for name, _ in source.folders)
        there = ", ".join(sorted(path.name for path in root.iterdir())) or "nothing"
        raise UserError(f"data_dir: {str(data_dir)!r} has no folder {wanted}; it has {there}")
    with _quiet():
        try:
            builder = _builder(str(folder), config)
        except Exception as cause:
            raise _folder_error(folder, config, cause) from cause
        splits = _splits(builder)
        used = _split_to_read(splits, split, source, f"{folder}, {config}")
        try:
            builder.download_and_prepare()
            rows = builder.as_dataset(used)
        except Exception as cause:
            raise _unreadable(folder, builder, cause) from cause
    return f"folder {name}", rows, used, splits


def _builder(where: str, config: str, revision: str | None = None) -> DatasetBuilder:
    import datasets

    return datasets.load_dataset_builder(where, config, revision=revision)


def _splits(builder: DatasetBuilder) -> list[str]:
    files = getattr(builder.config, "data_files", None)  # None for a copy from the cache
    return [str(split) for split in files or builder.info.splits or ()]


def _split_to_read(splits: list[str], split: str, source: Source, where: str) -> str:
    """`split`, or the one that stands in for it."""
    for candidate in (split, source.stand_ins.get(split)):
        if candidate in splits:
            return str(candidate)
    raise UserError(f"{where}: no split {split!r}; it has {', '.join(splits) or 'none'}")


def _sift(rows: Dataset, order: np.ndarray, n: int | None, held_out: bool) -> np.ndarray:
    """The indices in `order` of documents on one side of the hold-out; stops once `n` are found."""
    key = "id" if "id" in rows.column_names else "text"
    keys = rows.select_columns([key])  # the articles themselves stay on disk
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
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % HELD_OUT == 0


def _check_texts(rows: Dataset, source: Source, at: str) -> None:
    """Raise UserError unless every text is there and is text, and every word has one tag."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tagged = source.columns == ("tokens", "ner_tags")
    for name in source.columns[:-1] if source.labels else source.columns:
        column = rows.data.column(name)  # on disk; its type and its gaps are known without reading
        kind = column.type.value_type if tagged and pa.types.is_list(column.type) else column.type
        if column.null_count or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise UserError(f"{at}: {name} has cells that hold no text")
    if tagged:
        chosen = rows.with_format("arrow")[:]
        words, tags = (pc.list_value_length(chosen[name]) for name in source.columns)
        uneven = pc.index(pc.fill_null(pc.equal(words, tags), False), False).as_py()
        if uneven >= 0:
            raise UserError(
                f"{at}: {words[uneven]} words have {tags[uneven]} tags in one of its examples"
            )


def _check_labels(rows: Dataset, column: str, labels: tuple[str, ...], at: str) -> None:
    """Raise UserError unless the column holds indices into `labels`, in that order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    feature = rows.features[column]
    names = getattr(getattr(feature, "feature", feature), "names", None)
    if names is not None and tuple(names) != labels:
        raise UserError(f"{at}: labels {', '.join(names)}; expected {', '.join(labels)}")
    values = rows.select_columns([column]).with_format("arrow")[:][column]
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        values = pc.list_flatten(values)
    ok = pa.types.is_integer(values.type) and not values.null_count
    if ok and len(values):
        span = pc.min_max(values).as_py()
        ok = 0 <= span["min"] and span["max"] < len(labels)
    if not ok:
        raise UserError(f"{at}: {column} holds something else than 0 to {len(labels) - 1}")


def _folder_error(folder: Path, config: str, cause: Exception) -> UserError:
    """Why no builder could be made for `folder`."""
    import datasets

    script = folder / f"{folder.name}.py"
    if script.is_file():
        return UserError(
            f"{script} is a loading script, which datasets no longer runs: put the data in as "
            "parquet files, with a README.md whose configs: name the languages, and remove it"
        )
    try:
        configs = datasets.get_dataset_config_names(str(folder))
    except Exception:  # nothing in the folder can be read as data
        configs = []
    if config not in configs:
        there = ", ".join(configs) or "nothing that can be read"
        return UserError(f"{folder} has no config {config!r}; its README.md and files give {there}")
    return UserError(f"{folder}, {config}: {_one_line(cause)}")


def _unreadable(folder: Path, builder: DatasetBuilder, cause: Exception) -> UserError:
    """Which file of `folder` kept the data from being read."""
    import pyarrow.parquet as pq

    files = [str(file) for split in (builder.config.data_files or {}).values() for file in split]
    for file in files:
        if not file.endswith(".parquet"):
            continue
        try:
            table = pq.ParquetFile(file)
            if not table.metadata.num_rows:  # datasets stumbles over these
                return UserError(f"{file} has no examples")
            for _ in table.iter_batches():
                pass
        except Exception as broken:
            return UserError(f"{file} cannot be read: {_one_line(broken)}")
    return UserError(f"{folder}: one of {', '.join(files)} cannot be read: {_one_line(cause)}")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars, as only a download is worth one, and no log beside our one message."""
    import datasets

    shown, level = not datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    try:
        yield
    finally:
        datasets.logging.set_verbosity(level)
        if shown:
            datasets.enable_progress_bars()
