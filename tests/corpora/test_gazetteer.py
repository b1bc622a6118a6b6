"""The gazetteer's claims: one a test. About 20 s on one thread; most of it the chance baselines."""

import re
import unicodedata

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from lnlib.corpora import cldr
from lnlib.corpora import gazetteer as g

SPLITS = ("train", "validation")
CHANCE = 1 / 3


def _bare(text):
    """The letters and digits of a name, less accents: tokens have lost spaces, BERT the rest."""
    text = unicodedata.normalize("NFD", text.casefold())
    return "".join(
        c for c in text if unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "Mc"
    )


def _entities(example):
    """(type, bare text) of each entity, read off the tags alone."""
    out = []
    for token, tag in zip(example["tokens"], example["ner_tags"], strict=True):
        name = g.NER_LABELS[tag]
        if name.startswith("B-"):
            out.append([name[2:], token])
        elif name != "O":
            out[-1][1] += token
    return [(kind, _bare(text)) for kind, text in out]


def _bare_names(lang, split):
    """bare string -> key, for every form of every name of a side."""
    return {
        _bare(form): (kind, key)
        for kind in cldr.KINDS
        for key in cldr.on_side(kind, split)
        for form in cldr.forms(lang, kind, key)
    }


@pytest.mark.parametrize("task", ["mlm", "ner", "xnli"])
@pytest.mark.parametrize("split", SPLITS)
def test_an_example_depends_on_its_id_and_seed_only(task, split):
    many = g.load(task, "fr", split, 40)
    assert many[:15] == g.load(task, "fr", split, 15)
    assert [e["id"] for e in many] == list(range(40))
    assert many != g.load(task, "fr", split, 40, seed=1)


def test_pairs_are_prefix_stable():
    assert g.pairs("sw", 30)[:10] == g.pairs("sw", 10) != g.pairs("sw", 10, seed=1)


def test_the_text_is_that_of_the_recorded_version():
    # Guards against a silent change of the draw: new text asks for a new number in version().
    if g.version() != "gazetteer 1, Babel 2.18.0, CLDR 47":
        pytest.skip("recorded with Babel 2.18.0")
    assert g.load("mlm", "en", "train", 1)[0]["text"] == (
        "Qyzylorda (Kazakhstan), 8,071 Kazakhstani tenges, April 14, 1985, 98 wks, "
        "and Russian, Kazakh, and English"
    )


def test_example_i_names_the_same_things_in_every_language():
    def facts(lang, split):
        names = _bare_names(lang, split)
        return [
            [names.get(text, kind) for kind, text in _entities(e)]
            for e in g.load("ner", lang, split, 150)
        ]

    for split in SPLITS:
        english = facts("en", split)
        # Dates are no names; all else must be found by its own key.
        assert {f for row in english for f in row if isinstance(f, str)} == {"DATE"}
        for lang in cldr.LANGS[1:]:
            assert facts(lang, split) == english
            assert [e["label"] for e in g.load("xnli", lang, split, 150)] == [
                e["label"] for e in g.load("xnli", "en", split, 150)
            ]


@pytest.mark.parametrize("lang", cldr.LANGS)
def test_no_name_is_on_both_sides(lang):
    train, held_out = _bare_names(lang, "train"), _bare_names(lang, "validation")
    assert not train.keys() & held_out.keys()
    # 45: the fewest names any kind holds out, enough for a score that is not of a few words.
    assert all(len(cldr.on_side(kind, "validation")) >= 45 for kind in cldr.KINDS)
    for kind in cldr.KINDS:  # 0.2 to 0.32: a quarter, give or take 3 s.e. of 150 names and rounding
        sides = [len(cldr.on_side(kind, s)) for s in SPLITS]
        assert 0.2 < sides[1] / sum(sides) < 0.32


@pytest.mark.parametrize("lang", cldr.LANGS)
def test_no_entity_of_validation_was_an_entity_of_train_or_a_train_name(lang):
    seen = {e for x in g.load("ner", lang, "train", 1500) for e in _entities(x)}
    names = _bare_names(lang, "train")
    for example in g.load("ner", lang, "validation", 400):
        for kind, text in _entities(example):
            assert (kind, text) not in seen
            assert text not in names


def test_no_date_or_name_of_an_nli_validation_hypothesis_is_in_train():
    def claims(split):
        return {
            e["hypothesis"]
            for e in g.load("xnli", "es", split, 1500)
            if not re.fullmatch(r"\d+\s\D+", e["hypothesis"])
        }  # spans and sums have no sides

    assert not claims("train") & claims("validation")


