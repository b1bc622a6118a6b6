"""The door, the scales, and transfer, on a toy of 4x4."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.papers import hua
from lnlib.papers.hua.experiments import transfer
from lnlib.papers.hua.experiments.pretraining import run_key
from lnlib.papers.hua.recipes import ProbeRecipe, Recipe, Size
from lnlib.papers.hua.scales import SCALES
from lnlib.papers.hua.world.boards import World
from lnlib.papers.hua.world.games import check_prefix

TOY = replace(
    SCALES["demo"],
    name="toy",
    size=Size(2, 32, 2),
    training=Recipe(60, 32, 5e-3, 6),
    every=5,
    probe=ProbeRecipe(width=64, epochs=4, batch_size=256),
    probe_games=(150, 50),
    play_games=40,
    transfer=replace(
        SCALES["demo"].transfer,
        board="4x4",
        prefix=(4, 0),
        training=Recipe(30, 32, 5e-3, 3),
        fine_tuning=Recipe(40, 32, 3e-3, 4),
        every=10,
    ),
)


def test_five_lines_go_from_games_to_an_alignment_score():
    languages = hua.languages("atomic,atomic", "4x4", method="anchors", anchors=12)
    train, test = hua.probe_games(languages, 150, 50)
    model = hua.pretrain(languages, TOY).model
    probe = hua.train_probe(model, languages, train, language=0)
    score = hua.probe_accuracy(probe, model, languages, test, language=1)
    # one vocabulary under two names: as well in the other language as in its own
    assert score == hua.probe_accuracy(probe, model, languages, test, language=0) > 0.5


@pytest.mark.parametrize("name", hua.__all__)
def test_every_public_name_is_there(name):
    assert getattr(hua, name).__doc__


def test_unified_output_aligns_what_naive_training_does_not():
    """The paper's fourth claim on its smallest world, and far from the bounds: see the pilot."""
    scores = {}
    for method in ("naive", "unified"):
        languages = hua.languages("atomic,atomic", "4x4", method)
        train, test = hua.probe_games(languages, 300, 100)
        model = hua.pretrain(languages, TOY, steps=150).model
        rows = hua.alignment(model, languages, train, test, kinds=["mlp"], codings=["absolute"])
        found = rows[(rows.network == "trained") & (rows.source != rows.target)]
        scores[method] = found.groupby("measure")["value"].mean()
    assert scores["unified"]["cosine"] > scores["naive"]["cosine"] + 0.3
    assert scores["unified"]["accuracy"] > scores["naive"]["accuracy"] + 0.05


def test_pretraining_is_the_same_from_the_same_seed_and_resumes(tmp_path):
    languages = hua.languages("atomic,split")
    whole = hua.pretrain(languages, TOY, seed=1, steps=12, watch=True)
    path = tmp_path / "run"
    hua.pretrain(languages, TOY, seed=1, steps=12, watch=True, path=path)
    again = hua.pretrain(languages, TOY, seed=1, steps=12, watch=True, path=path)
    assert again.course == whole.course
    assert [row["step"] for row in whole.course.watched] == [0, 5, 10, 12]
    assert set(whole.course.watched[0]) == {"step", "atomic", "split"}
    for a, b in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(UserError, match="another training"):
        hua.pretrain(languages, TOY, seed=2, steps=12, watch=True, path=path)
    assert not whole.model.training


def test_an_unknown_scale_and_no_steps_are_refused():
    with pytest.raises(UserError, match="did you mean 'demo'"):
        hua.pretrain(hua.languages(), "demoo")
    with pytest.raises(UserError, match="expected a whole number"):
        hua.pretrain(hua.languages(), TOY, steps=0)


@pytest.mark.parametrize("method", ["naive", "unified"])
def test_fine_tuning_teaches_a_language_and_draws_the_others_curve(tmp_path, method):
    languages = hua.languages("atomic,compositional", "4x4", method)
    begun = hua.pretrain_on_prefix(languages, TOY)
    before = {name: w.clone() for name, w in begun.model.state_dict().items()}
    tuned, rows = hua.fine_tune(begun.model, languages, TOY, path=tmp_path / "run")
    assert all(torch.equal(before[n], w) for n, w in begun.model.state_dict().items())
    assert tuple(rows.columns) == transfer.COLUMNS
    assert sorted(rows["step"].unique()) == [0, 10, 20, 30, 40]
    assert not rows.duplicated(["step", "language", "measure"]).any()
    assert set(rows["measure"]) == set(transfer.MEASURES)
    assert set(rows["language"]) == set(languages.names) and set(rows["tuned"]) == {"atomic"}
    curves = rows.pivot_table("value", ["measure", "language"], "step")
    rise = curves[40] - curves[0]
    assert rise["legal", "atomic"] > 5
    said = curves.loc["said in tuned", "compositional"]  # with one vocabulary it is all of them
    assert (said == 100).all() if method == "unified" else (said < 100).all()
    again, same = hua.fine_tune(begun.model, languages, TOY, path=tmp_path / "run")
    assert same.equals(rows)
    assert torch.equal(again.lm_head.weight, tuned.lm_head.weight)


def test_fine_tuning_another_network_does_not_take_up_this_ones_run(tmp_path):
    languages = hua.languages("atomic,atomic")
    short = replace(TOY, transfer=replace(TOY.transfer, fine_tuning=Recipe(2, 8, 1e-3, 1)))
    models = [hua.pretrain(languages, TOY, seed, steps=2).model for seed in (0, 1)]
    hua.fine_tune(models[0], languages, short, path=tmp_path / "run")
    with pytest.raises(UserError, match="another training"):
        hua.fine_tune(models[1], languages, short, path=tmp_path / "run")


@pytest.mark.parametrize("name", SCALES)
def test_a_scales_numbers_fit_each_other(name):
    scale = SCALES[name]
    for board in (scale.board, scale.transfer.board):
        assert World.of(board)
    check_prefix(World.of(scale.transfer.board), scale.transfer.prefix)
    assert scale.transfer.anchors < World.of(scale.transfer.board).moves
    assert scale.size.width % scale.size.heads == 0


def test_the_papers_scale_is_the_papers():
    scale = SCALES["paper"]
    assert scale.targets == "hard" and scale.size == Size(8, 512, 8, 0.1)
    assert scale.training.steps == 9 * (20_000_000 // 1_024)
    tuning = scale.transfer.fine_tuning
    assert tuning.steps * tuning.batch_size == 4 * scale.transfer.fine_games
    assert tuning.rate(tuning.steps - 1) == pytest.approx(4e-4)


def test_the_papers_network_trains_a_step():
    languages = hua.languages("atomic,compositional", "8x8", "anchors")
    paper = SCALES["paper"]
    small = replace(paper, play_games=2, training=replace(paper.training, batch_size=2))
    trained = hua.pretrain(languages, small, steps=1)
    # untrained it takes all tokens for as likely, but for logits of spread .02 * sqrt(512) = .45
    assert trained.course.losses[0] == pytest.approx(np.log(languages.vocabulary), abs=0.45)


def test_a_runs_key_tells_all_of_it():
    languages = hua.languages()
    keys = {
        run_key(languages, TOY.training, 0),
        run_key(languages, TOY.training, 1),
        run_key(languages, replace(TOY.training, clip=2.0), 0),
        run_key(hua.languages(method="unified"), TOY.training, 0),
        run_key(languages, TOY.training, 0, prefix=[4]),
    }
    assert len(keys) == 5 and all(json.loads(key) for key in keys)
