"""What paper 2's tables hold, and what the claims say of made-up ones."""

import dataclasses
import itertools

import pandas as pd
import pytest
import toys

from lnlib import __main__ as door
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.masks.ticket import Ticket
from lnlib.papers import choenni
from lnlib.papers.choenni import commands, figures, tables
from lnlib.papers.choenni.analysis.claims import CLAIMS, verdicts
from lnlib.papers.choenni.analysis.left_out import agreement_of_seeds
from lnlib.papers.choenni.analysis.measures import KINDS, MEASURES, own_share
from lnlib.papers.choenni.analysis.under_masks import HEADS, composed, under_masks
from lnlib.papers.choenni.experiments import Experiment
from lnlib.papers.choenni.scales import SCALES, SETTINGS, Settings
from lnlib.papers.choenni.tables import Tables
from lnlib.pruning import controls
from lnlib.results.places import Places
from lnlib.results.table import of_file

LANGS = ("ar", "en", "fa", "ur", "zh")


def influence(*, own=5.0, random=-5.0, other=0.0, last=-10.0, tuned=-10.0):
    """Shares around 60: of own masks `own` more, and so on; at the last checkpoint `last` more."""
    rows = []

    def row(model, kind, view, lang, value, mask_lang="", seed=0, checkpoint=0, **more):
        spread = LANGS.index(lang) / 10 + seed / 100  # languages differ a little
        rows.append({
            "task": "ner", "model": model, "kind": kind, "view": view, "train_lang": lang,
            "test_lang": lang, "mask_lang": mask_lang, "seed": seed, "checkpoint": checkpoint,
            "measure": "share", "value": 60 + value * (1 + spread), "low": 58 + value,
            "high": 62 + value, **more,
        })  # fmt: skip

    for seed, lang in itertools.product(range(2), LANGS):
        row("full", "full", "coordinates", lang, 0, seed=seed)
        row("full", "full", "coordinates", lang, 0, seed=seed, checkpoint=1)
        row("full", "full", "coordinates", lang, last, seed=seed, checkpoint=2)
        for kind in KINDS:
            row("full", kind, "coordinates", lang, own, lang, seed)
            row("full", f"random {kind}", "coordinates", lang, random, lang, seed)
            for code in LANGS:
                if code != lang:
                    row("full", kind, "coordinates", lang, other, code, seed)
        for model, change in (("full", 0.0), ("static", tuned), ("random", 2 * tuned)):
            kind = "random fisher" if model == "random" else "fisher"
            row(model, "full", "applied", lang, 0, seed=seed)
            row(model, kind, "applied", lang, change, lang, seed)
    for seed, (k, lang) in itertools.product(range(3), itertools.product(LANGS, LANGS)):
        row("full", "full", "coordinates", lang, LANGS.index(k), seed=seed)
        rows[-1] |= {"measure": "cosine", "train_lang": k}
    return pd.DataFrame(rows).reindex(columns=tables.INFLUENCE.columns)


def value(measure, **more):
    found = Tables("demo", influence(**more))
    return MEASURES[measure].of(found, "ner")


def test_every_claim_has_a_measure_and_every_number_from_1_to_11_a_claim():
    assert {claim.measure for claim in CLAIMS} <= set(MEASURES)
    assert {claim.id for claim in CLAIMS} == set(range(1, 12))


@pytest.mark.parametrize("kind", KINDS)
def test_measures_are_the_differences_they_name(kind):
    """Values were put in; languages' spread adds up to 41 % to a difference."""
    assert value(f"own_over_full_{kind}", own=5).between(5, 7.1).all()
    assert value(f"own_over_random_{kind}", own=5, random=-5).between(10, 14.1).all()
    assert value(f"own_over_other_{kind}", own=5, other=5).abs().max() < 1e-9
    assert list(value(f"own_over_full_{kind}").index) == list(LANGS)


def test_the_share_falls_by_what_it_falls_from_first_to_last():
    assert value("fall_over_training", last=-10).between(10, 14.1).all()
    assert (value("own_share_over_chance") == 40).all()


