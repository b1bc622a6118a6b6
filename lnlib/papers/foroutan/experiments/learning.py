"""What a longer round would give: `python -m lnlib foroutan learning`.

The full model, trained for other numbers of steps, each with a schedule of its own. It shows what a
scale gives away by its short rounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lnlib.encoders import load_encoder
from lnlib.papers.foroutan.doors import Workbench, places
from lnlib.papers.foroutan.scales import SCALES
from lnlib.papers.foroutan.tables import LEARNING
from lnlib.results import runs


def measure(task: str, langs: Sequence[str], scale: str, steps: Sequence[int], results_dir: Path,
            data_dir: str | Path | None = None,
            encoder_dir: str | Path | None = None) -> None:  # fmt: skip
    """`learning_curve` of a task in some languages, into `learning.csv`.

    Parameters:

    - `task`, `langs`, `scale`: what is trained.
    - `steps`: optimizer steps, one training each.
    - `results_dir`: where tables go.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.
    """
    encoder = load_encoder(SCALES[scale].encoder_of(task), encoder_dir)
    for lang in langs:
        bench = Workbench(encoder, task, lang, scale, data_dir=data_dir)
        learning_curve(bench, steps, places(results_dir, scale).home)


def learning_curve(bench: Workbench, steps: Sequence[int], home: Path, seed: int = 0) -> None:
    """Train the full model for each number of `steps` and note its score in `home`.

    What stands there with the same recipe, data and encoder is not measured again.
    """
    for count in steps:
        longer = Workbench(
            bench.encoder, bench.task, bench.lang, bench.scale,
            recipe=replace(bench.recipe, steps=count), data=bench.data,
        )  # fmt: skip
        runs.measure(longer, None, 0, seed, home, LEARNING)
