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

import datetime
import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import babel
import numpy as np
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_decimal

from lnlib.corpora import cldr
from lnlib.corpora.cldr import LANGS

NER_LABELS = ("O", "B-LOC", "I-LOC", "B-LANG", "I-LANG", "B-CUR", "I-CUR", "B-DATE", "I-DATE")
NLI_LABELS = ("entailment", "neutral", "contradiction")  # XNLI's order
LABELS: dict[str, tuple[str, ...]] = {"mlm": (), "ner": NER_LABELS, "xnli": NLI_LABELS}

_SPLITS = ("train", "validation")
_TAG = 20220511  # any fixed number; it keeps these streams apart from other users of the same seed
_STREAMS = {"mlm": 0, "ner": 1, "xnli": 2, "pairs": 3, "label": 4}
# Spans of time: two values of one field must be able to contradict each other, so no kilometres.
# The number is (months, minutes) in one unit, which tells 2 weeks and 14 days to be the same.
_SPANS = {
    "duration-year": (12, 0),
    "duration-month": (1, 0),
    "duration-week": (0, 7 * 24 * 60),
    "duration-day": (0, 24 * 60),
    "duration-hour": (0, 60),
    "duration-minute": (0, 1),
}
# Units spelt out in all 11 languages; only NER has them, as numbers that are no currency's.
_UNITS = ("length-kilometer", "mass-kilogram", "area-square-kilometer", "volume-liter")
# The five fields of a record. NLI draws hypothesis and premise from all five, which is what makes
# the premise's set of fields independent of the label.
_FIELDS = ("place", "language", "money", "date", "span")
_STYLES = {"place": 1, "language": 1, "money": 2, "date": 3, "span": 2, "unit": 1}  # ways to write

Segment = tuple[str, str]  # a stretch of text, and its entity type or ""


def version() -> str:
    """One line for fingerprints: the generator's, Babel's and CLDR's versions."""
    return f"gazetteer 1, Babel {babel.__version__}, CLDR {get_global('cldr')['version']}"


# ---- rendering: (language, value) -> segments ----------------------------------------------------


def _fill(pattern: str, *slots: list[Segment]) -> list[Segment]:
    """A CLDR pattern with {0}, {1} filled in by segments."""
    out: list[Segment] = []
    for part in re.split(r"(\{\d\})", pattern):
        if re.fullmatch(r"\{\d\}", part):
            out += slots[int(part[1])]
        elif part:
            out.append((re.sub("[\u200e\u200f\u061c]", "", part), ""))
    return out


def _join(lang: str, parts: list[list[Segment]], style: str) -> list[Segment]:
    """Parts in a row by a CLDR list pattern ("standard": and, "or": or)."""
    patterns = cldr.locale(lang)._data["list_patterns"][style]
    out = parts[-1]
    for i in range(len(parts) - 2, -1, -1):
        name = "end" if i == len(parts) - 2 else "start" if i == 0 else "middle"
        out = _fill(patterns["2" if len(parts) == 2 else name], parts[i], out)
    return out


@lru_cache(maxsize=200_000)
def _number(lang: str, cents: int) -> str:
    """A number given in hundredths, with decimals only if it has any."""
    pattern = "#,##0" if cents % 100 == 0 else "#,##0.00"
    number = Decimal(cents).scaleb(-2)
    return _digits(lang, format_decimal(number, pattern, lang, numbering_system="default"))


@lru_cache(maxsize=200_000)
def _date(lang: str, date: datetime.date, style: str) -> str:
    return _digits(lang, format_date(date, style, lang))


def _digits(lang: str, text: str) -> str:
    """Persian digits for fa, CLDR's default there (Babel changes the separators only)."""
    if cldr.locale(lang).default_numbering_system == "arabext":
        text = text.translate({ord("0") + i: 0x06F0 + i for i in range(10)})
    return cldr.clean(text)


@lru_cache(maxsize=200_000)
def _plural(lang: str, cents: int) -> str:
    """Plural category; decimals count as decimals only where they are shown."""
    return cldr.locale(lang).plural_form(
        cents // 100 if cents % 100 == 0 else Decimal(cents).scaleb(-2)
    )