def test_sparse_fine_tuning_is_counted_by_language():
    assert (value("specialisation_not_raised", tuned=-10) == 100).all()
    assert (value("specialisation_not_raised", tuned=10) == 0).all()
    assert (value("sharing_raised", tuned=-10) == 100).all()
    assert (value("sharing_raised", tuned=-3) == 0).all()  # the intervals touch
    # A mask put on the full model raises the share by damage: that it falls again is no sharing.
    damaged = influence(tuned=-3)
    put_on = (damaged["model"] == "full") & (damaged["kind"] == "fisher")
    damaged.loc[put_on & (damaged["view"] == "applied"), ["value", "low", "high"]] += 30
    found = MEASURES["sharing_raised"].of(Tables("demo", damaged), "ner")
    assert (found == 0).all()
    assert (value("sharing_over_random", tuned=-10) < 0).all()


def test_leaving_out_correlates_with_influence_where_it_was_put_in():
    losses = [
        {"task": "ner", "seed": seed, "left_out": k, "test_lang": lang,
         "loss": 1 + (0.1 * LANGS.index(k) if k else 0)}
        for seed in range(3) for k in ("", *LANGS) for lang in LANGS
    ]  # fmt: skip
    made = Tables("demo", influence(), left_out=pd.DataFrame(losses))
    found = MEASURES["left_out_correlation"].of(made, "ner")
    assert len(found) == 3 and (found > 0.9).all()


def test_seeds_agree_where_they_say_the_same():
    pairs = pd.DataFrame([
        {"seed": seed, "train_lang": k, "test_lang": lang, "influence": place,
         "rise": place * (-1) ** seed}
        for seed in range(2) for place, (k, lang) in enumerate(itertools.product(LANGS, LANGS))
    ])  # fmt: skip
    assert agreement_of_seeds(pairs, "influence") == pytest.approx(1)
    assert agreement_of_seeds(pairs, "rise") == pytest.approx(-1)
    assert pd.isna(agreement_of_seeds(pairs[pairs["seed"] == 0], "rise"))  # with whom?


def test_a_mask_is_compared_with_the_whole_model_of_its_own_seeds():
    """Seeds differ by more than masks do."""
    rows = influence()
    rows = rows[~((rows["kind"] == "heads") & (rows["seed"] == 1))]
    found = figures.own_shares(Tables("demo", rows), "ner", "heads")
    assert found.index.get_level_values("seed").unique().tolist() == [0]
    whole = figures.own_shares(Tables("demo", rows), "ner", "none")  # of masks never asked about
    assert whole.index.get_level_values("seed").unique().tolist() == [0, 1]


def test_rows_of_one_run_are_told_from_anothers():
    rows = influence().assign(data=lambda table: table["seed"].map({0: "aa", 1: "bb", 2: "bb"}))
    found = Tables("demo", rows).of("bb", 1)
    assert len(found.influence) and set(found.influence["seed"]) == {1}
    assert found.modular.empty and Tables("demo", rows).of("aa", 1).influence.empty


def test_what_is_put_together_is_named_by_the_two():
    rows = [
        {"task": "ner", "model": "full", "kind": kind, "mask_lang": mask, "test_lang": "ar",
         "seed": 0, "value": score}
        for kind, mask, score in (
            ("heads", "ar", 80.0), ("heads", "zh", 70.0), ("union heads", "ar+zh", 82.0),
            ("intersection heads", "ar+zh", 60.0), ("random union heads", "ar+zh", 75.0),
            ("fisher", "ar", 50.0),
        )
    ]  # fmt: skip
    found = composed(Tables("demo", modular=pd.DataFrame(rows)), "ner")
    assert found.loc[HEADS].tolist() == [80, 70, 82, 60, 75]
    assert list(found.index) == [HEADS]  # no two of the other masks were put together


def test_a_union_is_compared_with_the_better_of_its_two():
    rows = [
        {"task": "ner", "model": "full", "kind": kind, "mask_lang": mask, "test_lang": lang,
         "seed": 0, "value": score}
        for kind, mask, lang, score in (
            ("heads", "ar", "ar", 80.0), ("heads", "zh", "ar", 70.0), ("heads", "ar", "zh", 60.0),
            ("heads", "zh", "zh", 65.0), ("union heads", "ar+zh", "ar", 82.0),
            ("union heads", "ar+zh", "zh", 64.0),
        )
    ]  # fmt: skip
    made = Tables("demo", modular=pd.DataFrame(rows))
    assert MEASURES["union_over_single"].of(made, "ner").to_dict() == {"ar": 2.0, "zh": -1.0}


