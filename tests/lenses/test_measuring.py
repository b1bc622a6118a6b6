"""Every lens is measured to the end on a toy, once, and goes on where it was stopped."""

from dataclasses import replace

import pandas as pd
import pytest

from lnlib.encoders import load_encoder
from lnlib.lenses.measuring.alone import Alone
from lnlib.lenses.measuring.states import compare_pieces, compare_states
from lnlib.lenses.measuring.together import Together
from lnlib.lenses.scales import SETTINGS
from lnlib.lenses.tables import INFLUENCE, MASKS, PIECES, STATES, TRANSFER
from lnlib.papers.choenni.coverage import get_task
from lnlib.results.places import Places
from lnlib.training.recipe import Recipe
from lnlib.training.workbench import Workbench

NER = get_task("ner")
LANGS = ("en", "ur")
RECIPE = Recipe(40, 12, 3, 8, 1e-3, 64)
SCALE = replace(SETTINGS["demo"].scale, recipes={"ner": RECIPE})
SETTING = replace(SETTINGS["demo"], scale=SCALE, together=RECIPE, half=8, train=6, test=4,
                  langs=LANGS)  # fmt: skip


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("mini-mbert")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("lenses")


@pytest.fixture(scope="module")
def measured(home, encoder):
    """All tables, in a folder whose masks and checkpoints stay."""
    what = (SETTING, encoder, NER, Places.of(home, "lenses", "demo"))
    together, alone = Together(*what), Alone(*what)
    compare_states(SETTING, home)
    compare_pieces(alone.benches, home)
    together.measure(0, home)
    masks = [mask for seed in (0, 1) for mask in alone.transfer(seed, home, str)]
    alone.compare(masks, home)
    return together, alone


def test_every_pair_is_there_with_what_it_is_compared_to(home, measured):
    transfer = TRANSFER.read(home)
    assert len(transfer) == 2 * 2 * 2  # seeds, sources, targets
    assert transfer["floor"].notna().all() and transfer["value"].between(0, 100).all()
    masks = MASKS.read(home)
    whole = masks[(masks["by"] == "all") & (masks["sparsity"] == 50)]
    kinds = whole[whole["model"] == "together"].groupby("method_b").size()
    assert dict(kinds) == {"fisher": 4, "magnitude": 2, "random": 2, "shuffled": 2}
    assert (whole["half_b"] == 1).sum() == 2 * 4  # never two masks of one half
    assert len(whole[whole["model"] == "alone"]) == 8
    assert {*masks.loc[masks["by"] == "layer", "part"]} == {*"012345"}
    assert len(STATES.read(home)) == 2 * 7 and len(PIECES.read(home)) == 1
    found = INFLUENCE.read(home)
    assert {*found["part"].astype(str)} == {"all", *"012345"} and len(found) == 7 * 4
    assert (found["null_low"] < found["null_high"]).all()


def test_independent_masks_overlap_as_expected(home, measured):
    """A random mask has the Jaccard of the formula: W is 1.2 million, so to a thousandth."""
    masks = MASKS.read(home)
    rows = masks[(masks["method_b"] == "random") & (masks["by"] == "all")]
    assert len(rows) and (rows["jaccard"] - rows["expected"]).abs().max() < 0.002


def test_half_a_mask_is_more_like_its_other_half_than_a_random_one(home, measured):
    rows = MASKS.read(home).query("by == 'all' and sparsity == 50 and model == 'together'")
    own = rows[(rows["lang_a"] == rows["lang_b"]) & (rows["method_b"] == "fisher")]
    random = rows[rows["method_b"] == "random"]
    assert own["jaccard"].min() > random["jaccard"].max()


def test_sentences_longer_than_the_encoder_reads_are_cut(tmp_path, monkeypatch):
    """mini-mBERT has 128 positions; the longest of NTREX's sentences take more."""
    lines = [f"{word} " * (40 + 30 * number) for number, word in enumerate("abcdef")]
    monkeypatch.setattr(
        "lnlib.lenses.measuring.states.load_parallel",
        lambda _corpus, langs, _folder: ({lang: lines for lang in langs}, ""),
    )
    compare_states(SETTING, tmp_path)
    same = STATES.read(tmp_path).query("length == 'kept'")
    assert same["value"].to_numpy() == pytest.approx(1, abs=1e-6)  # the same text on both sides


def test_nothing_is_trained_twice(home, measured, monkeypatch):
    before = [table.read(home) for table in (MASKS, TRANSFER, INFLUENCE, STATES)]

    def refuse(*_args, **_more):
        raise AssertionError("trained again")

    monkeypatch.setattr(Workbench, "train", refuse)
    monkeypatch.setattr("lnlib.lenses.measuring.together.fine_tune", refuse)
    together, alone = measured
    together.measure(0, home)
    alone.compare([m for seed in (0, 1) for m in alone.transfer(seed, home, str)], home)
    compare_states(SETTING, home)
    for table, old in zip((MASKS, TRANSFER, INFLUENCE, STATES), before, strict=True):
        pd.testing.assert_frame_equal(table.read(home), old)


def test_a_run_that_was_stopped_comes_to_the_same_numbers(home, measured, encoder, tmp_path):
    """Stopped after the first language, with its row and its mask written."""
    alone = Alone(SETTING, encoder, NER, Places.of(tmp_path, "lenses", "demo"))

    class Stopped(Exception):
        pass

    def stop(_line):
        raise Stopped

    with pytest.raises(Stopped):
        alone.transfer(0, tmp_path, stop)
    assert len(TRANSFER.read(tmp_path)) == 2
    masks = alone.transfer(0, tmp_path, str)
    whole = TRANSFER.read(home)
    again = TRANSFER.read(tmp_path)
    own = whole[whole["seed"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), own.drop(columns="seconds"))
    digests = {mask.mask[50].digest for mask in masks}
    rows = MASKS.read(home)
    assert digests == {*rows[(rows["model"] == "alone") & (rows["sparsity"] == 50)]["mask_a"]}


def test_a_mask_of_another_training_is_made_again(home, measured, encoder, tmp_path):
    """A file of the same name, from one step more, does not stand for this one."""
    places = Places.of(home, "lenses", "demo")
    longer = replace(SETTING, scale=replace(SCALE, recipes={"ner": replace(RECIPE, steps=4)}))
    path = places.ticket("ner", "en", 0, "fisher")
    before = path.read_bytes()
    try:
        mask, _ = Alone(longer, encoder, NER, places).transfer(0, tmp_path, str)
        assert path.read_bytes() != before
        rows = MASKS.read(home)
        assert mask.mask[50].digest not in {*rows["mask_a"], *rows["mask_b"]}
    finally:
        path.write_bytes(before)
