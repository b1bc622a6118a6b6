"""Influence: what TracIn says, in any sub-network, and that it says it at any cost alike."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
import toys

from lnlib.base.errors import UserError
from lnlib.masks.matrices import prunable
from lnlib.papers import choenni
from lnlib.papers.choenni.attribution.checkpoints import Checkpoint
from lnlib.papers.choenni.attribution.gradients import Gradients, collate
from lnlib.papers.choenni.attribution.influence import Attribution
from lnlib.papers.choenni.attribution.shares import (
    most_influential,
    null,
    of_label,
    translated,
    translated_by_label,
)
from lnlib.papers.choenni.attribution.sketch import CountSketch
from lnlib.papers.choenni.subnetworks.masks import in_model
from lnlib.pruning import controls

LANGS = ("en", "ur", "zh")


@pytest.fixture(scope="module")
def joint(bert):
    return choenni.join("ner", LANGS, encoder=bert, recipe=toys.RECIPE)


@pytest.fixture(scope="module")
def checkpoints(joint):
    model = joint.model(0)
    first = Checkpoint.of(model, 1, 1e-3, "toy")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.9)
    return [first, Checkpoint.of(model, 2, 5e-4, "toy")]


@pytest.fixture(scope="module")
def samples(joint):
    return {"train": joint.sample("train", 5), "test": joint.sample("validation", 3)}


@pytest.fixture(scope="module")
def masks(bert):
    """The full model and two masks that differ."""
    drawn = {f"random {s}": controls.random(bert, (50,), s).packed(50) for s in (0, 1)}
    return {"full": None, **drawn}


def by_hand(joint, model, sample):
    """(N, W) gradients, one example at a time."""
    weights, rows = list(prunable(model).values()), []
    for number in sample.index:
        batch = collate(joint.task, sample.data, np.array([number]), joint.tokenizer, 0)
        found = torch.autograd.grad(joint.task.loss(model, batch)[0], weights)
        rows.append(torch.cat([g.flatten() for g in found]))
    return torch.stack(rows)


def flat(subnetwork, model):
    return torch.cat([part.flatten() for part in in_model(subnetwork, model).values()]).float()


def close(found, wanted, most=1e-4):
    return np.allclose(found, wanted, rtol=most, atol=most * np.abs(wanted).max())


def test_both_measures_are_the_sums_over_checkpoints_done_by_hand(
    joint, checkpoints, samples, masks
):
    """To 1e-4 of the largest: float32 products of 4,000 weights, summed in another order."""
    found = choenni.influence(checkpoints, joint, masks, **samples)
    for name, subnetwork in masks.items():
        cosine, dot = 0, 0
        for checkpoint in checkpoints:
            model = checkpoint.put_on(joint.model())
            kept = flat(subnetwork, model)
            a, b = (by_hand(joint, model, samples[s]) * kept for s in ("train", "test"))
            dot += checkpoint.rate * (a @ b.T).numpy()
            a, b = (torch.nn.functional.normalize(g) for g in (a, b))
            cosine += (a @ b.T).numpy() / 2
        assert close(found.scores(name), cosine)
        assert close(found.scores(name, "dot"), dot)


def test_a_step_on_one_example_changes_anothers_loss_by_the_product(joint, samples):
    """Within 5 %: what a step of size e changes beyond e times the product is of order e squared.

    Only the prunable matrices take the step: the product is over these. In float64, as the change
    is a difference of two losses that are alike.
    """
    model = joint.model(0).double().eval()
    train, test, step = samples["train"], samples["test"], 1e-6
    weights = list(prunable(model).values())

    def loss(sample, place):
        index = sample.index[[place]]
        batch = collate(joint.task, sample.data, index, joint.tokenizer, 0)
        return joint.task.loss(model, batch)[0]

    checkpoint = Checkpoint.of(joint.model(0), 1, 1.0, "toy")
    wanted = choenni.influence([checkpoint], joint, train=train, test=test).scores("full", "dot")
    for z, other in ((0, 0), (3, 4), (9, 1)):
        gradient = torch.autograd.grad(loss(train, z), weights)
        with torch.no_grad():
            before = cross_entropy_double(joint, model, test, other)
            for weight, g in zip(weights, gradient, strict=True):
                weight -= step * g
            after = cross_entropy_double(joint, model, test, other)
            for weight, g in zip(weights, gradient, strict=True):
                weight += step * g
        assert after - before == pytest.approx(-step * wanted[z, other], rel=0.05)


def cross_entropy_double(joint, model, sample, place):
    """The loss in float64: the task's own turns logits into float32."""
    index = sample.index[[place]]
    batch = collate(joint.task, sample.data, index, joint.tokenizer, 0)
    logits = model(**batch.inputs).logits.flatten(0, 1)
    return float(torch.nn.functional.cross_entropy(logits, batch.labels.flatten()))


