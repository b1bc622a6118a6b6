"""The claims of Muller et al. on made-up tables of which every number is known."""

import numpy as np
import pandas as pd
import pytest

from lnlib.papers.muller import published, tables
from lnlib.papers.muller.analysis import blocks, claims, measures
from lnlib.papers.muller.analysis.measures import MEASURES, PRETRAINED, TUNED, Tables
from lnlib.results import ledger

TARGETS = ("de", "fr", "es", "ru", "hi", "tr")
FULL = {"en": 80.0, **{lang: 30.0 + 5 * number for number, lang in enumerate(TARGETS)}}


def ablation(*, task="ner", source="en", seeds=2, lowest=-12.0, in_source=-8.0, middle=-3.0,
             highest=0.5, everything=-20.0, floor=10.0, full=None, metric="f1",
             scale="demo"):  # fmt: skip
    """Every target loses the same points by a block, and seeds differ by one point."""
    full = full or FULL
    rows = []
    for target, base in full.items():
        first = in_source if target == source else lowest
        changes = {"none": 0, "0-1": first, "2-3": middle, "4-5": highest, "all": everything}
        for seed in range(seeds):
            rows += [
                {"scale": scale, "task": task, "source": source, "target": target, "seed": seed,
                 "block": block, "start": "" if block == "none" else "bert", "metric": metric,
                 "value": base + change + seed, "floor": floor}
                for block, change in changes.items()
            ]  # fmt: skip
    return pd.DataFrame(rows, columns=tables.ABLATION.columns)


def similarity(values, models=(PRETRAINED, PRETRAINED), task="", length="kept"):
    """`values`: CKA by language and layer, with English, or between models of one language."""
    tuned = {"task": task, "source": "en"} if TUNED in models else {"task": "", "source": ""}
    rows = [
        {"scale": "demo", **tuned, "seed": 0, "model_a": models[0], "model_b": models[1],
         "lang_a": lang if models[0] != models[1] else "en", "lang_b": lang, "layer_a": layer,
         "layer_b": layer, "measure": "linear_debiased", "length": length, "value": value}
        for lang, by_layer in values.items() for layer, value in enumerate(by_layer)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=tables.SIMILARITY.columns)


def of(measure, task="ner", **made):
    return MEASURES[measure].of(Tables("demo", **made), task)


def test_a_loss_is_the_score_of_a_seed_less_that_without():
    found = blocks.losses(ablation(), "ner")
    assert list(found.columns) == ["0-1", "2-3", "4-5", "all"]
    assert found.loc["de"].tolist() == [-12, -3, 0.5, -20]
    assert found.loc["en", "0-1"] == -8


def test_seeds_that_lack_the_score_without_are_not_compared():
    rows = ablation(seeds=2)
    rows = rows[~((rows["seed"] == 1) & (rows["block"] == "none"))]
    assert blocks.losses(rows, "ner").loc["de", "0-1"] == -12


def test_other_starts_and_other_sources_are_kept_apart():
    shuffled = ablation(lowest=-1.0).assign(start="shuffled")
    shuffled = shuffled[shuffled["block"] != "none"]
    both = pd.concat([ablation(), shuffled, ablation(source="ru", lowest=-5.0)])
    assert blocks.losses(both, "ner").loc["de", "0-1"] == -12
    assert blocks.losses(both, "ner", start="shuffled").loc["de", "0-1"] == -1
    assert blocks.losses(both, "ner", source="ru").loc["de", "0-1"] == -5
    assert of("lowest_block_from_ru", ablation=both)["de"] == -5


def test_parsing_is_judged_by_labelled_attachment():
    both = pd.concat([ablation(task="parsing", metric="las"),
                      ablation(task="parsing", metric="uas", lowest=-1.0)])  # fmt: skip
    assert of("lowest_block", "parsing", ablation=both).unique().tolist() == [-12]


def test_blocks_stand_from_below_whatever_their_names():
    rows = ablation()
    rows["block"] = rows["block"].replace({"2-3": "10-11", "4-5": "2"})
    assert list(blocks.losses(rows, "ner").columns) == ["0-1", "2", "10-11", "all"]


