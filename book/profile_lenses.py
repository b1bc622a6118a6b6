"""What the tables of the other wings say of one language, as Markdown for `profiles`.

Every scale that has the language is shown, the most real one first; where nothing ran, it says so.
"""

from __future__ import annotations

from functools import cache

import pages
import pandas as pd
import scale_tabs

from lnlib.languages import name_of
from lnlib.papers.choenni import figures as influence
from lnlib.papers.choenni import tables as choenni
from lnlib.papers.choenni.scales import SCALES as CHOENNI
from lnlib.papers.muller.analysis import blocks
from lnlib.papers.muller.analysis import measures as muller
from lnlib.papers.muller.scales import SCALES as MULLER
from lnlib.papers.muller.tables import ALL, NONE
from lnlib.results.places import Places


@cache
def _muller(scale: str) -> muller.Tables:
    return muller.Tables.read(Places.of(pages.ROOT / "results", "muller", scale).home)


@cache
def _choenni(scale: str) -> choenni.Tables:
    return choenni.Tables.read(Places.of(pages.ROOT / "results", "choenni", scale).home)


# ---- layers --------------------------------------------------------------------------------------


def layers(lang: str) -> str:
    """What a re-initialised block costs it, and how like English it is by layer."""
    bodies = {}
    for scale in MULLER:
        parts = [part for part in (_losses(lang, scale), _similarity(lang, scale)) if part]
        if parts:
            bodies[scale] = "\n\n".join(parts)
    if not bodies:
        return "Nothing of this language has been re-initialised or compared by layer."
    return scale_tabs.tabs(bodies, "muller")


def _losses(lang: str, scale: str) -> str:
    rows = []
    ablation = _muller(scale).ablation
    for task in dict.fromkeys(ablation["task"]):
        wide = blocks.scores(ablation, task)
        if lang not in wide.index.get_level_values("target"):
            continue
        change, own = blocks.losses(ablation, task).loc[lang], wide.loc[lang]
        apart = own[NONE].max() - own[NONE].min() if len(own) > 1 else None
        named = {b: "all layers" if b == ALL else f"layers {b}" for b in change.index}
        rows.append(
            {"task": task.upper(), "score": own[NONE].mean(), "seeds": len(own),
             "seeds apart": apart} | change.rename(named).to_dict()
        )  # fmt: skip
    if not rows:
        return ""
    frame = pd.DataFrame(rows)
    formats = {name: lambda v: pages.number(v, 1) for name in ("score", "seeds apart")}
    moved = dict.fromkeys(frame.columns[4:], lambda v: pages.number(v, 1, "+"))
    return (
        "Layers are set back to random values, the encoder is trained on English, and "
        f"{name_of(lang)} is scored: the change in points by what was set back. A change that is "
        "no larger than *seeds* are *apart* with nothing set back is none that we can see "
        "({doc}`../align`).\n\n" + pages.markdown(frame, {**formats, **moved})
    )


def _similarity(lang: str, scale: str) -> str:
    alike = _muller(scale).similarity
    found = {
        "translations": muller.by_layer(alike),
        "other sentences of like length": muller.by_layer(alike, column="floor_length"),
    }
    found = {name: rows.loc[lang] for name, rows in found.items() if lang in rows.index}
    if not found:
        return ""
    frame = pd.DataFrame(found).T.rename(columns=str)
    frame.insert(0, "CKA with English by layer", frame.index)
    return (
        "How alike are its states and English's, before fine-tuning? Layer 0 is the embeddings; "
        "the second line is what to beat.\n\n"
        + pages.markdown(frame, dict.fromkeys(frame.columns[1:], pages.number))
    )


# ---- data ----------------------------------------------------------------------------------------


def data(lang: str) -> str:
    """Whose training examples count most for it."""
    bodies = {}
    for scale in CHOENNI:
        tasks = dict.fromkeys(_choenni(scale).influence["task"])
        parts = [part for task in tasks if (part := _shares(lang, task, scale))]
        if parts:
            bodies[scale] = "\n\n".join(parts)
    if not bodies:
        langs = {lang for scale in CHOENNI for lang in _choenni(scale).influence["test_lang"]}
        return (
            "Not attributed: this language is not among those of that experiment"
            + (f" ({pages.names(sorted(langs - {''}))})" if langs else "")
            + ". {doc}`../examples` has them."
        )
    return (
        "An encoder is trained on several languages together. Of the training examples that count "
        f"most for its answers in {name_of(lang)}, how many are in which language? With permuted "
        "languages a share lies between *low* and *high* in 95 % of draws ({doc}`../examples`).\n\n"
        + scale_tabs.tabs(bodies, "choenni")
    )


def _shares(lang: str, task: str, scale: str) -> str:
    tables = _choenni(scale)
    rows = tables.influence
    rows = rows[
        (rows["task"] == task) & (rows["measure"] == "share") & (rows["model"] == "full")
        & (rows["kind"] == "full") & (rows["view"] == choenni.COORDINATES)
        & (rows["checkpoint"] == 0) & (rows["test_lang"] == lang)
    ]  # fmt: skip
    if rows.empty:
        return ""
    means = rows.groupby("train_lang")[["value", "null_low", "null_high"]].mean().astype(float)
    means = means.sort_values("value", ascending=False)
    means.columns = ["share, %", "low", "high"]
    formats = dict.fromkeys(means.columns, lambda v: pages.number(v, 1))
    means.insert(0, "examples in", [name_of(code) for code in means.index])
    own = influence.own_shares(tables, task).loc[lang].mean()
    said = "; ".join(
        f"{what} {pages.number(own[name], 1)} %"
        for name, what in (
            (influence.OWN, "on its own sub-network"),
            (influence.OTHERS, "on other languages'"),
            (influence.RANDOM, "on random ones"),
        )
        if pd.notna(own[name])
    )
    return (
        f"**{task.upper()}**, seeds: {rows['seed'].nunique()}.\n\n"
        + pages.markdown(means, formats)
        + (f"\n\nOn the weights of a sub-network alone its own share is: {said}." if said else "")
    )