def test_a_languages_column_is_the_mean_of_its_examples_columns(joint, checkpoints, samples, masks):
    single = choenni.influence(checkpoints, joint, masks, **samples)
    means = choenni.influence(
        checkpoints, joint, masks, settings=Attribution(columns="languages"), **samples
    )
    for name in masks:
        for measure in ("cosine", "dot"):
            for checkpoint in (0, 1, 2):
                a, b = (f.matrix(name, measure, checkpoint) for f in (single, means))
                assert close(a.to_numpy(), b.to_numpy())


def test_a_mask_of_ones_changes_nothing(joint, checkpoints, samples):
    ones = in_model(None, joint.model())
    for view in ("coordinates", "applied"):
        found = choenni.influence(
            checkpoints, joint, {"full": None, "ones": ones}, settings=Attribution(view), **samples
        )
        assert np.array_equal(found.scores("full"), found.scores("ones"))
        assert found.masks["ones"] == found.masks["full"] == ""


def test_an_applied_mask_takes_the_gradients_of_the_masked_model(joint, checkpoints, samples,
                                                                 masks):  # fmt: skip
    found = choenni.influence(
        checkpoints[:1], joint, masks, settings=Attribution("applied"), **samples
    )
    model = checkpoints[0].put_on(joint.model())
    kept = in_model(masks["random 1"], model)
    with torch.no_grad():
        for matrix, weight in prunable(model).items():
            weight.mul_(kept[matrix.name])
    a, b = (by_hand(joint, model, samples[s]) for s in ("train", "test"))
    a, b = (torch.nn.functional.normalize(g * flat(kept, model)) for g in (a, b))
    assert close(found.scores("random 1"), (a @ b.T).numpy())


def test_many_masks_in_one_pass_are_those_of_a_pass_each(joint, checkpoints, samples, masks):
    together = choenni.influence(checkpoints, joint, masks, **samples)
    for name, mask in masks.items():
        alone = choenni.influence(checkpoints, joint, {name: mask}, **samples)
        assert close(together.scores(name), alone.scores(name), 1e-6)


@pytest.mark.parametrize("settings", [{}, {"columns": "languages"}, {"sketch": 512},
                                      {"view": "applied"}], ids=str)  # fmt: skip
def test_a_sub_network_asked_about_one_language_says_of_it_what_it_says_of_all(
    joint, checkpoints, samples, masks, settings
):
    """And of the others nothing: no number, no share, no list that could be read as an answer."""
    settings = Attribution(**settings)
    whole = choenni.influence(checkpoints, joint, masks, settings=settings, **samples)
    only = {"random 0": "ur", "random 1": "zh"}
    part = choenni.influence(checkpoints, joint, masks, only=only, settings=settings, **samples)
    assert close(part.scores(), whole.scores(), 1e-6)  # the full model is asked about all
    names = np.array(LANGS) if settings.columns == "languages" else samples["test"].langs
    for name, lang in only.items():
        found, all_of_it = part.scores(name), whole.scores(name)
        assert close(found[:, names == lang], all_of_it[:, names == lang], 1e-6)
        assert np.isnan(found[:, names != lang]).all()
        rows = pd.DataFrame(part.rows(name, 5))
        assert set(rows["test_lang"]) == {lang, ""}  # "": norms, which have no test example
        if settings.columns == "examples":
            assert set(part.shares(name, 5)["test_lang"]) == {lang}
            assert list(part.gain(name, ["full"], 5).index) == [lang]
            with pytest.raises(UserError, match=f"unknown language for {name!r} 'en'.*{lang}"):
                part.top(0, 5, name)


