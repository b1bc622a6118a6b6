"""Made-up result tables for the tests: never written to results/, never shown as measurements."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from lnlib.papers.foroutan.coverage import MIXTURE, PAPER_COVERAGE

LEVELS = range(10, 100, 10)
_METRIC = {"mlm": "perplexity", "ner": "f1", "xnli": "accuracy"}
_FULL = {"mlm": 6.0, "ner": 80.0, "xnli": 70.0}


def score(**changes: object) -> dict[str, object]:
    """One row of `scores.csv`: an Urdu NER ticket at 50 %, but for `changes`."""
    return {
        "scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "ticket",
        "mask_task": "ner", "mask_lang": "ur", "mask_seed": 0, "sparsity": 50, "metric": "f1",
        "value": 80.0, **changes,
    }  # fmt: skip


def scores(
    *,
    moved: float = -1.0,
    random: float = -15.0,
    own: float = 0.0,
    full: float | None = None,
    tasks=("mlm", "ner", "xnli"),
    seeds=3,
    scale="demo",
    noise: float = 0.1,
    sparser: float = -2.0,
    mixed: float = 0.5,
    crossed: float = -1.0,
    ranked: float = -5.0,
    reseeded: float | None = None,
) -> pd.DataFrame:
    """Every language scores `full`; gains over it: `own` ticket, `random` mask.

    Gains over the own ticket: one `moved` from another language, `crossed` from another task,
    `ranked` otherwise. `sparser` comes on top of `moved` at 80 %, `mixed` with a mixture's mask.
    Given `reseeded`, seed 0 is also scored under every mask of seed 1, which costs so much more.
    Gains are in points; perplexity gets a tenth of them with the sign turned.
    """
    rng = np.random.default_rng(0)
    rows = []
    for task in tasks:
        base = _FULL[task] if full is None else full
        unit = -0.1 if task == "mlm" else 1.0

        def row(
            lang, seed, method, sparsity, gain, mask_lang=None, mask_task=None, mask_seed=None, *,
            task=task, base=base, unit=unit,
        ):  # fmt: skip
            found = method == "ticket"
            rows.append({
                "scale": scale, "task": task, "lang": lang, "seed": seed, "method": method,
                "mask_task": (mask_task or task) if found else None, "mask_lang": mask_lang,
                "mask_seed": (mask_seed or seed) if found else np.nan, "sparsity": sparsity,
                "metric": _METRIC[task], "value": base + unit * (gain + rng.normal(0, noise)),
                "n": 1000,
            })  # fmt: skip

        for lang in PAPER_COVERAGE[task]:
            for seed in range(seeds):
                row(lang, seed, "full", 0, 0.0)
                own_at_80 = own - (80 / 50) ** 4 + 1
                for level in LEVELS:
                    row(lang, seed, "ticket", level, own - (level / 50) ** 4 + 1, lang)
                    row(lang, seed, "random", level, random * level / 50)
                row(lang, seed, "magnitude", 50, random / 2)
                row(lang, seed, "shuffled", 50, random / 3)
                row(lang, seed, "change", 50, own + ranked)
                row(lang, seed, "fisher", 50, own + ranked)
                for other in PAPER_COVERAGE[task]:
                    if other != lang:
                        row(lang, seed, "ticket", 50, own + moved, other)
                        row(lang, seed, "ticket", 80, own_at_80 + moved + sparser, other)
                if task == "ner" and lang not in MIXTURE.split("+"):
                    row(lang, seed, "ticket", 50, own + moved + mixed, MIXTURE)
                for other in tasks:
                    if other != task and lang in PAPER_COVERAGE[other]:
                        row(lang, seed, "ticket", 50, own + crossed, lang, other)
            for other in PAPER_COVERAGE[task] if reseeded is not None else ():
                gain = own + reseeded + (moved if other != lang else 0)
                row(lang, 0, "ticket", 50, gain, other, mask_seed=1)
    return pd.DataFrame(rows)


def overlap(
    *,
    language: float = 0.85,
    seed: float = 0.93,
    across: float = 0.8,
    one_seed: float = 0.02,
    expected: float = 0.36,
    tasks=("mlm", "ner", "xnli"),
    seeds=2,
    scale="demo",
    by_layer=lambda layer: 0.01 * layer,
) -> pd.DataFrame:
    """Pairs of languages share `language` across seeds and `one_seed` more within seed 0.

    In a layer they share `by_layer` more.

    Pairs of seeds of one language share `seed`, those of two tasks `across`; controls lie below.
    """
    rng = np.random.default_rng(0)
    rows = []

    def row(by, part, a, b, jaccard):
        names = {
            f"{key}_{side}": value
            for side, mask in (("a", a), ("b", b))
            for key, value in zip(("method", "task", "lang", "seed"), mask, strict=True)
        }
        rows.append({"scale": scale, "sparsity": 50, "by": by, "part": part, **names,
                     "jaccard": jaccard + rng.normal(0, 0.003), "expected": expected})  # fmt: skip

    for task in tasks:
        langs = PAPER_COVERAGE[task]
        for a, b in combinations(langs, 2):
            pairs = [(0, 0, language + one_seed)]
            for other in range(1, seeds):
                pairs += [(0, other, language), (other, 0, language)]
            for seed_a, seed_b, shared in pairs:
                pair = ("ticket", task, a, seed_a), ("ticket", task, b, seed_b)
                row("all", "all", *pair, shared)
                for layer in range(6):
                    row("layer", str(layer), *pair, shared + by_layer(layer))
        for lang in langs:
            one = ("ticket", task, lang, 0)
            for other in range(1, seeds):
                row("all", "all", one, ("ticket", task, lang, other), seed)
            row("all", "all", one, ("magnitude", None, None, np.nan), 0.7)
            row("all", "all", one, ("random", None, None, 0), 0.34)
            row("all", "all", one, ("shuffled", task, lang, 0), 0.72)
            for other in tasks[: tasks.index(task)]:
                if lang in PAPER_COVERAGE[other]:
                    row("all", "all", one, ("ticket", other, lang, 0), across)
    return pd.DataFrame(rows)


def excess(**more) -> pd.DataFrame:
    """The tickets' pairs of `overlap`, with a tenth of its Jaccard as departures shared."""
    rows = overlap(**more)
    rows = rows[(rows["by"] == "all") & ~rows["method_b"].isin(["magnitude", "random"])]
    return rows.drop(columns=["by", "part", "jaccard"]).assign(
        departed_a=0.07, departed_b=0.07, shared=rows["jaccard"] / 4, expected=0.04,
        expected_near=0.17,
    )  # fmt: skip


