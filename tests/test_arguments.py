"""What callers pass: what is near is taken as what it is, and the rest is one UserError."""

from pathlib import Path

import numpy as np
import pytest

from lnlib import TASKS, Workbench, find_ticket, transfer, verify
from lnlib.base.errors import UserError, choose, nearest
from lnlib.encoders import load_encoder
from lnlib.masks.overlap import density_table, expected_jaccard, jaccard, overlap_table
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.doors import places, ticket_at
from lnlib.papers.foroutan.scales import SCALES, levels_to
from lnlib.pruning.rounds import Search
from lnlib.results import runs
from lnlib.training.recipe import Recipe


@pytest.fixture(scope="module")
def masks(bert):
    """Random masks of two languages, to 50 %."""
    levels = levels_to(50)
    return [find_ticket(bert, "ner", la, method="random", levels=levels) for la in ("ur", "en")]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder that is not the working directory."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    yield tmp_path / "home"
    assert not list((tmp_path / "work").iterdir())


# -- taken -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("levels", [np.array([10, 50]), [10.0, 50], (n for n in (10, 50))])
def test_levels_are_any_whole_numbers_in_any_order_of_keeping_them(bert, levels):
    found = find_ticket(bert, "ner", "ur", method="random", levels=levels)
    assert found.levels == (10, 50) and {type(level) for level in found.levels} == {int}


def test_a_numpy_seed_is_the_seed_and_its_file_goes_on_under_pythons(ner, tmp_path):
    path = tmp_path / "t.safetensors"
    find_ticket(ner.encoder, "ner", "ur", bench=ner, seed=np.int64(1), levels=(10,), path=path)
    more = find_ticket(ner.encoder, "ner", "ur", bench=ner, seed=1, levels=(10, 20), path=path)
    assert more.record.seed == 1 and more.levels == (10, 20)
    bench = Workbench(ner.encoder, "ner", "ur", recipe=ner.recipe, head_seed=np.int64(1))
    assert find_ticket(bench.encoder, "ner", "ur", bench=bench, levels=(10,)).record.seed == 0


def test_a_level_and_a_seed_of_numpys_are_one_row(ner, masks, tmp_path):
    rows = [
        runs.measure(ner, masks[0], level, seed, tmp_path)
        for level, seed in ((50, 1), (np.int64(50), np.int64(1)), (50.0, np.uint8(1)))
    ]
    assert len({row["value"] for row in rows}) == 1
    assert (tmp_path / "scores.csv").read_text().count("\n") == 2  # a header and one measurement
    result = transfer(masks[0], ner.encoder, bench=ner, level=np.int64(50), seed=np.int64(1))
    assert (type(result.seed), type(result.source.sparsity)) == (int, int)
    assert overlap_table(masks, 50.0).sparsity.dtype == overlap_table(masks, 50).sparsity.dtype


def test_an_encoder_may_be_named_or_a_folder_wherever_one_is_taken(ner, masks):
    for folder in (ner.encoder.path, Path(ner.encoder.path)):
        assert Workbench(folder, "ner", "ur", recipe=ner.recipe).data.fingerprint
        assert find_ticket(folder, "ner", "ur", method="random").levels[-1] == 90
        assert transfer(masks[0], folder, bench=ner).score.n == 12


def test_tickets_are_compared_in_any_collection(masks):
    assert len(overlap_table(ticket for ticket in masks)) == len(overlap_table(tuple(masks))) == 1
    assert len(overlap_table(masks, by=("all", "all"))) == 1  # nothing is counted twice


def test_every_path_may_start_at_the_home_folder(ner, home):
    ticket = runs.search(ner, 0, places("~/runs", "demo"), levels=(10,))
    path = places("~/runs", "demo").ticket("ner", "ur", 0)
    there = home / "runs/foroutan/demo"
    assert path == there / "ner/ur/seed0/ticket.safetensors" and path.exists()
    assert (there / "scores.csv").exists()
    again = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(10,), path="~/t.safetensors")
    assert again.record == ticket.record and (home / "t.safetensors").exists()
    with pytest.raises(UserError, match=f"no ticket at '{home / 'x'}'"):
        verify("~/x")


