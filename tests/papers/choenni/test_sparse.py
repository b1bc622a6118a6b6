"""Sparse fine-tuning: a language's batch touches its own weights and no others."""

import dataclasses

import numpy as np
import pytest
import torch
import toys

from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable
from lnlib.masks.overlap import overlap_table
from lnlib.papers import choenni
from lnlib.papers.choenni import sparse
from lnlib.papers.choenni.subnetworks.masks import in_model
from lnlib.pruning import controls

LANGS = ("en", "ur", "zh")
RECIPE = dataclasses.replace(toys.RECIPE, steps=12)


@pytest.fixture(scope="module")
def joint(bert):
    return choenni.join("ner", LANGS, encoder=bert, recipe=RECIPE)


@pytest.fixture(scope="module")
def masks(bert):
    return {lang: controls.random(bert, (50,), s).packed(50) for s, lang in enumerate(LANGS)}


def states(joint, masks, monkeypatch, **more):
    """The prunable weights before every step and after the last, and whose step each is."""
    seen, langs = [], []
    plain = sparse._Shifts.loss

    def loss(self, model, step):
        seen.append({n: p.detach().clone() for n, p in self._parameters.items()})
        langs.append(step[0])
        return plain(self, model, step)

    monkeypatch.setattr(sparse._Shifts, "loss", loss)
    tuned = choenni.fine_tune(joint, masks, **more)
    last = {m.name: p.detach() for m, p in prunable(tuned.model(joint)).items()}
    return [*seen, last], langs, tuned


def test_weights_outside_the_mask_are_bit_equal_after_its_batch(joint, masks, monkeypatch):
    """And those inside are not: Adam would move both."""
    found, langs, _ = states(joint, masks, monkeypatch)
    assert langs == [*LANGS] * 4
    for before, after, lang in zip(found, found[1:], langs, strict=False):
        mask = in_model(masks[lang], joint.model())
        for name, stays in mask.items():
            assert torch.equal(before[name][~stays], after[name][~stays])
        assert any((before[n][s] != after[n][s]).any() for n, s in mask.items())


def test_the_loss_is_that_of_the_masked_model(joint, masks, monkeypatch):
    """Of one that is masked by hand; the first step's, to float32."""
    tuned = choenni.fine_tune(joint, masks)
    model = joint.model(0).train()
    with torch.no_grad():
        for matrix, p in prunable(model).items():
            p.mul_(in_model(masks["en"], model)[matrix.name])
    (_, batch), _ = next(iter(sparse._steps(joint, 0, True)))
    torch.manual_seed(sparse.seeds.derive(0, "dropout"))
    loss = joint.task.loss(model, batch)[0].item()
    assert tuned.losses[0] == pytest.approx(loss, rel=1e-5)


def test_masks_of_ones_train_as_no_masks_in_turn_do(joint):
    plain = choenni.fine_tune(joint, in_turn=True)
    ones = choenni.fine_tune(joint, dict.fromkeys(LANGS))
    assert plain.losses == ones.losses
    assert plain.checkpoints[-1].digest == ones.checkpoints[-1].digest


def test_examples_are_mixed_where_no_masks_ask_for_turns(joint):
    mixed = list(sparse._steps(joint, 0, False))
    assert {lang for (lang, _), _ in mixed} == {""} and len(mixed) == RECIPE.steps
    assert choenni.fine_tune(joint).losses != choenni.fine_tune(joint, in_turn=True).losses


def test_dynamic_masks_follow_the_training(joint, monkeypatch):
    found, langs, tuned = states(joint, choenni.Dynamic(level=50, rounds=4), monkeypatch)
    ranked = [row["step"] for row in tuned.drift if row["lang"] == "ur"]
    assert ranked == [3, 6, 9]  # not after the last step: nothing is trained under it any more
    assert all(mask.level == 50 for mask in tuned.masks.values())
    assert 0 < tuned.drift[-1]["drift"] < 1 and 0 < tuned.drift[-1]["between"] < 1
    assert np.isnan(tuned.drift[0]["drift"] or np.nan)  # dense before
    for step in (9, 10, 11):  # the last masks are those of the last three steps
        mask = in_model(tuned.masks[langs[step]], joint.model())
        before, after = found[step], found[step + 1]
        assert all(torch.equal(before[n][~mask[n]], after[n][~mask[n]]) for n in before)
    assert langs[:3] == [*LANGS]


