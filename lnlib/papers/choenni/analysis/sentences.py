"""The most influential training sentences of single test sentences, for a page without a kernel.

One file a task, SCALE/sentences-TASK.json, holds texts and places in a list; it is sealed as tables
are: a file that was cut or altered is refused. Only the gazetteer's texts are there to be kept:
real corpora are not the project's to hand on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.base.hashes import checksum
from lnlib.figures import scripts
from lnlib.languages import LANGUAGES

if TYPE_CHECKING:
    from lnlib.papers.choenni.attribution.found import Influence
    from lnlib.papers.choenni.joint import Joint

TOP = 10  # as many as a reader reads
TESTS = 8  # a language; the first ones, which are translations of each other
SPARE = set(",.:;)،؛、")  # what no space stands before
GLOBAL = "influentialSentences"  # the script's one variable


def content(joint: Joint, found: Influence, masks: Mapping[str, Mapping[str, str]],
            made_by: Mapping[str, Any]) -> dict[str, Any]:  # fmt: skip
    """All that the page shows of one task.

    `masks` are the sub-networks that can be chosen: by a name ("full", a code, "random") and the
    test sentence's language, what `found` calls it. In what is returned:

    - `sentences`: every text once, as [language, number, pieces, labels]; those of one number in a
      split translate each other.
    - `tests`: the place of a test sentence among them (`at`), how many training sentences have the
      same labels (`alike`), and by mask and checkpoint, the last of them all together, its `best`:
      places of the most influential, the first first, and 100 x their cosines.
    - `chance`: how many of `top` would be a language's if training sentences' languages were
      permuted: the mean, and what 97.5 % of permutations do not exceed.
    """
    texts = _Texts(joint)

    def best(test: int, subnetwork: str, checkpoint: int) -> list[list[int]]:
        rows = found.top(test, TOP, subnetwork, checkpoint)
        places = [texts.place("train", row.lang, row.number) for row in rows.itertuples()]
        return [places, [round(100 * value) for value in rows["influence"]]]

    train = zip(found.train.langs, found.train.numbers, strict=True)
    labels = [texts.read("train", *of)[-1] for of in train]
    checkpoints = [*range(1, len(found.steps) + 1), 0]
    tests = []
    for lang in joint.langs:
        for test in np.flatnonzero(found.test.langs == lang)[:TESTS]:
            at = texts.place("validation", lang, found.test.numbers[test])
            tests.append({
                "at": at,
                "alike": labels.count(texts.all[at][-1]),
                "best": {name: [best(int(test), of[lang], number) for number in checkpoints]
                         for name, of in masks.items()},
            })  # fmt: skip
    epochs = np.array(found.steps) * joint.recipe.batch_size / len(joint.train)
    return {
        "made_by": dict(made_by),
        "masks": {name: {lang: found.masks[own] for lang, own in of.items()}
                  for name, of in masks.items()},
        "languages": {lang: [LANGUAGES[lang].name, LANGUAGES[lang].direction]
                      for lang in joint.langs},
        "epochs": [round(float(epoch), 2) for epoch in epochs],
        "top": TOP,
        "of": len(found.train),
        "chance": {lang: _chance(found.train.langs, lang) for lang in joint.langs},
        "sentences": texts.all,
        "tests": tests,
    }  # fmt: skip


class _Texts:
    """Sentences as they are read, each once."""

    def __init__(self, joint: Joint) -> None:
        self.joint = joint
        self.all: list[list[Any]] = []
        self._places: dict[tuple[str, str, int], int] = {}

    def place(self, split: str, lang: str, number: int) -> int:
        """Where in `all` a sentence stands."""
        key = split, lang, int(number)
        if key not in self._places:
            self._places[key] = len(self.all)
            self.all.append(self.read(*key))
        return self._places[key]

    def read(self, split: str, lang: str, number: int) -> list[Any]:
        """One as `all` has it."""
        example = self.joint.example(lang, int(number), split)
        return [str(lang), int(number), *_read(example, self.joint.first.data.labels, lang)]


def _chance(langs: np.ndarray, lang: str) -> list[float]:
    """`chance` of one language: permuting labels draws them without replacement, so that the null
    of a single test sentence is known."""
    from scipy.stats import hypergeom

    null = hypergeom(len(langs), int((langs == lang).sum()), TOP)
    return [float(null.mean()), int(null.ppf(0.975))]


def _read(example: Mapping[str, Any], labels: Sequence[str], lang: str) -> tuple[list, list[str]]:
    """An example's text in pieces, [text, label or ""], and the labels it has."""
    if "premise" in example:
        parts = [[example[name], name] for name in ("premise", "hypothesis")]
        return parts, [labels[int(example["label"])]]
    tags = next(example[name] for name in example if name.endswith("_tags"))
    pieces: list[list[str]] = []
    for token, tag in zip(example["tokens"], (labels[int(tag)] for tag in tags), strict=True):
        label = "" if tag == "O" else tag.removeprefix("B-").removeprefix("I-")
        space = "" if lang == "zh" or token in SPARE or not pieces else " "
        if pieces and pieces[-1][1] == label and not tag.startswith("B-"):
            pieces[-1][0] += space + token
        else:
            pieces += [[space, ""]] if space and label else []
            pieces.append([token if label else space + token, label])
    return _joined(pieces), sorted({label for _, label in pieces if label})


def _joined(pieces: Iterable[Sequence[str]]) -> list[list[str]]:
    """Pieces without labels that follow each other, as one."""
    out: list[list[str]] = []
    for text, label in pieces:
        if out and not label and not out[-1][1]:
            out[-1][0] += text
        else:
            out.append([text, label])
    return out


def path(home: str | Path, task: str) -> Path:
    """Its file in a scale's folder of tables."""
    return Path(home) / f"sentences-{task}.json"


def write(home: str | Path, task: str, found: Mapping[str, Any]) -> Path:
    """Write the file, sealed; whatever stood there before stays whole until then."""
    text = _text(found)
    with replacing(path(home, task)) as partial:
        partial.write_text(f'{{"sha256":"{checksum(text)}","content":\n{text}}}\n', "utf-8")
    return path(home, task)


def read(home: str | Path, task: str) -> dict[str, Any] | None:
    """What a file holds, None where there is none; UserError where it is damaged or altered."""
    file = path(home, task)
    try:
        whole = json.loads(file.read_bytes())
        held: dict[str, Any] = whole["content"]
        if whole["sha256"] == checksum(_text(held)):
            return held
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise refused("read", file, cause) from cause
    except (ValueError, KeyError, TypeError):
        pass
    raise UserError(
        f"{str(file)!r} has been altered or damaged: its checksum is wrong. Bring it back from a "
        f"copy, or make it again: python -m lnlib choenni show --task {task}"
    )


def read_all(home: str | Path) -> dict[str, dict[str, Any]]:
    """Every task's file that there is."""
    held = {task: read(home, task) for task in ("ner", "xnli")}  # the gazetteer's
    return {task: found for task, found in held.items() if found is not None}


def script(contents: Mapping[str, Mapping[str, Any]]) -> str:
    """Files by task as the page's script."""
    return scripts.script(GLOBAL, contents)


def _text(found: Mapping[str, Any]) -> str:
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
