"""The page says in words what the recorded tables say, and the recorded verdicts are theirs."""

import re
from pathlib import Path

import jupytext
import pytest
from recorded import hold_verdicts

from lnlib.papers.choenni import figures
from lnlib.papers.choenni.analysis import claims
from lnlib.papers.choenni.analysis.left_out import left_out_correlation, left_out_pairs
from lnlib.papers.choenni.analysis.measures import translated
from lnlib.papers.choenni.analysis.under_masks import NOTHING, OWN_MASK, under_masks
from lnlib.papers.choenni.figures import SERIES, WHOLE
from lnlib.papers.choenni.scales import SCALES
from lnlib.papers.choenni.tables import VERDICTS, Tables
from lnlib.results import ledger

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "results" / "choenni" / "demo"
HOMES = [path.parent for path in HOME.parent.glob("*/influence.csv")]  # every scale that has run
TABLES = Tables.read(HOME)
PAGES = ("examples", "sparse")


def cells(page, kind):
    read = jupytext.read(ROOT / "book" / f"{page}.md").cells
    return [cell.source for cell in read if cell.cell_type == kind]


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_every_row_is_of_the_scales_present_settings(home):
    rows = Tables.read(home).influence
    assert SCALES[home.name].current(rows).all() and len(rows)


def run(page, monkeypatch):
    """What a page prints: its cells one after another, as its kernel runs them."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = __import__("pages")
    printed = []
    monkeypatch.setattr(pages, "say", printed.append)
    exec(compile("\n".join(cells(page, "code")), page, "exec"), {})
    return "\n".join(printed)


def test_the_page_runs_and_prints_every_verdict_there_is(monkeypatch, capsys):
    text = run("examples", monkeypatch)
    ran = sum((VERDICTS.read(home)["verdict"] != ledger.NOT_RUN).sum() for home in HOMES)
    assert text.count("** |") >= ran > 4
    for claim in claims.CLAIMS:
        assert claim.statement in text


@pytest.mark.parametrize("page", PAGES)
def test_no_result_is_typed_into_a_page(page):
    prose = re.sub(r"\{glue:text\}`[^`]*`", "", "".join(cells(page, "markdown")))
    assert not re.findall(r"\d\.\d|\d+ %", prose.replace("95 %", ""))


def test_the_page_of_sparse_fine_tuning_answers_by_the_verdicts(monkeypatch):
    """Each of its four questions has an answer, and none of them says that nothing has run."""
    text = run("sparse", monkeypatch)
    assert "nan" not in text and "**In one line**" in text
    judged = VERDICTS.read(HOME).set_index(["measure", "task"])["verdict"]
    assert ("no more than can be told from noise" in text) == judged[
        "left_out_correlation", "ner"
    ].startswith("cannot")


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
@pytest.mark.parametrize("task", ["ner", "pos"])
def test_in_every_language_and_seed_the_whole_model_is_beyond_permuted_languages(home, task):
    """What the figure's text says of it, whichever of these it shows."""
    tables = Tables.read(home)
    found, null = figures.own_shares(tables, task), figures.chance(tables, task)
    if found.empty:
        assert task not in set(tables.influence["task"])
        return
    assert found.notna().all(axis=None) and set(found.columns) == set(SERIES)
    seeds = found.join(null, on="test_lang")
    assert (seeds[WHOLE] > seeds["high"]).all()
    means = found.groupby("test_lang").mean()
    assert means.sub(means[WHOLE], axis=0).abs().max(axis=None) < 5.5  # "within five or so points"
    assert (null["low"] < 100 / len(means)).all() and (null["high"] > 100 / len(means)).all()


def test_the_front_page_has_a_number_beside_its_null(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    front = __import__("front")
    (card,) = (card for card in front.CARDS if card.paper == "choenni")
    found = figures.own_shares(TABLES, "ner")[WHOLE].mean()
    assert f"**{found:.0f} %**" in card.found("demo").words
    assert card.found("paper") is None  # nothing has run
    titles = [card.title for card in front.CARDS]
    assert titles.index("Layers") < titles.index("Data") < titles.index("A world we know")


DRAWN = pytest.mark.parametrize(
    "figure",
    [
        figures.shares,
        figures.translations,
        figures.trained_under_masks,
        figures.composition,
        figures.left_out,
    ],
)


@DRAWN
def test_a_figure_of_what_has_not_run_says_so(figure):
    (axes,) = figure(Tables("demo"), "ner", narrow=True).axes
    assert "Not run" in axes.texts[0].get_text()


@DRAWN
def test_panels_stand_below_one_another_on_a_telephone(figure):
    """And words stay within the figure: what sticks out of it would be cut."""
    task = "xnli" if figure is figures.translations else "ner"
    wide, narrow = (figure(TABLES, task, narrow=narrow) for narrow in (False, True))
    assert narrow.get_figwidth() < wide.get_figwidth() and len(narrow.axes) == len(wide.axes)
    assert len({round(axes.get_position().x0, 1) for axes in narrow.axes}) == 1
    for drawn in (wide, narrow):
        drawn.draw_without_rendering()
        box = drawn.get_tightbbox()
        assert box.x0 > -0.05 and box.x1 < drawn.get_figwidth() + 0.05  # inches


def test_in_every_language_translations_count_for_more_than_labels_explain():
    """What the figure's text says of it: means beyond the band, and the band beyond chance."""
    found = translated(TABLES, "xnli").groupby("test_lang").mean(numeric_only=True)
    assert len(found) == 5 and (found["value"] > found["null_high"]).all()
    assert (found["null_low"] > found["chance"] + 20).all()


def test_what_the_figures_of_sparse_fine_tuning_say_is_in_the_tables():
    """A mask that is put on costs a model not trained for it much, and raises its own share."""
    found = under_masks(TABLES, "ner")
    found = found.groupby(["model", "put_on"])[["score", "share"]].mean()
    whole, masked = found.loc[("full", NOTHING)], found.loc[("full", OWN_MASK)]
    assert masked["score"] < whole["score"] - 20 and masked["share"] > whole["share"] + 10
    correlations = left_out_correlation(TABLES, "ner")
    assert correlations.min() < 0 < correlations.max()
    assert left_out_pairs(TABLES, "ner")["rise"].notna().all()


def test_ranks_put_together_at_random_correlate_as_much_as_tables_of_ranks_say():
    """95 % of Spearman's correlations of 20 pairs are within 0.447.

    Of 10,000 draws 250 are beyond an end, give or take 16: 0.006 of a correlation where they end.
    """
    low, high = figures.permuted_correlations(20)
    assert low == pytest.approx(-0.447, abs=0.02) and high == pytest.approx(0.447, abs=0.02)


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_the_recorded_verdicts_follow_from_the_tables(home):
    hold_verdicts(claims.verdicts(Tables.read(home)), VERDICTS, home)