# -- refused ---------------------------------------------------------------------------------------

SEEDS = [("0", "'0'"), (-1, "-1"), (1.0, "1.0"), (True, "True"), (np.True_, "np.True_"),
         (None, "None"), (np.float64(1), r"np.float64\(1.0\)")]  # fmt: skip


@pytest.mark.parametrize("seed, shown", SEEDS)
def test_what_is_no_seed_is_refused_wherever_one_is_taken(ner, masks, tmp_path, seed, shown):
    for call in (
        lambda: find_ticket(ner.encoder, "ner", "ur", bench=ner, seed=seed),
        lambda: ner.train(seed),
        lambda: ner.encoder.model(TASKS["mlm"], seed=seed),
        lambda: runs.measure(ner, None, 0, seed, tmp_path),
        lambda: places(tmp_path, "demo").ticket("ner", "ur", seed),
        lambda: transfer(masks[0], ner.encoder, bench=ner, seed="0" if seed is None else seed),
    ):
        with pytest.raises(UserError, match=f"seed ({shown}|'0') is not a whole number from 0 up"):
            call()
    assert not list(tmp_path.iterdir())


def test_a_seed_that_no_table_can_hold_is_refused(ner):
    with pytest.raises(UserError, match=f"seed {2**63} is too large"):
        ner.train(2**63)


def other(bench, task="ner", lang="ur", **more):
    return Workbench(bench.encoder, task, lang, recipe=bench.recipe, **more)


