"""Every figure draws from full, partial and empty tables, and turns perplexity the right way."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic

from lnlib.papers.foroutan import figures, published
from lnlib.results import statistics

FULL = (
    synthetic.scores(seeds=2, reseeded=-2.0),
    synthetic.overlap(),
    synthetic.density(),
    synthetic.excess(),
)
EMPTY = tuple(table.iloc[:0] for table in FULL)
JOBS = ("overlap against masks", "overlap against weights", "training step against sparsity")
GROWTH = pd.DataFrame({"job": JOBS * 2, "at": [2, 1e6, 0, 9, 8e7, 90], "value": 1.0})
RETRIEVAL = synthetic.retrieval()
CURVE = pd.DataFrame({"step": [1, 2, 1, 2], "loss": [3.0, 2.0, 4.0, 1.0], "series": list("aabb")})


def draw(scores, overlap, density, excess, curve):
    yield figures.sparsity_curve(scores, "mlm", "ur")
    yield figures.sparsity_curve(scores, "ner", "ur")
    yield figures.sparsity_curves(scores, "xnli")
    yield figures.transfer_matrix(scores, "mlm")
    yield figures.gains_by_origin(scores, "ner")
    yield figures.overlap_matrix(overlap, "ner")
    yield figures.overlap_comparisons(overlap, "ner")
    yield figures.excess_comparisons(excess, "ner")
    yield figures.tree(similarity(excess), "shared (%)")
    yield figures.layer_profile(overlap)
    yield figures.density_profile(density, "layer")
    yield figures.losses(curve)
    yield figures.growth(GROWTH.iloc[: len(curve) * 99])
    yield figures.retrieval_by_layer(RETRIEVAL.iloc[: len(curve) * 9999], "demo")


def similarity(excess):
    pairs = excess[(excess.task_a == "ner") & (excess.lang_a != excess.lang_b)]
    return 100 * statistics.square(pairs, "shared", "lang_a", "lang_b")


def words(figure):
    return " ".join(
        [text.get_text() for axes in figure.axes for text in axes.texts]
        + [axes.get_title() + axes.get_ylabel() for axes in figure.axes]
    )


def test_full_tables_are_drawn():
    for figure in draw(*FULL, CURVE):
        figure.draw_without_rendering()
        assert "not run" not in words(figure).lower()


def test_a_mixture_is_drawn_under_its_languages_names():
    """A search on mixed data ends in the same figure as any other."""
    scores = FULL[0].replace({"lang": {"ur": "en+ur"}, "mask_lang": {"ur": "en+ur"}})
    assert "English + Urdu" in words(figures.sparsity_curve(scores, "ner", "en+ur"))
    shares = similarity(FULL[3]).rename(index={"ur": "en+ur"}, columns={"ur": "en+ur"})
    labels = [text.get_text() for axes in figures.tree(shares, "shared (%)").axes
              for text in axes.get_yticklabels()]  # fmt: skip
    assert "English + Urdu" in labels


def test_empty_tables_name_what_has_not_run():
    for figure in draw(*EMPTY, CURVE.iloc[:0]):
        figure.draw_without_rendering()
        assert "Not run at this scale" in words(figure)


def test_our_missing_matrix_stands_beside_the_published_one():
    figure = figures.transfer_matrix(EMPTY[0], "ner", published.scores())
    figure.draw_without_rendering()
    assert "Not run at this scale" in words(figure) and "published" in words(figure)


def test_a_missing_comparison_is_named():
    overlap = FULL[1][FULL[1]["method_b"] != "magnitude"]
    assert (
        words(figures.overlap_comparisons(overlap, "ner")).count("not run") == 2
    )  # in either panel


@pytest.mark.parametrize("task", ["mlm", "ner", "xnli"])
def test_better_is_up(task):
    axes = figures.sparsity_curve(FULL[0], task, "ur").axes[0]
    low, high = axes.get_ylim()
    assert (low > high) == (task == "mlm")
    assert "up is better" in axes.get_ylabel()


def test_better_is_blue():
    map_ = __import__("matplotlib").colormaps[figures.GAINS]
    red, blue = np.array(map_(0.0)), np.array(map_(1.0))
    assert red[0] > red[2] and blue[2] > blue[0]


def test_one_ticket_alone_has_a_density():
    """As in the notebook that found it: there is no other mask to stand beside."""
    density = synthetic.density()
    alone = density[(density["lang"] == "ur") & (density["task"] == "ner")]
    figure = figures.density_profile(alone, "layer")
    shown = figure.axes[0].lines[0].get_ydata()
    assert shown == pytest.approx(100 * alone["density"].to_numpy())


def test_the_pooler_is_no_layer():
    pooler = FULL[1][FULL[1]["by"] == "layer"].assign(part="pooler", jaccard=0.0)
    figure = figures.layer_profile(pd.concat([FULL[1], pooler], ignore_index=True))
    assert list(figure.axes[0].get_xticks()) == list(range(6))


PAGES = sorted((Path(__file__).resolve().parents[1] / "book").glob("*.md"))
REPLAYS = {
    page.stem: code
    for page in PAGES
    for code in re.findall(r'pages\.speeds\("""\n(.*?)"""', page.read_text(), re.DOTALL)
}


@pytest.mark.parametrize("page", REPLAYS)
def test_a_pages_figure_can_be_drawn_again_from_the_tables(page, tmp_path, monkeypatch):
    (tmp_path / "results").symlink_to(PAGES[0].parents[1] / "results")
    monkeypatch.chdir(tmp_path)
    exec(compile(REPLAYS[page], page, "exec"), {})
    assert len(list(tmp_path.glob("*.svg"))) == 1


def test_the_result_pages_say_how_their_figure_is_made_again():
    assert set(REPLAYS) == {"overlap", "retrieval", "structure", "tickets", "transfer"}
