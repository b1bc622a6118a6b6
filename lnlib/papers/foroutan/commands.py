"""The verbs of paper 1 on the command line: `python -m lnlib foroutan VERB`.

What is asked for is checked as a notebook's parameters are, before anything is loaded.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from lnlib.base.command_line import DATA, ENCODER, RESULTS, RUNS, Command, numbers, option
from lnlib.base.errors import choose
from lnlib.base.files import as_path
from lnlib.base.parameters import items
from lnlib.papers.foroutan import parameters
from lnlib.papers.foroutan.scales import SCALES

NAMES = ", ".join(SCALES)
SCALE = option("--scale", "demo", NAMES)
TASK = option("--task", "ner", "mlm, ner or xnli")
# Two languages that share a script, and two other scripts.
LANGS = option("--langs", "en,fr,ar,zh", "codes")
# The easiest of WikiAnn's for the encoder that ships, and one of the hardest.
EXTREMES = option("--langs", "ur,en", "codes")


def _checked(p: Namespace) -> Namespace:
    """The arguments as the library takes them; UserError for the first that is wrong."""
    asked = {
        name: getattr(p, name) for name in ("scale", "task", "langs", "data_dir", "encoder_dir")
    }
    return Namespace(**{**vars(p), **parameters.check(asked)})


def record(p: Namespace) -> None:
    """Take over what runs have measured."""
    from lnlib.papers.foroutan import record

    scale = choose(p.scale, SCALES, "scale")
    again = record.record(scale, p.runs, p.results, p.replace, p.encoder_dir)
    if again and not p.replace:
        left = ", ".join(f"{t} {lang} seed {seed} ({m})" for m, t, lang, seed in sorted(again))
        print(
            f"Left out, since {p.results} has these from another search: {left}. "
            "With --replace the new ones take their place."
        )


def verify(p: Namespace) -> int:
    """Make a part of a result again; 1 where a number has changed."""
    from lnlib.papers.foroutan.verification import verify

    found = verify(p.path, p.share, p.runs, p.data_dir, p.encoder_dir)
    print(found.to_string(index=False))
    other = int((~found["same"]).sum())
    print(f"{len(found) - other} of {len(found)} recomputed numbers are the same")
    return int(other > 0)


def cost(p: Namespace) -> None:
    """Measure each task in its first language, print the table and the sum."""
    from lnlib.papers.foroutan.coverage import ALL_TASKS
    from lnlib.papers.foroutan.doors import places
    from lnlib.papers.foroutan.grid import plan
    from lnlib.results import cost

    scale = SCALES[choose(p.scale, SCALES, "scale")]
    seeds = numbers(p.seeds, "seeds") if p.seeds else []
    grid = plan(scale.name, items(p.tasks), items(p.langs), seeds)
    kept = p.record and places(p.record, scale).home
    print(cost.report(grid, ALL_TASKS, scale, p.data_dir, kept, p.encoder_dir))


def retrieval(p: Namespace) -> None:
    """Look for translations under every mask that has been found."""
    from lnlib.papers.foroutan.experiments import retrieval

    retrieval.measure(p.scale, p.runs, p.results, p.data_dir, p.tickets_from, p.encoder_dir)


def switches(p: Namespace) -> None:
    """Search with the reference code's habits."""
    from lnlib.papers.foroutan.experiments import switches

    p = _checked(p)
    switches.measure(p.task, p.langs, p.scale, p.runs, p.results, p.data_dir,
                     encoder_dir=p.encoder_dir)  # fmt: skip


def seed_parts(p: Namespace) -> None:
    """Search with half a seed."""
    from lnlib.papers.foroutan.experiments import seed_parts

    p = _checked(p)
    seed_parts.measure(p.task, p.langs, p.scale, p.runs, p.results, p.data_dir,
                       encoder_dir=p.encoder_dir)  # fmt: skip


def learning(p: Namespace) -> None:
    """Train the full model for other numbers of steps."""
    from lnlib.papers.foroutan.experiments import learning

    steps = numbers(p.steps, "steps", least=1)
    p = _checked(p)
    learning.measure(p.task, p.langs, p.scale, steps, p.results, p.data_dir, p.encoder_dir)


def live(_: Namespace) -> None:
    """Say where the book is, and the live run beside the recorded value."""
    from lnlib.papers.foroutan.experiments.live import report

    print(report(Path.cwd()))


_RECORD = {"--replace": {"action": "store_true",
                         "help": "let tickets that were searched again take the place of the old "
                                 "ones"}}  # fmt: skip
_PATH = {"path": {"type": as_path, "help": "a ticket, or a scores.csv"}}
_SHARE = option("--share", 0.1, "of its rounds or rows, 0 to 1", type=float)
_GRID = (
    option("--tasks", "", "the scale's, if none are given")
    | option("--langs", "", "the paper's, if none are given")
    | option("--seeds", "", "the plan's, if none are given")
)
_KEEP = {"--record": {"type": as_path, "metavar": "RESULTS",
                      "help": "keep what was measured in RESULTS/foroutan/SCALE"}}  # fmt: skip
_FROM = option("--tickets-from", None, "take the tickets of this scale instead")
_SMALL = option("--scale", "small", NAMES)
_STEPS = option("--steps", "100,300,625,1875", "the paper's epoch of NER is 625, its round three")

COMMANDS = (
    Command("record", "what runs have measured, into the tables the book reads", record,
            SCALE | RUNS | RESULTS | ENCODER | _RECORD),
    Command("verify", "make a part of a result again and compare", verify,
            _PATH | _SHARE | RUNS | DATA | ENCODER),
    Command("cost", "what a grid will cost, before it starts", cost,
            SCALE | _GRID | DATA | ENCODER | _KEEP),
    Command("retrieval", "translations found under every mask there is", retrieval,
            SCALE | RUNS | RESULTS | DATA | ENCODER | _FROM),
    Command("switches", "searches with the reference code's habits", switches,
            SCALE | TASK | LANGS | RUNS | RESULTS | DATA | ENCODER),
    Command("seed-parts", "searches that share half a seed", seed_parts,
            SCALE | TASK | LANGS | RUNS | RESULTS | DATA | ENCODER),
    Command("learning", "what a longer round would give", learning,
            _SMALL | TASK | EXTREMES | _STEPS | RESULTS | DATA | ENCODER),
    Command("live", "the run that make book makes, beside the recorded value", live, {}),
)  # fmt: skip
