"""Figures that stand in a page: their ids, their colours, and what is left of their words."""

import importlib
import re
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
import synthetic
from docutils import nodes

from lnlib.figures import style
from lnlib.papers.foroutan import figures


@pytest.fixture
def inline(monkeypatch):
    root = __import__("pathlib").Path(__file__).resolve().parents[1]
    monkeypatch.syspath_prepend(str(root / "book"))
    return importlib.import_module("inline_figures")


@pytest.fixture
def path(tmp_path):
    drawn = figures.overlap_comparisons(synthetic.overlap(), "ner")
    drawn.savefig(tmp_path / "a.svg")
    return tmp_path / "a.svg"


def test_two_figures_of_a_page_have_no_id_in_common_and_every_reference_has_its_own(inline, path):
    ids, references = [], []
    for mark in ("f0", "f1"):
        html = inline.inline(path, "what it shows", "drawn", mark)
        ids += re.findall(r' id="([^"]+)"', html)
        references += re.findall(r'(?:href="|url\()#([\w-]+)', html)
    assert references and len(ids) == len(set(ids)) and set(references) == set(ids)


def test_a_figure_says_what_it_shows_and_takes_the_pages_colours(inline, path):
    html = inline.inline(path, 'more than "chance" & less', "drawn", "f0")
    root = ElementTree.fromstring(html)
    assert root.get("aria-label") == 'more than "chance" & less' and root.get("role") == "img"
    assert "two languages, two seeds</" in html
    assert "<style" not in html and "<metadata" not in html  # a style would hold for the page
    assert not inline._COLOUR.search(html) and "var(--figure-blue)" in html


def test_words_in_a_coloured_cell_keep_their_colour_in_the_dark(inline, tmp_path):
    """They stand on the cell's colour, which does not change with the page's."""
    figures.overlap_matrix(synthetic.overlap(), "ner").savefig(tmp_path / "b.svg")
    html = inline.inline(tmp_path / "b.svg", "", "drawn", "f0")
    cells = re.findall(r"<text ([^>]*)>\d+\.\d</text>", html)
    assert 'href="data:image/png' in html  # the colours beside the map
    fixed = [cell for cell in cells if "#111111" in cell or "#fefefe" in cell]
    assert fixed and len(fixed) >= len(set(cells)) / 2


def test_many_dots_are_one_path_with_a_place_for_each(inline, tmp_path):
    """Their places, their size and their colour stay; marks that are not round stay marks."""
    figure, (axes,) = style.figure_of(4.0, 3.0)
    axes.scatter(range(20), range(20), s=9, color=style.COLOURS["ticket"], alpha=0.4, lw=0)
    axes.scatter(range(20), range(20), s=9, color=style.COLOURS["full"], marker="s", lw=0)
    figure.savefig(tmp_path / "c.svg")
    html = inline.inline(tmp_path / "c.svg", "", "drawn", "f0")
    (dots,) = re.findall(r'<path d="((?:M[\d.]+ [\d.]+h0)+)" style="([^"]*)"', html)
    assert dots[0].count("h0") == 20
    assert "stroke: var(--figure-blue)" in dots[1] and "stroke-opacity: 0.4" in dots[1]
    assert "stroke-width: 3.0" in dots[1]  # nine square points of area in matplotlib's sense
    assert len(re.findall(r"<use [^>]*fill: var\(--figure-ink\)", html)) >= 20


def test_a_figure_comes_into_the_page_and_a_badge_in_a_line_stays_an_image(inline, path):
    figure = nodes.figure("", nodes.image(uri=path.name, alt="what it shows"))
    link = nodes.reference("", "", nodes.image(uri=path.name, alt="Open"), refuri="there")
    page = nodes.section("", figure, nodes.paragraph("", "", link))
    builder = SimpleNamespace(format="html")
    inline.stand_in_page(SimpleNamespace(srcdir=path.parent, builder=builder), page, "page")
    (drawn,) = page.findall(nodes.raw)
    (badge,) = page.findall(nodes.image)
    assert "what it shows" in drawn.astext() and drawn.parent is figure
    assert badge.parent is link and badge["alt"] == "Open"