def density(*, scale="demo") -> pd.DataFrame:
    """Tickets that keep a little more in the upper layers, and a magnitude mask that does not."""
    rows = [
        {"scale": scale, "sparsity": 50, "by": "layer", "part": str(layer), "method": "ticket",
         "task": task, "lang": lang, "seed": 0, "density": 0.47 + 0.01 * layer}
        for task, langs in PAPER_COVERAGE.items() for lang in langs for layer in range(6)
    ]  # fmt: skip
    rows += [
        {"scale": scale, "sparsity": 50, "by": "layer", "part": str(layer), "method": "magnitude",
         "task": None, "lang": None, "seed": np.nan, "density": 0.5}
        for layer in range(6)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def retrieval(*, xnli: float = 0.1, apart: float = 0.0, mask_scale="demo", n=1000) -> pd.DataFrame:
    """Every mask finds 0.5, XNLI's `xnli` more; NER masks of language k find `apart` * k more."""
    masks = [("full", "", "", np.nan), ("magnitude", "", "", np.nan)]
    masks += [("random", "", "", seed) for seed in range(3)]
    masks += [("ticket", t, lang, 0) for t, langs in PAPER_COVERAGE.items() for lang in langs]
    rows = []
    for method, task, lang, seed in masks:
        for other in list(PAPER_COVERAGE["mlm"])[1:]:
            for source, target in (("en", other), (other, "en")):
                for layer in range(7):
                    more = xnli * (task == "xnli")
                    more += apart * PAPER_COVERAGE["ner"].index(lang) if task == "ner" else 0
                    rows.append({
                        "scale": "demo", "method": method, "mask_task": task, "mask_lang": lang,
                        "mask_scale": mask_scale if task else "", "mask_seed": seed,
                        "source": source, "target": target, "layer": layer, "n": n,
                        "accuracy": 0.5 + more * (layer > 0), "sparsity": 50 * (method != "full"),
                    })  # fmt: skip
    return pd.DataFrame(rows)
