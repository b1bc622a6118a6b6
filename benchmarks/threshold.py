"""The k-th magnitude over all prunable weights, half of them: time and memory."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import shapes
from benchmarks.memory import peak_bytes
from benchmarks.peers import sorting, topk
from benchmarks.table import Options, Row, interleaved, main, time_rows
from lnlib.masks import smallest
from lnlib.masks.ticket import Ticket
from lnlib.pruning import rounds

JOB = "k-th magnitude"
ROUND = "one pruning round"


def scores(toy: bool) -> dict[str, np.ndarray]:
    """Magnitudes of normal weights, by matrix."""
    rng = np.random.default_rng(0)
    return {
        m.name: np.abs(0.04 * rng.standard_normal(shape, dtype=np.float32))
        for m, shape in shapes.matrices(toy).items()
    }


def rows(options: Options) -> list[Row]:
    found = scores(options.toy)
    parts = [part.ravel() for part in found.values()]
    alive = [np.ones(part.size, bool) for part in parts]
    weights = sum(part.size for part in parts)
    count, size = weights // 2, shapes.size_of(options.toy)
    vector = np.concatenate(parts)
    tensors = [torch.from_numpy(part) for part in parts]
    ways = {
        "ours": lambda: smallest.threshold(parts, alive, count),
        "np.sort alone": lambda: np.sort(vector)[count - 1],
        "np.sort, gathered (open_lth)": lambda: sorting.threshold(parts, alive, count),
        "topk over a concatenation (torch)": lambda: topk.threshold(tensors, count),
    }
    values, peaks = {}, {}
    for who, way in ways.items():
        peaks[who] = peak_bytes(lambda who=who, way=way: values.update({who: float(way())}))
    quick = {who: ways[who] for who in ("ours", "np.sort alone")}
    slow = {who: way for who, way in ways.items() if who != "np.sort alone"}
    out = time_rows(JOB, size, interleaved(quick, 9, warm=0), "ours",
                    {"np.sort alone": "ratio >= 8"})  # fmt: skip
    out += time_rows(JOB, size, interleaved(slow, 1, warm=0), "ours")[1:]
    for who, peak in peaks.items():
        if peak is not None:
            target = "value < 4" if who == "ours" else ""
            note = "growth of the process beyond the scores; one copy is 4"
            out.append(Row(JOB, size, who, "memory", peak / weights, "bytes a weight", None, "",
                           target, note))  # fmt: skip
    apart = max(abs(value - values["ours"]) for value in values.values())
    note = "largest difference of a peer's threshold from ours"
    out.append(Row(JOB, size, "ours", "difference", apart, "", None, "", "value <= 0", note))
    return out + _rounds(found, tensors, count, size, options.toy)


def _rounds(found: dict[str, np.ndarray], tensors: list[torch.Tensor], count: int, size: str,
            toy: bool) -> list[Row]:  # fmt: skip
    """What a search does with a threshold: all of one round, to the new masks."""
    empty = Ticket.empty(shapes.ticket(0, toy).record, shapes.matrices(toy))

    def by_topk() -> list[torch.Tensor]:
        kept = torch.ones(sum(part.numel() for part in tensors))
        kept[topk.fallen(tensors, count)[1]] = 0
        return [part.clone() for part in kept.split([part.numel() for part in tensors])]

    ways = {"ours": lambda: rounds.prune(empty, found, rounds.Search()), "topk (torch)": by_topk}
    notes = {"ours": "from magnitudes to the next ticket; ours prunes a tenth, the peer a half"}
    return time_rows(ROUND, size, interleaved(ways, 1, warm=0), "ours", None, notes)


if __name__ == "__main__":
    main("threshold", rows)
