"""One search on disk: nine levels in a file of four bits a weight, beside nine float32 pickles."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import shapes
from benchmarks.memory import peak_bytes
from benchmarks.peers import pt_files
from benchmarks.table import Options, Row, interleaved, main, ratio
from lnlib.masks.ticket import PackedMask, Ticket

JOB = "one search on disk"
LEVEL = 50
PEER = "nine float32 .pt files"


def rows(options: Options) -> list[Row]:
    size = f"9 levels of {shapes.size_of(options.toy)}"
    ticket = shapes.ticket(0, options.toy)
    masks = {level: ticket.mask(level) for level in ticket.levels}
    with tempfile.TemporaryDirectory() as name:
        path, folder = Path(name) / "ticket.safetensors", Path(name)
        paths = pt_files.save(masks, folder)
        ticket.save(path)
        bytes_ = {"ours": path.stat().st_size, PEER: sum(p.stat().st_size for p in paths)}
        jobs = {
            "save": {"ours": lambda: ticket.save(path), PEER: lambda: pt_files.save(masks, folder)},
            "load": {
                "ours": lambda: Ticket.load(path),
                PEER: lambda: [pt_files.load(path) for path in paths],
            },
            "open one level": {
                "ours": lambda: PackedMask.load(path, LEVEL),
                PEER: lambda: pt_files.load(paths[ticket.levels.index(LEVEL)]),
            },
        }
        out = [
            Row(JOB, size, who, "size", value, "bytes", value / bytes_["ours"], "ours",
                "value <= 43e6" if who == "ours" else "")
            for who, value in bytes_.items()
        ]  # fmt: skip
        notes = {
            "save": "ours flushes to the disk before it renames",
            "load": "from the page cache",
        }
        for what, ways in jobs.items():
            seconds = interleaved(ways, 3)
            target = "value <= 1" if what != "open one level" else ""
            out += [
                Row(JOB, size, who, what, float(sorted(times)[len(times) // 2]), "s",
                    ratio(seconds, who, "ours"), "ours", target if who == "ours" else "",
                    notes.get(what, ""))
                for who, times in seconds.items()
            ]  # fmt: skip
        weights = sum(m.weights for m in shapes.matrices(options.toy))
        for who, way in jobs["open one level"].items():
            grown = peak_bytes(way)
            if grown is not None:
                out.append(
                    Row(JOB, size, who, "memory of one level", grown / weights, "bytes a weight")
                )
    return out


if __name__ == "__main__":
    main("disk", rows)
