"""What a notebook of Choenni et al. was asked to do, checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lnlib.base import seeds
from lnlib.base.device import default_device
from lnlib.base.errors import UserError, choose
from lnlib.base.parameters import check_names, folder_to_read, folder_to_write, names
from lnlib.papers.choenni.analysis.measures import KINDS, MODELS
from lnlib.papers.choenni.coverage import TASKS, check_languages
from lnlib.papers.choenni.scales import SCALES


def check(values: Mapping[str, Any], cells: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters as the library takes them; UserError for the first that is wrong.

    Knows task, langs (None: the task's five), subnetwork, models, tickets (or None), scale, seed,
    data_dir (or None) and runs_dir. `values` holds those a notebook has, `cells` the sources that
    have run so far.
    """
    check_names(cells, values)
    out = dict(values)
    scale = SCALES[choose(out["scale"], SCALES, "scale")]
    scale.recipe(choose(out["task"], TASKS, "task"))
    langs = [str(lang) for lang in names(out["langs"] or "", "langs")]
    out["langs"] = list(check_languages(out["task"], langs))
    choose(out["subnetwork"], KINDS, "kind of sub-network")
    if out["tickets"] is not None:
        out["tickets"] = folder_to_read(out["tickets"], "tickets")
        if out["subnetwork"] != "ticket":
            raise UserError(
                f"tickets {str(out['tickets'])!r}: they are masks of subnetwork 'ticket', and "
                f"{out['subnetwork']!r} was asked for: add -p subnetwork ticket"
            )
    if "models" in out:
        asked = [str(model) for model in names(out["models"], "models")]
        out["models"] = [choose(model, MODELS, "model") for model in asked or [""]]
    out["seed"] = seeds.check(out["seed"])
    out["data_dir"] = scale.data_folder(out["data_dir"])
    out["runs_dir"] = folder_to_write(out["runs_dir"], "runs_dir")
    default_device()  # the one asked for is there
    return out
