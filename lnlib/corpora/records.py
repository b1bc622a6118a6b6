"""Values of the gazetteer's records, drawn without a language and rendered in one.

A value is of a field: a place, a language, an amount of money, a date, a span of time. It is drawn
as CLDR keys and numbers, and becomes text by a language's own names, plural forms, number and date
formats. Source of every word: Unicode CLDR, by way of Babel.
"""

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from babel.core import get_global
from babel.dates import format_date
from babel.numbers import format_decimal

from lnlib.corpora import cldr

# Spans of time: two values of one field must be able to contradict each other, so no kilometres.
# The number is (months, minutes) in one unit, which tells 2 weeks and 14 days to be the same.
SPANS = {
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
FIELDS = ("place", "language", "money", "date", "span")
STYLES = {"place": 1, "language": 1, "money": 2, "date": 3, "span": 2, "unit": 1}  # ways to write

Segment = tuple[str, str]  # a stretch of text, and its entity type or ""


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


def _place(lang: str, value: tuple[str | None, str | None], style_of: int) -> list[Segment]:
    city, territory = value
    parts = [
        [(cldr.names(lang, kind)[key], "LOC")]
        for kind, key in (("city", city), ("territory", territory))
        if key
    ]
    return parts[0] if len(parts) == 1 else _fill("{0} ({1})", *parts)


def _language(lang: str, value: tuple[str, ...], style_of: int) -> list[Segment]:
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


def line(lang: str, fields: list[tuple[str, Any, int]], style: str = "standard") -> list[Segment]:
    """Fields (name, value, style of writing) in a row by the language's list pattern."""
    return _join(lang, [_RENDER[f](lang, value, way) for f, value, way in fields], style)


def text(segments: list[Segment]) -> str:
    """Segments as running text."""
    return cldr.clean("".join(text for text, _ in segments))


# ---- drawing: language-independent values -------------------------------------------------------


def pick(rng: np.random.Generator, items: Any) -> Any:
    """One of the items, each as likely."""
    return items[int(rng.integers(len(items)))]


def _draw_place(rng: np.random.Generator, split: str, territory: str) -> tuple:
    cities, own = cldr.places(split)[territory]
    # A city alone, the territory alone, or both, of what this side has: all three are common.
    form = int(rng.integers(3))
    city = pick(rng, cities) if cities and (form != 1 or not own) else None
    return city, territory if own and (form != 0 or city is None) else None


def draw(rng: np.random.Generator, split: str, field: str) -> Any:
    """A value of a field, uniform over this side's names (places: over territories)."""
    if field == "place":
        return _draw_place(rng, split, pick(rng, tuple(cldr.places(split))))
    if field == "language":
        return (pick(rng, cldr.on_side("language", split)),)
    if field == "money":
        return _draw_amount(rng), pick(rng, cldr.on_side("currency", split))
    if field == "date":
        month, day = pick(rng, cldr.days(split))
        return datetime.date(
            int(rng.integers(1950, 2030)), month, day
        )  # four-digit, everyday years
    units = tuple(SPANS) if field == "span" else _UNITS
    return int(rng.integers(3, 100)), pick(rng, units)  # from 3: ar writes 1 and 2 as words


def _draw_amount(rng: np.random.Generator) -> int:
    """Hundredths: 2 to 9,999 units, half of them with decimals, to show both number formats."""
    return int(rng.integers(2, 10_000)) * 100 + (0, 25, 50, 0)[int(rng.integers(4))]


def record(rng: np.random.Generator, split: str) -> dict[str, Any]:
    """A record of CLDR's facts: a territory's place, languages and currency; a date; a span.

    A fact whose names are all on the other side is left out of the record.
    """
    territory = pick(rng, tuple(cldr.places(split)))
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
        record["money"] = _draw_amount(rng), pick(rng, tender)
    return record | {field: draw(rng, split, field) for field in ("date", "span")}


def style_of(rng: np.random.Generator, field: str) -> int:
    """How to write a field: mostly the first way."""
    # 0.15: a small model must learn in about 100 steps that a claim holds when its words are in
    # the premise, so another date format, a unit's abbreviation, a currency's other form stay the
    # exception: hypothesis and premise differ in about 15 % of entailed sums, spans and dates.
    return int(rng.integers(STYLES[field])) if rng.random() < 0.15 else 0
