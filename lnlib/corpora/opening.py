"""Opening a source, on the Hugging Face hub or in a local folder laid out like it.

Both ways begin with `datasets.load_dataset_builder(repository or folder, config)`. A local folder
has a `README.md` whose `configs:` name the languages, as every data repository on the hub does.

The hub's data go through the cache of `datasets`, under their commit. A folder's never do: that
cache knows a folder by its name and README alone, and would give one folder's rows for another's,
or those of yesterday. They are read from their files each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from lnlib.base.errors import UserError
from lnlib.base.hub_access import hub_error, reach_hub
from lnlib.corpora.rows import FileRows
from lnlib.corpora.sources import Source

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder


_PATTERN = re.compile(r"[*?[]|::")  # what makes a pattern, or a path within an archive, of a path


@dataclass(frozen=True)
class Opened:
    """One split of one language, still on disk."""

    name: str  # what was opened, for a reader
    rows: Dataset | FileRows
    split: str  # the one that was read, which may stand in for the one asked for
    splits: list[str]  # all there are


@contextmanager
def open_split(
    source: Source, lang: str, split: str, data_dir: str | Path | None
) -> Iterator[Opened]:
    """A split of `source`: from the hub, or from its folder in `data_dir`; to be read within.

    Raises UserError if the hub cannot be reached (within half a minute), and for a folder,
    language, split or file that is missing or cannot be read.
    """
    if data_dir is None:
        yield _from_hub(source, lang, split)
        return
    with _quiet(), TemporaryDirectory(prefix="lnlib-", ignore_cleanup_errors=True) as scratch:
        yield _from_folder(source, lang, split, Path(data_dir), Path(scratch))


def _from_hub(source: Source, lang: str, split: str) -> Opened:
    what, config = f"data set {source.repo} ({lang})", source.config.format(lang=lang)
    if Path(source.repo).is_dir():
        raise UserError(
            f"{what}: datasets would read the folder {source.repo!r} of the working directory in "
            "place of the hub: work elsewhere, or name your folder by data_dir"
        )
    connected = reach_hub()
    try:
        builder = _builder(source.repo, config, revision=source.revision)
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
    return Opened(name, rows, used, splits)


def _from_folder(source: Source, lang: str, split: str, data_dir: Path, scratch: Path) -> Opened:
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
    readable = _without_patterns(folder, scratch)
    try:
        # The builder keeps its locks and notes in `cache_dir`, and believes what it finds there.
        builder = _builder(str(readable), config, cache_dir=str(scratch / "cache"))
    except Exception as cause:
        raise _folder_error(folder, readable, config, cause) from cause
    splits = _splits(builder)
    used = _split_to_read(splits, split, source, f"{folder}, {config}")
    files = builder.config.data_files[used]
    builder.config.data_files = type(builder.config.data_files)({used: files})

    def error(cause: Exception) -> UserError:
        told = _unreadable(folder, list(map(str, files)), cause)
        return UserError(str(told).replace(str(readable), str(folder)))

    rows = FileRows(builder, used, error)
    if not len(rows):
        raise UserError(f"{folder}, {config}, split {used!r}: {files[0]} has no examples")
    return Opened(f"folder {name}", rows, used, splits)


def _without_patterns(folder: Path, scratch: Path) -> Path:
    """`folder`, or links to what is in it where datasets would take its path for a pattern."""
    odd = _PATTERN.search(str(folder))
    if not odd:
        return folder
    linked = scratch / _PATTERN.sub("_", folder.name)
    linked.mkdir()
    try:
        for path in folder.iterdir():
            (linked / path.name).symlink_to(path)
    except OSError as cause:  # Windows lets few users make links
        raise UserError(
            f"{folder}: datasets takes {odd[0]!r} in a path for a pattern: rename the folder"
        ) from cause
    return linked


def _builder(where: str, config: str, **more: str) -> DatasetBuilder:
    import datasets

    return datasets.load_dataset_builder(where, config, **more)


def _splits(builder: DatasetBuilder) -> list[str]:
    files = getattr(builder.config, "data_files", None)  # None for a copy from the cache
    return [str(split) for split in files or builder.info.splits or ()]


def _split_to_read(splits: list[str], split: str, source: Source, where: str) -> str:
    """`split`, or the one that stands in for it."""
    for candidate in (split, source.stand_ins.get(split)):
        if candidate in splits:
            return str(candidate)
    raise UserError(f"{where}: no split {split!r}; it has {', '.join(splits) or 'none'}")


def _folder_error(folder: Path, readable: Path, config: str, cause: Exception) -> UserError:
    """Why no builder could be made for `folder`."""
    import datasets

    script = folder / f"{folder.name}.py"
    if script.is_file():
        return UserError(
            f"{script} is a loading script, which datasets no longer runs: put the data in as "
            "parquet files, with a README.md whose configs: name the languages, and remove it"
        )
    try:
        configs = datasets.get_dataset_config_names(str(readable))
    except Exception:  # nothing in the folder can be read as data
        configs = []
    if config not in configs:
        there = ", ".join(configs) or "nothing that can be read"
        return UserError(f"{folder} has no config {config!r}; its README.md and files give {there}")
    return UserError(f"{folder}, {config}: {_one_line(cause)}")


def _unreadable(folder: Path, files: list[str], cause: Exception) -> UserError:
    """Which of the `files` of `folder` kept the data from being read."""
    import pyarrow.parquet as pq

    for file in files:
        if not file.endswith(".parquet"):
            continue
        try:
            table = pq.ParquetFile(file)
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
