"""What a notebook of mOthello was asked to do, checked in its first cell before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lnlib.base import seeds
from lnlib.base.device import default_device
from lnlib.base.errors import choose
from lnlib.base.parameters import check_names, folder_to_write, names
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.world.languages import METHODS, languages


def check(values: Mapping[str, Any], cells: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters as the library takes them; UserError for the first that is wrong.

    Knows scale, seed, runs_dir, and what `languages` takes: languages, method (or methods), anchors
    and board, which may be None, for those of the method and the scale; `language` is the one that
    is tuned, by name or counted from 0. `values` holds those a notebook has, `cells` the sources
    that have run so far.
    """
    check_names(cells, values)
    out = dict(values)
    scale = SCALES[choose(out["scale"], SCALES, "scale")]
    out["seed"] = seeds.check(out["seed"])
    out["languages"] = ",".join(names(out["languages"], "languages")).replace("+", ",")
    if "methods" in out:
        out["methods"] = [choose(m, METHODS, "method") for m in names(out["methods"], "methods")]
    if "board" in out:
        out["board"] = out["board"] or scale.board
    board = out.get("board", scale.transfer.board)
    for method in out.get("methods", [out.get("method")]):
        anchors = out.get("anchors") if method == "anchors" or "methods" not in out else None
        made = languages(out["languages"], board, method, anchors, out["seed"])
        if "language" in out:
            made.index(out["language"])
    out["runs_dir"] = folder_to_write(out["runs_dir"], "runs_dir")
    default_device()  # the one asked for is there
    return out
