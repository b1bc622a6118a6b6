"""The page says in words what the recorded tables say, and the recorded verdicts are theirs."""

import re
from pathlib import Path

import jupytext
import pytest
from recorded import hold_verdicts

from lnlib.papers.muller import figures
from lnlib.papers.muller.analysis import blocks, claims
from lnlib.papers.muller.analysis.measures import (
    PRETRAINED,
    TUNED,
    Tables,
    by_layer,
    similarity_by_layer_with_gap,
)
from lnlib.papers.muller.scales import SCALES
from lnlib.papers.muller.tables import VERDICTS
from lnlib.results import ledger

ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / "results" / "muller" / "demo"
TABLES = Tables.read(HOME)
PAGE = ROOT / "book" / "align.md"


def points(who, block, start="bert"):
    found = blocks.by_seed(TABLES.ablation, "ner", start=start)
    return found[(found["who"] == who) & (found["block"] == block)]["points"]


def test_every_row_is_of_the_scales_present_settings():
    assert SCALES["demo"].current(TABLES.ablation).all()


def test_the_page_runs_and_prints_every_verdict_there_is(monkeypatch):
    """Its cells one after another, as its kernel runs them."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = __import__("pages")
    printed, glued = [], {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: glued.update({name: value}))
    monkeypatch.setattr(pages, "say", printed.append)
    cells = [c.source for c in jupytext.read(PAGE).cells if c.cell_type == "code"]
    exec(compile("\n".join(cells), str(PAGE), "exec"), {})
    text = "\n".join(printed)
    ran = VERDICTS.read(HOME).query("verdict != @ledger.NOT_RUN")
    assert text.count(" **|") + text.count("** |") >= len(ran) > 5
    for claim in claims.CLAIMS:
        assert claim.statement in text
    used = re.findall(r"\{glue:text\}`(\w+)", PAGE.read_text())
    assert set(used) <= set(glued)
    assert {type(value) for value in glued.values()} <= {str, int, float}  # numpy's have no format


def test_no_result_is_typed_into_the_page():
    prose = "".join(c.source for c in jupytext.read(PAGE).cells if c.cell_type == "markdown")
    prose = re.sub(r"\{glue:text\}`[^`]*`", "", prose)
    assert not re.findall(r"\d\.\d", prose)


def test_without_the_lowest_layers_others_lose_more_than_english():
    """And "as much as without any pre-trained layer": within what seeds differ by."""
    lowest, everything = points("targets", "0-1").mean(), points("targets", "all").mean()
    assert lowest < points("source", "0-1").mean() < 0
    assert abs(lowest - everything) < blocks.between_seeds(TABLES.ablation, "ner")


@pytest.mark.parametrize("block", ["2-3", "4-5"])
def test_without_higher_layers_no_mean_leaves_the_band_between_seeds(block):
    band = blocks.between_seeds(TABLES.ablation, "ner")
    assert all(abs(points(who, block).mean()) < band for who in ("source", "targets"))


def test_shuffled_values_are_no_better_than_random_ones():
    """Of the same seeds, and by more than seeds are apart."""
    band = blocks.between_seeds(TABLES.ablation, "ner")
    shuffled = blocks.by_seed(TABLES.ablation, "ner", start="shuffled")
    lowest = shuffled[shuffled["block"] == "0-1"].set_index(["who", "seed"])["points"]
    random = blocks.by_seed(TABLES.ablation, "ner").query("block == '0-1'")
    better = lowest - random.set_index(["who", "seed"])["points"]
    assert lowest.max() < -band and better.dropna().max() < band


def test_the_lowest_layers_are_alike_by_length():
    lines = {"before": (PRETRAINED, PRETRAINED), "after": (TUNED, TUNED)}
    for models in lines.values():
        value = by_layer(TABLES.similarity, "ner", models=models).mean()
        band = by_layer(TABLES.similarity, "ner", models=models, column="floor_length").mean()
        assert (value - band)[:2].max() < 0.1 < 0.2 < (value - band)[2:].min()
    value = by_layer(TABLES.similarity).mean()
    assert value.is_monotonic_decreasing  # "falls from the embeddings to the last layer"


def test_without_length_only_translations_are_alike_in_every_layer():
    value = by_layer(TABLES.similarity, length="out").mean()
    band = by_layer(TABLES.similarity, length="out", column="floor_length").mean()
    assert band.max() < 0.05 and value.min() > 0.2
    assert value.idxmax() == 0


def test_fine_tuning_changes_states_most_between_layers_1_and_2():
    kept = by_layer(TABLES.similarity, "ner", models=(PRETRAINED, TUNED)).mean()
    assert kept.is_monotonic_decreasing and kept[0] > 0.99
    assert kept.diff().idxmin() == 2


def test_alike_languages_transfer_better_for_certain_by_the_embeddings_alone():
    found = similarity_by_layer_with_gap(TABLES, "ner")
    assert (found["r"] < 0).all() and found["r"].idxmin() == 0
    assert found["high"][0] < 0 < found["high"][1:].min()


def test_a_sentence_changes_with_its_verdict():
    found = VERDICTS.read(HOME)
    mine = (found["measure"] == "lowest_block") & (found["task"] == "ner")
    assert mine.sum() == 1
    words = {"agrees": "It does.", "differs": "It does not.", "": "Who knows?"}
    for verdict in ledger.VERDICTS:
        found.loc[mine, "verdict"] = verdict
        said = ledger.in_words(found, "lowest_block", "ner", words)
        assert said == words.get(verdict, "Who knows?")
    assert ledger.in_words(found.iloc[:0], "lowest_block", "ner", words) == "Who knows?"


def test_figures_of_what_has_not_run_say_so():
    empty = Tables("demo")
    for drawn in (
        figures.losses(empty.ablation, "ner"),
        figures.similarity(empty.similarity, "ner"),
        figures.transfer(empty, "ner"),
    ):
        assert "Not run" in drawn.axes[0].texts[0].get_text()


def test_figures_of_one_language_and_seed_have_no_interval():
    rows = TABLES.ablation.query("target in ['en', 'ur'] and seed == 0")
    (axes,) = figures.losses(rows, "ner").axes
    assert not axes.containers and "between seeds" not in axes.get_legend_handles_labels()[1]


def test_the_recorded_verdicts_follow_from_the_tables():
    hold_verdicts(claims.verdicts(TABLES), VERDICTS, HOME)
