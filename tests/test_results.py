"""Tables keep every row, once, whatever happens while they are written."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest

from lnlib import results, runs
from lnlib.encoders import load_encoder
from lnlib.errors import UserError
from lnlib.scales import SCALES


def row(**changes):
    return {
        "scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "ticket",
        "mask_task": "ner", "mask_lang": "ur", "mask_seed": 0, "sparsity": 50, "metric": "f1",
        "value": 80.0, **changes,
    }  # fmt: skip


def test_a_row_of_the_same_key_is_replaced_and_others_stay(tmp_path):
    path = tmp_path / "scores.csv"
    results.add(path, [row(), row(lang="en")])
    table = results.add(path, [row(value=81.0)])
    assert dict(zip(table.lang, table.value, strict=True)) == {"en": 80.0, "ur": 81.0}


def test_a_table_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "scores.csv"
    written = results.add(path, [row(), row(method="full", mask_task="", mask_lang="",
                                            mask_seed=None, sparsity=0)])  # fmt: skip
    read = results.read(path)
    assert list(read.columns) == results.SCORES
    for name in results.SCORE_KEY:
        assert read[name].tolist() == written[name].tolist()


def test_a_missing_table_is_an_empty_one(tmp_path):
    assert results.read(tmp_path / "overlap.csv").empty


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "scale\n\x00\x00"])
def test_a_damaged_table_is_refused_by_name_and_kept(tmp_path, text):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"scores\.csv"):
        results.add(path, [row()])
    assert path.read_text() == text


def _add(path, number):
    results.add(path, [row(seed=number)])


def test_eight_writers_at_once_lose_no_row(tmp_path):
    path = tmp_path / "scores.csv"
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        for future in [pool.submit(_add, path, number) for number in range(8)]:
            future.result()
    assert sorted(results.read(path).seed) == list(range(8))


def test_a_search_writes_a_row_a_level_and_mends_a_missing_one(ner, tmp_path):
    table = tmp_path / "scores.csv"
    runs.search(ner, 0, tmp_path, table, levels=(10, 50))
    whole = results.read(table)
    assert sorted(whole.sparsity) == [0, 10, 50]
    whole[whole.sparsity != 50].to_csv(table, index=False)  # as if killed before the row
    runs.search(ner, 0, tmp_path, table, levels=(10, 50))
    mended = results.read(table)
    pd.testing.assert_series_equal(mended.value, whole.value)


def test_a_measurement_already_in_the_table_is_not_made_again(ner, tmp_path, monkeypatch):
    table = tmp_path / "scores.csv"
    first = runs.measure(ner, None, 0, 0, table)
    monkeypatch.setattr(runs, "transfer", lambda *_, **__: pytest.fail("trained again"))
    assert runs.measure(ner, None, 0, 0, table).value == first.value


RECORDED = sorted((Path(__file__).resolve().parents[1] / "results/demo").glob("*.csv"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_recorded_rows_are_of_the_encoder_and_the_recipes_that_ship(path):
    table = results.read(path)
    assert set(table.encoder) == {load_encoder().fingerprint}
    if "recipe" in table:
        recipes = SCALES["demo"].recipes
        assert (table.recipe == [recipes[task].hash for task in table.task]).all()
