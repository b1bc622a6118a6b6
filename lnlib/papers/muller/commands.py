"""The verbs of Muller et al. on the command line: `python -m lnlib muller VERB`."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pandas as pd

from lnlib.base.command_line import DATA, RESULTS, Command, numbers, option
from lnlib.base.errors import choose
from lnlib.papers.muller.coverage import check_languages, get_task
from lnlib.papers.muller.scales import SCALES


def reinitialise(p: Namespace) -> None:
    """Fine-tune with each block re-initialised, and print what each costs."""
    from lnlib.encoders import load_encoder
    from lnlib.papers.muller.analysis.blocks import losses
    from lnlib.papers.muller.experiments.ablation import ablate

    task, scale = get_task(p.task), SCALES[choose(p.scale, SCALES, "scale")]
    source, targets = check_languages(task, p.source, p.targets)
    (seed,) = numbers(p.seed, "seed")
    rows = ablate(load_encoder(scale.encoder), task, source, targets, p.blocks, scale,
                  _home(p), seed=seed, start=p.start, data_dir=p.data_dir)  # fmt: skip
    print(losses(rows, task.name, source, p.start).round(1).to_string())


def similarity(p: Namespace) -> None:
    """Compare languages layer by layer, and print the untouched encoder's CKA."""
    from lnlib.encoders import load_encoder
    from lnlib.papers.muller.analysis.measures import by_layer
    from lnlib.papers.muller.experiments.comparison import compare

    task, scale = p.task and get_task(p.task), SCALES[choose(p.scale, SCALES, "scale")]
    source, targets = check_languages(task or get_task("ner"), p.source, p.targets)
    (seed,) = numbers(p.seed, "seed")
    rows = compare(load_encoder(scale.encoder), targets, scale, _home(p), task=task or None,
                   source=source, seed=seed, data_dir=p.data_dir)  # fmt: skip
    print(by_layer(rows, source=source).round(3).to_string())


def judge(p: Namespace) -> None:
    """What the tables say of every claim, into verdicts.csv."""
    from lnlib.papers.muller.analysis.claims import verdicts
    from lnlib.papers.muller.analysis.measures import Tables
    from lnlib.papers.muller.tables import VERDICTS

    choose(p.scale, SCALES, "scale")
    found: pd.DataFrame = verdicts(Tables.read(_home(p)))
    VERDICTS.replace(_home(p), found.to_dict("records"))
    print(found[["id", "claim", "task", "verdict", "why"]].to_string(index=False))


def _home(p: Namespace) -> Path:
    return Path(p.results) / "muller" / p.scale


_SCALE = option("--scale", "demo", "demo or small")
_SOURCE = option("--source", "en", "the language that is trained on")
_TARGETS = option("--targets", "", "those that are scored; all there are, if none are given")
_SEED = option("--seed", "0", "of head, order, dropout and draw")
_BLOCKS = option(
    "--blocks", "", "0-1,2-3,all: layers, spans, all; without, pairs of layers and all"
)
_START = option("--start", "bert", "bert, constructor or shuffled")

COMMANDS = (
    Command("reinitialise", "fine-tune with blocks of layers re-initialised", reinitialise,
            option("--task", "ner", "pos, parsing, ner or xnli") | _SCALE | _SOURCE | _TARGETS
            | _BLOCKS | _START | _SEED | RESULTS | DATA),
    Command("similarity", "languages by layer, before and after fine-tuning", similarity,
            option("--task", "", "fine-tuned on; the untouched encoder alone without") | _SCALE
            | _SOURCE | _TARGETS | _SEED | RESULTS | DATA),
    Command("judge", "what the tables say of every claim", judge, _SCALE | RESULTS),
)  # fmt: skip
