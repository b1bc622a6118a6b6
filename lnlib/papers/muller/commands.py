"""The verbs of Muller et al. on the command line: `python -m lnlib muller VERB`."""

from __future__ import annotations

from argparse import Namespace

from lnlib.base.command_line import DATA, ENCODER, RESULTS, RUNS, Command, numbers, option
from lnlib.base.errors import choose
from lnlib.base.parameters import items
from lnlib.papers.muller.coverage import check_languages, get_task
from lnlib.papers.muller.scales import SCALES
from lnlib.training.recipe import Scale


def run(p: Namespace) -> None:
    """Measure what is missing of a grid, in this one process."""
    from lnlib.papers.muller import grid
    from lnlib.papers.muller.reinitialisation import STARTS

    scale, seeds = _scale(p), numbers(p.seeds, "seeds")
    starts = [choose(start, STARTS, "start") for start in items(p.starts)]
    grid.carry_out(scale, items(p.tasks), items(p.sources), seeds, starts,
                   grid.home(p.runs, scale), lambda line: print(line, flush=True),
                   p.data_dir, p.encoder_dir)  # fmt: skip


def reinitialise(p: Namespace) -> None:
    """Fine-tune with each block re-initialised, and print what each costs."""
    from lnlib.encoders import load_encoder
    from lnlib.papers.muller.analysis.blocks import losses
    from lnlib.papers.muller.experiments.ablation import ablate
    from lnlib.papers.muller.grid import home

    task, scale = get_task(p.task), _scale(p)
    source, targets = check_languages(task, p.source, p.targets)
    (seed,) = numbers(p.seed, "seed")
    encoder = load_encoder(scale.encoder, p.encoder_dir)
    rows = ablate(encoder, task, source, targets, p.blocks, scale, home(p.runs, scale), seed=seed,
                  start=p.start, data_dir=p.data_dir)  # fmt: skip
    print(losses(rows, task.name, source, p.start).round(1).to_string())


def similarity(p: Namespace) -> None:
    """Compare languages layer by layer, and print the untouched encoder's CKA."""
    from lnlib.encoders import load_encoder
    from lnlib.papers.muller.analysis.measures import by_layer
    from lnlib.papers.muller.experiments.comparison import compare
    from lnlib.papers.muller.grid import home

    task, scale = p.task and get_task(p.task), _scale(p)
    source, targets = check_languages(task or get_task("ner"), p.source, p.targets, compared=True)
    (seed,) = numbers(p.seed, "seed")
    rows = compare(load_encoder(scale.encoder, p.encoder_dir), targets, scale, home(p.runs, scale),
                   task=task or None, source=source, seed=seed, data_dir=p.data_dir)  # fmt: skip
    print(by_layer(rows, source=source).round(3).to_string())


def record(p: Namespace) -> None:
    """Take over what runs have measured, and judge the claims."""
    from lnlib.papers.muller.record import record

    taken = record(_scale(p), p.runs, p.results, p.replace)
    print("\n".join(f"{name}: {count} rows taken in" for name, count in taken.items()))


def judge(p: Namespace) -> None:
    """What has been recorded says of every claim, into verdicts.csv."""
    from lnlib.papers.muller.record import judge

    found = judge(_scale(p), p.results)
    print(found[["id", "claim", "task", "verdict", "why"]].to_string(index=False))


def _scale(p: Namespace) -> Scale:
    return SCALES[choose(p.scale, SCALES, "scale")]


_SCALE = option("--scale", "demo", "demo, small or medium")
_SOURCE = option("--source", "en", "the language that is trained on")
_TARGETS = option("--targets", "", "those that are scored; all there are, if none are given")
_SEED = option("--seed", "0", "of head, order, dropout and draw")
_BLOCKS = option(
    "--blocks", "", "0-1,2-3,all: layers, spans, all; without, pairs of layers and all"
)
_START = option("--start", "bert", "bert, constructor or shuffled")
_GRID = (
    option("--tasks", "ner", "of pos,parsing,ner,xnli")
    | option("--sources", "en", "the languages that are trained on")
    | option("--seeds", "0,1,2", "whole numbers")
    | option("--starts", "bert", "of bert,constructor,shuffled")
)
_REPLACE = {"--replace": {"action": "store_true",
                          "help": "let rows that were measured again take the place of the old "
                                  "ones"}}  # fmt: skip

COMMANDS = (
    Command("run", "measure what is missing of a grid", run, _SCALE | _GRID | RUNS | DATA
            | ENCODER),
    Command("reinitialise", "fine-tune with blocks of layers re-initialised", reinitialise,
            option("--task", "ner", "pos, parsing, ner or xnli") | _SCALE | _SOURCE | _TARGETS
            | _BLOCKS | _START | _SEED | RUNS | DATA | ENCODER),
    Command("similarity", "languages by layer, before and after fine-tuning", similarity,
            option("--task", "", "fine-tuned on; the untouched encoder alone without") | _SCALE
            | _SOURCE | _TARGETS | _SEED | RUNS | DATA | ENCODER),
    Command("record", "what runs have measured, into the tables the book reads", record,
            _SCALE | RUNS | RESULTS | _REPLACE),
    Command("judge", "what has been recorded says of every claim", judge, _SCALE | RESULTS),
)  # fmt: skip
