"""The book's sources: its table of contents, its address, its tables (test_built_book: pages)."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import synthetic
import yaml

from lnlib.languages import LANGUAGES
from lnlib.lenses.reading.profiles import beyond_null
from lnlib.papers import PAPERS
from lnlib.papers.foroutan import figures, tables
from lnlib.papers.foroutan.analysis import claims, gains, nulls, relations
from lnlib.papers.foroutan.analysis.measures import Tables
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results import ledger, statistics

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


def test_every_language_has_a_page(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    profiles = importlib.import_module("profiles")
    written = {path.stem: path.read_text(encoding="utf-8") for path in profiles.HOME.glob("*.md")}
    wanted = {lang: profiles.text(lang) for lang in LANGUAGES}
    assert written == wanted, "run: python book/profiles.py"
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    assert profiles.listed(contents) == contents, "run: python book/profiles.py"


def test_the_list_of_language_pages_is_made_again_from_any_list(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    profiles = importlib.import_module("profiles")
    contents = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    lines = contents.splitlines(keepends=True)
    listed = [line for line in lines if "book/languages/" in line]
    for kept in ([], listed[:1], [*listed, listed[0].replace("/en", "/xx")]):
        start = lines.index(listed[0])
        other = "".join([*lines[:start], *kept, *lines[start + len(listed) :]])
        assert profiles.listed(other) == contents
    with pytest.raises(ValueError, match="by_language"):
        profiles.listed("parts: []\n")


def test_the_packages_of_the_library_import_one_way(monkeypatch):
    """What the design page draws; a circle would have no drawing."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    modules = importlib.import_module("modules")
    graph = modules.packages(modules.imports())
    assert {"base", "tasks", "training", "papers.foroutan"} <= set(graph)
    depths = modules.depths(graph)
    assert depths["lenses"] == max(depths.values()) == depths["papers.foroutan"] + 1
    of_papers = {name for name, below in graph.items() for b in below - {"papers"} if "papers" in b}
    assert of_papers == {"lenses"}


def test_a_page_reads_tables_and_draws_without_torch():
    """It takes seconds to load, in the kernel of every page."""
    script = (
        "import sys, all_verdicts, pages, modules, scale_tabs\n"
        "from lnlib.papers import PAPERS\n"
        "from lnlib.papers.foroutan import figures\n"
        "from lnlib.papers.foroutan.analysis import claims, relations\n"
        "from lnlib.papers.foroutan.reading import explorer\n"
        "from lnlib.papers.foroutan.grid import plan\n"
        "from lnlib.papers.choenni import figures, scales, tables\n"
        "from lnlib.papers.choenni.analysis import claims, measures, sentences\n"
        "from lnlib.papers.hua import figures, tables\n"
        "from lnlib.papers.hua.analysis import claims, means, neutrality\n"
        "from lnlib.papers.hua.page import asset\n"
        "from lnlib.papers.muller import figures, tables\n"
        "from lnlib.papers.muller.analysis import blocks, claims, measures\n"
        "from lnlib.lenses import figures, tables\n"
        "from lnlib.lenses.reading import agreement, pair, profiles\n"
        "[scale_tabs.label('demo', paper) for paper in PAPERS]\n"
        "sys.exit('torch' in sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "book")])}
    assert subprocess.run([sys.executable, "-c", script], env=env).returncode == 0


def test_the_citation_file_has_the_address_and_the_authors_of_the_configuration():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == CONFIG["repository"]["url"]
    assert [author["name"] for author in citation["authors"]] == [CONFIG["author"]]


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
    current = SCALES["demo"].recipes["ner"].hash
    rows["recipe"] = [current] * (len(rows) - 2) + ["of last week"] * 2
    tables.add(tmp_path / "results/foroutan/demo/scores.csv", rows.to_dict("records"))
    table = pages.table("scores")
    assert len(table) == len(rows) - 2
    assert "Left out: 2 scores" in pages.run_so_far(table)


def test_no_heading_says_more_than_its_verdict():
    """Headings of findings on claims are taken from the verdicts, and change with them."""
    found = claims.verdicts(Tables.read(ROOT / "results/foroutan/small"))
    mine = found["measure"].eq("rise_with_depth") & found["task"].eq("ner")
    assert mine.sum() == 1
    words = {ledger.AGREES: "It rises.", ledger.DIFFERS: "It does not.", "": "Who knows?"}
    for verdict in ledger.VERDICTS:
        found.loc[mine, "verdict"] = verdict
        said = ledger.in_words(found, "rise_with_depth", "ner", words)
        assert said == words.get(verdict, "Who knows?")
    page = (ROOT / "book/findings.md").read_text(encoding="utf-8")
    for measure in ("winning_share", "share_lost_in_transfer", "rise_with_depth"):
        assert f'**{{heading("{measure}", ' in page


def test_the_front_page_answers_as_the_tables_do(monkeypatch):
    """Its one sentence: tickets share no more than no language explains, other lenses do."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    front = importlib.import_module("front")
    beyond = {lens: beyond_null(rows) for lens, rows in front.profiles().groupby("lens")}
    assert beyond["tickets"] == 0 < min(beyond["fisher"], beyond["states"])
    # which lens is to be believed, where the answer is known
    assert (front.tells("ticket"), front.tells("fisher")) == ("do not tell", "tell")
    assert [card.paper for card in front.CARDS] == list(PAPERS)


def test_findings_sort_pairs_of_masks_by_how_much_they_share(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = importlib.import_module("pages")
    overlap, parts = (pages.table(name, pages.REAL) for name in ("overlap", "seed_parts"))
    shared = figures.shared_by(overlap, parts, "ner")
    mean = shared.groupby("name", observed=True)["jaccard"].mean()
    # "masks with less in common overlap as much"
    assert mean["two languages"] <= mean["two tasks"] < mean["no language, no task"]
    assert list(mean) == sorted(mean, reverse=True)


def test_a_number_line_says_what_it_shows(monkeypatch):
    """Places are per cent of the axis; what lies beyond its ends is drawn at them, and named."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    line = importlib.import_module("number_line").NumberLine(
        (-10, 10), (2, -2), "seeds < all", [("lowest", -7.5), ("far", 40)]
    )
    shown = line.html()
    assert 'style="left:40.0%;right:40.0%"' in shown  # the band, however its ends are ordered
    assert 'style="left:12.5%"' in shown and 'style="left:100.0%"' in shown
    assert 'aria-label="lowest −7.5; far 40.0; grey, from −2.0 to 2.0: seeds &lt; all"' in shown


