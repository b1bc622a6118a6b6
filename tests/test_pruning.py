"""The search: its counts, its rewind, its resume, its controls and its switches."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import toys

from lnlib import Workbench, find_ticket, transfer
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.masks.applying import density
from lnlib.masks.matrices import prunable
from lnlib.masks.ticket import Ticket
from lnlib.papers.foroutan.doors import check_levels
from lnlib.pruning.methods import METHODS
from lnlib.pruning.rounds import Search
from lnlib.tasks.ner import NER
from lnlib.tasks.task import shuffled
from lnlib.training import workbench

LEVELS = (10, 20, 50)


@pytest.fixture(scope="module")
def ticket(ner):
    return find_ticket(ner.encoder, "ner", "ur", bench=ner)


def codes_equal(a, b):
    return all((a.codes(m.name) == b.codes(m.name)).all() for m in a.matrices)


def test_density_after_k_rounds_is_exactly_one_minus_a_tenth_k(ticket):
    for level in range(10, 100, 10):
        kept = sum(int(m.sum()) for m in ticket.mask(level).values())
        assert kept == ticket.weights - round(level * ticket.weights / 100)


def test_every_level_and_the_full_model_have_a_score(ticket):
    assert sorted(ticket.record.scores) == list(range(0, 100, 10))
    assert len(set(ticket.record.scores.values())) > 5  # numbers that can be told apart


def test_every_round_starts_from_the_pretrained_weights_and_one_head_bit_for_bit(ner, monkeypatch):
    """The reference code fails this on a CPU: its snapshot is the weights themselves."""
    starts, ends, train = [], [], workbench.train

    def spied(model, *args):
        starts.append({name: part.clone() for name, part in model.state_dict().items()})
        losses = train(model, *args)
        ends.append(model.state_dict())
        return losses

    monkeypatch.setattr(workbench, "train", spied)
    find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS)
    before = load_encoder(ner.encoder.path).model(NER, ner.data.labels, seed=0).state_dict()
    assert len(starts) == 4
    for start, end in zip(starts, ends, strict=True):
        assert all(torch.equal(start[name], part) for name, part in before.items())
        assert not all(torch.equal(end[name], part) for name, part in before.items())


def test_ranking_reads_current_weights(ner):
    """One step from pruning, so that ranking weights a step old would give another mask."""
    found = []
    ticket = find_ticket(
        ner.encoder, "ner", "ur", bench=ner, levels=(50,),
        on_round=lambda t, s, trained: found.append(
            {m.name: p.detach().abs().numpy().copy() for m, p in prunable(trained.model).items()}
        ),
    )  # fmt: skip
    magnitudes = np.concatenate([w.ravel() for w in found[0].values()])
    kept = np.concatenate([m.numpy().ravel() for m in ticket.mask(50).values()])
    assert magnitudes[kept].min() >= magnitudes[~kept].max()


def test_the_change_criterion_keeps_the_weights_that_moved_most(ner):
    moved = {}

    def on_round(ticket, sparsity, trained):
        for m, start in prunable(ner.model(0)).items():
            moved.setdefault(m.name, (prunable(trained.model)[m] - start).detach().abs())

    ticket = find_ticket(
        ner.encoder, "ner", "ur", bench=ner, levels=(50,), method="change", on_round=on_round
    )
    kept = torch.cat([moved[name][part] for name, part in ticket.mask(50).items()])
    pruned = torch.cat([moved[name][~part] for name, part in ticket.mask(50).items()])
    assert kept.min() >= pruned.max()


def test_a_search_resumed_after_any_round_equals_one_never_stopped(ner, tmp_path):
    whole = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS)
    assert len(set(whole.record.scores.values())) == 4
    for stop in range(4):
        path = tmp_path / f"{stop}.safetensors"

        def cut(ticket, sparsity, trained, stop=stop):
            if sparsity == (0, *LEVELS)[stop]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, path=path, on_round=cut)
        rounds = []
        again = find_ticket(
            ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, path=path,
            on_round=lambda t, s, _, rounds=rounds: rounds.append(s),
        )  # fmt: skip
        assert codes_equal(whole, again)
        assert again.record.scores == whole.record.scores
        assert rounds == list((0, *LEVELS)[stop + 1 :])  # no round was done twice


def stopped_at(sparsity):
    """An `on_round` that stops a search once it has trained at a sparsity."""

    def stop(ticket, at, trained):
        if at == sparsity:
            raise KeyboardInterrupt

    return stop


def test_a_kept_head_that_starts_over_leaves_more_rounds_on_disk_alone(ner, tmp_path):
    path = tmp_path / "t.safetensors"
    how = {"bench": ner, "levels": LEVELS, "search": Search(keep_head=True)}
    whole = find_ticket(ner.encoder, "ner", "ur", **how)
    with pytest.raises(KeyboardInterrupt):
        find_ticket(ner.encoder, "ner", "ur", path=path, on_round=stopped_at(20), **how)
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        find_ticket(ner.encoder, "ner", "ur", path=path, on_round=stopped_at(10), **how)
    assert path.read_bytes() == before
    find_ticket(ner.encoder, "ner", "ur", path=path, **how)
    assert path.read_bytes() == whole.save(tmp_path / "whole.safetensors").read_bytes()


@pytest.mark.parametrize("method", ["ticket", "change"])
@pytest.mark.parametrize("stop", [10, None], ids=["stopped", "finished"])
def test_a_search_for_fewer_levels_goes_on_to_more_as_one_never_stopped(
    ner, tmp_path, method, stop
):
    path, how = tmp_path / "t.safetensors", {"bench": ner, "method": method}
    whole = find_ticket(ner.encoder, "ner", "ur", levels=LEVELS, **how)
    try:
        find_ticket(ner.encoder, "ner", "ur", levels=LEVELS[:2], path=path,
                    on_round=stopped_at(stop), **how)  # fmt: skip
    except KeyboardInterrupt:
        assert stop
    again = find_ticket(ner.encoder, "ner", "ur", levels=LEVELS, path=path, **how)
    assert again.record == whole.record and codes_equal(again, whole)
    assert path.read_bytes() == whole.save(tmp_path / "whole.safetensors").read_bytes()


def test_a_search_for_more_levels_serves_one_for_fewer(ner, tmp_path, monkeypatch):
    path = tmp_path / "t.safetensors"
    whole = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS)
    with pytest.raises(KeyboardInterrupt):
        find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, path=path,
                    on_round=stopped_at(0))  # fmt: skip
    rounds = []
    part = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(10,), path=path,
                       on_round=lambda t, sparsity, _: rounds.append(sparsity))  # fmt: skip
    assert rounds == [10]  # as far as it has to
    assert part.record.scores == {at: whole.record.scores[at] for at in (0, 10)}
    find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, path=path)
    assert path.read_bytes() == whole.save(tmp_path / "whole.safetensors").read_bytes()
    monkeypatch.setattr(Workbench, "train", lambda *_, **__: pytest.fail("trained"))
    done = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(10, 20), path=path)
    assert codes_equal(done, whole)


@pytest.mark.parametrize("first, then", [((10,), (10, 20)), ((10, 20), (10,))])
def test_under_one_schedule_a_search_for_other_levels_is_another(ner, tmp_path, first, then):
    how = {"bench": ner, "path": tmp_path / "t.safetensors", "search": Search(one_schedule=True)}
    find_ticket(ner.encoder, "ner", "ur", levels=first, **how)
    with pytest.raises(UserError, match=r"holds another search .*levels 10"):
        find_ticket(ner.encoder, "ner", "ur", levels=then, **how)


@pytest.mark.parametrize(
    "other",
    [
        lambda b: {"recipe": replace(b.recipe, learning_rate=1e-3), "data": b.data},
        lambda b: {"recipe": b.recipe, "data": shuffled(b.data, 0)},
    ],
    ids=["recipe", "data"],
)
def test_a_search_with_another_recipe_or_other_data_is_refused(ner, tmp_path, other):
    path = tmp_path / "t.safetensors"
    find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), path=path)
    bench = Workbench(ner.encoder, "ner", "ur", **other(ner))
    with pytest.raises(UserError, match="holds another search"):
        find_ticket(ner.encoder, "ner", "ur", bench=bench, levels=(50,), path=path)


def test_a_file_of_another_search_is_refused_and_kept(ner, tmp_path):
    path = tmp_path / "t.safetensors"
    find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), path=path)
    before = path.read_bytes()
    with pytest.raises(UserError, match="holds another search"):
        find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), path=path, seed=1)
    assert path.read_bytes() == before


def test_another_seed_gives_another_mask(ner):
    a, b = (find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), seed=s) for s in (0, 1))
    assert not codes_equal(a, b)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "ticket"])
def test_controls_have_the_same_interface_and_density(ner, method):
    control = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, method=method)
    assert control.levels == LEVELS
    assert density(control.mask(50)) == 0.5


@pytest.mark.parametrize("criterion", ["change", "fisher"])
def test_a_control_of_a_criterion_is_the_search_with_it(ner, criterion):
    by_method = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), method=criterion)
    search = Search(criterion=criterion)
    by_search = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), search=search)
    assert codes_equal(by_method, by_search)
    assert not by_method.record.scores  # measured as a transfer, at the level that is asked for


@pytest.mark.parametrize("method", ["random", "magnitude"])
def test_a_control_without_data_needs_the_encoder_alone(ner, method):
    # "paper" would read its data from the hub
    made = find_ticket(ner.encoder, "ner", "ur", "paper", levels=(50,), method=method)
    assert codes_equal(
        made, find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=(50,), method=method)
    )
    with pytest.raises(UserError, match="unknown language 'ut'"):
        find_ticket(ner.encoder, "ner", "ut", "paper", method=method)


def test_one_shot_magnitude_keeps_the_untouched_encoders_largest(ner):
    control = find_ticket(ner.encoder, "ner", "ur", bench=ner, method="magnitude")
    weights = {m.name: p.detach().abs() for m, p in prunable(ner.model(0)).items()}
    kept = torch.cat([weights[n][m] for n, m in control.mask(50).items()])
    pruned = torch.cat([weights[n][~m] for n, m in control.mask(50).items()])
    assert kept.min() >= pruned.max()


def test_shuffled_labels_keep_their_counts_and_the_inputs(ner):
    other = shuffled(ner.data, seed=0)
    assert (other.train.ids == ner.data.train.ids).all()
    assert sorted(other.train.labels) == sorted(ner.data.train.labels)
    assert (other.train.labels != ner.data.train.labels).any()
    assert other.validation is ner.data.validation


def test_labels_are_shuffled_by_the_seed(ner):
    a, b = (shuffled(ner.data, seed).train.labels for seed in (0, 1))
    assert (a != b).any()


def test_random_masks_are_drawn_for_their_task_and_language(ner):
    drawn = [
        find_ticket(ner.encoder, task, lang, method="random", levels=(50,))
        for task, lang in (("ner", "ur"), ("ner", "en"), ("xnli", "ur"), ("ner", "ur"))
    ]
    assert [codes_equal(drawn[0], other) for other in drawn[1:]] == [False, False, True]


def test_component_wise_prunes_the_same_share_of_every_matrix(ner):
    ticket = find_ticket(
        ner.encoder, "ner", "ur", bench=ner, levels=(50,), search=Search(component_wise=True)
    )
    assert set(ticket.density(50, by="matrix")) == {0.5}


def test_global_pruning_does_not(ticket):
    assert len(set(ticket.density(50, by="matrix"))) > 1


@pytest.mark.parametrize(
    "switch",
    [{"criterion": "change"}, {"criterion": "fisher"}, {"keep_head": True}, {"one_schedule": True}],
)
def test_each_switch_changes_the_mask(ner, switch):
    plain = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS)
    other = find_ticket(ner.encoder, "ner", "ur", bench=ner, levels=LEVELS, search=Search(**switch))
    assert density(other.mask(50)) == 0.5
    assert not codes_equal(plain, other)


def test_the_pooler_switch_adds_one_matrix(bert):
    bench = Workbench(bert, "xnli", "ur", recipe=toys.RECIPE)
    plain, pooled = (
        find_ticket(bert, "xnli", "ur", bench=bench, levels=(50,), search=Search(pooler=pooler))
        for pooler in (False, True)
    )
    assert pooled.weights - plain.weights == 16 * 16


def test_mt5_prunes_encoder_and_decoder_each_to_the_level(tmp_path):
    encoder = load_encoder(str(toys.save_encoder(tmp_path, "mt5")))
    bench = Workbench(encoder, "xnli", "ur", recipe=toys.RECIPE)
    ticket = find_ticket(encoder, "xnli", "ur", bench=bench, levels=(50,))
    for stack in ("encoder.block", "decoder.block"):
        part = [ticket.mask(50)[m.name] for m in ticket.matrices if m.stack == stack]
        assert sum(int(m.sum()) for m in part) * 2 == sum(m.numel() for m in part)


def test_transfer_of_a_ticket_to_its_own_target_is_the_searchs_own_score(ner, ticket):
    result = transfer(ticket, ner.encoder, bench=ner, level=50)
    assert result.score.value == ticket.record.scores[50] != ticket.record.scores[40]


def test_transfer_puts_a_mask_on_another_language_and_task(ner, ticket):
    bench = Workbench(ner.encoder, "xnli", "en", recipe=toys.RECIPE)
    result = transfer(ticket, ner.encoder, bench=bench, level=50)
    assert (result.task, result.source.mask_task, result.source.mask_lang) == ("xnli", "ner", "ur")


def test_a_ticket_of_another_encoder_is_refused(ner, ticket, tmp_path):
    other = load_encoder(str(toys.save_encoder(tmp_path, seed=1)))
    with pytest.raises(UserError, match="this ticket was found in"):
        transfer(ticket, other, "ur", "ner")


@pytest.mark.parametrize(
    "asked, said",
    [
        (("xnli", "ur", "demo"), "task 'xnli' is not that of the workbench: expected 'ner'"),
        (("ner", "en", "demo"), "lang 'en' is not that of the workbench: expected 'ur'"),
        (("ner", "ur", "paper"), "scale 'paper' is not that of the workbench: expected 'demo'"),
    ],
)
def test_a_workbench_of_something_else_is_refused(ner, ticket, asked, said):
    with pytest.raises(UserError, match=said):
        find_ticket(ner.encoder, *asked, bench=ner)
    if asked[2] == "demo":
        with pytest.raises(UserError, match=said):
            transfer(ticket, ner.encoder, asked[1], asked[0], bench=ner)


def test_a_workbench_of_another_encoder_is_refused(ner, tmp_path):
    other = load_encoder(str(toys.save_encoder(tmp_path, seed=1)))
    for call in (lambda: find_ticket(other, "ner", "ur", bench=ner, method="random"),
                 lambda: transfer(None, other, bench=ner)):  # fmt: skip
        with pytest.raises(UserError, match=r"encoder .* is not that of the workbench"):
            call()


def test_a_mixture_of_languages_is_searched_as_one(bert):
    bench = Workbench(bert, "ner", "en+ur", recipe=toys.RECIPE)
    ticket = find_ticket(bert, "ner", "en+ur", bench=bench, levels=(50,))
    assert ticket.record.lang == "en+ur"


@pytest.mark.parametrize(
    "levels, said",
    [
        ((5,), "nearest: 10"),
        ((95,), "nearest: 90"),
        ((50, 10), "must rise"),
        ((), "must rise"),
        ((50, 50), "must rise"),
        (("50",), "is not one of"),
        ((True,), "is not one of"),
        (50, "must be a list"),
    ],
)
def test_levels_outside_ten_to_ninety_are_refused(levels, said):
    with pytest.raises(UserError, match=said):
        check_levels(levels)


def test_a_ticket_loads_where_it_was_saved(ner, ticket, tmp_path):
    assert codes_equal(Ticket.load(ticket.save(tmp_path / "t.safetensors")), ticket)
