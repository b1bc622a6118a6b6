"""The book as it is built, and as a browser shows it from a disk with no other host to ask.

One build and one browser for the whole file. Where a page is slow the machine is: nothing is timed.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest
from seen_pages import CHROMIUM
from test_book import CONFIG, ROOT, toc_pages

PAGES = [*toc_pages(), "search", "genindex"]
# Axe looks at one language's page of the template, since it takes seconds a page.
LOOKED_AT = [page for page in PAGES if "/languages/" not in page or page.endswith("/ur")]
AXE = files("axe_playwright_python") / "axe.min.js"  # from npm's axe-core, as a package on PyPI
DESK, PHONE = 1280, 390
FRAME = "book/languages"  # where what stands round every page is looked at too

pytestmark = pytest.mark.slow
browser = pytest.mark.skipif(not CHROMIUM, reason="no Chromium on PATH to open the pages with")


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    """The folder of the built book, from a copy of its sources."""
    folder = tmp_path_factory.mktemp("book")
    for name in ("book", "notebooks", "results"):
        shutil.copytree(ROOT / name, folder / "source" / name)
    for name in ("_config.yml", "_toc.yml", "CITATION.cff"):
        shutil.copy(ROOT / name, folder / "source" / name)
    options = ["-W", "-n", "--keep-going", "--all", "--path-output", folder / "out"]
    done = subprocess.run(
        [Path(sys.executable).with_name("jupyter-book"), "build", ".", *options],
        cwd=folder / "source",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "out" / "_build" / "html"


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


def test_every_page_is_there_and_names_no_other_host_to_load_from(html):
    for page in toc_pages():
        loads = Loads()
        loads.feed((html / f"{page}.html").read_text(encoding="utf-8"))
        assert not [address for address in loads.found if re.match(r"(https?:)?//", address)], page
    for sheet in html.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8", errors="replace")
        assert not re.search(r"(url\(|@import )[\"']?(https?:)?//", text), sheet


def test_every_figure_that_a_page_shows_can_be_had_by_its_name(html):
    named = set()
    for page in toc_pages():
        text = (html / f"{page}.html").read_text(encoding="utf-8")
        named |= {f"{name}.svg" for name in re.findall(r'<figure[^>]* id="(fig-[\w-]+)"', text)}
    downloads = (html / "book" / "downloads.html").read_text(encoding="utf-8")
    assert named and named == set(
        re.findall(r'href="\.\./_static/figures/([\w-]+\.svg)"', downloads)
    )
    for name in named:
        assert "<svg" in (html / "_static" / "figures" / name).read_text(encoding="utf-8")


def test_the_archive_of_all_downloads_is_there(html):
    downloads = (html / "book" / "downloads.html").read_text(encoding="utf-8")
    assert 'href="../_static/lnlib-book.zip"' in downloads
    with zipfile.ZipFile(html / "_static" / "lnlib-book.zip") as archive:
        packed = {name for name in archive.namelist() if name.startswith("figures/")}
    there = {f"figures/{path.name}" for path in (html / "_static" / "figures").glob("*.svg")}
    assert packed == there != set()


def test_a_link_to_a_term_says_what_the_term_means(html):
    links = [
        link
        for page in toc_pages()
        for link in re.findall(
            r"<a [^>]*#term-[^>]*>", (html / f"{page}.html").read_text(encoding="utf-8")
        )
        if "headerlink" not in link
    ]
    assert links and all(re.search(r' title="\w[^"]{10,}"', link) for link in links)


# ---- in a browser ------------------------------------------------------------------------------


class Reader:
    """A window of one width, light or dark, and what its console and its network have seen."""

    def __init__(self, chromium, html, width, theme):
        self.html, self.errors, self.asked = html, [], []
        self.window = chromium.new_page(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        self.window.set_default_timeout(120_000)  # cores are shared with other tests
        self.window.on(
            "console", lambda m: self.errors.append(m.text) if m.type == "error" else None
        )
        self.window.on("pageerror", lambda error: self.errors.append(str(error)))
        self.window.on("request", lambda request: self.asked.append(request.url))

    def open(self, page, query=""):
        self.errors.clear(), self.asked.clear()
        self.window.goto((self.html / f"{page}.html").as_uri() + query)
        return self.window

    def grave(self, part, **options):
        """What axe finds serious or critical in a part of the page that is open (a selector)."""
        self.window.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.window.evaluate("asked => axe.run(...asked)", [part, options])["violations"]
        return [
            f"{violation['id']}: {node['html'][:150]} {node['failureSummary'][:300]}"
            for violation in found
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"][:3]
        ]


@pytest.fixture(scope="module")
def light(chromium, html):
    return Reader(chromium, html, DESK, "light")


@pytest.fixture(scope="module")
def dark(chromium, html):
    return Reader(chromium, html, DESK, "dark")


@pytest.fixture(scope="module")
def phone(chromium, html):
    return Reader(chromium, html, PHONE, "light")


# What sticks out on the right, and is not inside something that scrolls by itself
STICKING_OUT = """() => [...document.querySelectorAll("body, .bd-article *")].filter(element => {
  const right = element.getBoundingClientRect().right;
  if (element.ownerSVGElement || right <= innerWidth + 1) return false;
  for (let at = element; at !== document.body; at = at.parentElement)
    if (["auto", "scroll"].includes(getComputedStyle(at).overflowX)) return false;
  return element.checkVisibility();
}).map(element => element.outerHTML.slice(0, 150))"""


@browser
@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_without_an_error_and_fits_the_window(page, width, light, phone):
    reader = light if width == DESK else phone
    window = reader.open(page)
    assert not reader.errors
    assert not [address for address in reader.asked if not address.startswith(("file:", "data:"))]
    assert window.evaluate("document.documentElement.scrollWidth") <= width
    assert not window.evaluate(STICKING_OUT)


@browser
@pytest.mark.parametrize("page", LOOKED_AT)
def test_axe_finds_nothing_serious(page, light):
    light.open(page)
    assert not light.grave("html" if page == FRAME else ".bd-content")


@browser
@pytest.mark.parametrize("page", LOOKED_AT)
def test_dark_mode_is_dark_and_readable(page, dark):
    window = dark.open(page)
    assert window.evaluate("document.documentElement.dataset.theme") == "dark"
    assert not dark.grave("html" if page == FRAME else ".bd-content", runOnly=["color-contrast"])


@browser
def test_a_term_is_explained_to_pointer_keyboard_and_finger(light, phone, chromium, html):
    """The card goes on Escape, stays under the pointer, and fits the window; two taps follow."""
    window = light.open("book/tickets")
    card, term = window.locator("#term-card"), window.locator("a.term").first
    term.hover()
    assert card.is_visible() and card.inner_text().strip()
    card.hover()
    window.wait_for_timeout(400)  # longer than it takes to go
    assert card.is_visible()
    window.keyboard.press("Escape")
    assert card.is_hidden()
    term.focus()
    assert card.is_visible() and term.get_attribute("aria-describedby") == "term-card"
    touch = chromium.new_page(viewport={"width": PHONE, "height": 800}, has_touch=True)
    touch.goto((html / "book/tickets.html").as_uri())
    card, term = touch.locator("#term-card"), touch.locator("a.term").first
    term.tap()
    assert card.is_visible() and touch.url.endswith("tickets.html")
    box = card.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= PHONE
    term.tap()
    touch.wait_for_url("**/glossary.html*")
    touch.close()


# Of each drawing that is to be seen: its version, and the smallest of its words in pixels
WORDS = """() => [...document.querySelectorAll("figure.drawing svg.drawn")]
  .filter(svg => svg.checkVisibility())
  .map(svg => [svg.classList[svg.classList.length - 1], Math.min(
    ...[...svg.querySelectorAll("text")].map(text => parseFloat(getComputedStyle(text).fontSize)
      * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))])"""


@browser
@pytest.mark.parametrize("page", [page for page in LOOKED_AT if page.startswith("book/")])
def test_words_in_drawings_can_be_read_on_a_telephone(page, html, light, phone):
    """A drawing has a version for each width, and no word in it is under eight pixels.

    All tabs are open, and the figures of notebooks are none of these: a kernel shows them.
    """
    text = (html / f"{page}.html").read_text(encoding="utf-8")
    drawings = len(re.findall(r'<figure class="[^"]*\bdrawing\b', text))
    for reader, width in ((light, "wide"), (phone, "narrow")) if drawings else ():
        window = reader.open(page)
        window.add_style_tag(content=".sd-tab-content { display: block !important }")
        shown = window.evaluate(WORDS)
        assert {version for version, _ in shown} <= {width}
        assert all(smallest > 7.9 for _, smallest in shown)
        # each of them, but for the one that a script has put its own board in place of
        assert len(shown) == drawings or page == "book/play"


@browser
def test_words_in_figures_are_light_in_the_dark(light, dark):
    colours = [
        reader.open("book/findings").evaluate(
            "getComputedStyle(document.querySelector('svg.drawn text')).fill"
        )
        for reader in (light, dark)
    ]
    sums = [sum(map(float, re.findall(r"[\d.]+", colour)[:3])) for colour in colours]
    assert sums[0] < 300 < 500 < sums[1]


@browser
def test_a_verdict_is_never_off_the_screen(light, phone):
    inside = """() => [...document.querySelectorAll("td.verdict")].every(cell => {
      const box = cell.getBoundingClientRect();
      return box.left >= 0 && box.right <= innerWidth + 1; })"""
    for reader in (light, phone):
        window = reader.open("book/claims")
        assert window.locator("td.verdict").count() and window.evaluate(inside)


@browser
def test_a_table_that_does_not_fit_a_telephone_is_cards_and_still_a_table(phone):
    window = phone.open("book/tickets")
    cards = window.locator("table.cards")
    assert cards.count()
    cell = cards.first.locator("tbody td").nth(1)
    assert cell.get_attribute("data-label") and cell.get_attribute("role") == "cell"


def test_every_page_says_what_it_is_about(html):
    for page in toc_pages():
        text = (html / f"{page}.html").read_text(encoding="utf-8")
        assert re.search(r'<meta [^>]*name="description"', text), page
        assert len(re.findall(r"""property="og:title["']""", text)) == 1, page
        assert 'rel="icon"' in text


@browser
def test_the_search_finds_urdu(light):
    window = light.open("search", "?q=Urdu")
    found = window.locator("#search-results li a")
    found.first.wait_for()
    assert any("languages/ur.html" in (link.get_attribute("href") or "") for link in found.all())


def test_the_typesetter_is_the_one_that_is_shipped(html):
    assert (html / "_static" / CONFIG["sphinx"]["config"]["mathjax_path"]).exists()