def test_shards_of_one_language_are_not_read_as_those_of_all(joint, checkpoints, samples, tmp_path):
    for only in ({"full": "ur"}, None, {"full": "zh"}):
        found = choenni.influence(checkpoints, joint, only=only, folder=tmp_path, **samples)
        fresh = choenni.influence(checkpoints, joint, only=only, **samples)
        assert np.array_equal(found.scores(), fresh.scores(), equal_nan=True)


# ---- sketch ----------------------------------------------------------------------------------


def test_products_of_sketches_are_unbiased_for_every_shape():
    """The mean of 400 draws within four standard errors of the product, shape by shape, masked."""
    generator = torch.Generator().manual_seed(0)
    for shape in ((16, 16), (32, 16), (16, 32)):
        size = shape[0] * shape[1]
        g, other = torch.randn(2, size, generator=generator)
        kept = (torch.rand(size, generator=generator) < 0.5).float()
        drawn = []
        for seed in range(400):
            sketch = CountSketch({"w": shape}, 32, seed)
            one, two = (sketch("w", row[None]) for row in (g, other * kept))
            drawn.append(float(one @ two.T))
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert abs(np.mean(drawn) - float(g @ (other * kept))) < 4 * error


@pytest.mark.parametrize("columns", ["examples", "languages"])
def test_sketched_influence_is_near_the_exact_one(joint, checkpoints, samples, masks, columns):
    """A cosine's error is about 1 / sqrt(4096) = 0.016, 0.022 under half a mask: within 0.04."""
    settings = Attribution(columns=columns, batch=8)
    exact = choenni.influence(checkpoints, joint, masks, settings=settings, **samples)
    settings = dataclasses.replace(settings, sketch=4096)
    near = choenni.influence(checkpoints, joint, masks, settings=settings, **samples)
    for name in masks:
        assert np.abs(near.scores(name) - exact.scores(name)).mean() < 0.04
        assert not np.array_equal(near.scores(name), exact.scores(name))