@pytest.mark.parametrize(
    "call, said",
    [
        # data
        (lambda b: other(b, "xnli", data=b.data), "of task 'ner' in 'ur': expected task 'xnli' in"),
        (lambda b: other(b, lang="en", data=b.data), "of task 'ner' in 'ur': expected .* in 'en'"),
        (lambda b: other(b, lang="urdu", data=b.data), "unknown language 'urdu'"),
        (lambda b: other(b, data="ur"), "data 'ur': expected those of another Workbench"),
        (lambda b: b.train(0, data=other(b, lang="en").data), "of task 'ner' in 'en': expected"),
        # workbenches
        (lambda b: Workbench(None, "ner", "ur"), "unknown encoder None"),
        (lambda b: Workbench(b.encoder, "ner", "ur", recipe={"steps": 1}), "expected a Recipe"),
        (lambda b: other(b, head_seed="1"), "head_seed '1' is not a whole number"),
        (lambda b: Workbench(b.encoder, "ner", "ur", "small", data_dir=7), "data_dir 7 is no path"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", bench="b"), "bench 'b': expected a Workb"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", bench=b, data_dir="x"), "'x' would not be"),
        (lambda b: transfer(None, b.encoder, bench=b, data_dir="x"), "data_dir 'x' would not be"),
        # searches
        (lambda b: find_ticket(None, "ner", "ur"), "unknown encoder None"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", search="change"), "'change': expected a Se"),
        (lambda b: Search(pooler="no"), "pooler 'no': expected True or False"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", levels="50"), "a list such as .* got '50'"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", levels=np.array([[10]])), "not one of 10"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", levels=[100]), "100 is not .*nearest: 90"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", levels=[50, 10]), "must rise"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", path=7), "path 7 is no path"),
        (lambda b: find_ticket(b.encoder, "ner", "ur", bench=b, path="."), r"'\.' \(a folder\)"),
        (lambda b: ticket_at(b.encoder, "ner", "ur", "demo", 55, 0, "runs"),
         "sparsity 55 is not one of .*nearest: 50"),
        # results
        (lambda b: verify(None), "path None is no path"),
        (lambda b: verify("x", share="0.1"), "share '0.1': expected more than 0"),
        (lambda b: verify("x", share=True), "share True: expected more than 0"),
        (lambda b: verify("x", share=None), "share None: expected more than 0"),
        (lambda b: verify("x", runs_dir=7), "runs_dir 7 is no path"),
        (lambda b: expected_jaccard(50), "density 50: expected a share of weights kept, 0 to 1"),
        (lambda b: expected_jaccard(0.5, -0.1), "density -0.1: expected"),
        (lambda b: expected_jaccard("0.5"), "density '0.5': expected"),
        # recipes
        (lambda b: Recipe(9, 9, 0, 4, 1e-3, 48), "steps 0: expected 1 at least"),
        (lambda b: Recipe(9, 9, 1, 4.0, 1e-3, 48), "batch_size 4.0 is not a whole number"),
        (lambda b: Recipe(9, 9, 1, 4, "1e-3", 48), "learning_rate '1e-3': expected a number"),
        (lambda b: Recipe(9, 9, 1, 4, -1.0, 48), "learning_rate -1.0: expected a number above 0"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_name(ner, tmp_path, monkeypatch, call, said):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=said):
        call(ner)
    assert not [path for path in tmp_path.iterdir() if not path.name.endswith(".lock")]


@pytest.mark.parametrize("wrong", ["ur.safetensors", None, 7, {}])
def test_what_is_no_ticket_is_refused(bert, masks, wrong):
    for call in (
        lambda: jaccard(masks[0], wrong),
        lambda: jaccard(wrong, masks[0]),
        lambda: overlap_table([masks[0], wrong]),
        lambda: density_table([wrong]),
        lambda: transfer(wrong or masks[0].mask(50), bert, "ur"),
    ):
        with pytest.raises(UserError, match=r"is no ticket: Ticket\.load\(path\) reads one"):
            call()


def test_one_ticket_is_no_list_of_them(masks):
    for table in (overlap_table, density_table):
        for wrong in (masks[0], None, "ur"):
            with pytest.raises(UserError, match="expected a list of tickets, got"):
                table(wrong)
        with pytest.raises(UserError, match="no tickets to compare"):
            table([])
    for by in ((), None, "layers", ("layer", 7)):
        with pytest.raises(UserError, match="grouping"):
            overlap_table(masks, by=by)


def test_a_level_that_is_none_stops_every_comparison(bert, masks, ner, tmp_path):
    for level in ("50", 55, None, [50]):
        for call in (
            lambda level=level: jaccard(*masks, level),
            lambda level=level: overlap_table(masks, level),
            lambda level=level: density_table(masks, level),
            lambda level=level: transfer(masks[0], bert, bench=ner, level=level),
            lambda level=level: runs.measure(ner, masks[0], level, 0, tmp_path),
        ):
            with pytest.raises(UserError, match="no mask at"):
                call()


def test_masks_of_the_reference_code_ask_for_a_workbench(bert, ner, masks, tmp_path):
    file = masks[0].to_reference_mask(50, tmp_path / "m.pt")
    foreign = Ticket.from_reference_masks(file, task="ner", lang="ur")
    with pytest.raises(UserError, match="scale 'reference', which has no data: pass bench=Workb"):
        transfer(foreign, bert, "en")
    own = transfer(masks[0], bert, bench=ner, seed=0)
    assert transfer(foreign, bert, bench=ner).score == own.score


def test_data_that_another_encoder_reads_are_refused(ner):
    """Ids beyond the vectors, or tokens beyond the positions, end training in an IndexError."""
    data = Workbench(load_encoder(), "ner", "ur", recipe=ner.recipe).data
    with pytest.raises(
        UserError, match=r"encoded for another encoder than .* 600 pieces and reads"
    ):
        Workbench(ner.encoder, "ner", "ur", recipe=ner.recipe, data=data)


def test_numpys_numbers_in_a_recipe_are_pythons():
    ours = Recipe(9, 9, 2, 4, 0.5, 48)
    theirs = Recipe(np.int64(9), 9, np.int32(2), 4, np.float32(0.5), np.uint8(48))
    assert ours == theirs and ours.hash == theirs.hash


@pytest.mark.parametrize("value", [np.uint8(255), np.int8(-128), 10**400, -1e300, np.float16(33)])
def test_a_number_of_any_type_and_size_has_a_nearest(value):
    assert nearest(value, (10, 90)) == f"; nearest: {90 if value > 50 else 10}"


def test_a_message_shows_the_beginning_of_a_large_value():
    with pytest.raises(UserError) as error:
        choose(SCALES, ("mlm", "ner"), "task")
    assert len(str(error.value)) < 200 and "expected one of mlm, ner" in str(error.value)
