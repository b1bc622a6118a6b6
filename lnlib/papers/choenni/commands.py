"""The verbs of paper 2 on the command line: `python -m lnlib choenni VERB`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lnlib.base.command_line import DATA, RESULTS, RUNS, Command, numbers, option
from lnlib.base.errors import UserError, choose
from lnlib.base.files import as_path
from lnlib.base.parameters import items
from lnlib.papers.choenni.scales import SCALES, SETTINGS

if TYPE_CHECKING:
    from lnlib.papers.choenni.experiments import Experiment


def run(p: Namespace) -> None:
    """Measure what is missing of a grid: influence, sparse fine-tuning, languages left out."""
    from lnlib.papers.choenni.analysis.measures import STATIC

    for task in items(p.tasks):
        here = {**vars(p), "task": task, "langs": ""}
        influence(Namespace(**here))
        sparse(Namespace(**{**here, "kind": STATIC, "tickets": None}))
        leave_out(Namespace(**here))


def influence(p: Namespace) -> None:
    """Attribute, in the full model and on the weights of masks, into influence.csv."""
    from lnlib.papers.choenni.analysis.measures import KINDS

    kinds = [choose(kind, KINDS, "kind of mask") for kind in items(p.kinds)]
    for experiment in _experiments(p, kinds):
        experiment.attribute(kinds)


def sparse(p: Namespace) -> None:
    """Fine-tune under masks, score and attribute, into modular.csv and influence.csv."""
    from lnlib.papers.choenni.analysis.measures import KINDS, MODELS

    models = [choose(model, MODELS, "model") for model in items(p.models)]
    kind = choose(p.kind, KINDS, "kind of mask")
    for experiment in _experiments(p, [kind]):
        experiment.sparse(models, kind)


def leave_out(p: Namespace) -> None:
    """Train without each language, into left_out.csv."""
    for experiment in _experiments(p):
        experiment.leave_out()


def show(p: Namespace) -> None:
    """The most influential sentences of some test sentences, into sentences-TASK.json.

    At scale demo alone: texts of real corpora are not ours to hand on.
    """
    from lnlib.papers.choenni.analysis import sentences
    from lnlib.papers.choenni.analysis.measures import KINDS
    from lnlib.papers.choenni.experiments import FULL

    choose(p.kind, KINDS, "kind of mask")
    (experiment,) = _experiments(Namespace(**vars(p), scale="demo", data_dir=None, langs="",
                                           seeds=p.seed))  # fmt: skip
    joint = experiment.joint
    own, random = experiment.own(p.kind), experiment.random(p.kind)
    found = experiment.influence(experiment.tuned(), [FULL, *own, *random], "coordinates")
    masks = {
        "full": dict.fromkeys(joint.langs, FULL.name),
        **{mask.lang: dict.fromkeys(joint.langs, mask.name) for mask in own},
        "random": {mask.lang: mask.name for mask in random if mask.seed == 0},
    }
    made_by = {"scale": "demo", "task": p.task, "seed": experiment.seed, "kind": p.kind,
               **experiment.stamp}  # fmt: skip
    written = sentences.content(joint, found, masks, made_by)
    print(sentences.write(experiment.results, p.task, written))


def record(p: Namespace) -> None:
    """What the tables say of every claim, into verdicts.csv; rows are there as measured."""
    from lnlib.papers.choenni.analysis.claims import verdicts
    from lnlib.papers.choenni.tables import VERDICTS, Tables

    home = Path(p.results) / "choenni" / choose(p.scale, SCALES, "scale")
    found = verdicts(Tables.read(home))
    VERDICTS.replace(home, found.to_dict("records"))
    print(found[["id", "claim", "task", "verdict", "why"]].to_string(index=False))


def _experiments(p: Namespace, kinds: Sequence[str] = ()) -> list[Experiment]:
    """One a seed, on the same data; `kinds` are those of the masks, one of which takes tickets."""
    from lnlib.papers.choenni.experiments import Experiment
    from lnlib.papers.choenni.joint import join

    tickets = p.tickets if "ticket" in kinds else None
    if kinds and p.tickets != tickets:
        raise UserError(
            f"tickets {str(p.tickets)!r}: they are masks of kind 'ticket', and of kind "
            f"{', '.join(kinds)} were asked for: add ticket"
        )
    settings, seeds = SETTINGS[p.scale], numbers(p.seeds, "seeds")
    joint = join(p.task, items(p.langs), p.scale, data_dir=p.data_dir)
    return [Experiment(joint, settings, seed, p.runs, p.results, tickets) for seed in seeds]


_WHAT = (
    option("--task", "ner", "ner, xnli or pos")
    | option("--langs", "", "codes; the task's five, if none are given")
    | option("--scale", "demo", "demo, small or paper")
    | option("--seeds", "0", "of training, 0,1,2 for claims")
    | RUNS | RESULTS | DATA
)  # fmt: skip
_KINDS = option("--kinds", "heads,fisher,ticket", "of masks: heads, fisher, saliency, ticket")
_KIND = option("--kind", "fisher", "of own masks: heads, fisher, saliency, ticket")
_MODELS = option("--models", "full,static,random,dynamic,redrawn", "trained under no masks (full), "
                 "own, random or moving ones, or random ones drawn again as often")  # fmt: skip
_TICKETS = {"--tickets": {"type": as_path, "help": "the folder of a scale's searches, such as "
                          "runs/foroutan/demo, to take tickets from"}}  # fmt: skip
_GRID = (
    option("--tasks", "ner,xnli", "of ner, xnli and pos; pos takes data that demo lacks")
    | option("--scale", "demo", "demo, small or paper")
    | option("--seeds", "0,1,2", "of training; claims need three")
    | RUNS | RESULTS | DATA | _KINDS | _MODELS | _TICKETS
)  # fmt: skip

COMMANDS = (
    Command("run", "measure what is missing of a grid", run, _GRID),
    Command("influence", "whose examples predictions lean on, by sub-network", influence,
            _WHAT | _KINDS | _TICKETS),
    Command("sparse", "fine-tuning under masks: scores and influence", sparse,
            _WHAT | _MODELS | _KIND | _TICKETS),
    Command("leave-out", "joint training without each language", leave_out, _WHAT),
    Command("show", "the most influential sentences themselves, for the book's page", show,
            option("--task", "ner", "ner or xnli") | option("--seed", "0", "of training") | _KIND
            | RUNS | RESULTS),
    Command("record", "judge every claim by what the tables have", record,
            option("--scale", "demo", "demo, small or paper") | RESULTS),
)  # fmt: skip
