"""A grid's runs in one process, those that tell most first: for a night, or minutes of a GPU.

    python workflow/ordered.py --scale medium --langs en,ur,zh,ar,de,ru --more es,fa,fr \\
        --shuffled ur,en --encoder-dir FOLDER --data-dir FOLDER --results results

First the searches of the first seed, each with the random and the magnitude mask, then every mask
on every other language, then the controls that are searches, the other seeds, and more languages
(only searched). Killed and started again it goes on where it stood, by the tickets and scores in
`--runs`, which are those of the notebooks and of the Snakefile. Several processes share the work
with `--part 1/2` and `--part 2/2`: one that needs a ticket which another is searching waits for it.
With `--results` what has been measured is recorded after every kind of run. With `--sparsity 80`
the same searches go on to 80 %. One thread a process, on a GPU where there is one.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import permutations
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is loaded

from lnlib import find_ticket, load_encoder
from lnlib.base.command_line import numbers
from lnlib.base.errors import UserError
from lnlib.base.parameters import items
from lnlib.papers.foroutan.doors import Workbench, places, ticket_at
from lnlib.papers.foroutan.parameters import check
from lnlib.papers.foroutan.record import record
from lnlib.papers.foroutan.scales import HEADLINE, SCALES, levels_to
from lnlib.pruning.methods import WITHOUT_DATA
from lnlib.results import runs

Job = tuple[str, Callable[[], object]]  # what it is, and how it is done


class Jobs:
    """What there is to do for one task at one scale."""

    def __init__(self, p: argparse.Namespace) -> None:
        self.p, self.kept = p, places(p.runs, p.scale)
        self.encoder = load_encoder(SCALES[p.scale].encoder, p.encoder_dir)
        self.bench = cache(self._bench)  # a language is read once

    def _bench(self, lang: str) -> Workbench:
        return Workbench(self.encoder, self.p.task, lang, self.p.scale, data_dir=self.p.data_dir)

    def search(self, lang: str, seed: int) -> None:
        """The search, and the masks of its level that look at no data."""
        bench, level = self.bench(lang), self.p.sparsity
        runs.search(bench, seed, self.kept, levels=levels_to(level))
        for method in WITHOUT_DATA:
            control = find_ticket(self.encoder, self.p.task, lang, seed=seed, method=method,
                                  levels=(level,), bench=bench)  # fmt: skip
            runs.measure(bench, control, level, seed, self.kept.home)

    def control(self, lang: str, seed: int, method: str) -> None:
        """A search that knows less or ranks otherwise, and its mask under the true labels."""
        bench, level = self.bench(lang), self.p.sparsity
        found = runs.search(bench, seed, self.kept, method=method, levels=levels_to(level))
        runs.measure(bench, found, level, seed, self.kept.home)

    def move(self, source: str, target: str, seed: int) -> None:
        """The mask of one language trained in another."""
        p = self.p
        ticket = ticket_at(self.encoder, p.task, source, p.scale, p.sparsity, seed, p.runs,
                           p.data_dir)  # fmt: skip
        runs.measure(self.bench(target), ticket, p.sparsity, seed, self.kept.home)

    def kinds(self) -> Iterator[list[Job]]:
        """All jobs by kind, in order; jobs of one kind may be done in any."""
        p, first = self.p, self.p.seeds[0]

        def searches(langs: Sequence[str], seed: int) -> list[Job]:
            return [(f"search {lang}, seed {seed}", partial(self.search, lang, seed))
                    for lang in langs]  # fmt: skip

        yield searches(p.langs, first)
        yield [(f"mask of {one} on {other}", partial(self.move, one, other, first))
               for one, other in permutations(p.langs, 2)]  # fmt: skip
        for method in ("shuffled", "fisher"):
            yield [(f"{method} {lang}", partial(self.control, lang, first, method))
                   for lang in getattr(p, method)]  # fmt: skip
        for seed in p.seeds[1:]:
            yield searches(p.langs, seed)
        for seed in p.seeds:
            yield searches(p.more, seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what is asked for; UserError before anything runs where it cannot be done."""
    p = _asked(arguments)
    jobs, began = Jobs(p), time.monotonic()
    kinds = [kind[p.part - 1 :: p.parts] for kind in jobs.kinds()]
    done, count = 0, sum(map(len, kinds))
    for kind in kinds:
        for name, do in kind:
            do()
            done += 1
            print(f"{done} of {count}, {time.monotonic() - began:,.0f} s: {name}", flush=True)
        if kind and p.results:
            record(p.scale, p.runs, p.results, encoder_dir=p.encoder_dir)


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("scale", "medium"), ("task", "ner"), ("langs", "en,ur,zh,ar,de,ru"),
                          ("more", ""), ("shuffled", ""), ("fisher", ""), ("seeds", "0,1"),
                          ("part", "1/1"), ("data-dir", None), ("encoder-dir", None),
                          ("runs", "runs"), ("results", None)):  # fmt: skip
        parser.add_argument(f"--{name}", default=default, help=f"default: {default}")
    parser.add_argument("--sparsity", default=HEADLINE, type=int, help="%%, default: 50")
    p = parser.parse_args(arguments)
    part, _, parts = p.part.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise UserError(f"part {p.part!r}: expected one such as 1/2")
    p.part, p.parts, p.seeds = int(part), int(parts), numbers(p.seeds, "seeds")
    for name in ("langs", "more", "shuffled", "fisher"):
        codes = items(getattr(p, name))
        setattr(p, name, check({"langs": codes, "task": p.task})["langs"] if codes else [])
    if not p.langs:
        raise UserError("langs '': name one language at least")
    right = check({"scale": p.scale, "task": p.task, "sparsity": p.sparsity, "runs_dir": p.runs,
                   "data_dir": p.data_dir, "encoder_dir": p.encoder_dir})  # fmt: skip
    p.runs, p.data_dir, p.encoder_dir = (right[f"{n}_dir"] for n in ("runs", "data", "encoder"))
    p.results = None if p.results is None else Path(p.results)
    return p


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(f"ordered: {error}", file=sys.stderr)
        sys.exit(2)