# ---- shards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("view", ["coordinates", "applied"])
def test_an_interrupted_run_goes_on_at_the_next_shard_to_the_same_numbers(
    joint, checkpoints, samples, masks, tmp_path, view
):
    settings = Attribution(view, shard=4, batch=4)
    whole = choenni.influence(checkpoints, joint, masks, settings=settings, **samples)

    def stop(done, _all):
        if done == 3:
            raise KeyboardInterrupt

    arguments = {**samples, "settings": settings, "folder": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        choenni.influence(checkpoints, joint, masks, progress=stop, **arguments)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(written) == 3
    resumed = choenni.influence(checkpoints, joint, masks, **arguments)
    assert all(path.stat().st_mtime_ns == at for path, at in written.items())
    for name in whole.values:
        assert np.array_equal(whole.values[name], resumed.values[name])


def test_a_damaged_shard_is_computed_again(joint, checkpoints, samples, tmp_path):
    arguments = {**samples, "folder": tmp_path}
    before = choenni.influence(checkpoints, joint, **arguments).scores()
    path = sorted(tmp_path.glob("*.safetensors"))[0]
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    assert np.array_equal(choenni.influence(checkpoints, joint, **arguments).scores(), before)


def test_shards_of_another_question_are_not_read(joint, checkpoints, samples, masks, tmp_path):
    choenni.influence(checkpoints, joint, masks, folder=tmp_path, **samples)
    other = {"full": masks["random 0"], "random 0": masks["random 1"], "random 1": None}
    found = choenni.influence(checkpoints, joint, other, folder=tmp_path, **samples)
    fresh = choenni.influence(checkpoints, joint, other, **samples)
    assert np.array_equal(found.scores("full"), fresh.scores("full"))


# ---- what is refused -------------------------------------------------------------------------


def test_what_cannot_be_asked_is_refused_in_one_message(joint, checkpoints, samples, bert):
    def ask(*args, **more):
        return choenni.influence(*args, **{**samples, **more})

    still = dataclasses.replace(checkpoints[1], rate=0.0)
    with pytest.raises(UserError, match="rate 0"):
        ask([checkpoints[0], still], joint)
    ask([checkpoints[0], still], joint, settings=Attribution(measures=("cosine",)))
    with pytest.raises(UserError, match="different trainings"):
        ask([checkpoints[0], dataclasses.replace(still, made_with="x", rate=1.0)], joint)
    with pytest.raises(UserError, match="another encoder"):
        ask(checkpoints, joint, {"odd": {"no.weight": torch.ones(2, 2)}})
    with pytest.raises(UserError, match="keeps no weight"):
        none = {n: torch.zeros_like(p) for n, p in in_model(None, joint.model()).items()}
        ask(checkpoints, joint, {"none": none})
    with pytest.raises(UserError, match=r"unknown sub-network 'fall'.*'full'"):
        ask(checkpoints, joint, only={"fall": "ur"})
    with pytest.raises(UserError, match="unknown language 'fa'"):
        ask(checkpoints, joint, only={"full": "fa"})
    with pytest.raises(UserError, match="of other data"):
        two = joint.without("zh")
        ask(checkpoints, joint, test=two.sample("validation", 2))
    with pytest.raises(UserError, match="expected a mask, as ticket"):
        ask(checkpoints, joint, {"ticket": controls.random(bert, (50,), 0)})
    with pytest.raises(UserError, match="expected 1 to 15"):
        ask(checkpoints, joint).top(0, 16)
    with pytest.raises(UserError, match="did you mean 'applied'"):
        Attribution(view="aplied")
    with pytest.raises(UserError, match="takes two or more"):
        choenni.join("ner", ["ur"], encoder=bert)
    with pytest.raises(UserError, match="no data in 'fa'"):
        choenni.join("xnli", "en,fa", encoder=bert)
    with pytest.raises(UserError, match="there are 24"):
        joint.sample("train", 20, skip=5)


# ---- what is read off ------------------------------------------------------------------------


def test_shares_add_up_and_the_null_is_the_languages_part(joint, checkpoints, samples):
    """Permuted languages have a third each; the mean of 1,000 draws is within one point of it."""
    found = choenni.influence(checkpoints, joint, **samples)
    shares = found.shares(top=5)
    assert np.allclose(shares[list(LANGS)].sum(axis=1), 100)
    own = found.own_share(top=5)
    assert (own["null_low"] <= 100 / 3).all() and (own["null_high"] >= 100 / 3).all()
    best = found._best("full", 5, 0)
    drawn = null(best, found.train.langs, "ur")
    assert abs(drawn.mean() - 100 / 3) < 1
    assert own.loc["ur", "value"] == pytest.approx(
        shares.loc[shares["test_lang"] == "ur", "ur"].mean()
    )


def test_a_gain_is_the_difference_of_own_shares(joint, checkpoints, samples, masks):
    found = choenni.influence(checkpoints, joint, masks, **samples)
    names = "random 0", "full", "random 1"
    gain = found.gain(names[0], names[1:], top=5)
    own, full, other = (found.own_share(n, top=5)["value"] for n in names)
    assert np.allclose(gain["value"], own - (full + other) / 2)
    assert (gain["low"] <= gain["value"]).all() and (gain["value"] <= gain["high"]).all()
    assert (found.gain("full", ["full"], top=5)[["value", "low", "high"]] == 0).all().all()


def test_an_example_without_influence_has_no_share():
    with pytest.raises(UserError, match="test example 1 more than another"):
        most_influential(np.array([[1.0, 0.0], [0.5, 0.0]]), 1)


def test_translations_are_found_where_they_were_put():
    """Number 1 and 2 of 4 count most in the own language and, in the first column, abroad."""
    langs, numbers = np.repeat(["en", "ur", "zh"], 4), np.tile(np.arange(4), 3)
    values = np.zeros((12, 2))
    values[[1, 2]] = 1  # en
    values[[5, 10], 0] = 1  # ur 1, zh 2
    values[[4, 10], 1] = 1  # ur 0, zh 2
    assert translated(values, langs, numbers, "en", 2).tolist() == [100, 50]
    with pytest.raises(UserError, match="top 5"):
        translated(values, langs, numbers, "en", 5)


def test_translations_by_label_are_those_that_random_ones_of_the_label_give():
    """Of four examples the first two have one label, and foreign ones that count have it.

    One of the own two counts. A foreign one of that label translates it in half of the draws: the
    standard error over 1,000 draws is 1.6 points, the tolerance three of them. Of the other label
    none does.
    """
    langs, numbers = np.repeat(["en", "ur", "zh"], 4), np.tile(np.arange(4), 3)
    labels = np.tile([0, 0, 1, 1], 3)
    values = np.zeros((12, 2))
    values[0] = 1  # en 0
    values[[4, 8], 0] = 1  # ur 0, zh 0: translations, which draws forget
    values[[6, 10], 1] = 1  # ur 2, zh 2: of the other label
    assert translated(values[:, :1], langs, numbers, "en", 1).tolist() == [100]
    drawn = translated_by_label(values[:, :1], langs, numbers, labels, "en", 1)
    assert drawn.shape == (1000,) and abs(drawn.mean() - 50) < 4.8
    assert (translated_by_label(values[:, 1:], langs, numbers, labels, "en", 1) == 0).all()


def test_shares_of_a_label_count_its_training_examples_alone():
    values = np.array([[9.0, 0.0], [8.0, 1.0], [1.0, 9.0], [2.0, 8.0]])
    train, test = np.array([0, 1, 0, 1]), np.array([0, 1])
    assert of_label(values, train, test, 1).tolist() == [[0], [3]]
    assert of_label(values, train, test, 2).tolist() == [[0, 2], [3, 1]]
    with pytest.raises(UserError, match="top 3"):
        of_label(values, train, test, 3)


def test_languages_permuted_within_a_label_keep_how_many_of_it_are_in_each():
    """All examples of label 0 are English, so its share among them cannot be otherwise."""
    langs, labels = np.array(["en", "en", "en", "ur"]), np.array([0, 0, 1, 1])
    best = np.array([[0, 1]])
    assert (null(best, langs, "en", labels=labels) == 100).all()
    assert (null(best, langs, "en") < 100).any()


def test_parallel_data_are_told_from_others(bert, joint):
    assert choenni.join("xnli", "en,ur", encoder=bert, recipe=toys.RECIPE).parallel
    assert not joint.parallel  # a label a word


def test_the_top_examples_are_named_by_their_number_in_their_own_language(
    joint, checkpoints, samples
):
    found = choenni.influence(checkpoints, joint, **samples)
    top = found.top(4, 6)
    assert top["influence"].is_monotonic_decreasing and len(top) == 6
    assert top["influence"].iloc[0] == pytest.approx(found.scores()[:, 4].max())
    assert set(top["lang"]) <= set(LANGS) and top["number"].max() < 5
    best = top.iloc[0]
    words, data = joint.example(best["lang"], best["number"])["tokens"], joint.train.data
    place = samples["train"].index[found.scores()[:, 4].argmax()]
    ids = data.ids[data.offsets[place] : data.offsets[place + 1]]
    alone = joint.tokenizer(words, is_split_into_words=True, truncation=True, max_length=48)
    assert ids.tolist() == alone["input_ids"]
    with pytest.raises(UserError, match="there is none"):
        joint.example("ur", 24)


def test_five_lines_give_gradients_a_matrix_and_the_top_examples(bert):
    from lnlib.papers import choenni

    joint = choenni.join("ner", "en,ur,zh", encoder=bert, recipe=toys.RECIPE)
    tuned = choenni.fine_tune(joint, checkpoints=2)
    found = choenni.influence(tuned.checkpoints, joint, test=joint.sample("validation", 2))
    assert found.matrix().shape == (3, 3) and len(found.top(0, 5)) == 5
    assert choenni.Gradients(tuned.model(joint)).size == Gradients(joint.model()).size
