"""What a longer round would give: `python -m lnlib foroutan learning`.

The full model, trained for other numbers of steps, each with a schedule of its own. It shows what a
scale gives away by its short rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lnlib import commands
from lnlib.encoders import load_encoder
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results import runs
from lnlib.training.workbench import Workbench

STEPS = (100, 300, 625, 1_875)  # the paper's epoch of NER is 625, its round three of them
LANGS = ("ur", "en")  # the easiest of WikiAnn's for the encoder that ships, and one of the hardest


def learning_curve(bench: Workbench, steps: Sequence[int], table: Path, seed: int = 0) -> None:
    """Train the full model for each number of `steps` and note its score in `table`.

    What stands there with the same recipe, data and encoder is not measured again.
    """
    for count in steps:
        longer = Workbench(
            bench.encoder, bench.task, bench.lang, bench.scale,
            recipe=replace(bench.recipe, steps=count), data=bench.data,
        )  # fmt: skip
        runs.measure(longer, None, 0, seed, table)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: one task, some languages, into results/SCALE/learning.csv."""
    parser = commands.options(__doc__, "learning", "small", LANGS)
    parser.add_argument("--steps", default=",".join(map(str, STEPS)))
    p = commands.parse(parser, arguments)
    steps = commands.numbers(p.steps, "steps", least=1)
    encoder = load_encoder(SCALES[p.scale].encoder)
    for lang in p.langs:
        bench = Workbench(encoder, p.task, lang, p.scale, data_dir=p.data_dir)
        learning_curve(bench, steps, p.results / p.scale / "learning.csv")


if __name__ == "__main__":
    main()