def test_a_union_is_compared_with_random_heads_of_its_shape():
    rows = [
        {"task": "ner", "model": "full", "kind": kind, "mask_lang": "ar+zh", "mask_seed": seed,
         "test_lang": lang, "seed": 0, "value": score}
        for kind, seed, lang, score in (
            ("union heads", None, "ar", 80.0), ("union heads", None, "zh", 90.0),
            ("random union heads", 0, "ar", 70.0), ("random union heads", 1, "ar", 60.0),
            ("random union heads", 0, "zh", 95.0),
        )
    ]  # fmt: skip
    made = Tables("demo", modular=pd.DataFrame(rows))
    assert MEASURES["union_over_random"].of(made, "ner").to_dict() == {"ar": 15.0, "zh": -5.0}


def test_without_tables_no_claim_is_judged():
    found = verdicts(Tables("demo"))
    assert set(found["verdict"]) == {"not run"}
    assert tuple(sorted(found.columns)) == tuple(sorted(tables.VERDICTS.columns))
    keys = [claim.measure for claim in CLAIMS for _ in claim.tasks]
    assert not found.duplicated(list(tables.VERDICTS.key)).any() and len(found) == len(keys)


def test_verdicts_follow_from_the_values():
    found = verdicts(Tables("demo", influence(own=5, other=5)), only=[1, 3, 5])
    ner = found[found["task"] == "ner"].set_index("measure")["verdict"]
    assert ner["own_share_over_chance"] == ner["own_over_full_heads"] == "agrees"
    assert ner["own_over_other_heads"] == "differs"


# ---- a whole experiment ------------------------------------------------------------------------


RECIPE = dataclasses.replace(toys.RECIPE, steps=6)
SMALL = Settings(checkpoints=2, train=6, test=3, top=5, mask_examples=4, mask_seeds=2)


@pytest.fixture(scope="module")
def joint(bert):
    return choenni.join("ner", ("en", "ur", "zh"), encoder=bert, recipe=RECIPE)


@pytest.fixture(scope="module")
def made(joint, tmp_path_factory):
    """A whole experiment on a toy, and the tables that it left."""
    home = tmp_path_factory.mktemp("choenni")
    experiment = Experiment(joint, SMALL, 0, home / "runs", home / "results")
    experiment.attribute(("fisher", "heads", "ticket"))
    experiment.sparse()
    experiment.leave_out()
    return home, Tables.read(home / "results" / "choenni" / "demo")


def test_an_experiment_fills_all_that_the_claims_read(made):
    _, found = made
    for claim in CLAIMS:
        if claim.id != 9:  # translations need parallel training examples
            values = MEASURES[claim.measure].of(found, "ner")
            assert len(values) == (1 if claim.id == 11 else 3), claim.measure
            assert values.notna().all(), claim.measure
    models = set(found.modular["model"])
    assert models == {"full", "static", "random", "dynamic", "redrawn"}
    assert set(found.left_out["left_out"]) == {"", "en", "ur", "zh"}


def test_masks_that_came_out_of_a_training_are_compared_as_those_that_were_found(made):
    """Own and other languages' masks differ by what they do not share, however they came to be."""
    found = tables.MASKS.read(made[0] / "results" / "choenni" / "demo")
    pairs = found.groupby(["model", "kind"]).size()
    assert set(pairs.index) == {("full", "fisher"), ("full", "heads"), ("full", "ticket"),
                                ("dynamic", "dynamic"), ("redrawn", "redrawn")}  # fmt: skip
    assert (pairs == 3).all()  # of three languages
    drawn = found[found["model"] == "redrawn"]
    assert (drawn["jaccard"] - drawn["expected"]).abs().max() < 0.05  # thousands of weights
    assert (found["density_a"] < 1).sum() > 9