def _place(lang: str, value: tuple[str | None, str | None], _style: int) -> list[Segment]:
    city, territory = value
    parts = [
        [(cldr.names(lang, kind)[key], "LOC")]
        for kind, key in (("city", city), ("territory", territory))
        if key
    ]
    return parts[0] if len(parts) == 1 else _fill("{0} ({1})", *parts)


def _language(lang: str, value: tuple[str, ...], _style: int) -> list[Segment]:
    return _join(lang, [[(cldr.names(lang, "language")[k], "LANG")] for k in value], "standard")


def _money(lang: str, value: tuple[int, str], style: int) -> list[Segment]:
    cents, code = value
    number: Segment = (_number(lang, cents), "")
    name = cldr.names(lang, "currency")[code]
    if style:  # the display name rather than the plural form
        return [(name, "CUR"), (": ", ""), number]
    data, plural = cldr.locale(lang)._data, _plural(lang, cents)
    forms = data["currency_names_plural"].get(code, {})
    patterns = data["currency_unit_patterns"]
    name = cldr.bare_name(forms.get(plural) or forms.get("other") or name)
    return _fill(patterns.get(plural) or patterns["other"], [number], [(name, "CUR")])


def _day(lang: str, value: datetime.date, style: int) -> list[Segment]:
    return [(_date(lang, value, ("long", "full", "medium")[style]), "DATE")]


def _span(lang: str, value: tuple[int, str], style: int) -> list[Segment]:
    number, unit = value
    patterns = cldr.locale(lang)._data["unit_patterns"][unit]
    # Style 1 is the abbreviation. Where CLDR leaves the long form out, it equals the short one.
    spelt = patterns.get("long", {})
    forms = patterns["short"] if style or "other" not in spelt else spelt
    pattern = forms.get(_plural(lang, 100 * number)) or forms["other"]
    return [(pattern.replace("{0}", _number(lang, 100 * number)), "")]


_RENDER: dict[str, Callable[[str, Any, int], list[Segment]]] = {
    "place": _place,
    "language": _language,
    "money": _money,
    "date": _day,
    "span": _span,
    "unit": _span,
}


def _line(lang: str, fields: list[tuple[str, Any, int]], style: str = "standard") -> list[Segment]:
    """Fields (name, value, style of writing) in a row by the language's list pattern."""
    return _join(lang, [_RENDER[f](lang, value, way) for f, value, way in fields], style)


def _text(segments: list[Segment]) -> str:
    return cldr.clean("".join(text for text, _ in segments))


# ---- drawing: language-independent values -------------------------------------------------------


def _pick(rng: np.random.Generator, items: Any) -> Any:
    return items[int(rng.integers(len(items)))]


def _draw_place(rng: np.random.Generator, split: str, territory: str) -> tuple:
    cities, own = cldr.places(split)[territory]
    # A city alone, the territory alone, or both, of what this side has: all three are common.
    form = int(rng.integers(3))
    city = _pick(rng, cities) if cities and (form != 1 or not own) else None
    return city, territory if own and (form != 0 or city is None) else None


def _draw(rng: np.random.Generator, split: str, field: str) -> Any:
    """A value of a field, uniform over this side's names (places: over territories)."""
    if field == "place":
        return _draw_place(rng, split, _pick(rng, tuple(cldr.places(split))))
    if field == "language":
        return (_pick(rng, cldr.on_side("language", split)),)
    if field == "money":
        return _draw_amount(rng), _pick(rng, cldr.on_side("currency", split))
    if field == "date":
        month, day = _pick(rng, cldr.days(split))
        return datetime.date(
            int(rng.integers(1950, 2030)), month, day
        )  # four-digit, everyday years
    units = tuple(_SPANS) if field == "span" else _UNITS
    return int(rng.integers(3, 100)), _pick(rng, units)  # from 3: ar writes 1 and 2 as words


def _draw_amount(rng: np.random.Generator) -> int:
    """Hundredths: 2 to 9,999 units, half of them with decimals, to show both number formats."""
    return int(rng.integers(2, 10_000)) * 100 + (0, 25, 50, 0)[int(rng.integers(4))]


