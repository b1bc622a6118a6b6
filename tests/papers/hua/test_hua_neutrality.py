"""The controlled test: masks are of what they say, controls are controls, what was stopped goes on,
and the measures tell overlap that follows alignment from overlap that does not."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.masks.matrices import magnitudes, prunable
from lnlib.papers import hua
from lnlib.papers.hua import figures, record
from lnlib.papers.hua.analysis import claims, neutrality
from lnlib.papers.hua.analysis.measures import MEASURES, Tables
from lnlib.papers.hua.coverage import CONTROLLED, TASKS
from lnlib.papers.hua.experiments import runs
from lnlib.papers.hua.network.model import build
from lnlib.papers.hua.neutrality import overlap, scoring
from lnlib.papers.hua.neutrality.masks import Subject, ticket_name
from lnlib.papers.hua.neutrality.runs import TESTS, measure
from lnlib.papers.hua.recipes import Recipe, Size
from lnlib.papers.hua.scales import SCALES, Masks
from lnlib.papers.hua.tables import OURS, OVERLAP, SUBNETWORKS
from lnlib.pruning.criteria import mean_squares
from lnlib.results import ledger

TOY = replace(
    SCALES["demo"], size=Size(2, 16, 2), training=Recipe(4, 8, 5e-3, 1), every=2, play_games=10,
    masks=Masks(Recipe(2, 4, 1e-2, 1), levels=(50, 80), fisher_games=16, long=2, early=2),
)  # fmt: skip


@pytest.fixture(scope="module")
def subject():
    spoken = hua.languages("atomic,atomic")
    return Subject(build(spoken, TOY.size, 0).eval(), spoken, TOY, 0)


# ---- masks ---------------------------------------------------------------------------------------


def test_masks_are_of_the_blocks_matrices_alone(subject):
    """Languages with anchors share rows of the embeddings: overlap there would be built in."""
    names = {matrix.name for matrix in subject.untouched().matrices}
    assert names == {m.name for m in prunable(subject.model)} and len(names) == 2 * 4
    assert all(name.startswith("h.") for name in names)


def test_squared_gradients_are_a_mean_over_losses():
    w = torch.nn.Parameter(torch.tensor([[2.0, -1.0]]))
    losses = [(w * torch.tensor([[1.0, 3.0]])).sum(), (w * torch.tensor([[2.0, 0.0]])).sum()]
    ((name, found),) = mean_squares(losses, {"w": w})
    assert name == "w" and found.tolist() == [[(1 + 4) / 2, 9 / 2]]


def test_another_sample_is_of_other_games_and_the_same_one_of_the_same(subject):
    first, again, other = (subject.fisher(0, sample) for sample in (0, 0, 1))
    name = next(iter(first))
    assert np.array_equal(first[name], again[name]) and not np.array_equal(first[name], other[name])


def test_every_kind_keeps_the_largest_of_its_scores(subject):
    found, fisher, sizes = subject.masks(0, 0), subject.fisher(0, 0), magnitudes(subject.model)
    scores = {"fisher": fisher, "weighted fisher": {n: fisher[n] * sizes[n] ** 2 for n in fisher}}
    scores["magnitude"] = sizes
    found["magnitude"] = subject.untouched()
    for kind, of in scores.items():
        kept = {name: found[kind].kept(name, 50) for name in of}
        assert min(of[n][kept[n]].min() for n in of) >= max(of[n][~kept[n]].max() for n in of)
    assert len({mask.digest(50) for mask in found.values()}) == len(found) == 6


def test_a_search_that_was_stopped_goes_on_to_the_same_ticket(subject, tmp_path, monkeypatch):
    whole = subject.ticket(0, 0, 80)
    path = tmp_path / ticket_name(0, 0)
    whole.cut(3).save(path)
    trained, calls = subject.trained, []
    monkeypatch.setattr(subject, "trained", lambda *of: calls.append(of) or trained(*of))
    assert subject.ticket(0, 0, 80, path).digest(80) == whole.digest(80)
    assert len(calls) == 8 - 3
    assert subject.ticket(0, 0, 80, path).digest(80) == whole.digest(80) and len(calls) == 5


def test_a_ticket_of_another_network_is_refused(subject, tmp_path):
    other = replace(subject, model=build(subject.languages, TOY.size, 1).eval())
    path = tmp_path / ticket_name(0, 0)
    other.ticket(0, 0, 10, path)
    with pytest.raises(UserError, match="holds another search"):
        subject.ticket(0, 0, 10, path)


def test_a_sub_network_is_trained_without_the_weights_it_lacks(subject):
    mask = subject.untouched().mask(80)
    trained = subject.trained(0, "a sample", mask)
    weights = {matrix.name: weight.detach() for matrix, weight in prunable(trained).items()}
    assert all((weights[name][~kept] == 0).all() for name, kept in mask.items())
    before = magnitudes(subject.model)
    moved = [name for name in weights if not np.allclose(weights[name].abs(), before[name])]
    assert len(moved) == len(weights) and all(part.all() for part in before.values())


# ---- rows ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(subject, tmp_path_factory):
    return overlap.rows(subject, tmp_path_factory.mktemp("tickets"))


def test_every_pair_is_there_once_and_random_masks_are_at_chance(rows):
    whole = rows[(rows["by"] == "all") & (rows["part"] == "all") & (rows["sparsity"] == 50)]
    same = whole[whole["kind_a"] == whole["kind_b"]]
    assert (same.groupby("kind_a").size() == len(list(combinations(range(4), 2)))).all()
    assert set(same["kind_a"]) == {*neutrality.KINDS, "random"}
    random = same[same["kind_a"] == "random"]
    # 6,144 weights: J of independent halves spreads by .006 around a third; four of these.
    assert random["jaccard"].to_numpy() == pytest.approx(random["expected"].to_numpy(), abs=0.025)
    beside = whole[whole["kind_a"] == "magnitude"]
    assert set(beside["kind_b"]) == set(neutrality.KINDS) - {"departures"}
    assert not rows.duplicated(
        ["kind_a", "kind_b", "sparsity", "by", "part", "mask_a", "mask_b"]
    ).any()


def test_layers_without_the_last_make_the_rest(rows):
    ticket = rows[(rows["kind_a"] == "fisher") & (rows["kind_b"] == "fisher")]
    ticket = ticket[ticket["sparsity"] == 50]
    layers = ticket[ticket["by"] == "layer"].set_index("part")["weights"].groupby("part").first()
    rest = ticket[ticket["part"] == overlap.WITHOUT_LAST]
    assert set(rest["weights"]) == {layers["0"]} and len(layers) == 2
    whole = ticket[(ticket["by"] == "all") & (ticket["part"] == "all")]
    assert rest["mask_a"].tolist() == whole["mask_a"].tolist()  # of the mask, not of its part
    first = ticket[(ticket["by"] == "layer") & (ticket["part"] == "0")]
    assert rest["jaccard"].to_numpy() == pytest.approx(first["jaccard"].to_numpy())


def test_a_lesion_removes_its_share_and_leaves_the_network_whole(subject, tmp_path):
    before = {name: part.copy() for name, part in magnitudes(subject.model).items()}
    found = scoring.lesions(subject, tmp_path)
    assert all(np.array_equal(before[n], part) for n, part in magnitudes(subject.model).items())
    assert found.groupby("kind")["mask"].nunique().to_dict() == {
        "full": 1, "lesion": 2, "random important": 2
    }  # fmt: skip
    assert len(found) == 5 * 2 * 2  # masks, languages read, measures


def test_a_lesion_takes_what_its_language_needs_and_the_other_does_not(subject, tmp_path,
                                                                       monkeypatch):  # fmt: skip
    """Two languages of which each needs one layer: the lesion lies in that layer."""

    def fisher(language, _sample):
        return {m.name: np.full(p.shape, 1.0 if m.layer == language else 1e-6)
                for m, p in prunable(subject.model).items()}  # fmt: skip

    cut = []
    without = scoring._without
    monkeypatch.setattr(subject, "fisher", fisher)
    monkeypatch.setattr(
        scoring, "_without", lambda m, t, level: cut.append(t) or without(m, t, level)
    )
    scoring.lesions(subject, tmp_path)
    lesions = {t.record.lang: t for t in cut if t and t.record.method == "lesion"}
    for layer, ticket in enumerate(lesions.values()):
        gone = 1 - ticket.density(5, "layer")
        # two layers as large: 5 % of all is a tenth of one
        assert gone[str(layer)] == pytest.approx(0.1, abs=1e-3) and gone[str(1 - layer)] == 0


def test_exchanged_tickets_are_those_whose_overlap_was_measured(tmp_path):
    home, spoken = runs.home(tmp_path / "runs", TOY), hua.languages()
    shared = measure("overlap", spoken, TOY, 0, home)
    kept = {path: path.stat().st_mtime_ns for path in home.rglob("ticket-*.safetensors")}
    assert len(kept) == 4
    given = measure("exchange", spoken, TOY, 0, home)
    tickets = given[(given["kind"] == "ticket") & (given["sparsity"] == 50)]
    assert set(tickets["mask"]) < set(shared["mask_a"]) | set(shared["mask_b"])
    assert set(given["sparsity"]) == {0, 50, 80}
    # A second call only reads, and so does the grid.
    before = {path: path.read_bytes() for path in home.glob("*.csv")}
    assert measure("exchange", spoken, TOY, 0, home).equals(given)
    assert before == {path: path.read_bytes() for path in home.glob("*.csv")}
    # What is measured anew takes the place of the old, though its masks have other digests.
    record.record(TOY, tmp_path / "runs", tmp_path / "results")
    there = runs.home(tmp_path / "results", TOY)
    assert OVERLAP.read(there).equals(OVERLAP.read(home))
    other = OVERLAP.read(home).assign(mask_a="another")
    OVERLAP.replace(home, other.to_dict("records"))
    record.record(TOY, tmp_path / "runs", tmp_path / "results", replace=True)
    assert len(OVERLAP.read(there)) == len(other) and len(SUBNETWORKS.read(there)) == len(given)


@pytest.mark.parametrize("test", ["early", "long"])
def test_variants_have_masks_of_their_own(test, tmp_path):
    home, spoken = runs.home(tmp_path, TOY), hua.languages("atomic,atomic", method="unified")
    whole, varied = (measure(name, spoken, TOY, 0, home) for name in ("overlap", test))
    assert len(whole) == len(varied)
    shared = {
        kind: not {*of["mask_a"]}.isdisjoint(varied.loc[varied["kind_a"] == kind, "mask_a"])
        for kind, of in whole.groupby("kind_a")
    }
    assert not shared["ticket"] and not shared["change"]
    assert shared["fisher"] == (test == "long")  # no training is in it


# ---- claims and measures -------------------------------------------------------------------------


def test_every_claim_of_ours_has_a_measure_and_every_measure_a_claim():
    assert {claim.measure for claim in claims.OURS} == set(neutrality.MEASURES)
    assert min(claim.id for claim in claims.OURS) > max(claim.id for claim in claims.CLAIMS)
    ways = {method for method, _ in CONTROLLED}
    assert {asked for claim in claims.OURS for asked in claim.tasks} == {*neutrality.KINDS, "naive",
                                                                        "unified"}  # fmt: skip
    assert "naive" in ways and set(TESTS) == set(TASKS[2:])
    assert all(measure.of.__doc__ for measure in neutrality.MEASURES.values())


def tables(across, seeds=(0, 1, 2), networks=CONTROLLED, ceiling=0.8, chance=0.4):
    """Networks ever better aligned, and `across(place, seed)`, the overlap of two languages."""
    pairs, read = [], []
    for seed in seeds:
        for place, (method, anchors) in enumerate(networks):
            key = {"languages": "atomic,atomic", "method": method, "anchors": anchors, "seed": seed}
            pair = {"test": "overlap", "kind_a": "fisher", "kind_b": "fisher", "sparsity": 50,
                    "by": "all", "part": "all", "expected": chance}  # fmt: skip
            for a, b in combinations("AABB", 2):
                value = ceiling if a == b else across(place, seed)
                pairs.append({**key, **pair, "lang_a": a, "lang_b": b, "jaccard": value})
            noise = {"kind_b": "magnitude", "lang_a": "A", "lang_b": "", "jaccard": 0.99}
            pairs.append({**key, **pair, **noise})
            probe = {
                "network": "trained",
                "board": "absolute",
                "probe": "mlp",
                "measure": "accuracy",
            }
            for source, target in ("AA", "AB", "BA", "BB"):
                value = 0.9 if source == target else 0.45 + 0.05 * place
                read.append({**key, **probe, "source": source, "target": target, "value": value})
    return Tables(alignment=pd.DataFrame(read), overlap=pd.DataFrame(pairs), scale="demo")


def found(measure, asked, of):
    return neutrality.MEASURES[measure].of(of, asked)


def test_overlap_is_read_between_chance_and_ceiling():
    row = neutrality.overlaps(tables(lambda *_: 0.6).overlap).iloc[0]
    assert row[["across", "within", "expected"]].tolist() == pytest.approx([0.6, 0.8, 0.4])
    assert row["corrected"] == pytest.approx(50)


def test_alignment_is_told_in_percent_of_the_own_language():
    ends = neutrality.aligned(tables(lambda *_: 0.6))
    assert ends["naive", 0, 0] == pytest.approx(50) and ends["unified", 4, 2] == pytest.approx(
        700 / 9
    )


@pytest.mark.parametrize(("across", "rho"), [
    (lambda place, _seed: 0.5 + place / 50, 1),
    (lambda place, _seed: 0.7 - place / 50, -1),
])  # fmt: skip
def test_overlap_that_follows_alignment_is_told_from_overlap_that_does_not(across, rho):
    of = tables(across)
    assert found("follows_alignment", "fisher", of).to_list() == pytest.approx([rho] * 3)
    # 5 networks lie between naive and unified with no anchors: 4 steps of 1/50 of .4
    assert found("told_apart", "fisher", of).to_list() == pytest.approx(
        [rho * 4 / 50 / 0.4 * 100] * 3
    )
    judged = claims.of_ours(of).set_index(["measure", "asked"])
    assert set(judged.columns) | {"measure", "asked"} == set(OURS.columns)
    told = judged.loc[("follows_alignment", "fisher"), "verdict"]
    assert told == (ledger.AGREES if rho > 0 else ledger.DIFFERS)
    assert judged.loc[("follows_alignment", "ticket"), "verdict"] == ledger.NOT_RUN


def test_a_seed_that_lacks_a_network_is_missing_and_so_is_overlap_that_never_changes():
    whole, few = (
        tables(lambda p, s: 0.5 + p / 50, networks=n) for n in (CONTROLLED, CONTROLLED[:5])
    )
    assert found("follows_alignment", "fisher", whole).notna().all()
    assert found("follows_alignment", "fisher", few).isna().all()
    assert found("follows_alignment", "fisher", tables(lambda *_: 0.8)).isna().all()


def test_the_papers_unified_network_is_the_one_without_anchors():
    of = tables(lambda *_: 0.6)
    lost = MEASURES["lost_across_unified"].of(of, "atomic,atomic")
    assert lost.to_list() == pytest.approx([90 - 65] * 3)  # the fifth; the sixth loses 20


def subnetworks(cost, level=90, test="lesions"):
    """`cost(own)` of a lesion, or legal moves with an own ticket or another."""
    out = []
    for seed in range(3):
        key = {"languages": "atomic,atomic", "method": "naive", "anchors": 0, "seed": seed,
               "test": test}  # fmt: skip
        for target in "AB":
            one = {"target": target, "measure": "legal"}
            if test == "lesions":
                out.append({**key, **one, "kind": "full", "lang": "", "sparsity": 0, "value": 95.0})
            for lang in "AB":
                value = cost(lang == target)
                kind = {"kind": "lesion" if test == "lesions" else "ticket", "lang": lang}
                shown = 95 - value if test == "lesions" else value
                out.append({**key, **one, **kind, "sparsity": level, "value": shown})
                out.append({**key, **one, **kind, "sparsity": level, "measure": "legal within",
                            "value": 0.0})  # fmt: skip
    return Tables(subnetworks=pd.DataFrame(out), scale="demo")


def test_selectivity_is_what_a_lesion_costs_its_own_language_more():
    of = subnetworks(lambda own: 12.0 if own else 3.0)
    assert found("lesion_selectivity", "naive", of).to_list() == pytest.approx([9] * 3)
    assert found("lesion_selectivity", "unified", of).empty


@pytest.mark.parametrize("level", [50, 90])
def test_an_own_ticket_is_held_against_the_other_languages_at_its_level(level):
    of = subnetworks(lambda own: 94.0 if own else 91.0, level, "exchange")
    name = "own_over_other_at_{}".format
    assert found(name(level), "naive", of).to_list() == pytest.approx([3] * 3)
    assert found(name(140 - level), "naive", of).empty


@pytest.mark.parametrize("name", neutrality.MEASURES)
def test_nothing_of_ours_follows_from_tables_that_were_not_made(name):
    assert neutrality.MEASURES[name].of(Tables(), "naive").empty


@pytest.mark.parametrize("narrow", [False, True])
def test_figures_of_the_test_are_drawn_from_full_and_empty_tables(narrow):
    empty = replace(tables(lambda *_: 0.6), overlap=Tables().overlap)
    full = tables(lambda place, _seed: 0.5 + place / 50)
    full = replace(full, subnetworks=subnetworks(lambda own: 12.0 if own else 3.0).subnetworks)
    for draw in (figures.overlap_by_kind, figures.lesions):
        draw(full, narrow).draw_without_rendering()
        assert "Not run" in draw(empty, narrow).axes[0].texts[0].get_text()