def test_an_experiment_that_is_run_again_gives_the_same_rows(made, joint, monkeypatch):
    """From what it kept: no training of the full model and no gradient is made again."""
    from lnlib.papers.choenni.attribution.gradients import Gradients

    home, before = made
    monkeypatch.setattr(Gradients, "each", None)
    again = Experiment(joint, SMALL, 0, home / "runs", home / "results")
    again.attribute(("fisher",))
    after = Tables.read(home / "results" / "choenni" / "demo")
    pd.testing.assert_frame_equal(after.influence, before.influence)


def tickets(bert, folder, levels=(10, 50)):
    """What `find_ticket` leaves, without its trainings: a ticket a language."""
    for seed, lang in enumerate(("en", "ur", "zh")):
        ticket = controls.random(bert, levels, seed)
        ticket.save(Places.of(folder, "foroutan", "demo").ticket("ner", lang, 0))
    return folder / "foroutan" / "demo"


def test_tickets_that_were_found_before_are_masks_as_they_are(joint, bert, tmp_path):
    """At the scale's level, in tables and in trainings under masks, under names of their own."""
    given = tickets(bert, tmp_path, (10, 50, 90))
    run = Experiment(joint, SMALL, 0, tmp_path, tmp_path, given)
    own = run.own("ticket")
    for seed, mask in enumerate(own):
        assert mask.mask.digest == controls.random(bert, (50,), seed).packed(50).digest
    run.attribute(("ticket",))
    run.sparse(("static", "random"), "ticket")
    found = Tables.read(tmp_path / "choenni" / "demo")
    assert {"static ticket", "random ticket"} == set(found.modular["model"])
    assert {m.mask.digest for m in own} <= set(found.influence["mask"]) & set(found.modular["mask"])
    put_on = under_masks(found, "ner", "ticket").groupby(["model", "put_on"])["score"].mean()
    assert put_on.loc[["static ticket", "random ticket"]].notna().all()
    assert MEASURES["score_over_random"].of(found, "ner").dropna().empty  # claims are of others


def test_tickets_that_cannot_be_masks_are_refused_before_anything_is_trained(joint, bert, tmp_path):
    other = load_encoder(toys.save_encoder(tmp_path / "encoder", seed=1))

    def asked(folder):
        return Experiment(joint, SMALL, 0, tmp_path / "runs", tmp_path, folder)

    for verb in ("influence --kinds fisher,heads", "sparse --kind saliency"):
        with pytest.raises(UserError, match="were asked for: add ticket"):
            door.main(["choenni", *verb.split(), "--tickets", str(tmp_path)])
    with pytest.raises(UserError, match=r"no ticket at .*seed0"):
        asked(tmp_path)
    with pytest.raises(UserError, match="no mask at 50 % sparsity: this ticket has 10, 30"):
        asked(tickets(bert, tmp_path / "thin", (10, 30)))
    with pytest.raises(UserError, match="this ticket was found in"):
        asked(tickets(other, tmp_path / "other"))
    assert not (tmp_path / "runs").exists()


def test_a_run_keeps_to_the_tickets_it_began_with(joint, bert, tmp_path):
    given = tickets(bert, tmp_path)
    Experiment(joint, SMALL, 0, tmp_path, tmp_path, given).own("ticket")
    controls.random(bert, (10, 50), 7).save(given / "ner" / "en" / "seed0" / "ticket.safetensors")
    with pytest.raises(UserError, match="ticket of 'en' is another one"):
        Experiment(joint, SMALL, 0, tmp_path, tmp_path, given).own("ticket")
    with pytest.raises(UserError, match="another search"):
        Experiment(joint, SMALL, 0, tmp_path, tmp_path).own("ticket")


def test_a_search_that_was_stopped_goes_on_to_the_same_mask(made, joint, tmp_path):
    """Its file is there from the first round on, and was once taken for the whole."""
    whole = Experiment(joint, SMALL, 0, made[0] / "runs", tmp_path)
    again = Experiment(joint, SMALL, 0, tmp_path, tmp_path)
    last = again.tuned().checkpoints[-1].digest
    (kept,) = whole.home.glob(f"masks-{last}/ticket-en.safetensors")
    Ticket.load(kept).cut(2).save(again.home / f"masks-{last}" / kept.name)
    digests = [[mask.mask.digest for mask in run.own("ticket")] for run in (whole, again)]
    assert digests[0] == digests[1]