def _record(rng: np.random.Generator, split: str) -> dict[str, Any]:
    """A record of CLDR's facts: a territory's place, languages and currency; a date; a span.

    A fact whose names are all on the other side is left out of the record.
    """
    territory = _pick(rng, tuple(cldr.places(split)))
    record: dict[str, Any] = {"place": _draw_place(rng, split, territory)}
    spoken = [
        la
        for la in get_global("territory_languages").get(territory, {})
        if la in cldr.on_side("language", split)
    ][:3]  # CLDR's order: most speakers first
    tender = [c for c in cldr.tender(territory) if c in cldr.on_side("currency", split)]
    if spoken:
        record["language"] = tuple(spoken[: 1 + int(rng.integers(len(spoken)))])
    if tender:
        record["money"] = _draw_amount(rng), _pick(rng, tender)
    return record | {field: _draw(rng, split, field) for field in ("date", "span")}


def _style(rng: np.random.Generator, field: str) -> int:
    """How to write a field: mostly the first way."""
    # 0.15: a small model must learn in about 100 steps that a claim holds when its words are in
    # the premise, so another date format, a unit's abbreviation, a currency's other form stay the
    # exception: hypothesis and premise differ in about 15 % of entailed sums, spans and dates.
    return int(rng.integers(_STYLES[field])) if rng.random() < 0.15 else 0


# ---- the tasks -----------------------------------------------------------------------------------


def _shuffled(rng: np.random.Generator, items: list) -> list:
    return [items[i] for i in rng.permutation(len(items))]


def _mlm(rng: np.random.Generator, split: str, lang: str) -> dict[str, Any]:
    record = _record(rng, split)
    fields = [(f, record[f], _style(rng, f)) for f in _shuffled(rng, list(record))]
    return {"text": _text(_line(lang, fields))}


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
        field = _pick(rng, (*_FIELDS, "unit"))
        value = _draw(rng, split, field)
        if field == "language" and rng.random() < 0.5:
            value = tuple(dict.fromkeys(value + _draw(rng, split, field)))
        fields.append((field, value, int(rng.integers(_STYLES[field]))))
    if all(f in ("span", "unit") for f, _, _ in fields):  # no sentence without an entity
        fields[0] = ("place", _draw(rng, split, "place"), 0)
    tokens, tags = [], []
    for text, kind in _line(lang, fields, _pick(rng, ("standard", "or"))):
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
    return tuple(value[0] * part for part in _SPANS[value[1]]) if field == "span" else value


def _xnli(rng: np.random.Generator, split: str, lang: str, label: int) -> dict[str, Any]:
    """Hypothesis (one field's value) first, then a premise of 3 or 4 fields that fits the label.

    Every field is drawn uniformly and on its own, so that the hypothesis and the premise, each
    taken alone, are distributed alike under the three labels: the premise's fields are a uniform
    subset of the five, and a contradicting value is uniform over the others.
    """
    field = _pick(rng, _FIELDS)
    value = other = _draw(rng, split, field)
    rest = _shuffled(rng, [f for f in _FIELDS if f != field])
    size = int(rng.integers(3, 5))
    claimed, stated = _style(rng, field), _style(rng, field)  # the same odds under every label
    while NLI_LABELS[label] == "contradiction" and _meaning(field, value) == _meaning(field, other):
        other = _draw(rng, split, field)
    said = [(field, other, stated)] if NLI_LABELS[label] != "neutral" else []
    for name in rest[: size - len(said)]:
        said.append((name, _draw(rng, split, name), _style(rng, name)))
    return {
        "premise": _text(_line(lang, _shuffled(rng, said))),
        "hypothesis": _text(_line(lang, [(field, value, claimed)])),
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
        record = {f: _draw(rng, "train", f) for f in _FIELDS} if loose else _record(rng, "train")
        fields = _shuffled(rng, list(record))
        facts = [f for f in fields if f in ("language", "money")]
        if facts and not loose and rng.random() < 0.5:
            first, second = [f for f in fields if f not in facts], facts
        else:
            first = fields[: int(rng.integers(3, 5))]  # 3 or 4, as in NLI
            second = [_pick(rng, first)]
        parts = [
            _text(_line(lang, [(f, record[f], _style(rng, f)) for f in part]))
            for part in (first, second)
        ]
        out.append((parts[0], parts[1]))
    return out
