"""The gazetteer: real text in 11 languages with no download, from the CLDR data inside Babel.

A record is first drawn as language-independent CLDR keys (a territory, one of its time-zone
cities, languages, a currency and an amount, a date, a span of time), then rendered in a language
with that language's own names, plural forms, number and date formats. So example i of a split says
the same thing in every language. Three tasks come out of it: MLM lines, NER (WikiAnn's shape) and
NLI (XNLI's shape). Source of every word: Unicode CLDR, by way of Babel. No sentence is
hand-written; the brackets of "Karachi (Pakistan)" and the colon of "Euro: 5" are all that is added.

MLM and pre-training pairs tell CLDR's facts (a city's territory, its languages, its currency).
NER and NLI draw each field on its own: facts would make euros and English most of the examples, and
would let the other fields of a premise say whether a claim is true.
"""

import unicodedata
from typing import Any

import babel
import numpy as np
from babel.core import get_global

from lnlib.corpora import cldr, records
from lnlib.corpora.cldr import LANGS

NER_LABELS = ("O", "B-LOC", "I-LOC", "B-LANG", "I-LANG", "B-CUR", "I-CUR", "B-DATE", "I-DATE")
NLI_LABELS = ("entailment", "neutral", "contradiction")  # XNLI's order
LABELS: dict[str, tuple[str, ...]] = {"mlm": (), "ner": NER_LABELS, "xnli": NLI_LABELS}

_SPLITS = ("train", "validation")
_TAG = 20220511  # any fixed number; it keeps these streams apart from other users of the same seed
_STREAMS = {"mlm": 0, "ner": 1, "xnli": 2, "pairs": 3, "label": 4}


def version() -> str:
    """One line for fingerprints: the generator's, Babel's and CLDR's versions."""
    return f"gazetteer 1, Babel {babel.__version__}, CLDR {get_global('cldr')['version']}"


# ---- the tasks -----------------------------------------------------------------------------------


def _shuffled(rng: np.random.Generator, items: list) -> list:
    return [items[i] for i in rng.permutation(len(items))]


def _mlm(rng: np.random.Generator, split: str, lang: str) -> dict[str, Any]:
    record = records.record(rng, split)
    fields = [(f, record[f], records.style_of(rng, f)) for f in _shuffled(rng, list(record))]
    return {"text": records.text(records.line(lang, fields))}


def _tokens(text: str, lang: str) -> list[str]:
    """Words, with punctuation split off except inside a number or a word; zh: every character."""
    text = cldr.clean(text)
    if lang == "zh":  # as WikiAnn's zh: digits and Latin letters are split too
        return [c for c in text if c != " "]
    tokens: list[str] = []
    for word in text.split():
        start = 0
        for i, char in enumerate(word):
            if unicodedata.category(char)[0] not in "PS":
                continue
            around = word[i - 1 : i + 2] if i else ""
            inside = len(around) == 3 and (
                (around[0].isdigit() and around[2].isdigit())
                or (char in "'’-" and around[0].isalpha() and around[2].isalpha())
            )
            if not inside:
                tokens += [word[start:i], char]
                start = i + 1
        tokens.append(word[start:])
    return [t for t in tokens if t]


def _ner(rng: np.random.Generator, split: str, lang: str) -> dict[str, Any]:
    # 3 or 4 fields (about 12 words), any kind and order, repeats allowed, so that neither the
    # position nor the neighbours give an entity's type away.
    fields = []
    for _ in range(int(rng.integers(3, 5))):
        field = records.pick(rng, (*records.FIELDS, "unit"))
        value = records.draw(rng, split, field)
        if field == "language" and rng.random() < 0.5:
            value = tuple(dict.fromkeys(value + records.draw(rng, split, field)))
        fields.append((field, value, int(rng.integers(records.STYLES[field]))))
    if all(f in ("span", "unit") for f, _, _ in fields):  # no sentence without an entity
        fields[0] = ("place", records.draw(rng, split, "place"), 0)
    tokens, tags = [], []
    for text, kind in records.line(lang, fields, records.pick(rng, ("standard", "or"))):
        words = _tokens(text, lang)
        tokens += words
        tags += [
            NER_LABELS.index(f"{'I' if i else 'B'}-{kind}") if kind else 0
            for i in range(len(words))
        ]
    return {"tokens": tokens, "ner_tags": tags}