@pytest.mark.parametrize("lang", cldr.LANGS)
def test_ner_tags_are_well_formed_and_every_label_occurs(lang):
    seen = set()
    for split in SPLITS:
        for example in g.load("ner", lang, split, 300):
            before = "O"
            assert len(example["tokens"]) == len(example["ner_tags"])
            for token, tag in zip(example["tokens"], example["ner_tags"], strict=True):
                label = g.NER_LABELS[tag]
                assert not label.startswith("I-") or before[2:] == label[2:]
                assert token and not re.search(r"\s", token)
                before = label
                seen.add(label)
            assert any(example["ner_tags"])
    assert seen == set(g.NER_LABELS)


def test_zh_tokens_are_single_characters():
    # Digits and Latin letters too, as in WikiAnn's zh.
    assert {len(t) for e in g.load("ner", "zh", "train", 200) for t in e["tokens"]} == {1}


def test_punctuation_is_a_token_of_its_own_except_inside_words_and_numbers():
    assert g._tokens("3.499,50 Côte d’Ivoire, (Guinea-Bissau).", "fr") == [
        "3.499,50",
        "Côte",
        "d’Ivoire",
        ",",
        "(",
        "Guinea-Bissau",
        ")",
        ".",
    ]
    assert g._tokens("हिन्दी, سه\u200cشنبه", "hi") == ["हिन्दी", ",", "سه\u200cشنبه"]


def test_position_does_not_give_the_label_away():
    # First-token tags: each kind opens a sentence about as often (a place is drawn 1 time in 6,
    # as is each other field; amounts hide CUR behind a number in en). 0.5: no kind has the half.
    first = [g.NER_LABELS[e["ner_tags"][0]] for e in g.load("ner", "sw", "train", 600)]
    assert max(first.count(x) for x in set(first)) / len(first) < 0.5


@pytest.mark.parametrize("lang", cldr.LANGS)
def test_names_are_in_the_languages_own_script(lang):
    own = {
        "zh": "CJK",
        "ru": "CYRILLIC",
        "hi": "DEVANAGARI",
        "fa": "ARABIC",
        "ur": "ARABIC",
        "ar": "ARABIC",
    }.get(lang, "LATIN")
    for kind in cldr.KINDS:
        for key in cldr.keys(kind):
            for form in cldr.forms(lang, kind, key):
                letters = [c for c in form if unicodedata.category(c) in ("Lu", "Ll", "Lo")]
                assert letters and all(unicodedata.name(c).startswith(own) for c in letters), form


@pytest.mark.parametrize("lang", cldr.LANGS)
def test_text_is_nfc_with_plain_spaces_and_no_direction_marks(lang):
    for e in g.load("xnli", lang, "train", 200):
        text = e["premise"] + " " + e["hypothesis"]
        assert unicodedata.is_normalized("NFC", text)
        assert not re.search(r"[^\S ]|  |[\u00ad\u061c\u200e\u200f{}]", text)


def test_reading_own_data_leaves_babels_cache_alone():
    from babel import Locale

    cldr.own("sw")
    assert Locale.parse("sw").character_order == "left-to-right"  # inherited from the root


# ---- NLI -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("part", ["hypothesis", "premise"])
def test_one_part_alone_says_nothing_about_the_label(part, lang):
    # Trained and tested on the train side, so that names are shared: the most a shortcut could
    # know. 3 s.e. of a fair guess on n examples = 3 sqrt(2/9 / n) = 0.032 at n = 2,000.
    examples = g.load("xnli", lang, "train", 4000)
    text, label = [e[part] for e in examples], [e["label"] for e in examples]
    model = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=r"\w+"),
            TfidfVectorizer(analyzer="char", ngram_range=(2, 3)),
        ),
        LogisticRegression(max_iter=100),
    )
    accuracy = model.fit(text[:2000], label[:2000]).score(text[2000:], label[2000:])
    # The baseline has to have learnt something, or being at chance would be no news: on its own
    # examples it is far from it, by the names it has learnt by heart.
    assert model.score(text[:2000], label[:2000]) > 0.5
    assert abs(accuracy - CHANCE) < 3 * np.sqrt(2 / 9 / 2000)


def test_labels_are_exactly_balanced():
    for split in SPLITS:
        assert (
            np.bincount([e["label"] for e in g.load("xnli", "ur", split, 300)]).tolist()
            == [100] * 3
        )


