"""Every figure draws from full, partial and empty tables, and turns perplexity the right way."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from lnlib.figures import style
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


def draw(scores, overlap, density, excess, curve, widths=(False,)):
    yield figures.sparsity_curve(scores, "mlm", "ur")
    yield figures.density_profile(density, "layer")
    yield figures.losses(curve)
    for narrow in widths:
        yield figures.growth(GROWTH.iloc[: len(curve) * 99], narrow)
        yield figures.sparsity_curve(scores, "ner", "ur", narrow=narrow)
        yield figures.gain_over_full(scores, "xnli", narrow=narrow)
        yield figures.transfer_matrix(scores, "mlm", narrow=narrow)
        yield figures.gains_by_origin(scores, "ner", narrow=narrow)
        yield figures.summary(scores, overlap, "ner", narrow=narrow)
        yield figures.overlap_matrix(overlap, "ner", narrow=narrow)
        yield figures.overlap_comparisons(overlap, "ner", narrow=narrow)
        yield figures.excess_comparisons(excess, "ner", narrow=narrow)
        yield figures.tree(similarity(excess), "shared (%)", narrow=narrow)
        yield figures.layer_profile(overlap, narrow=narrow)
        yield figures.density_difference(density, "layer", narrow=narrow)
        retrieval = RETRIEVAL.iloc[: len(curve) * 9999]
        yield figures.retrieval_by_layer(retrieval, "demo", narrow=narrow)


def similarity(excess):
    pairs = excess[(excess.task_a == "ner") & (excess.lang_a != excess.lang_b)]
    return 100 * statistics.square(pairs, "shared", "lang_a", "lang_b")


def words(figure):
    return " ".join(
        [text.get_text() for axes in figure.axes for text in axes.texts]
        + [axes.get_title() + axes.get_ylabel() for axes in figure.axes]
    )


def test_full_tables_are_drawn():
    for figure in draw(*FULL, CURVE, widths=(False, True)):
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
    assert words(figures.overlap_comparisons(overlap, "ner")).count("not run") == 1


@pytest.mark.parametrize("narrow", [False, True])
def test_ours_and_the_papers_have_one_range_of_colours_and_one_order(narrow):
    ours = FULL[0][FULL[0]["lang"].isin(["en", "ur"])]
    figure = figures.transfer_matrix(ours, "ner", published.scores(), narrow=narrow)
    maps = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in maps] == ["ours", "published"]
    assert len({axes.collections[0].get_clim() for axes in maps}) == 1
    labels = [[text.get_text() for text in axes.get_xticklabels()] for axes in maps]
    assert labels[0] == labels[1] and len(labels[0]) > len({"en", "ur"})


def test_layers_of_all_tasks_have_one_range():
    figure = figures.layer_profile(FULL[1])
    assert len(figure.axes) > 1 and len({axes.get_ylim() for axes in figure.axes}) == 1


def test_words_at_the_ends_of_lines_do_not_cover_each_other():
    """Lines that end in one point have their names apart, in the drawn figure."""
    figure, (axes,) = style.figure_of(4.0, 3.0)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    style.label_ends(axes, {name: (1.0, 0.02, "black") for name in ("one", "two", "three")})
    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    words = [Text.get_window_extent(text, renderer) for text in axes.texts]  # without its line
    boxes = sorted(words, key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))


def test_text_in_a_figures_file_is_text_and_the_file_is_the_same_again(tmp_path):
    """It can be searched for and read aloud; ids made at random would change the file each time."""
    texts = []
    for name in ("one.svg", "two.svg"):
        figure = figures.overlap_comparisons(FULL[1], "ner")
        figure.savefig(tmp_path / name, metadata={"Date": None})
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert "two languages, two seeds</text>" in texts[0] and texts[0] == texts[1]


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


def test_a_difference_to_the_untouched_mask_is_zero_for_the_mask_itself():
    """Tickets with its densities lie on the line; a layer that keeps more lies right of it."""
    density = synthetic.density().query("by == 'layer'")
    untouched = density[density["method"] == "magnitude"].set_index("part")["density"]
    same = density[density["method"] == "ticket"].copy()
    same["density"] = same["part"].map(untouched.groupby(level=0).mean())
    same.loc[same["part"] == "0", "density"] += 0.01
    both = pd.concat([same, density[density["method"] == "magnitude"]])
    dots = figures.density_difference(both, "layer").axes[0].collections
    points = np.concatenate([np.asarray(part.get_offsets()) for part in dots])
    expected = np.where(abs(points[:, 1]) < 0.5, 1.0, 0.0)  # layer 0: a point more
    assert points[:, 0] == pytest.approx(expected, abs=1e-9)


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
