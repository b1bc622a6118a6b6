"""The book: its table of contents, its address, and (slow) the pages that come out of a build."""

import importlib
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import synthetic
import yaml

from lnlib import tables
from lnlib.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[1]
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))


def toc_pages():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    below = [section for chapter in chapters for section in chapter.get("sections", ())]
    return [toc["root"], *(page["file"] for page in [*chapters, *below])]


@pytest.mark.parametrize("page", toc_pages())
def test_every_page_of_the_contents_has_a_source(page):
    assert any((ROOT / f"{page}{ending}").exists() for ending in (".md", ".ipynb"))


def test_every_page_in_the_folder_is_in_the_contents():
    sources = {path.relative_to(ROOT).with_suffix("") for path in (ROOT / "book").rglob("*.md")}
    assert {page.as_posix() for page in sources} <= set(toc_pages())


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_page_of_a_language_is_in_step_with_its_template(code, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    profiles = importlib.import_module("profiles")
    page = (profiles.HOME / f"{code}.md").read_text(encoding="utf-8")
    assert page == profiles.text(code), "run: python book/profiles.py"


def test_the_citation_file_has_the_address_of_the_configuration():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == CONFIG["repository"]["url"]


def test_the_typesetter_comes_with_its_licence_and_fonts():
    mathjax = ROOT / "book" / "_static" / "mathjax"
    assert "Apache License" in (mathjax / "LICENSE").read_text(encoding="utf-8")
    assert list((mathjax / "output/chtml/fonts/woff-v2").glob("*.woff"))
    assert (mathjax.parent / CONFIG["sphinx"]["config"]["mathjax_path"]).exists()


def test_stale_scores_are_left_out_and_said_to_be(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = importlib.import_module("pages")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    rows = synthetic.scores(tasks=("ner",), seeds=1)
    current = pages.SCALES["demo"].recipes["ner"].hash
    rows["recipe"] = [current] * (len(rows) - 2) + ["of last week"] * 2
    tables.add(tmp_path / "results/demo/scores.csv", rows.to_dict("records"))
    table = pages.table("scores")
    assert len(table) == len(rows) - 2
    assert "Left out: 2 scores" in pages.run_so_far(table)


class Loads(HTMLParser):
    """Addresses that a browser fetches by itself when it opens the page."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed"):
            self.found.append(values.get("src") or "")
        if tag == "link" and values.get("rel") not in ("search", "canonical", "next", "prev"):
            self.found.append(values.get("href") or "")


@pytest.mark.slow
def test_the_built_book_has_every_page_and_asks_no_other_host(tmp_path):
    source = tmp_path / "source"
    for name in ("book", "notebooks", "results"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, source / name)
    for name in ("_config.yml", "_toc.yml", "CITATION.cff"):
        shutil.copy(ROOT / name, source / name)
    command = ["build", ".", "-W", "-n", "--keep-going", "--all", "--path-output"]
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), *command, tmp_path / "out"],
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    html = tmp_path / "out" / "_build" / "html"
    for page in toc_pages():
        assert (html / f"{page}.html").exists(), page
        loads = Loads()
        loads.feed((html / f"{page}.html").read_text(encoding="utf-8"))
        assert not [address for address in loads.found if re.match(r"(https?:)?//", address)], page
    for sheet in html.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", text), sheet