def test_tables_keep_intervals_and_nulls_beside_shares(made):
    rows = made[1].influence
    shares = rows[rows["measure"] == "share"]
    assert shares[["low", "high", "null_low", "null_high"]].notna().all().all()
    assert (shares["low"] <= shares["value"]).all() and (shares["value"] <= shares["high"]).all()
    drawn = rows[rows["kind"] == "random fisher"]
    assert (drawn["mask_lang"] == drawn["test_lang"]).all() and drawn["mask_seed"].nunique() > 1


def test_translations_are_measured_where_examples_are_parallel(bert, tmp_path):
    parallel = choenni.join("xnli", "en,ur,zh", encoder=bert, recipe=RECIPE)
    Experiment(parallel, SMALL, 0, tmp_path / "runs", tmp_path).attribute(("fisher",))
    found = Tables.read(tmp_path / "choenni" / "demo")
    values = MEASURES["translations"].of(found, "xnli")
    assert len(values) == 3 and values.between(0, 100).all()
    rows = found.influence[found.influence["measure"] == "translations"]
    assert (rows["null_low"] <= rows["null_high"]).all()
    assert (rows["null_low"] < rows["null_high"]).any()  # six examples leave little to permute
    over = MEASURES["translations_over_label"].of(found, "xnli")
    last = rows[rows["checkpoint"] == 0].set_index("test_lang")
    expected = last["value"] - last[["null_low", "null_high"]].mean(axis=1)
    assert over.to_dict() == pytest.approx(expected.to_dict())
    of_label = own_share(found, "xnli", "full", "fisher", "coordinates", measure="share_of_label")
    assert len(of_label) == 3 and of_label.between(0, 100).all()


def test_a_table_is_sealed_by_its_name(made):
    home = made[0] / "results" / "choenni" / "demo"
    of_file(tables.TABLES, home / "influence.csv").seal(home)
    with pytest.raises(UserError, match=r"no table is called 'other\.csv'"):
        of_file(tables.TABLES, home / "other.csv")


def test_scales_hold_what_their_settings_ask_for():
    for name, scale in SCALES.items():
        own = SETTINGS[name]
        for recipe in scale.recipes.values():
            assert own.train + own.mask_examples <= recipe.train_examples
            assert own.test <= recipe.validation_examples
            assert own.checkpoints <= recipe.steps


def test_the_command_line_has_the_verbs():
    names = {command.name for command in commands.COMMANDS}
    assert names == {"run", "influence", "sparse", "leave-out", "show", "record"}


def test_tagged_sentences_are_read_from_a_folder(bert, tmp_path):
    configs = ""
    for lang in ("en", "ur"):
        configs += f"- config_name: {lang}\n  data_files:\n"
        for split in ("train", "validation"):
            configs += f"  - split: {split}\n    path: {lang}/{split}-*\n"
            folder = tmp_path / "udpos" / lang
            folder.mkdir(parents=True, exist_ok=True)
            rows = {"tokens": [["river", "of"]] * 24, "upos": [["NOUN", "ADP"]] * 24}
            pd.DataFrame(rows).to_parquet(folder / f"{split}-00000-of-00001.parquet")
    (tmp_path / "udpos" / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    joint = choenni.join("pos", "en,ur", encoder=bert, recipe=RECIPE, data_dir=tmp_path)
    assert len(joint.train) == 48 and joint.task.name == "pos"
    assert len(choenni.fine_tune(joint, checkpoints=1).losses) == 6
    with pytest.raises(UserError, match="no data in 'sw'"):
        choenni.join("pos", "en,sw", encoder=bert, recipe=RECIPE, data_dir=tmp_path)


def test_run_measures_every_kind_in_every_task(monkeypatch):
    done = []
    for name in ("influence", "sparse", "leave_out"):
        monkeypatch.setattr(commands, name, lambda p, name=name: done.append((name, p.task)))
    assert door.main(["choenni", "run", "--tasks", "ner,xnli"]) == 0
    assert done == [(n, t) for t in ("ner", "xnli") for n in ("influence", "sparse", "leave_out")]
