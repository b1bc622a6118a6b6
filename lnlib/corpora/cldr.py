"""CLDR's names in 11 languages: which are a language's own, and which are held out of training.

Which names are kept. A name counts as a language's own if the locale's own data hold it (not the
root's, not English), in the language's script. A key is used only if all 11 languages have it, so
every language has the same names. Cities are the exception that CLDR forces: its data files leave
out a name that equals the inherited one (de has no entry for Berlin, sw has entries for 13 cities),
so one city has an entry in all 11. CLDR's rule (UTS 35, time zone names) is that a missing city in
a Latin-script language is read off the zone id; we follow it for en, fr, de, es and sw and count
those names as `city_inherited`. CLDR's source (common/main/sw.xml) marks sw's as votes to inherit:
they were looked at, not forgotten. Territories, languages and currencies need no such exception.

Held-out names. Every key is on the train or the validation side by a hash of the key, the same in
all languages and tasks; days of the year likewise, so that no date string is on both sides.
"""

import pickle
import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from babel import Locale, localedata
from babel.core import get_global

from lnlib.base.hashes import number

if TYPE_CHECKING:
    import pandas

# Pinned: a name is kept only if all of them have it, so one more would change every example.
LANGS = ("en", "fr", "de", "zh", "ru", "es", "fa", "ur", "ar", "hi", "sw")
KINDS = ("territory", "city", "language", "currency")  # order: the first to hold a string keeps it
# Script of each language as the first word of its letters' Unicode names; the rest are Latin.
_SCRIPTS = {
    "zh": "CJK",
    "ru": "CYRILLIC",
    "fa": "ARABIC",
    "ur": "ARABIC",
    "ar": "ARABIC",
    "hi": "DEVANAGARI",
}


@cache
def locale(lang: str) -> Locale:
    """Babel's locale of a language."""
    return Locale.parse(lang)


def clean(text: str) -> str:
    """NFC, plain spaces, no bidi marks or soft hyphens. Zero-width joiners spell words: kept."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", text)
    return re.sub(r"\s+", " ", text).strip()


def bare_name(text: str) -> str:
    """A name without its bracketed or comma-separated qualifier: "Myanmar (Burma)" is "Myanmar"."""
    return clean(re.split(r"\s*[(\[（［,،，]", clean(text))[0])


def in_script(text: str, lang: str) -> bool:
    """Whether the text has letters, all of them of the language's script."""
    script = _SCRIPTS.get(lang, "LATIN")
    letters = [
        unicodedata.name(c, "") for c in text if unicodedata.category(c) in ("Lu", "Ll", "Lo")
    ]
    return bool(letters) and all(n.startswith(script) for n in letters)


@cache
def own(lang: str) -> dict[str, Any]:
    """A locale's own data, with nothing inherited from the root or another locale.

    Read from Babel's file, because localedata.load(merge_inherited=False) puts what it read into
    the cache that all of Babel reads merged locales from (seen in 2.18.0).
    """
    with open(localedata.resolve_locale_filename(lang), "rb") as file:
        return pickle.load(file)


@cache
def listed() -> dict[str, tuple[str, ...]]:
    """The keys that could be used, kind by kind, before any language is asked for a name.

    Regions such as 001 are no territories; ZZ and the like are no places; the languages are those
    that CLDR says are spoken in some territory (dead ones have no facts); the currencies those
    that are legal tender somewhere today.
    """
    territories = [k for k in get_global("territory_languages") if k.isalpha() and k != "ZZ"]
    languages = {la for t in territories for la in get_global("territory_languages")[t]}
    currencies = {c for t in territories for c in tender(t)}
    cities = [z for z, t in get_global("zone_territories").items() if t in territories and "/" in z]
    return {
        "territory": tuple(sorted(territories)),
        "city": tuple(sorted(cities)),
        "language": tuple(sorted(la for la in languages if "_" not in la)),
        "currency": tuple(sorted(currencies)),
    }


def tender(territory: str) -> list[str]:
    """Currencies that are legal tender in a territory today."""
    rows = get_global("territory_currencies").get(territory, ())
    return [code for code, _start, end, legal in rows if legal and end is None]


def raw_name(lang: str, kind: str, key: str) -> tuple[str | None, bool]:
    """CLDR's name for a key in a language, or None, and whether CLDR's Latin rule supplied it."""
    if kind == "city":
        name = own(lang)["time_zones"].get(key, {}).get("city")
        if name is None and lang not in _SCRIPTS:
            root = own("root")["time_zones"].get(key, {}).get("city")
            return root or key.split("/")[-1].replace("_", " "), True
        return name, False
    table = {"territory": "territories", "language": "languages", "currency": "currency_names"}
    name = own(lang)[table[kind]].get(key)
    return (None if name == key else name), False


