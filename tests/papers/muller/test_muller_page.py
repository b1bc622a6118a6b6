"""The pages say in words what the recorded tables say, and the recorded verdicts are theirs."""

import re
from pathlib import Path

import jupytext
import pandas as pd
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
HOMES = [ROOT / "results" / "muller" / scale for scale in SCALES]
HOMES = [home for home in HOMES if home.exists()]
HOME = ROOT / "results" / "muller" / "demo"
TABLES, REAL = Tables.read(HOME), Tables.read(HOME.with_name("small"))
PAPERS = ("pos", "parsing", "ner")  # the paper's tasks
PAGES = [
    ROOT / "book" / f"{name}.md"
    for name in ("align", "align_states", "align_claims", "align_traps")
]


def points(who, block, start="bert"):
    found = blocks.by_seed(TABLES.ablation, "ner", start=start)
    return found[(found["who"] == who) & (found["block"] == block)]["points"]


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_every_row_is_of_the_scales_present_settings(home):
    scale, tables = SCALES[home.name], Tables.read(home)
    assert scale.current(tables.ablation).all()
    noted = tables.similarity[tables.similarity["recipe"] != ""]  # of demo's, older ones are not
    assert scale.current(noted).all()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_and_has_what_its_text_uses(page, monkeypatch):
    """Its cells one after another, as its kernel runs them."""
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    pages = __import__("pages")
    printed, glued = [], {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: glued.update({name: value}))
    monkeypatch.setattr(pages, "say", printed.append)
    cells = [c.source for c in jupytext.read(page).cells if c.cell_type == "code"]
    exec(compile("\n".join(cells), str(page), "exec"), {})
    used = re.findall(r"\{glue:text\}`(\w+)", page.read_text())
    assert used and set(used) <= set(glued)
    assert {type(value) for value in glued.values()} <= {str, int, float}  # numpy's have no format
    text = "\n".join(printed)
    assert not re.search(r"\bnan\b", text)
    if page.stem == "align_claims":
        ran = sum((VERDICTS.read(home)["verdict"] != ledger.NOT_RUN).sum() for home in HOMES)
        assert text.count(" **|") + text.count("** |") >= ran > 5
        assert all(claim.statement in text for claim in claims.CLAIMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_result_is_typed_into_a_page(page):
    prose = "".join(c.source for c in jupytext.read(page).cells if c.cell_type == "markdown")
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


def test_on_real_text_the_lowest_block_costs_most_and_higher_ones_nearly_nothing():
    """ "By far": means without a higher block are less than a third of that without the lowest."""
    for task in PAPERS:
        found = blocks.by_seed(REAL.ablation, task)
        means = found.groupby(["who", "block"])["points"].mean().unstack()
        lowest = -means["0-1"]
        assert (lowest > 3).all()
        assert (means[["2-3", "4-5"]].abs().max(axis=1) < lowest / 3).all()
        assert ((means["all"] + lowest).abs() < lowest / 3).all()  # "about as much as without any"


def test_on_real_text_the_lowest_layers_are_alike_by_length_alone():
    value = by_layer(REAL.similarity).mean()
    band = by_layer(REAL.similarity, column="floor_length").mean()
    assert (value - band)[:2].max() < 0.05 < 0.2 < (value - band)[2:].min()
    falls = -value.diff()
    assert falls[1:3].min() > 0.1 > falls[3:].max()  # "to layer 2 and little above"
    assert by_layer(REAL.similarity, length="out").mean().between(0.2, 0.35).all()  # "level"
    for task in PAPERS:
        kept = by_layer(REAL.similarity, task, models=(PRETRAINED, TUNED)).mean()
        assert kept[0] > 0.99 and kept.iloc[-1] < 0.8 and kept.diff().max() < 0.02


def test_on_real_text_alike_languages_transfer_better_by_every_layer_from_2_on():
    """In the mean; its intervals are wide."""
    for task in PAPERS:
        found = similarity_by_layer_with_gap(REAL, task)
        assert (found["r"][2:] < -0.4).all()
    assert (similarity_by_layer_with_gap(REAL, "pos")["high"] > 0).any()


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
    for narrow in (False, True):
        for drawn in (
            figures.losses(empty.ablation, "ner", narrow=narrow),
            figures.similarity(empty.similarity, "ner", narrow=narrow),
            figures.transfer(empty, "ner", narrow=narrow),
        ):
            assert "Not run" in drawn.axes[0].texts[0].get_text()


def test_figures_of_one_language_and_seed_have_no_interval():
    rows = TABLES.ablation.query("target in ['en', 'ur'] and seed == 0")
    (axes,) = figures.losses(rows, "ner").axes
    assert not axes.containers
    assert "between seeds" not in {text.get_text() for text in axes.texts}


def test_every_task_that_has_run_has_a_panel():
    found = figures.losses(TABLES.ablation, ["pos", "ner", "xnli"])
    titles = [axes.get_title() for axes in found.axes]
    assert [title.partition("\n")[0] for title in titles] == [
        "named-entity recognition", "natural-language inference",
    ]  # fmt: skip


def test_a_block_that_was_not_run_in_a_task_keeps_its_row():
    """Rows of all panels are the same blocks, so that they can be compared."""
    rows = TABLES.ablation
    rows = rows[(rows["task"] != "xnli") | (rows["block"] != "2-3")]
    of_names, of_inference = figures.losses(rows, ["ner", "xnli"]).axes
    said = [{text.get_text() for text in axes.texts} for axes in (of_names, of_inference)]
    assert "not run" not in said[0] and "not run" in said[1]
    assert len(of_names.get_yticks()) == 4


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
def test_the_recorded_verdicts_follow_from_the_tables(home):
    hold_verdicts(claims.verdicts(Tables.read(home)), VERDICTS, home)


def test_tasks_of_one_verdict_stand_together_and_those_that_have_not_run_are_left_out():
    judged = pd.DataFrame({"measure": "lowest_block", "task": ["ner", "pos", "parsing", "xnli"],
                           "verdict": [ledger.AGREES, ledger.DIFFERS, ledger.AGREES,
                                       ledger.NOT_RUN]})  # fmt: skip
    words = {"agrees": "it does", "differs": "it does not", "": "who knows"}
    said = claims.in_words(judged, "lowest_block", ["ner", "pos", "parsing", "xnli"], words)
    assert said == ("In named-entity recognition and dependency parsing, it does; "
                    "in part-of-speech tagging, it does not")  # fmt: skip
    assert claims.in_words(judged, "lowest_block", ["xnli"], words) == ""
