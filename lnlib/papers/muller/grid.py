"""All that is measured at a scale, in one process: `python -m lnlib muller run`.

Blocks come first and states after them, and both seed by seed, so that a grid that was stopped has
whole seeds; what is in the tables already is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from lnlib.base.files import locked
from lnlib.encoders import load_encoder
from lnlib.papers.muller.coverage import COMPARED, check_languages, get_task
from lnlib.papers.muller.experiments.ablation import ablate
from lnlib.papers.muller.experiments.comparison import Comparison
from lnlib.results.places import Places
from lnlib.training.recipe import Scale


def home(folder: str | Path, scale: Scale) -> Path:
    """Where a scale's tables are, under a folder of runs or of results."""
    return Places.of(folder, "muller", scale.name).home


def carry_out(
    scale: Scale,
    tasks: Sequence[str],
    sources: Sequence[str],
    seeds: Sequence[int],
    starts: Sequence[str],
    folder: Path,
    say: Callable[[str], None],
    data_dir: str | Path | None = None,
    encoder_dir: str | Path | None = None,
) -> None:
    """Fill the tables in `folder`: every block of every start, and languages compared.

    Parameters:

    - `scale`: how it is trained, and on what.
    - `tasks`, `sources`, `seeds`, `starts`: by name; all with all.
    - `folder`: of the tables.
    - `say`: told of each part that is done, in a line.
    - `data_dir`, `encoder_dir`: folders with the data, laid out like the hub, and with the encoder,
      in place of the hub.

    Raises UserError for unknown names before anything is trained.
    """
    planned = [
        (seed, get_task(task), *check_languages(get_task(task), source, ""))
        for seed in seeds for task in tasks for source in sources
    ]  # fmt: skip
    encoder = load_encoder(scale.encoder, encoder_dir)
    with locked(folder / "grid", f"another process fills {str(folder)!r}: waiting"):
        for seed, task, source, targets in planned:
            for start in starts:
                ablate(encoder, task, source, targets, "", scale, folder, seed=seed, start=start,
                       data_dir=data_dir)  # fmt: skip
            say(f"blocks of {task.name} from {source}, seed {seed}: done")
        states = Comparison(encoder, COMPARED, scale, folder, data_dir=data_dir)
        states.before_training()
        say("states before training: done")
        for seed, task, source, _ in planned:
            states.after_training(task, source, seed)
            say(f"states after training {task.name} on {source}, seed {seed}: done")
