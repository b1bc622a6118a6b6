"""Opening a source, on the Hugging Face hub or in a local folder laid out like it.

Both ways are one code path, `datasets.load_dataset_builder(repository or folder, config)`. A local
folder has a `README.md` whose `configs:` name the languages, as every data repository on the hub
does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lnlib.base.errors import UserError
from lnlib.base.hub_access import hub_error, reach_hub
from lnlib.corpora.sources import Source

if TYPE_CHECKING:
    from datasets import Dataset, DatasetBuilder


@dataclass(frozen=True)
class Opened:
    """One split of one language, still on disk."""

    name: str  # what was opened, for a reader
    rows: Dataset
    split: str  # the one that was read, which may stand in for the one asked for
    splits: list[str]  # all there are


def open_split(source: Source, lang: str, split: str, data_dir: str | Path | None) -> Opened:
    """A split of `source`: from the hub, or from its folder in `data_dir`.

    Raises UserError if the hub cannot be reached (within half a minute), and for a folder,
    language, split or file that is missing or cannot be read.
    """
    if data_dir is None:
        return _from_hub(source, lang, split)
    return _from_folder(source, lang, split, Path(data_dir))


def _from_hub(source: Source, lang: str, split: str) -> Opened:
    what, config = f"data set {source.repo} ({lang})", source.config.format(lang=lang)
    connected = reach_hub()
    try:
        builder = _builder(source.repo, config, source.revision)
    except Exception as cause:  # datasets raises OSError, ValueError, RuntimeError and its own
        raise hub_error(what, cause) from cause
    where = f"{source.repo}, {lang}"
    rows, used, splits = _read(builder, source, split, where, lambda why: hub_error(what, why))
    # Offline, datasets takes the copy that was cached last, whatever its revision.
    pinned = connected or source.revision in str(builder.cache_dir)
    name = f"{source.repo}@{source.revision[:7] if pinned else 'another revision, from the cache'}"
    return Opened(name, rows, used, splits)


def _from_folder(source: Source, lang: str, split: str, data_dir: Path) -> Opened:
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
        rows, used, splits = _read(
            builder, source, split, f"{folder}, {config}",
            lambda why: _unreadable(folder, builder, why),
        )  # fmt: skip
    return Opened(f"folder {name}", rows, used, splits)


def _builder(where: str, config: str, revision: str | None = None) -> DatasetBuilder:
    import datasets

    return datasets.load_dataset_builder(where, config, revision=revision)


def _read(
    builder: DatasetBuilder,
    source: Source,
    split: str,
    where: str,
    error: Callable[[Exception], UserError],
) -> tuple[Dataset, str, list[str]]:
    """Rows of `split` or its stand-in, the split read, and all there are; `error` says why not."""
    splits = _splits(builder)
    used = _split_to_read(splits, split, source, where)
    try:
        builder.download_and_prepare()
        return builder.as_dataset(used), used, splits
    except Exception as cause:
        raise error(cause) from cause


def _splits(builder: DatasetBuilder) -> list[str]:
    files = getattr(builder.config, "data_files", None)  # None for a copy from the cache
    return [str(split) for split in files or builder.info.splits or ()]


def _split_to_read(splits: list[str], split: str, source: Source, where: str) -> str:
    """`split`, or the one that stands in for it."""
    for candidate in (split, source.stand_ins.get(split)):
        if candidate in splits:
            return str(candidate)
    raise UserError(f"{where}: no split {split!r}; it has {', '.join(splits) or 'none'}")


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