def test_the_control_of_moving_masks_is_drawn_again_as_often_and_as_large(joint, monkeypatch):
    """Dense as long, drawn at the same steps, and as many weights of every matrix stay as are
    ranked highest; but which ones is blind: languages share what chance gives masks of that shape.

    Of thousands of weights: to 2 points. Ranked masks share more than that.
    """
    own = choenni.fine_tune(joint, choenni.Dynamic(rounds=4))
    ranked, plain = [], sparse.random_like
    monkeypatch.setattr(
        sparse, "random_like", lambda mask, seed: ranked.append(mask) or plain(mask, seed)
    )
    drawn = choenni.fine_tune(joint, choenni.Dynamic(rounds=4, random=True))
    assert [row["step"] for row in drawn.drift] == [row["step"] for row in own.drift]
    assert drawn.losses[:3] == own.losses[:3] and drawn.losses[3] != own.losses[3]
    for like, mask in zip(ranked[-3:], drawn.masks.values(), strict=True):
        counts = [[int(np.bitwise_count(m.bits[p.name]).sum()) for p in m.matrices]
                  for m in (like, mask)]  # fmt: skip
        assert counts[0] == counts[1]
    masks = list(drawn.masks.values())
    chance = overlap_table(masks, 50)["expected"].mean()
    last = [row["between"] for row in drawn.drift[-3:]]
    assert last == pytest.approx([chance] * 3, abs=0.02)
    assert min(row["between"] for row in own.drift[-3:]) > chance + 0.02


def test_checkpoints_stand_for_the_steps_since_the_one_before(joint, masks):
    tuned = choenni.fine_tune(joint, masks, checkpoints=3)
    assert [c.step for c in tuned.checkpoints] == [4, 8, 12]
    rates = [RECIPE.rate(step) for step in range(8, 12)]
    assert tuned.checkpoints[-1].rate == pytest.approx(np.mean(rates)) and min(rates) > 0


def test_a_training_that_was_kept_is_read_and_not_run_again(joint, masks, tmp_path, monkeypatch):
    tuned = choenni.fine_tune(joint, masks, folder=tmp_path)
    monkeypatch.setattr(sparse, "fit", None)  # it would raise
    again = choenni.fine_tune(joint, masks, folder=tmp_path)
    assert [c.digest for c in again.checkpoints] == [c.digest for c in tuned.checkpoints]
    assert [c.rate for c in again.checkpoints] == [c.rate for c in tuned.checkpoints]


def test_a_checkpoint_of_another_run_is_refused_and_stays(joint, masks, tmp_path):
    choenni.fine_tune(joint, masks, folder=tmp_path)
    path = tmp_path / "step12.safetensors"
    before = path.read_bytes()
    with pytest.raises(UserError, match="another run"):
        choenni.fine_tune(joint, masks, seed=1, folder=tmp_path)
    with pytest.raises(UserError, match="another run"):
        choenni.fine_tune(joint, folder=tmp_path)
    assert path.read_bytes() == before
    path.write_bytes(before[:-4] + bytes(4))
    with pytest.raises(UserError, match="damaged"):
        choenni.fine_tune(joint, masks, folder=tmp_path)


def test_a_checkpoint_of_other_steps_is_another_runs(joint, masks, tmp_path):
    """Its rate is a mean over the steps since the one before, whose number decides it."""
    choenni.fine_tune(joint, masks, checkpoints=2, folder=tmp_path)
    with pytest.raises(UserError, match="another run"):
        choenni.fine_tune(joint, masks, checkpoints=3, folder=tmp_path)


def test_a_training_that_diverges_leaves_no_checkpoint(bert, masks, tmp_path):
    wild = dataclasses.replace(RECIPE, learning_rate=1e30)
    joint = choenni.join("ner", LANGS, encoder=bert, recipe=wild)
    with pytest.raises(UserError, match="diverged"):
        choenni.fine_tune(joint, masks, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_trained_is_refused_in_one_message(joint, masks):
    with pytest.raises(UserError, match="no mask for 'zh'"):
        choenni.fine_tune(joint, {lang: masks[lang] for lang in LANGS[:2]})
    with pytest.raises(UserError, match="expected 1 to 12"):
        choenni.fine_tune(joint, checkpoints=13)
    with pytest.raises(UserError, match="in_turn"):
        choenni.fine_tune(joint, masks, in_turn=False)
    with pytest.raises(UserError, match="1 to 99"):
        choenni.Dynamic(level=100)
    with pytest.raises(UserError, match="another encoder"):
        choenni.fine_tune(joint, {lang: {"x": torch.ones(2)} for lang in LANGS})
    two = joint.without("zh")
    assert two.langs == ("en", "ur") and set(two.train.langs) == {"en", "ur"}
