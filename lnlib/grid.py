"""The whole grid of one scale: `python -m lnlib.grid --scale demo`. Stopped, it goes on later.

Order: for every task the searches of seed 0 with their controls, then the transfers; then further
seeds, masks of other tasks, and searches on shuffled labels. What is done is read off the tickets
in `runs/` and the rows in `results/SCALE/`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from lnlib.errors import choose
from lnlib.languages import PAPER_COVERAGE
from lnlib.scales import SCALES

MIXTURE = "en+fa+fr+zh"  # the paper's multilingual mask (Table 1)
# For searches: another seed of the same language is the ceiling of overlap. Three seeds, where the
# paper's three are needed (its winning tickets are within a standard deviation); two elsewhere.
MORE_SEEDS = {"ner": (1, 2), "mlm": (1,), "xnli": (1,)}


@dataclass(frozen=True)
class Job:
    """One process's work for one target: its search, its controls, or transfers to it."""

    kind: str
    scale: str
    task: str
    lang: str
    seed: int
    runs: Path
    results: Path
    data_dir: Path | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.task} {self.lang} seed {self.seed}"


def plan(scale: str, tasks: Sequence[str], runs: Path, results: Path,
         data_dir: Path | None = None) -> Iterator[list[Job]]:  # fmt: skip
    """Jobs in groups: those of a group are independent, a group needs those before it."""

    def jobs(kind: str, task: str, langs: Sequence[str], seed: int = 0) -> list[Job]:
        return [Job(kind, scale, task, lang, seed, runs, results, data_dir) for lang in langs]

    for task in tasks:
        langs = PAPER_COVERAGE[task]
        yield jobs("search", task, langs)
        yield jobs("controls", task, langs)
        yield jobs("transfer", task, langs)
    for task in tasks:
        for seed in MORE_SEEDS[task]:
            yield jobs("search", task, PAPER_COVERAGE[task], seed)
    if "ner" in tasks:
        yield jobs("search", "ner", [MIXTURE])
        yield jobs("mixture", "ner", PAPER_COVERAGE["ner"])
    for task in tasks:
        yield jobs("cross-task", task, PAPER_COVERAGE[task])
    for task in tasks:
        yield jobs("shuffled", task, PAPER_COVERAGE[task])


def run(job: Job) -> str:
    """Do one job; returns what it did."""
    from lnlib import runs
    from lnlib.encoders import load_encoder
    from lnlib.pruning import WITHOUT_DATA, find_ticket
    from lnlib.workbench import Workbench

    encoder = load_encoder(SCALES[job.scale].encoder)
    bench = Workbench(encoder, job.task, job.lang, job.scale, data_dir=job.data_dir)
    table = job.results / job.scale / "scores.csv"

    if job.kind == "search":
        runs.search(bench, job.seed, job.runs, table)
    elif job.kind == "controls":
        for method in WITHOUT_DATA:
            made = find_ticket(encoder, job.task, job.lang, job.scale, seed=job.seed, method=method)
            runs.measure(bench, made, runs.HEADLINE, job.seed, table)
    elif job.kind == "shuffled":
        levels = runs.levels_to(runs.HEADLINE)  # its mask is used at 50 % alone
        found = runs.search(bench, job.seed, job.runs, table, method="shuffled", levels=levels)
        runs.measure(bench, found, runs.HEADLINE, job.seed, table)
    else:
        if job.kind == "cross-task":
            sources = [(task, job.lang) for task in PAPER_COVERAGE if task != job.task]
        else:
            langs = [MIXTURE] if job.kind == "mixture" else PAPER_COVERAGE[job.task]
            sources = [(job.task, lang) for lang in langs if lang != job.lang]
        for task, lang in sources:
            path = runs.ticket_path(job.runs, job.scale, task, lang, job.seed)
            if path.exists():
                runs.measure(bench, runs.Ticket.load(path), runs.HEADLINE, job.seed, table)
    return str(job)