def test_targets_with_nothing_to_lose_are_left_out_and_named():
    full = {**FULL, "ar": 9.0, "ur": 10.0}
    rows = ablation(full=full)
    rows.loc[(rows["target"] == "tr") & (rows["block"] == "all"), "value"] += 18
    out = blocks.left_out(rows, "ner")
    assert list(out.index) == ["ar", "tr"]  # ur: 10 and 11 with two seeds, above the floor of 10
    assert "its score, 9.5, is not above the floor, 10.0" in out["ar"]
    assert "re-initialising everything costs it 2.00, under 3 points" in out["tr"]
    assert set(of("lowest_block", ablation=rows).index) == set(FULL) - {"en", "tr"} | {"ur"}
    row = claims.verdicts(Tables("demo", rows), only=[1]).iloc[0]
    assert "left out: ar (its score" in row["why"] and "tr (re-initialising" in row["why"]


def test_measures_of_blocks_are_what_they_say():
    made = {"ablation": ablation()}
    assert (of("lowest_block", **made) == -12).all()
    beyond = of("lowest_block_beyond_source", **made)
    # seeds differ by 1, so the mean score without is half a point above
    assert beyond["de"] == pytest.approx(100 * (-12 / 30.5 + 8 / 80.5))
    assert (of("rise_with_height", **made) == 1).all()
    assert of("highest_block", **made).tolist() == pytest.approx([100 * 0.5 / 20] * 6)
    assert of("highest_block", ablation=ablation(highest=-4.0))["de"] == pytest.approx(-20)


@pytest.mark.parametrize("measure", [m for m, of in MEASURES.items() if of.leaves_out])
def test_where_nobody_knows_what_there_is_to_lose_nothing_can_be_told(measure):
    """A run that was stopped before "all" has no span, and its targets may be at their floor."""
    source = measure.rpartition("_from_")[2] if "_from_" in measure else "en"
    rows = ablation(source=source, full={**FULL, source: 80.0})
    assert of(measure, ablation=rows).notna().all()
    told = of(measure, ablation=rows[rows["block"] != "all"])
    assert len(told) and told.isna().all()


def test_two_blocks_or_equal_losses_have_no_order():
    rows = ablation()
    assert of("rise_with_height", ablation=rows[rows["block"] != "4-5"]).isna().all()
    flat = ablation(lowest=-3.0, highest=-3.0)
    assert of("rise_with_height", ablation=flat).isna().all()


LAYERS = {lang: [0.9, 0.5, 0.6, 0.7, 0.4] for lang in ("de", "fr", "ru")}


def test_measures_of_states_are_what_they_say():
    before = similarity(LAYERS)
    kept = similarity({lang: [1, 0.9, 0.8, 0.5, 0.4] for lang in ("en", "fr", "ru")},
                      (PRETRAINED, TUNED), "ner")  # fmt: skip
    after = similarity({lang: [0.9, 0.4, 0.5, 0.4, 0.1] for lang in LAYERS}, (TUNED, TUNED), "ner")
    rows = pd.concat([before, kept, after, similarity(LAYERS, (TUNED, TUNED), "pos")])
    assert of("kept_below", similarity=rows).tolist() == pytest.approx([0.4] * 3)
    assert of("lowered_above", similarity=rows).tolist() == pytest.approx([-0.3 + 0.1] * 3)
    assert of("lowered_above", "pos", similarity=rows).tolist() == pytest.approx([0] * 3)
    assert of("peak_in_the_middle", "", similarity=rows).tolist() == pytest.approx([-0.2] * 3)
    free = similarity({lang: [0.3, 0.2, 0.4, 0.3, 0.3] for lang in LAYERS}, length="out")
    rows = pd.concat([rows, free])
    assert of("peak_without_length", "", similarity=rows).tolist() == pytest.approx([0.1] * 3)


def alike(falls=True):
    """CKA in the order of the scores at layer 1 alone, or against it at every layer."""
    rng = np.random.default_rng(0)
    order = np.argsort(np.argsort([FULL[lang] for lang in TARGETS]))
    return similarity({
        lang: [rng.random(), 0.1 * place, rng.random()] if falls else [-0.1 * place] * 3
        for lang, place in zip(TARGETS, order, strict=True)
    })  # fmt: skip


def test_similarity_and_gap_fall_together_at_the_layer_that_other_seeds_chose():
    """The order is the same without any one target, so every jackknife value is r itself."""
    found = of("similarity_with_gap", ablation=ablation(), similarity=alike())
    assert found.tolist() == pytest.approx([-1.0] * len(TARGETS)) and "en" not in found.index
    table = measures.similarity_by_layer_with_gap(Tables("demo", ablation(), alike()), "ner")
    assert table.loc[1, "r"] == pytest.approx(-1) and table.loc[1, "n"] == len(TARGETS)
    assert (table["low"] <= table["r"]).all() and (table["r"] <= table["high"]).all()


