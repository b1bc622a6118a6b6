"""What a notebook of Muller et al. was asked to do, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lnlib.base import seeds
from lnlib.base.device import default_device
from lnlib.base.errors import choose
from lnlib.base.parameters import check_names, folder_to_read, folder_to_write, names
from lnlib.papers.muller.coverage import TASKS, check_languages, get_task
from lnlib.papers.muller.reinitialisation import STARTS
from lnlib.papers.muller.scales import SCALES


def check(values: Mapping[str, Any], cells: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters as the library takes them; UserError for the first that is wrong.

    Knows task, source, targets (None: all there are), scale, seed, blocks (None: pairs of layers
    and all; the encoder checks them), start, data_dir and encoder_dir (or None) and runs_dir.
    `values` holds those a notebook has, `cells` the sources that have run so far.
    """
    check_names(cells, values)
    out = dict(values)
    scale = SCALES[choose(out["scale"], SCALES, "scale")]
    scale.recipe(choose(out["task"], TASKS, "task"))
    targets = ",".join(map(str, names(out["targets"] or "", "targets")))
    out["source"], out["targets"] = check_languages(
        get_task(out["task"]), out["source"], targets, compared="blocks" not in out
    )
    out["seed"] = seeds.check(out["seed"])
    if "blocks" in out:
        given = out["blocks"]  # papermill reads `-p blocks 0` as a number
        given = "" if given is None else str(given) if isinstance(given, int) else given
        out["blocks"] = ",".join(map(str, names(given, "blocks")))
    if "start" in out:
        choose(out["start"], STARTS, "start")
    out["data_dir"] = scale.data_folder(out["data_dir"])
    if out["encoder_dir"] is not None:
        out["encoder_dir"] = folder_to_read(out["encoder_dir"], "encoder_dir")
    out["runs_dir"] = folder_to_write(out["runs_dir"], "runs_dir")
    default_device()  # the one asked for is there
    return out
