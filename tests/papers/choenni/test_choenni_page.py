"""The page says in words what the recorded tables say, and the recorded verdicts are theirs."""

import re
from pathlib import Path

import jupytext
from recorded import hold_verdicts

from lnlib.papers.choenni import figures
from lnlib.papers.choenni.analysis import claims
from lnlib.papers.choenni.analysis.measures import Tables
from lnlib.papers.choenni.figures import SERIES, WHOLE
from lnlib.papers.choenni.scales import SCALES
from lnlib.papers.choenni.tables import VERDICTS
from lnlib.results import ledger

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "results" / "choenni" / "demo"
TABLES = Tables.read(HOME)
PAGE = ROOT / "book" / "examples.md"


def cells(kind):
    return [cell.source for cell in jupytext.read(PAGE).cells if cell.cell_type == kind]


def test_every_row_is_of_the_scales_present_settings():
    assert SCALES["demo"].current(TABLES.influence).all() and len(TABLES.influence)


def run(monkeypatch):
    """What the page prints: its cells one after another, as its kernel runs them."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = __import__("pages")
    printed = []
    monkeypatch.setattr(pages, "say", printed.append)
    exec(compile("\n".join(cells("code")), str(PAGE), "exec"), {})
    return "\n".join(printed)


def test_the_page_runs_and_prints_every_verdict_there_is(monkeypatch, capsys):
    text = run(monkeypatch)
    ran = (VERDICTS.read(HOME)["verdict"] != ledger.NOT_RUN).sum()
    assert text.count("** |") >= ran > 4
    for claim in claims.CLAIMS:
        assert claim.statement in text


def test_no_result_is_typed_into_the_page():
    prose = re.sub(r"\{glue:text\}`[^`]*`", "", "".join(cells("markdown")))
    assert not re.findall(r"\d\.\d|\d+ %", prose.replace("95 %", ""))


def test_in_every_language_and_seed_the_whole_model_is_beyond_permuted_languages():
    """What the figure's text says of it."""
    found, null = figures.own_shares(TABLES, "ner"), figures.chance(TABLES, "ner")
    assert found.notna().all(axis=None) and set(found.columns) == set(SERIES)
    seeds = found.join(null, on="test_lang")
    assert (seeds[WHOLE] > seeds["high"]).all()
    means = found.groupby("test_lang").mean()
    assert means.sub(means[WHOLE], axis=0).abs().max(axis=None) < 4  # "within a few points"
    assert (null["low"] < 100 / len(means)).all() and (null["high"] > 100 / len(means)).all()


def test_the_front_page_has_a_number_beside_its_null(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    front = __import__("front")
    (card,) = (card for card in front.CARDS if card.paper == "choenni")
    found = figures.own_shares(TABLES, "ner")[WHOLE].mean()
    assert f"**{found:.0f} %**" in card.said("demo")
    assert card.said("small") == ""  # nothing has run
    titles = [card.title for card in front.CARDS]
    assert titles.index("Layers") < titles.index("Data") < titles.index("A world we know")


def test_a_figure_of_what_has_not_run_says_so():
    (axes,) = figures.shares(Tables("demo"), "ner").axes
    assert "Not run" in axes.texts[0].get_text()


def test_the_recorded_verdicts_follow_from_the_tables():
    hold_verdicts(claims.verdicts(TABLES), VERDICTS, HOME)
