"""Natural languages: the eleven of paper 1.

Scripts are ISO 15924 codes; families are the branches used when pairs are compared (Hindi and Urdu
share a branch but not a script; Persian and Urdu a script but not a branch). Word order is the
dominant one in WALS (feature 81A).
"""

from __future__ import annotations

from dataclasses import dataclass

from lnlib.base.errors import UserError, choose


@dataclass(frozen=True)
class Language:
    """One language: ISO 639-1 `code`, English `name`, `endonym`, and what typology says of it."""

    code: str
    name: str
    endonym: str
    script: str
    direction: str
    family: str
    word_order: str


LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        Language("en", "English", "English", "Latn", "ltr", "Germanic", "SVO"),
        Language("fr", "French", "français", "Latn", "ltr", "Romance", "SVO"),
        Language("de", "German", "Deutsch", "Latn", "ltr", "Germanic", "no dominant order"),
        Language("zh", "Chinese", "中文", "Hans", "ltr", "Sinitic", "SVO"),
        Language("ru", "Russian", "русский", "Cyrl", "ltr", "Slavic", "SVO"),
        Language("es", "Spanish", "español", "Latn", "ltr", "Romance", "SVO"),
        Language("fa", "Persian", "فارسی", "Arab", "rtl", "Iranian", "SOV"),
        Language("ur", "Urdu", "اردو", "Arab", "rtl", "Indo-Aryan", "SOV"),
        Language("ar", "Arabic", "العربية", "Arab", "rtl", "Semitic", "VSO"),
        Language("hi", "Hindi", "हिन्दी", "Deva", "ltr", "Indo-Aryan", "SOV"),
        Language("sw", "Swahili", "Kiswahili", "Latn", "ltr", "Bantu", "SVO"),
    )
}

# What the data of a task lack, though those of others have it.
NOT_THERE = {("xnli", "fa"): "XNLI has no Persian, so the paper has no Persian XNLI ticket either"}


def name_of(lang: str) -> str:
    """English name of a language, or the names in a mixture ("en+fa": "English + Persian")."""
    return " + ".join(LANGUAGES[code].name for code in lang.split("+"))


def codes_of(lang: object) -> tuple[str, ...]:
    """The codes in `lang`: "ur", or "en+fa+fr+zh" for a mixture.

    Raises UserError for an unknown or doubled code.
    """
    if not isinstance(lang, str):  # papermill reads `-p lang nan` as a number
        raise UserError(f"unknown language {lang!r}: expected a code such as 'ur', in quotes")
    codes = tuple(choose(code, LANGUAGES, "language") for code in lang.split("+"))
    if len(set(codes)) < len(codes):
        raise UserError(f"language mixture {lang!r} names a language twice")
    return codes
