"""The pages of languages: what they say, which scale comes first, how a sentence is written."""

import importlib
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from test_book import ROOT, toc_pages

from lnlib.corpora import gazetteer
from lnlib.languages import LANGUAGES
from lnlib.papers import PAPERS
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.coverage import COVERAGE, TASKS
from lnlib.papers.foroutan.scales import SCALES

pytest.importorskip("sphinx_design")


@pytest.fixture(autouse=True)
def _book_on_path(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))


@pytest.fixture
def weights():
    """The module, which forgets its tables before and after."""
    module = importlib.import_module("profile_weights")
    cached = (module.table, module.neighbours, module.at_half)
    for function in cached:
        function.cache_clear()
    yield module
    for function in cached:
        function.cache_clear()


def rows_of(markdown):
    """The cells of all tables in Markdown, but for heads and rules."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def tab(markdown, scale):
    """The body of the tab of a scale."""
    return re.split(r":sync: ", markdown.split(f":sync: {scale}\n")[1])[0]


def test_the_reading_path_ends_before_the_pages_of_languages():
    pages = toc_pages()
    first = pages.index("book/by_language")
    assert pages.index("book/reproduce") < first
    assert pages[first + 1 :] == [f"book/languages/{lang}" for lang in LANGUAGES]


@pytest.mark.parametrize("scale", ["demo", "small"])
def test_a_page_has_the_scores_that_were_measured_and_how_many_seeds(weights, scale):
    rows = tables.read(ROOT / f"results/foroutan/{scale}/scores.csv")
    for task in ("mlm", "ner"):
        measured = rows[(rows["task"] == task) & (rows["lang"] == "ur")]
        controls = {"full model": ("full", 0), "random mask": ("random", 50)}
        for name, (method, level) in controls.items():
            own = measured[(measured["method"] == method) & (measured["sparsity"] == level)]
            row = [task.upper(), name, f"{own['value'].mean():.2f}", str(own["seed"].nunique())]
            assert row in [cells[:4] for cells in rows_of(tab(weights.scores("ur"), scale))]


def as_medium(folder):
    """Results in which NER at `medium` has two languages and one seed: rows of `small`, renamed."""
    not_own = shutil.ignore_patterns("medium")
    shutil.copytree(ROOT / "results/foroutan", folder / "results/foroutan", ignore=not_own)
    few, langs = folder / "results/foroutan/medium", ["ur", "en"]
    for name in ("scores", "overlap", "excess"):
        rows = tables.read(ROOT / f"results/foroutan/small/{name}.csv")
        for column in ("lang", "mask_lang", "lang_a", "lang_b"):
            rows = rows[rows[column].isin([*langs, ""])] if column in rows else rows
        for column in ("seed", "mask_seed", "seed_a", "seed_b"):
            rows = rows[rows[column].fillna(0) == 0] if column in rows else rows
        for column in ("task", "mask_task", "task_a", "task_b"):
            rows = rows[rows[column].isin(["ner", ""])] if column in rows else rows
        rows = rows.assign(scale="medium")
        if "recipe" in rows:
            rows["recipe"] = SCALES["medium"].recipes["ner"].hash
        tables.add(few / f"{name}.csv", rows.to_dict("records"))
    return folder


def test_a_page_leads_with_the_most_real_scale_that_has_run(weights, tmp_path, monkeypatch):
    pages, scale_tabs = map(importlib.import_module, ("pages", "scale_tabs"))
    monkeypatch.setattr(pages, "ROOT", as_medium(tmp_path))
    assert [weights.first(task, "ur") for task in TASKS] == ["small", "medium", "demo"]
    for body in (weights.scores("ur"), weights.others("ur")):
        assert re.findall(r":sync: (\w+)", body) == ["medium", "small", "demo"]
        assert tab(body, "medium") and "nan" not in body
    assert scale_tabs.label("medium") in weights.answer("ur")
    # one other language, and no other seed: nothing is said of those that have not run
    assert [row[0] for row in rows_of(tab(weights.others("ur"), "medium"))[2:]] == ["[English](en)"]
    assert re.findall(r":sync: (\w+)", weights.scores("sw")) == ["small", "demo"]


def test_sentences_are_not_about_a_scale_that_has_run_too_little(tmp_path, monkeypatch):
    pages = importlib.import_module("pages")
    assert pages.so_far("small", "ner") == ""
    monkeypatch.setattr(pages, "ROOT", as_medium(tmp_path))
    assert pages.scales("overlap")[0] == "medium"
    assert pages.real() == "small"
    assert pages.so_far("medium", "ner") == "Measured so far in English and Urdu, with one seed. "
    for task in ("mlm", "xnli"):  # no recipe, or no row
        assert pages.so_far("medium", task) == "Measured so far in 0 languages, with 0 seeds. "
        assert "not run" in pages.run_so_far(pages.table("scores", "medium"), "medium")
    assert "make reproduce" in pages.again("x", scale="medium")  # which has no recipe for MLM


def test_every_scale_of_every_paper_has_a_place_and_a_name_of_its_own():
    scale_tabs = importlib.import_module("scale_tabs")
    for paper in PAPERS:
        scales = importlib.import_module(f"lnlib.papers.{paper}.scales").SCALES
        labels = [scale_tabs.label(scale, paper) for scale in scale_tabs.ordered(scales)]
        assert len(set(labels)) == len(scales)
        assert not set(labels) & set(scales)


def test_tabs_hold_whatever_fences_stand_in_them():
    """A fence may only close one that was opened with as many colons."""
    scale_tabs = importlib.import_module("scale_tabs")
    body = "::::{grid} 1\n:::{grid-item}\nx\n:::\n::::"
    open_fences = []
    for line in scale_tabs.tabs({"demo": body, "small": ":::{note}\ny\n:::"}).splitlines():
        fence = re.match(r"(:{3,})(\{?)", line)
        if fence and fence[2]:
            assert not open_fences or len(fence[1]) < len(open_fences[-1])
            open_fences.append(fence[1])
        elif fence:
            assert fence[1] == open_fences.pop()
    assert not open_fences


@pytest.mark.parametrize("lang", COVERAGE["ner"])
def test_a_sentence_of_names_is_written_without_stray_spaces(lang):
    profiles = importlib.import_module("profiles")
    for example in gazetteer.load("ner", lang, "validation", 40):
        shown = profiles.marked(example["tokens"], example["ner_tags"], lang)
        plain = re.sub(r"</?b>", "", shown)
        assert plain.replace(" ", "") == "".join(example["tokens"])
        assert not re.search(r" [,.;:)،؛、]|[(] | </b>|<b> ", shown)
        names = re.findall(r"<b>(.*?)</b>", shown)
        begun = sum(gazetteer.NER_LABELS[tag][0] == "B" for tag in example["ner_tags"])
        assert len(names) == begun and "<b>" not in "".join(names)
        assert lang != "zh" or " " not in plain


def test_a_language_that_has_not_run_is_named_as_not_run(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.import_module("pages"), "ROOT", Path(tmp_path))
    for said in (weights.answer("ur"), weights.scores("ur"), weights.others("ur")):
        assert re.search(r"\b(no|not|Not)\b", said) and not re.search(r"\d", said)
    assert isinstance(weights.at_half("ner", "demo"), pd.DataFrame)
