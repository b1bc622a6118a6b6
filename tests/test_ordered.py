"""The grid in one process: what tells most first, and a stop costs nothing that was measured."""

import shutil
import sys
from pathlib import Path

import pytest
import toys

from lnlib.base.errors import UserError
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.papers.foroutan.scales import SCALES
from lnlib.pruning import rounds
from lnlib.results import runs
from lnlib.results.scores import SCORES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "workflow"))
import ordered

MADE_BY = ["seconds", "machine", "threads", "device"]  # where a row was made, not what it says


def grid(folder, *more):
    """Two languages of the toy, one of them on shuffled labels too, to 50 %."""
    ordered.main(["--scale", "demo", "--langs", "ur,en", "--shuffled", "ur", "--runs",
                  str(folder / "runs"), *more])  # fmt: skip
    scores = SCORES.read(places(folder / "runs", "demo").home).drop(columns=MADE_BY)
    return scores.sort_values(list(SCORES.key), ignore_index=True)


pytestmark = pytest.mark.usefixtures("toy_scale")


@pytest.fixture(scope="module")
def home(bert, tmp_path_factory):
    """Where the grid has run once and never stopped."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SCALES, "demo", toys.demo(bert.path))
        grid(folder, "--results", str(folder / "results"))
    return folder


@pytest.fixture
def whole(home):
    return grid(home)


def test_every_mask_is_scored_once_and_recorded(home, whole):
    at_50 = whole[(whole["sparsity"] == 50) & (whole["lang"] == "ur") & (whole["seed"] == 0)]
    assert sorted(zip(at_50["method"], at_50["mask_lang"], strict=True)) == [
        ("magnitude", ""), ("random", ""), ("shuffled", "ur"), ("ticket", "en"), ("ticket", "ur"),
    ]  # fmt: skip
    assert sorted(whole[whole["method"] == "ticket"]["sparsity"].unique()) == [10, 20, 30, 40, 50]
    results = places(home / "results", "demo").home
    assert len(SCORES.read(results)) == len(whole)
    pairs = tables.read(results / "overlap.csv")
    assert (set(pairs["seed_a"]) | set(pairs["seed_b"])) >= {0, 1}


def test_stopped_anywhere_it_ends_as_if_it_never_had_been(whole, tmp_path, monkeypatch):
    made, true_rounds, true_measure = [], rounds.one_round, runs.transfer

    def counted(true):
        def call(*args, **kwargs):
            made.append(true)
            if len(made) % 7 == 0:
                raise KeyboardInterrupt
            return true(*args, **kwargs)

        return call

    monkeypatch.setattr("lnlib.pruning.search.one_round", counted(true_rounds))
    monkeypatch.setattr(runs, "transfer", counted(true_measure))
    stops = 0
    while True:
        try:
            stopped = grid(tmp_path / "stopped")
            break
        except KeyboardInterrupt:
            stops += 1
    assert stops > 2
    assert stopped.equals(whole)
    assert len(made) == stops + trainings(whole)
    made.clear()
    assert grid(tmp_path / "stopped").equals(whole) and not made


def trainings(scores):
    """A score each, and the rounds of the search on shuffled labels, which have none."""
    return len(scores) + 5


def test_parts_that_run_one_after_the_other_make_the_whole(whole, tmp_path):
    grid(tmp_path / "parts", "--part", "2/2")
    assert grid(tmp_path / "parts", "--part", "1/2").equals(whole)


def test_a_higher_sparsity_goes_on_from_the_searches_there_are(home, whole, tmp_path):
    shutil.copytree(home / "runs", tmp_path / "runs")
    more = grid(tmp_path, "--sparsity", "80", "--seeds", "0")
    assert sorted(more[more["method"] == "ticket"]["sparsity"].unique()) == list(range(10, 90, 10))
    kept = more.merge(whole, on=list(SCORES.key), suffixes=("", " before"))
    assert len(kept) == len(whole) and (kept["value"] == kept["value before"]).all()


@pytest.mark.parametrize("words, said", [
    (["--part", "3/2"], "part '3/2': expected one such as 1/2"),
    (["--part", "1"], "part '1'"),
    (["--langs", ""], "name one language at least"),
    (["--langs", "ur,xx"], "xx"),
    (["--scale", "medum"], "did you mean 'medium'"),
    (["--task", "mlm"], "scale 'medium' has no mlm"),
    (["--encoder-dir", "nowhere"], "encoder_dir 'nowhere' is not a folder"),
    (["--data-dir", "nowhere"], "data_dir 'nowhere' is not a folder"),
    (["--seeds", "a"], "seeds 'a'"),
    (["--sparsity", "55"], "55 is not one of"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_before_anything_runs(words, said, tmp_path):
    with pytest.raises(UserError, match=said):
        ordered.main([*words, "--runs", str(tmp_path / "runs")])
    assert not list(tmp_path.iterdir())