def _meaning(field: str, value: Any) -> Any:
    """What a value says: two values of a field contradict each other if this differs."""
    if field == "money":
        return value[1]  # the currency: contradictions by the number alone are left out as too fine
    if field == "place":
        return value[1] or get_global("zone_territories")[value[0]]
    return tuple(value[0] * part for part in records.SPANS[value[1]]) if field == "span" else value


def _xnli(rng: np.random.Generator, split: str, lang: str, label: int) -> dict[str, Any]:
    """Hypothesis (one field's value) first, then a premise of 3 or 4 fields that fits the label.

    Every field is drawn uniformly and on its own, so that the hypothesis and the premise, each
    taken alone, are distributed alike under the three labels: the premise's fields are a uniform
    subset of the five, and a contradicting value is uniform over the others.
    """
    field = records.pick(rng, records.FIELDS)
    value = other = records.draw(rng, split, field)
    rest = _shuffled(rng, [f for f in records.FIELDS if f != field])
    size = int(rng.integers(3, 5))
    claimed, stated = (
        records.style_of(rng, field),
        records.style_of(rng, field),
    )  # the same odds under every label
    while NLI_LABELS[label] == "contradiction" and _meaning(field, value) == _meaning(field, other):
        other = records.draw(rng, split, field)
    said = [(field, other, stated)] if NLI_LABELS[label] != "neutral" else []
    for name in rest[: size - len(said)]:
        said.append((name, records.draw(rng, split, name), records.style_of(rng, name)))
    return {
        "premise": records.text(records.line(lang, _shuffled(rng, said))),
        "hypothesis": records.text(records.line(lang, [(field, value, claimed)])),
        "label": label,
    }


def _rng(stream: str, seed: int, split: str, index: int) -> np.random.Generator:
    key = [_TAG, _STREAMS[stream], seed, _SPLITS.index(split), index]
    return np.random.default_rng(key)


def _check(what: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f"unknown {what} {value!r}; valid: {', '.join(valid)}")


def load(task: str, lang: str, split: str, n: int, seed: int = 0) -> list[dict[str, Any]]:
    """The first n examples of a task in a language; example i says the same in every language.

    mlm: {"id", "text"}; ner: {"id", "tokens", "ner_tags"} with tags into NER_LABELS;
    xnli: {"id", "premise", "hypothesis", "label"} with labels into NLI_LABELS, each label once in
    every three ids. seed 0: the demo's. Raises ValueError for an unknown task, lang or split.
    """
    _check("task", task, tuple(LABELS))
    _check("lang", lang, LANGS)
    _check("split", split, _SPLITS)
    out = []
    for i in range(n):
        rng = _rng(task, seed, split, i)
        if task == "xnli":
            label = int(_rng("label", seed, split, i // 3).permutation(3)[i % 3])
            example = _xnli(rng, split, lang, label)
        else:
            example = (_mlm if task == "mlm" else _ner)(rng, split, lang)
        out.append({"id": i, **example})
    return out


def pairs(lang: str, n: int, seed: int = 0) -> list[tuple[str, str]]:
    """n train-side pairs (first part, second part) of one record, for next-sentence pre-training.

    Half the records are as loose as NLI's premises; their second part restates a field of the
    first. Half are CLDR's facts; half of those restate, half go on from the place to its languages
    and currency. So three in four second parts can be told by comparing words with the first.
    Raises ValueError for an unknown lang.
    """
    _check("lang", lang, LANGS)
    out = []
    for i in range(n):
        rng = _rng("pairs", seed, "train", i)
        loose = rng.random() < 0.5
        record = (
            {f: records.draw(rng, "train", f) for f in records.FIELDS}
            if loose
            else records.record(rng, "train")
        )
        fields = _shuffled(rng, list(record))
        facts = [f for f in fields if f in ("language", "money")]
        if facts and not loose and rng.random() < 0.5:
            first, second = [f for f in fields if f not in facts], facts
        else:
            first = fields[: int(rng.integers(3, 5))]  # 3 or 4, as in NLI
            second = [records.pick(rng, first)]
        parts = [
            records.text(
                records.line(lang, [(f, record[f], records.style_of(rng, f)) for f in part])
            )
            for part in (first, second)
        ]
        out.append((parts[0], parts[1]))
    return out