@cache
def names(lang: str, kind: str) -> dict[str, str]:
    """key -> name for each listed key that has a name of its own in the language and script."""
    named = {k: bare_name(raw_name(lang, kind, k)[0] or "") for k in listed()[kind]}
    return {k: n for k, n in named.items() if in_script(n, lang)}


def forms(lang: str, kind: str, key: str) -> set[str]:
    """Every string a key may be written as in a language."""
    strings = {names(lang, kind)[key]}
    if kind == "currency":
        plural = locale(lang)._data["currency_names_plural"].get(key, {})
        strings |= {bare_name(n) for n in plural.values()}
    return strings


def fold(text: str) -> str:
    """The text without case, accents, spaces and punctuation: the least a tokenizer tells apart.

    Arabic writes Oman and Amman alike but for a vowel sign, which BERT's accent stripping drops.
    """
    text = unicodedata.normalize("NFD", text.casefold())
    return "".join(
        c
        for c in text
        if unicodedata.category(c)[0] not in "PSZC" and unicodedata.category(c) != "Mn"
    )


@cache
def keys(kind: str) -> tuple[str, ...]:
    """The keys in use: named in all 11 languages, and there by a string that no other key has.

    A string two keys share could be on both sides, and would make a contradiction no
    contradiction, so the later key (in the order of KINDS, then sorted) is dropped in all
    languages: a city called as its country goes, the country stays.
    """
    taken: set[tuple[str, str]] = set()
    kept: dict[str, list[str]] = {k: [] for k in KINDS}
    for kd in KINDS:
        for key in listed()[kd]:
            if not all(key in names(la, kd) for la in LANGS):
                continue
            strings = [(la, fold(n)) for la in LANGS for n in forms(la, kd, key)]
            if taken.isdisjoint(strings):
                taken.update(strings)
                kept[kd].append(key)
    return tuple(kept[kind])


def side(kind: str, key: str) -> str:
    """The split a key belongs to: one in four held out, 45 names of a kind at the least."""
    return "validation" if number(f"gazetteer:{kind}:{key}") < 2**62 else "train"


@cache
def on_side(kind: str, split: str) -> tuple[str, ...]:
    """The keys in use of a kind that belong to a split."""
    return tuple(k for k in keys(kind) if side(kind, k) == split)


@cache
def places(split: str) -> dict[str, tuple[tuple[str, ...], bool]]:
    """territory -> (its cities on this side, whether its own name is), where there is either."""
    zone = get_global("zone_territories")
    cities, named = on_side("city", split), set(on_side("territory", split))
    found = {
        t: (tuple(c for c in cities if zone[c] == t), t in named) for t in listed()["territory"]
    }
    return {t: v for t, v in found.items() if v[0] or v[1]}


@cache
def days(split: str) -> tuple[tuple[int, int], ...]:
    """(month, day) pairs of a side; 28 days a month, so that any year will do."""
    year = [(m, d) for m in range(1, 13) for d in range(1, 29)]
    return tuple(md for md in year if side("day", f"{md[0]}-{md[1]}") == split)


def coverage() -> "pandas.DataFrame":
    """One row a language; for each kind, how many names there are and what became of them.

    listed = kept + dropped (no name of its own in this language); inherited: cities kept by CLDR's
    rule for Latin scripts rather than by an entry; shared: kept in all 11; used: shared, less
    those that share a string with another name in some language (shared and used do not depend on
    the row).
    """
    import pandas as pd

    rows: dict[str, dict[str, int]] = {}
    for lang in LANGS:
        row = rows[lang] = {}
        for kind in ("city", "territory", "language", "currency"):
            all_keys, kept = listed()[kind], names(lang, kind)
            row[f"{kind}_listed"], row[f"{kind}_kept"] = len(all_keys), len(kept)
            row[f"{kind}_dropped"] = len([k for k in all_keys if k not in kept])
            if kind == "city":
                row["city_inherited"] = sum(raw_name(lang, kind, k)[1] for k in kept)
            row[f"{kind}_shared"] = len(
                [k for k in all_keys if all(k in names(la, kind) for la in LANGS)]
            )
            row[f"{kind}_used"] = len(keys(kind))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("lang")
