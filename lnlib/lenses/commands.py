"""The verbs of the lenses on the command line: `python -m lnlib lenses VERB`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from lnlib.base.command_line import DATA, RESULTS, RUNS, Command, numbers, option
from lnlib.base.errors import choose
from lnlib.base.parameters import items
from lnlib.lenses.scales import SETTINGS, TASK
from lnlib.results.places import Places

PARTS = ("states", "together", "alone")


def run(p: Namespace) -> None:
    """Measure what is missing at a scale, in this one process."""
    from lnlib.encoders import load_encoder
    from lnlib.lenses.measuring.alone import Alone
    from lnlib.lenses.measuring.states import compare_pieces, compare_states
    from lnlib.lenses.measuring.together import Together
    from lnlib.papers.choenni.coverage import get_task

    settings = SETTINGS[choose(p.scale, SETTINGS, "scale")]
    parts = [choose(part, PARTS, "part") for part in items(p.parts)]
    seeds, home = numbers(p.seeds, "seeds"), _home(p)
    data_dir = settings.scale.data_folder(p.data_dir)
    what = (settings, load_encoder(settings.scale.encoder), get_task(TASK),
            Places.of(p.runs, "lenses", p.scale), data_dir)  # fmt: skip
    if "states" in parts:
        compare_states(settings, home, data_dir)
        print("states: done", flush=True)
    if "together" in parts:
        together = Together(*what)
        for seed in seeds:
            together.measure(seed, home)
            print(f"together, seed {seed}: done", flush=True)
    if "alone" in parts:
        alone, masks = Alone(*what), []
        compare_pieces(alone.benches, home)
        for seed in seeds:
            masks += alone.transfer(seed, home, lambda line: print(line, flush=True))
        if {mask.half for mask in masks} == {0, 1}:
            alone.compare(masks, home)


def record(p: Namespace) -> None:
    """Relate the lenses that were measured, and judge the claims."""
    from lnlib.lenses.reading.agreement import relations, verdicts
    from lnlib.lenses.reading.matrices import Tables
    from lnlib.lenses.tables import RELATIONS, VERDICTS

    home = _home(p)
    tables = Tables.read(p.results, p.scale)
    found = relations(tables)
    RELATIONS.replace(home, found.to_dict("records"))
    judged = verdicts(tables, found)
    VERDICTS.replace(home, judged.to_dict("records"))
    print(judged[["id", "lenses", "ours", "verdict", "why"]].to_string(index=False))


def _home(p: Namespace) -> Path:
    return Places.of(p.results, "lenses", choose(p.scale, SETTINGS, "scale")).home


_SCALE = option("--scale", "demo", ", ".join(SETTINGS))

COMMANDS = (
    Command("run", "measure what is missing of every lens", run,
            _SCALE | option("--parts", ",".join(PARTS), f"of {', '.join(PARTS)}")
            | option("--seeds", "0,1", "of trainings; masks of models alone need both")
            | RUNS | RESULTS | DATA),
    Command("record", "relate the lenses and judge every claim by what the tables have", record,
            _SCALE | RESULTS),
)  # fmt: skip
