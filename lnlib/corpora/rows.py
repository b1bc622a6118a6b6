"""Rows of files, read when they are asked for and kept nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset, DatasetBuilder, IterableDataset

_ROWS = 1_000  # rows in memory at once besides those that are kept; articles have 3 kB


class FileRows:
    """One split of a builder's files, with the few methods of `datasets.Dataset` that we use.

    Every call goes through the files again, so that a corpus larger than the memory can be chosen
    from: by its ids, say, and then only the chosen articles are kept.
    """

    def __init__(self, builder: DatasetBuilder, split: str, error: Callable[[Exception], Exception],
                 columns: Sequence[str] | None = None) -> None:  # fmt: skip
        """`error` makes what is raised of what `datasets` raises; `columns` None stands for all."""
        self._builder, self._split, self._error = builder, split, error
        self._columns = None if columns is None else list(columns)

    @cached_property
    def column_names(self) -> list[str]:
        """Names of the columns that are read."""
        if self._columns is not None:
            return self._columns
        try:
            rows = self._stream()
            # JSON has no schema: its first row tells.
            return list(rows.column_names or next(iter(rows), {}))
        except Exception as cause:
            raise self._error(cause) from cause

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        narrow = self.select_columns(self.column_names[:1])
        return sum(len(table) for table in narrow._tables())

    def select_columns(self, columns: Sequence[str]) -> FileRows:
        """The same rows with these columns alone."""
        return FileRows(self._builder, self._split, self._error, columns)

    def select(self, order: Sequence[int] | np.ndarray) -> Dataset:
        """These rows, each named once, in this order and in memory."""
        import datasets
        import pyarrow as pa

        wanted = np.sort(order)
        kept, start = [], 0
        for table in self._tables():
            first, last = np.searchsorted(wanted, [start, start + len(table)])
            kept.append(table.take(wanted[first:last] - start))
            start += len(table)
        table = pa.concat_tables(kept, promote_options="permissive")
        if len(table) < len(wanted):
            raise self._error(EOFError("it lost rows while it was read"))
        return datasets.Dataset(table, self._stream().info).select(np.searchsorted(wanted, order))

    def _tables(self) -> Iterator[pa.Table]:
        try:
            yield from self._stream().with_format("arrow").iter(batch_size=_ROWS)
        except Exception as cause:
            raise self._error(cause) from cause

    def _stream(self) -> IterableDataset:
        builder = deepcopy(self._builder)  # reading narrows what a builder takes for its columns
        if builder.name == "parquet":
            builder.config.columns = self._columns  # the others are not even decoded
            builder.config.batch_size = _ROWS  # by default as the file's first part, which may be 0
        rows = builder.as_streaming_dataset(self._split)
        if self._columns is not None:
            rows = rows.select_columns(self._columns)
        if rows.features is not None:
            rows = rows.cast(type(rows.features)({k: _plain(f) for k, f in rows.features.items()}))
        return rows


def _plain(feature: Any) -> Any:
    """The usual type for lists, text and whole numbers that another tool wrote otherwise."""
    import datasets
    import pyarrow as pa

    if isinstance(feature, datasets.List | datasets.LargeList):
        return datasets.List(_plain(feature.feature))
    if isinstance(feature, datasets.Value):
        if feature.dtype in ("large_string", "string_view"):
            return datasets.Value("string")
        if pa.types.is_integer(feature.pa_type):
            return datasets.Value("int64")
    return feature
