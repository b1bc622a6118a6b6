"""States of languages before and after a training of three steps, on a random encoder."""

from types import MappingProxyType

import pandas as pd
import pytest
import toys

from lnlib.base.errors import UserError
from lnlib.base.provenance import code
from lnlib.papers import muller
from lnlib.papers.muller.analysis import measures
from lnlib.papers.muller.analysis.measures import PRETRAINED, TUNED
from lnlib.papers.muller.experiments import comparison
from lnlib.papers.muller.tables import SIMILARITY
from lnlib.tasks.ner import NER
from lnlib.training.recipe import Scale

LEVELS = 3  # embeddings and two layers


@pytest.fixture(scope="module")
def scale(bert):
    return Scale("demo", bert.path, "gazetteer", MappingProxyType({"ner": toys.RECIPE}))


@pytest.fixture(scope="module", autouse=True)
def _few_records():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lnlib.corpora.loading._RECORDS", 40)
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory, bert, scale):
    folder = tmp_path_factory.mktemp("demo")
    comparison.compare(bert, ["ur", "zh"], scale, folder, task=NER)
    return folder


def test_languages_are_compared_before_and_after_and_each_with_itself(home):
    table = SIMILARITY.read(home)
    pairs = table.groupby(["model_a", "model_b"])[["lang_a", "lang_b"]].agg(
        lambda s: sorted(set(s))
    )
    assert pairs.loc[(PRETRAINED, PRETRAINED)].tolist() == [["en", "zh"], ["ur", "zh"]]
    assert pairs.loc[(TUNED, TUNED)].tolist() == [["en"], ["ur", "zh"]]
    assert pairs.loc[(PRETRAINED, TUNED)].tolist() == [["en", "ur", "zh"]] * 2
    assert len(table) == (3 + 2 + 3) * LEVELS * 2 * 2  # measures, length
    assert (table["n"] == 40).all() and table[["floor", "floor_length"]].notna().all(axis=None)


def test_rows_name_the_recipe_that_trained_and_the_code_that_measured(home):
    table = SIMILARITY.read(home)
    plain = table["model_b"] == PRETRAINED
    assert set(table[plain]["task"]) == set(table[plain]["recipe"]) == {""}
    assert set(table[~plain]["recipe"]) == {toys.RECIPE.hash}
    assert set(table["code"]) == {code("papers.muller.experiments.comparison")}


def test_every_two_languages_are_compared_and_read_either_way(home):
    table = SIMILARITY.read(home)
    cells = measures.between_languages(table, layer=1)
    assert list(cells) == list(cells.index) == ["en", "zh", "ur"]
    assert cells.equals(cells.T) and cells.isna().to_numpy().sum() == 3  # the diagonal
    assert cells.loc["ur", "en"] == measures.by_layer(table).loc["ur", 1]
    assert cells.loc["ur", "zh"] == measures.by_layer(table, source="zh").loc["ur", 1]


def test_another_recipe_is_another_comparison(home, bert, scale, tmp_path):
    """Rows of a task trained by other settings, or before recipes were noted, do not stand in."""
    old = SIMILARITY.read(home).assign(recipe="")
    SIMILARITY.add(tmp_path, old.to_dict("records"))
    comparison.compare(bert, ["ur", "zh"], scale, tmp_path, task=NER)
    pd.testing.assert_frame_equal(SIMILARITY.read(tmp_path), SIMILARITY.read(home))


def test_tables_that_were_made_answer_the_claims(home):
    tables = measures.Tables.read(home)
    assert measures.by_layer(tables.similarity).shape == (2, LEVELS)
    assert len(measures.MEASURES["kept_below"].of(tables, "ner").dropna()) == 3
    assert len(measures.MEASURES["peak_without_length"].of(tables, "").dropna()) == 2
    changed = measures.by_layer(tables.similarity, "ner", models=(PRETRAINED, TUNED))
    assert (changed[2] < 1 - 1e-4).all()  # three steps move the upper layer, and are seen


def test_what_is_there_is_not_measured_again(home, bert, scale, monkeypatch):
    before = (home / "similarity.csv").read_bytes()
    monkeypatch.setattr(comparison, "pooled_states", None)
    comparison.compare(bert, ["ur", "zh"], scale, home, task=NER)
    assert (home / "similarity.csv").read_bytes() == before


def test_what_cannot_be_compared_is_said(bert, scale, tmp_path):
    with pytest.raises(UserError, match="unknown measure 'cka'"):
        comparison.compare(bert, ["ur"], scale, tmp_path, measures=["cka"])
    with pytest.raises(UserError, match="takes no data_dir"):
        comparison.compare(bert, ["ur"], scale, tmp_path, data_dir=tmp_path)
    with pytest.raises(UserError, match="unknown language with parallel sentences 'fi'"):
        comparison.compare(bert, ["fi"], scale, tmp_path)
    assert not (tmp_path / "similarity.csv").exists()


def test_every_public_name_is_there():
    assert all(getattr(muller, name) is not None for name in muller.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'prune'"):
        _ = muller.prune