def test_each_claim_of_each_paper_has_one_square_for_its_verdict(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    all_verdicts = importlib.import_module("all_verdicts")
    assert tuple(all_verdicts.OF_PAPERS) == PAPERS
    for name, of in all_verdicts.ALL.items():
        found = all_verdicts.verdicts(name)
        assert len(found) and not found.duplicated(["id", "measure", of.asked_of]).any(), name
        squares = all_verdicts.strip(found)
        for name in set(all_verdicts.CLASSES.values()):
            words = [word for word, of in all_verdicts.CLASSES.items() if of == name]
            assert squares.count(f'class="{name}"') == found["verdict"].isin(words).sum()


def test_the_findings_say_in_words_what_the_tables_say(monkeypatch):
    """Its numbers are computed as it is built; some of its sentences say which is larger."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = importlib.import_module("pages")
    pairs = (
        nulls.comparisons(pages.table("overlap", pages.REAL), "ner")
        .groupby("comparison")["jaccard"]
        .mean()
    )
    languages, seeds = pairs["other language, other seed"], pairs["same language, other seed"]
    # "a new head lowers the overlap as much as a new language does": either takes points from
    # what one language shares under one head, and the two differ by a fraction of that
    shared = relations.seed_parts(pages.table("seed_parts", pages.REAL), "ner")
    shared = shared.groupby(["parts", "whose"])["points"].mean()
    by_head = shared["head", "same language"] - shared["neither", "same language"]
    by_language = shared["head", "same language"] - shared["head", "other language"]
    assert min(by_head, by_language) > 2
    assert abs(by_head - by_language) < 0.5
    # "nearly the same" under two heads
    assert 0 < seeds - languages < 1
    # "masks with less in common overlap as much": as near to a ticket as another language's
    assert pairs["one-shot magnitude"] > seeds
    assert pairs["other task, same language"] > languages - 1
    # "the ticket beats the whole encoder" in NER, and is worse in MLM
    scores = pages.table("scores", pages.REAL)
    assert gains.control(scores, "ner", "full").mean() < 0
    assert (gains.control(scores, "mlm", "full") > 0).all()
    # "What is left belongs to a task and a language together"
    for task in ("ner", "mlm"):
        tasks, langs, alike = (
            nulls.departures(pages.table("excess", pages.REAL), task, what)["beyond"].mean()
            for what in ("other task", "other language and seed", "other seed")
        )
        assert alike > 1.5 * (tasks + langs)
    # one head, and also other sentences: still more in common than another language has
    parts = relations.seed_parts(pages.table("seed_parts", pages.REAL), "ner")
    step = parts.groupby(["whose", "parts"])["beyond"].mean()
    step = step["same language"] - step["other language"]
    assert min(step["head"], step["head-other-text"]) > 2 * step["neither"] > 0
    # another language's mask of another seed costs more than the own language's, and more than
    # one of the same seed; and what they share with the own mask would not have told
    same, home, far = gains.by_origin(pages.table("scores", pages.REAL), "ner").mean()
    assert far < same < home - 1
    assert abs(pairs[gains.ORIGINS[0]] - pairs[gains.ORIGINS[1]]) < 0.5
    # "masks move better where they overlap more, and within a script"; not on the gazetteer
    for scale, tells in ((pages.REAL, True), ("demo", False)):
        between = pages.related(relations.between_moved, scale, "ner")
        script = statistics.alike(list(between[relations.GAIN].index), "script")
        for matrix in (script, between[relations.JACCARD]):
            assert (statistics.mantel(matrix, between[relations.GAIN]).p < 0.05) == tells
    # in the last layer one head counts for more than the language, and two seeds share least
    last = nulls.last_layer(pages.table("overlap", pages.REAL), "ner")
    assert last[gains.ORIGINS[0]] > last[gains.ORIGINS[1]] + 1 > last[gains.ORIGINS[2]] + 1


def test_pages_are_dealt_out_to_processes_and_none_is_lost(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    processes = importlib.import_module("processes")
    names = sorted(toc_pages())
    dealt = names.copy()
    processes.mix(None, None, dealt)
    assert sorted(dealt) == names
    part = -(-len(names) // processes.PARTS)
    first = [name for name in dealt[:part] if "/languages/" in name]  # neighbours in the alphabet
    assert 1 < len(first) < 6
