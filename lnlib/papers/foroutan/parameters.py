"""What a notebook of paper 1 was asked to do, checked in its first cell before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lnlib.base import seeds
from lnlib.base.device import default_device
from lnlib.base.errors import UserError, choose
from lnlib.base.parameters import check_names, folder_to_read, folder_to_write, names, numbers
from lnlib.papers.foroutan.coverage import ALL_TASKS, check_language
from lnlib.papers.foroutan.doors import check_levels
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pruning.methods import METHODS
from lnlib.training.recipe import Scale

NETWORKS = ("mini-mbert", "mini-mt5")  # that can be pre-trained
CONTROLS = tuple(method for method in METHODS if method != "ticket")


def check(values: Mapping[str, Any], cells: Iterable[str] = ()) -> dict[str, Any]:
    """Return the parameters as the library takes them; UserError for the first that is wrong.

    Knows task, source_task, lang, langs, scale, seed, source_seed, sparsities, sparsity, controls,
    network, tokens, and the folders encoder_dir, data_dir and text_dir (to read), runs_dir and
    out_dir (to write); `values` holds those a notebook has. Where source_task or source_seed is
    None, it is the task or the seed; encoder_dir, data_dir and tokens may be None, and text_dir for
    mini-mT5.
    """
    check_names(cells, values)
    out = dict(values)
    if "scale" in out:
        choose(out["scale"], SCALES, "scale")
    if "task" in out:
        choose(out["task"], ALL_TASKS, "task")
    if "source_task" in out:
        out["source_task"] = choose(out["source_task"] or out["task"], ALL_TASKS, "source_task")
    for task in {out[name] for name in ("task", "source_task") if name in out and "scale" in out}:
        SCALES[out["scale"]].recipe(task)
    if "source_task" in out and "scale" in out:
        _check_encoders(out["task"], out["source_task"], SCALES[out["scale"]])
    if "lang" in out:
        check_language(out.get("task", "mlm"), out["lang"])
    if "langs" in out:
        out["langs"] = _languages(out["langs"], out.get("source_task", out.get("task", "mlm")))
    if "seed" in out:
        out["seed"] = seeds.check(out["seed"])
    if "source_seed" in out:
        given = out["source_seed"]
        out["source_seed"] = out["seed"] if given is None else seeds.check(given, "source_seed")
    if "sparsities" in out:
        out["sparsities"] = check_levels(numbers(out["sparsities"], "sparsities"))
    if "sparsity" in out:
        out["sparsity"] = check_levels([out["sparsity"]])[0]
    if "controls" in out:
        asked = names(out["controls"], "controls")
        out["controls"] = [choose(name, CONTROLS, "control") for name in asked]
    if "network" in out:
        choose(out["network"], NETWORKS, "network")
    if out.get("tokens") is not None:
        out["tokens"] = seeds.check(out["tokens"], "tokens")
        if out["tokens"] < 1:
            raise UserError("tokens 0: nothing would be learnt")
    for name in ("encoder_dir", "data_dir"):
        if out.get(name) is not None:
            out[name] = folder_to_read(out[name], name)
    if "data_dir" in out and "scale" in out:  # pre-training has none
        out["data_dir"] = SCALES[out["scale"]].data_folder(out["data_dir"])
    if "text_dir" in out and out.get("network") != NETWORKS[1]:  # made out of the gazetteer
        out["text_dir"] = folder_to_read(out["text_dir"], "text_dir")
    for name in ("runs_dir", "out_dir"):
        if name in out:
            out[name] = folder_to_write(out[name], name)
    default_device()  # the one asked for is there
    return out


def _check_encoders(task: str, source: str, scale: Scale) -> None:
    """UserError where masks of one task do not fit the encoder of the other."""
    own, other = scale.encoder_of(task), scale.encoder_of(source)
    if own != other:
        raise UserError(
            f"source_task {source!r}: its masks are of {other!r}, and {task!r} is done by {own!r}"
        )


def _languages(value: Any, task: str) -> list[str]:
    codes = names(value, "langs")
    for code in codes:
        check_language(task, code)
    if len(set(codes)) < len(codes):
        raise UserError(f"languages {value!r} name one twice")
    if not codes:
        raise UserError(f"languages {value!r}: name one at least, such as 'ur,en'")
    return codes