def compare(scale: str, runs_dir: Path, results_dir: Path) -> None:
    """Overlap, excess and density of every ticket found so far, at 50 %, into the tables."""
    from lnlib import results, tables
    from lnlib.encoders import load_encoder
    from lnlib.excess import excess_table
    from lnlib.masks import magnitudes
    from lnlib.overlap import density_table, overlap_table
    from lnlib.pruning import WITHOUT_DATA, find_ticket
    from lnlib.runs import HEADLINE, Ticket

    home = results_dir / scale
    encoder = load_encoder(SCALES[scale].encoder)
    sizes = magnitudes(encoder.model("mlm"))
    everything: list[Ticket] = []
    for task in PAPER_COVERAGE:
        paths = sorted((runs_dir / scale / task).glob("*/seed*/*.safetensors"))
        tickets = [ticket for ticket in map(Ticket.load, paths) if HEADLINE in ticket.levels]
        if not tickets:
            continue
        lang = PAPER_COVERAGE[task][0]
        controls = {m: find_ticket(encoder, task, lang, scale, method=m) for m in WITHOUT_DATA}
        everyone = [*tickets, *controls.values()]
        groupings = ("all", "layer", "component")
        for name, table in (
            ("overlap", overlap_table(everyone, HEADLINE, groupings)),
            ("density", density_table(everyone, HEADLINE, groupings)),
            ("excess", excess_table(tickets, controls["magnitude"], sizes, HEADLINE)),
        ):
            rows = results.mask_rows(table, scale, encoder.fingerprint)
            tables.add(home / f"{name}.csv", rows)
        everything += [t for t in tickets if t.record.method == "ticket" and t.record.seed == 0]
    if everything:
        table = overlap_table(everything, HEADLINE)
        table = table[(table.task_a != table.task_b) & (table.lang_a == table.lang_b)]
        tables.add(home / "overlap.csv", results.mask_rows(table, scale, encoder.fingerprint))


def _alone() -> None:
    """A worker keeps to one thread: two that share a core wait for each other."""
    import torch

    torch.set_num_threads(1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the plan and name what failed at the end; the rest goes on."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m lnlib.grid")
    parser.add_argument("--scale", default="demo", help="demo, small or paper")
    parser.add_argument("--tasks", default="ner,mlm,xnli", help="which, in which order")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="where tickets are kept")
    parser.add_argument("--results", type=Path, default=Path("results"), help="where tables go")
    parser.add_argument("--data-dir", type=Path, help="a folder laid out like the hub")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="start no job after that"
    )
    options = parser.parse_args(arguments)
    choose(options.scale, SCALES, "scale")
    tasks = [choose(task, PAPER_COVERAGE, "task") for task in options.tasks.split(",")]
    began, failed, done = time.monotonic(), [], 0
    with ProcessPoolExecutor(options.jobs, get_context("spawn"), _alone) as pool:
        for group in plan(options.scale, tasks, options.runs, options.results, options.data_dir):
            pending = {}
            for job in group:
                if time.monotonic() - began < 60 * options.minutes:
                    pending[pool.submit(_until, job, began + 60 * options.minutes)] = job
            for future in as_completed(pending):
                try:
                    print(
                        f"{(time.monotonic() - began) / 60:6.1f} min  {future.result()}", flush=True
                    )
                    done += 1
                except Exception as cause:  # one run's failure must not cost the others
                    failed.append(f"{pending[future]}: {cause}")
                    print(f"FAILED {failed[-1]}", flush=True)
            compare(options.scale, options.runs, options.results)
    print(f"{done} jobs done, {len(failed)} failed")
    if failed:
        raise SystemExit("\n".join(failed))


def _until(job: Job, deadline: float) -> str:
    return run(job) if time.monotonic() < deadline else f"{job} (left for the next time)"


if __name__ == "__main__":
    main()