def test_jackknife_values_have_the_mean_of_the_definition():
    similar = similarity({lang: [0.0, v] for lang, v in
                          zip(TARGETS, (0.3, 0.1, 0.2, 0.5, 0.4, 0.9), strict=True)})  # fmt: skip
    found = of("similarity_with_gap", ablation=ablation(), similarity=similar[similar.layer_a == 1])
    gap = blocks.scores(ablation(), "ner")["none"].unstack("seed")
    gap = 1 - gap.drop("en") / gap.loc["en"]
    x = pd.Series([0.3, 0.1, 0.2, 0.5, 0.4, 0.9], TARGETS)

    def r(langs):
        return x[langs].corr(gap.loc[langs, 0], method="spearman")

    whole = r(list(TARGETS))
    without = np.mean([r([t for t in TARGETS if t != gone]) for gone in TARGETS])
    assert found.mean() == pytest.approx(6 * whole - 5 * without)


@pytest.mark.parametrize("few", [{"seeds": 1}, {"full": {k: FULL[k] for k in ("en", "de", "fr")}}])
def test_one_seed_or_few_targets_tell_nothing_of_similarity_and_gap(few):
    found = of("similarity_with_gap", ablation=ablation(**few), similarity=alike())
    assert found.isna().all() and len(found)


# ---- verdicts ------------------------------------------------------------------------------------


def verdict(claim, task="ner", **made):
    rows = claims.verdicts(Tables("demo", **made), only=[claim])
    return rows[rows["task"] == task].set_index("measure")["verdict"]


def test_claims_agree_where_tables_say_what_the_paper_says():
    made = {"ablation": ablation(), "similarity": alike()}
    for claim in (1, 2, 3, 4, 10):
        assert set(verdict(claim, **made)) == {ledger.AGREES}


def test_claims_differ_where_tables_say_the_opposite():
    made = {"ablation": ablation(lowest=2.0, in_source=-30.0, highest=-10.0),
            "similarity": alike(falls=False)}  # fmt: skip
    for claim in (1, 2, 3, 4, 10):
        found = verdict(claim, **made)
        assert set(found) == {ledger.DIFFERS}, claim


def test_without_tables_nothing_has_run():
    found = claims.verdicts(Tables("demo"))
    assert set(found["verdict"]) == {ledger.NOT_RUN}
    assert len(found) == sum(len(claim.tasks) for claim in claims.CLAIMS)
    assert set(found.columns) == set(tables.VERDICTS.columns)


def test_where_all_targets_are_left_out_the_claim_cannot_be_told_and_says_why():
    rows = ablation(floor=99.0)
    row = claims.verdicts(Tables("demo", rows), only=[1]).iloc[0]
    assert row["verdict"] == ledger.CANNOT_TELL and "left out: de (its score" in row["why"]


def test_every_claim_has_its_measure_and_all_ten_are_there():
    assert {claim.id for claim in claims.CLAIMS} == set(range(1, 11))
    assert {claim.measure for claim in claims.CLAIMS} == set(MEASURES)
    assert all(claim.bounds for claim in claims.CLAIMS)


def test_no_digit_that_is_only_remembered_is_given_out():
    """The file has four; what is published of them is a sign that was read, or nothing."""
    assert published.known()["value"].isna().all()
    for claim in claims.CLAIMS:
        for task in claim.tasks:
            assert np.isnan(published.value(claim.measure, task))
    assert published.sign("lowest_block", "pos") == "below 0"
    assert published.sign("rise_with_height", "ner") == "not found"


def test_tables_go_to_disk_and_come_back_with_blocks_as_text(tmp_path):
    rows = ablation()
    rows["block"] = rows["block"].replace({"0-1": "0", "2-3": "1", "4-5": "2"})
    tables.ABLATION.add(tmp_path, rows.to_dict("records"))
    tables.SIMILARITY.add(tmp_path, alike().to_dict("records"))
    back = Tables.read(tmp_path)
    assert back.scale == tmp_path.name
    assert set(back.ablation["block"]) == {"none", "0", "1", "2", "all"}
    assert of("lowest_block", ablation=back.ablation).tolist() == [-12] * 6
    assert len(measures.by_layer(back.similarity)) == 6


def test_ranks_in_one_step_are_those_one_by_one():
    """With ties, and with a side that is constant in some draws, as drawing again makes them."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(3, size=(200, 4)).astype(float), rng.normal(size=(200, 4))
    one_by_one = [measures._rank(*row) for row in zip(x, y, strict=True)]
    assert np.isnan(one_by_one).any()
    np.testing.assert_allclose(measures._ranks(x, y), one_by_one, atol=1e-12)  # sums in one order
