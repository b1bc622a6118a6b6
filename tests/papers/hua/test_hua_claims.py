"""Claims: each has a measure, tables in either direction are told apart, and the page's own numbers
agree with what the page says."""

from importlib.resources import files

import numpy as np
import pandas as pd
import pytest
import yaml

from lnlib.papers import hua
from lnlib.papers.hua import measures, published, transfer
from lnlib.papers.hua.measures import MEASURES, Tables
from lnlib.papers.hua.probing import scores

CLAIMS = yaml.safe_load(files(hua).joinpath("claims.yaml").read_text(encoding="utf-8"))
CASES = [(claim, languages) for claim in CLAIMS for languages in claim["languages"]]


def within(claim, value):
    return claim.get("above", -np.inf) < value < claim.get("below", np.inf)


def names(kinds):
    return hua.languages(kinds).names


def alignment(kinds, method, anchors=0, own=0.9, across=0.5, majority=0.6, seeds=(0, 1, 2)):
    """A table in which every pair has the same accuracy, or `across` says each pair's."""
    rows = []
    for seed in seeds:
        key = {"languages": kinds, "method": method, "anchors": anchors, "seed": seed}
        probe = {"network": "trained", "board": "absolute", "probe": "mlp"}
        for a in names(kinds):
            for b in names(kinds):
                value = across(a, b, seed) if callable(across) else across
                pair = {"source": a, "target": b, "value": own if a == b else value}
                rows.append({**key, **probe, **pair, "measure": "accuracy"})
                noise = {"value": 0.99}  # what is not the paper's probe must not be taken for it
                rows.append({**key, **probe, **pair, **noise, "measure": "rotation"})
                for other in ({"network": "random"}, {"board": "relative"}, {"probe": "linear"}):
                    row = {**key, **probe, **other, **pair, **noise, "measure": "accuracy"}
                    rows.append(row)
        for board, value in (("absolute", majority), ("relative", 0.99)):
            blank = {"network": "", "probe": "", "source": "", "target": ""}
            rows.append({**key, **blank, "board": board, "measure": "majority", "value": value})
    return pd.DataFrame(rows, columns=[*measures.KEY, *scores.COLUMNS])


def curves(kinds, method, tuned, others, seeds=(0, 1, 2)):
    """Curves (start, middle, end) of legal moves in the tuned language and in each other one."""
    rows = []
    for seed in seeds:
        for k, name in enumerate(names(kinds)):
            for step, value in zip((0, 30, 60), others if k else tuned, strict=True):
                for measure, shown in (("legal", value), ("legal within", 0.0), ("probe", 0.5)):
                    rows.append(
                        (kinds, method, 0, seed, step, names(kinds)[0], name, measure, shown)
                    )
    return pd.DataFrame(rows, columns=[*measures.KEY, *transfer.COLUMNS])


def test_every_claim_of_the_paper_has_measures_and_every_measure_a_claim():
    assert {claim["id"] for claim in CLAIMS} == set(range(1, 8))
    assert {claim["measure"] for claim in CLAIMS} == set(MEASURES)
    for claim, languages in CASES:
        assert {"above", "below"} & set(claim)
        assert hua.languages(languages)
    assert all(measure.of.__doc__ for measure in MEASURES.values())


@pytest.mark.parametrize(("claim", "languages"), CASES)
def test_the_pages_numbers_agree_with_the_claim(claim, languages):
    shown = MEASURES[claim["measure"]].published(languages)
    assert within(claim, shown)


TWO, FOUR, FIVE = "atomic,split", "atomic,atomic,split,compositional", ",".join(["atomic"] * 5)


def lucky(a, b, seed):
    return 0.95 if {a, b} == {"atomic 2", "atomic 4"} else 0.55


@pytest.mark.parametrize(
    ("measure", "languages", "tables", "value"),
    [
        ("naive_over_majority", TWO, [alignment(TWO, "naive")], -10),
        ("naive_over_majority", TWO, [alignment(TWO, "naive", across=0.8)], 20),
        ("gained_by_anchors", TWO,
         [alignment(TWO, "naive"), alignment(TWO, "anchors", 4, across=0.8),
          alignment(TWO, "anchors", 2, across=0.1)], 30),
        ("lost_across_unified", TWO, [alignment(TWO, "unified", across=0.85)], 5),
        ("best_over_usual_pair", FIVE, [alignment(FIVE, "naive", across=lucky)], 40),
        ("best_over_usual_pair", FIVE, [alignment(FIVE, "naive")], 0),
    ],
)  # fmt: skip
def test_measures_of_alignment(measure, languages, tables, value):
    found = MEASURES[measure].of(Tables(alignment=pd.concat(tables)), languages)
    assert found.to_list() == pytest.approx([value] * 3)


@pytest.mark.parametrize(
    ("measure", "languages", "tables", "value"),
    [
        ("change_with_anchors", TWO, [curves(TWO, "anchors", (50, 80, 90), (60, 70, 40))], -20),
        ("shared_gain_unified", TWO, [curves(TWO, "unified", (50, 80, 90), (60, 85, 80))], 50),
        ("best_gain_unified", TWO, [curves(TWO, "unified", (50, 80, 90), (60, 85, 40))], 25),
        ("best_gain_unified", TWO, [curves(TWO, "unified", (50, 80, 90), (60, 55, 40))], -5),
        ("unified_over_anchors", FOUR,
         [curves(FOUR, "unified", (50, 80, 90), (60, 85, 80)),
          curves(FOUR, "anchors", (50, 80, 90), (60, 65, 30))], 50),
    ],
)  # fmt: skip
def test_measures_of_transfer(measure, languages, tables, value):
    found = MEASURES[measure].of(Tables(transfer=pd.concat(tables)), languages)
    assert found.to_list() == pytest.approx([value] * 3)


@pytest.mark.parametrize("name", MEASURES)
def test_nothing_follows_from_tables_that_were_not_made(name):
    assert MEASURES[name].of(Tables(), TWO).empty
    strange = Tables(alignment(FOUR, "other"), curves(FOUR, "other", (1, 2, 3), (1, 2, 3)))
    assert MEASURES[name].of(strange, TWO).empty


def test_a_seed_without_its_fellow_is_missing_not_zero():
    rows = pd.concat(
        [alignment(TWO, "naive", seeds=(0, 1)), alignment(TWO, "anchors", 4, across=0.8)]
    )
    found = MEASURES["gained_by_anchors"].of(Tables(alignment=rows), TWO)
    assert found.notna().to_dict() == {0: True, 1: True, 2: False}


def test_a_network_that_gains_nothing_has_no_gain_to_share():
    rows = curves(TWO, "unified", (90, 90, 90), (60, 85, 80))
    assert MEASURES["shared_gain_unified"].of(Tables(transfer=rows), TWO).isna().all()


def test_the_published_tables_have_the_rows_that_are_shown():
    count = {"alignment": 12, "seeds": 10, "ranges": 4, "transfer": 79, "neighbours": 2}
    for name, rows in count.items():
        table = getattr(published, name)()
        assert len(table) == rows and not table.isna().any(axis=None), name
        assert set(table["read"]) <= {
            "printed in an image", "by eye off a curve", "printed in text as an error of 1.7 %",
            "printed in text as an error of 26.2 %",
        }  # fmt: skip
    assert published.alignment()["accuracy"].between(0, 1).all()
