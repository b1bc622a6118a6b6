"""What another processor changes: scores that two machines have measured."""

from __future__ import annotations

import pandas as pd

from lnlib.papers.foroutan.scales import HEADLINE
from lnlib.results.scores import SCORES

_BUT_SEED = ["task", "lang", "method", "mask_task", "mask_lang", "sparsity"]


def apart(repeats: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Scores of `repeats` beside those of the same key in `scores`, made on another machine.

    One row for each task and pair of machines: task, again (the machine of `repeats`), recorded
    (that of `scores`), scores (how many), same (how many are equal), mean and largest (absolute
    difference, in the metric's unit), and spread: the standard deviation over seeds, mean over the
    full models and tickets at 50 % that have several.
    """
    both = repeats.merge(scores, on=list(SCORES.key), suffixes=("", " now"))
    both = both[both["machine"] != both["machine now"]]
    seeds = scores[scores["method"].isin(["full", "ticket"])]
    seeds = seeds[seeds["sparsity"].isin([0, HEADLINE])]
    spread = seeds.groupby(_BUT_SEED, dropna=False)["value"].std().groupby("task").mean()
    rows = []
    for (task, again, recorded), part in both.groupby(["task", "machine", "machine now"]):
        apart = (part["value"] - part["value now"]).abs()
        rows.append({
            "task": task, "again": again, "recorded": recorded, "scores": len(part),
            "same": int((apart == 0).sum()), "mean": apart.mean(), "largest": apart.max(),
            "spread": spread[task],
        })  # fmt: skip
    return pd.DataFrame(rows)