def _reader():
    """A reader of French lines: text -> {field: what it says}. Knows CLDR's names, not the draw."""
    names = {}
    for kind in cldr.KINDS:
        for key in cldr.keys(kind):
            territory = cldr.get_global("zone_territories")[key] if kind == "city" else key
            for form in cldr.forms("fr", kind, key):
                names[form.casefold()] = (
                    "place" if kind in ("city", "territory") else kind,
                    territory,
                )
    any_name = re.compile(
        r"(?<!\w)({})(?!\w)".format(
            "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        )
    )
    months = [
        "janv",
        "févr",
        "mars",
        "avr",
        "mai",
        "juin",
        "juil",
        "août",
        "sept",
        "oct",
        "nov",
        "déc",
    ]
    date = re.compile(r"(?<!\d)(\d{1,2}) ([a-zéû]+)\.? (\d{4})(?!\d)")
    numeric = re.compile(r"(?<!\d)(\d\d)/(\d\d)/(\d{4})")
    minute = {
        "an": (12, 0),
        "moi": (1, 0),
        "m": (1, 0),
        "sem": (0, 10080),
        "j": (0, 1440),
        "h": (0, 60),
        "min": (0, 1),
    }
    span = re.compile(r"(?<![\d ] )(?<![\d:,])(\d+) (an|moi|sem|j|h|min|m)[a-z]*(?!\w)")

    def read(text):
        text, facts = text.casefold(), {}
        for day, month, year in date.findall(text):
            number = 1 + next(i for i, m in enumerate(months) if month.startswith(m))
            facts["date"] = (int(day), number, int(year))
        for day, month, year in numeric.findall(text):
            facts["date"] = (int(day), int(month), int(year))
        for number, unit in span.findall(any_name.sub("", date.sub("", text))):
            facts["span"] = tuple(int(number) * part for part in minute[unit])
        for name in any_name.findall(text):
            kind, key = names[name]
            facts[kind] = key
        return facts

    return read


def test_the_labels_hold_when_read_off_the_text():
    read = _reader()
    for split in SPLITS:
        for e in g.load("xnli", "fr", split, 300):
            ((field, claim),) = read(e["hypothesis"]).items()
            said = read(e["premise"])
            truth = (
                "neutral"
                if field not in said
                else "entailment"
                if said[field] == claim
                else "contradiction"
            )
            assert g.NLI_LABELS[e["label"]] == truth, e


def test_most_entailed_claims_repeat_the_premises_words_and_some_do_not():
    examples = [e for e in g.load("xnli", "de", "train", 1500) if e["label"] == 0]
    verbatim = np.mean([e["hypothesis"] in e["premise"] for e in examples])
    # Three fields of five can be reworded, each in about 15 % of cases: 9 %; 3 s.e. of 500 is 4 %.
    assert 0.86 < verbatim < 0.96


# ---- the rest ------------------------------------------------------------------------------------


def test_most_pairs_restate_the_first_part():
    pairs = g.pairs("en", 1000)
    restated = np.mean([second in first for first, second in pairs])
    # 3 in 4 restate; about 9 % of those in another form. The brief asks for half at the least.
    assert 0.6 < restated < 0.8


def test_coverage_adds_up():
    table = cldr.coverage()
    assert list(table.index) == list(cldr.LANGS)
    for kind in cldr.KINDS:
        listed, kept = table[f"{kind}_listed"], table[f"{kind}_kept"]
        assert (listed == kept + table[f"{kind}_dropped"]).all()
        assert (table[f"{kind}_shared"] <= kept.min()).all()
        assert (table[f"{kind}_used"] == len(cldr.keys(kind))).all()
        assert (table[f"{kind}_used"] <= table[f"{kind}_shared"]).all()
        assert table[f"{kind}_shared"].nunique() == 1
    for lang in ("zh", "ru", "fa", "ur", "ar", "hi"):
        assert table.loc[lang, "city_inherited"] == 0


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: g.load("pos", "en", "train", 1), "'pos'.*ner"),
        (lambda: g.load("ner", "xx", "train", 1), "'xx'.*sw"),
        (lambda: g.load("ner", "en", "test", 1), "'test'.*validation"),
        (lambda: g.pairs("xx", 1), "'xx'.*sw"),
    ],
)
def test_errors_name_the_value_and_the_valid_ones(call, words):
    with pytest.raises(ValueError, match=words):
        call()
