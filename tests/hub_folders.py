"""Data folders laid out like the hub's, for the tests: what a file of n rows holds."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq


def write(folder, configs):
    """Lay {config: {split: columns}} out like a data repository."""
    lines = ["---", "configs:"]
    for config, splits in configs.items():
        lines += [f"- config_name: {config!r}", "  data_files:"]
        (folder / config).mkdir(parents=True)
        for split, columns in splits.items():
            lines += [f"  - split: {split}", f"    path: {config}/{split}-*.parquet"]
            pq.write_table(pa.table(columns), folder / config / f"{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    return folder


def ner(n):
    """WikiAnn: n sentences of two words."""
    return {
        "tokens": [[f"w{i}", "x"] for i in range(n)],
        "ner_tags": [[i % 7, 0] for i in range(n)],
    }


def nli(n, lang=""):
    """XNLI: n pairs, their text told apart by `lang`."""
    return {
        "premise": [f"{lang}p{i}" for i in range(n)],
        "hypothesis": [f"{lang}h{i}" for i in range(n)],
        "label": [i % 3 for i in range(n)],
    }


def articles(n):
    """Wikipedia: n articles."""
    return {"id": [str(i) for i in range(n)], "text": [f"article {i}" for i in range(n)]}
