"""Folders of treebanks laid out like the hub's, for the tests."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq


def sentence(number=0, **more):
    """Five words: the fourth is the root."""
    return {
        "sent_id": f"s{number}", "text": "the small dog barked.",
        "tokens": ["the", "small", "dog", "barked", "."],
        "upos": ["DET", "ADJ", "NOUN", "VERB", "PUNCT"], "head": [3, 3, 4, 0, 4],
        "deprel": ["det", "amod", "nsubj:own", "root", "punct"], **more,
    }  # fmt: skip


def write(folder, treebank, rows, split="test", home="ud", schema=None):
    """One treebank of one split in FOLDER/ud, beside those that are there."""
    root = folder / home
    (root / treebank).mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(table, root / treebank / f"{split}-00000-of-00001.parquet")
    lines = ["---", "configs:"]
    for place in sorted(path for path in root.iterdir() if path.is_dir()):
        lines += [f"- config_name: {place.name}", "  data_files:"]
        for file in sorted(place.iterdir()):
            own = file.name.partition("-")[0]
            lines += [f"  - split: {own}", f"    path: {place.name}/{own}-*.parquet"]
    (root / "README.md").write_text("\n".join([*lines, "---", ""]), encoding="utf-8")
    return folder
