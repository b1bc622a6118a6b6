"""Tables keep every row, once, whatever happens while they are written."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest

from lnlib import Ticket, find_ticket, jaccard
from lnlib.base.errors import UserError
from lnlib.encoders import MINI, load_encoder
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.analysis import nulls
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import SCALES
from lnlib.results import runs
from lnlib.results.table import find


def row(**changes):
    return {
        "scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "ticket",
        "mask_task": "ner", "mask_lang": "ur", "mask_seed": 0, "sparsity": 50, "metric": "f1",
        "value": 80.0, **changes,
    }  # fmt: skip


def test_a_row_of_the_same_key_is_replaced_and_others_stay(tmp_path):
    path = tmp_path / "scores.csv"
    tables.add(path, [row(), row(lang="en")])
    table = tables.add(path, [row(value=81.0)])
    assert dict(zip(table.lang, table.value, strict=True)) == {"en": 80.0, "ur": 81.0}


def test_a_table_reads_back_as_it_was_written(tmp_path):
    path = tmp_path / "scores.csv"
    written = tables.add(path, [row(), row(method="full", mask_task="", mask_lang="",
                                            mask_seed=None, sparsity=0)])  # fmt: skip
    read = tables.read(path)
    assert tuple(read.columns) == tables.SCORES.columns
    for name in tables.SCORES.key:
        assert read[name].tolist() == written[name].tolist()


def test_a_missing_table_is_an_empty_one(tmp_path):
    assert tables.read(tmp_path / "overlap.csv").empty


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "scale\n\x00\x00", "a,b,sha256:0\n1,2,\n"])
def test_a_damaged_table_is_refused_by_name_and_kept(tmp_path, text):
    path = tmp_path / "scores.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=r"scores\.csv"):
        tables.add(path, [row()])
    assert path.read_text() == text


def test_a_changed_number_is_refused_until_it_is_sealed(tmp_path):
    path = tmp_path / "scores.csv"
    tables.add(path, [row()])
    path.write_text(path.read_text().replace("80", "81"))
    with pytest.raises(UserError, match=r"altered.*python -m lnlib seal .*scores\.csv"):
        tables.read(path)
    tables.seal(path)
    assert tables.read(path).value.tolist() == [81.0]


def test_a_table_that_is_not_there_is_not_sealed_and_no_folder_is_made(tmp_path):
    with pytest.raises(UserError, match=r"no table at '.*nope/scores\.csv'"):
        tables.seal(tmp_path / "nope" / "scores.csv")
    assert not list(tmp_path.iterdir())


def test_a_table_cut_at_the_end_of_a_row_is_refused(tmp_path):
    path = tmp_path / "scores.csv"
    tables.add(path, [row(), row(lang="en")])
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(UserError, match="altered or damaged"):
        tables.read(path)


def test_other_programs_read_a_table_as_plain_csv(tmp_path):
    path = tmp_path / "scores.csv"
    tables.add(path, [row(), row(lang="en")])
    plain = pd.read_csv(path)
    assert tuple(plain.columns[:-1]) == tables.SCORES.columns
    assert plain.value.tolist() == [80.0, 80.0] and plain.iloc[:, -1].isna().all()


def _add(path, number):
    tables.add(path, [row(seed=number)])


def test_eight_writers_at_once_lose_no_row(tmp_path):
    path = tmp_path / "scores.csv"
    with ProcessPoolExecutor(4, get_context("fork")) as pool:
        for future in [pool.submit(_add, path, number) for number in range(8)]:
            future.result()
    assert sorted(tables.read(path).seed) == list(range(8))


def test_a_search_writes_a_row_a_level_and_mends_a_missing_one(ner, tmp_path):
    home = places(tmp_path, "demo")
    table = home.home / "scores.csv"
    runs.search(ner, 0, home, levels=(10, 50))
    whole = tables.read(table)
    assert sorted(whole.sparsity) == [0, 10, 50]
    whole[whole.sparsity != 50].to_csv(table, index=False)  # as if killed before the row
    tables.seal(table)
    runs.search(ner, 0, home, levels=(10, 50))
    mended = tables.read(table)
    assert mended.value.nunique() == 3  # scores that can be told apart
    pd.testing.assert_series_equal(mended.value, whole.value)


def test_a_measurement_already_in_the_table_is_not_made_again(ner, tmp_path, monkeypatch):
    first = runs.measure(ner, None, 0, 0, tmp_path)
    monkeypatch.setattr(runs, "transfer", lambda *_, **__: pytest.fail("trained again"))
    assert runs.measure(ner, None, 0, 0, tmp_path).value == first.value


RESULTS = Path(__file__).resolve().parents[1] / "results/foroutan"
RECORDED = sorted(path for scale in SCALES for path in (RESULTS / scale).glob("*.csv"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_recorded_rows_are_of_the_encoder_and_the_recipes_that_ship(path):
    table, scale = tables.read(path), SCALES[path.parent.name]
    assert set(table.scale) == {scale.name}
    if "encoder" in table and scale.encoder == MINI:  # another one would have to be fetched
        assert set(table.encoder) == {load_encoder().fingerprint}
    if "recipe" in table:
        recipes = [  # a learning curve goes through other numbers of steps
            replace(scale.recipes[task], steps=steps).hash
            for task, steps in zip(table.task, table.steps, strict=True)
        ]
        assert (table.recipe == recipes).all()
        if path.stem == "scores":
            assert (table.steps == [scale.recipes[task].steps for task in table.task]).all()


SHIPPED = sorted(RESULTS.glob("*/tickets/*.safetensors"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_ticket_that_ships_is_the_one_the_tables_speak_of(path):
    ticket = Ticket.load(path)
    r = ticket.record
    assert path.stem == f"{r.task}-{r.lang}-seed{r.seed}"
    scores = tables.read(path.parents[1] / "scores.csv")
    own = find(scores, {"task": r.task, "lang": r.lang, "seed": r.seed, "method": "ticket",
                        "mask_task": r.task, "mask_lang": r.lang})  # fmt: skip
    recorded = dict(zip(own["sparsity"], own["value"], strict=True))
    for level in ticket.levels:
        assert f"{r.scores[level]:.6g}" == f"{recorded[level]:.6g}"
    untouched = find_ticket(load_encoder(), r.task, r.lang, method="magnitude")
    overlap = tables.read(path.parents[1] / "overlap.csv")
    rows = nulls.compared(overlap, r.task, "magnitude")
    shared = rows.loc[rows["lang"] == r.lang, "jaccard"]  # one a seed
    assert f"{jaccard(ticket, untouched, level=50):.6g}" in {f"{share:.6g}" for share in shared}
