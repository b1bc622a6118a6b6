"""Every peer computes what ours computes, and every benchmark runs at a toy size."""

import importlib
from unittest import mock

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks import __main__ as everything
from benchmarks import cka as cka_benchmark
from benchmarks import influence, overlap, shapes, step, table
from benchmarks.peers import (
    float_overlap,
    gram_overlap,
    kernel_cka,
    one_by_one,
    padded_round,
    pt_files,
    sorting,
    topk,
    torch_cka,
)
from benchmarks.table import Options, Row
from lnlib.base.provenance import code, imports
from lnlib.masks import smallest
from lnlib.masks.overlap import _counts, overlap_table
from lnlib.masks.ticket import PackedMask
from lnlib.states import cka
from lnlib.tasks.examples import Batch
from lnlib.tasks.ner import NER

TOY = Options(toy=True)
PROCESSES = ("startup", "threads")  # these start processes that load torch


def by(rows, **key):
    (found,) = [row for row in rows if all(getattr(row, k) == v for k, v in key.items())]
    return found


@pytest.fixture(scope="module")
def steps():
    return step.measure(2, 16, 2, "ratio <= 1.05")


def test_our_steps_are_the_steps_of_the_hooks(steps):
    assert by(steps, who="ours", measure="difference").value <= 1e-6


def test_our_mask_holds_a_byte_a_weight_and_the_peers_hold_floats(steps):
    held = {row.who: row.value for row in steps if row.measure == "memory"}
    assert held["ours"] <= 1
    # masks as floats and, for the hooks, the masked weights; torch keeps the mask a second time
    assert held["mask at forward"] == 4 and held["prune hooks"] >= 8


def test_masking_at_forward_parts_from_the_hooks_only_by_clipping():
    with mock.patch.object(step, "CLIP", 1e9):
        rows = step.measure(2, 16, 2, "ratio <= 1.05")
    assert by(rows, who="mask at forward", measure="difference").value <= 1e-6


def test_peers_find_the_same_threshold():
    rng = np.random.default_rng(0)
    scores = [np.abs(rng.standard_normal(n, dtype=np.float32)) for n in (5_000, 300, 7_001)]
    alive = [rng.random(part.size) > 0.3 for part in scores]
    left = [torch.from_numpy(part[lives]) for part, lives in zip(scores, alive, strict=True)]
    for count in (1, 1_234, 8_000):
        ours = smallest.threshold(scores, alive, count)
        assert ours == sorting.threshold(scores, alive, count) == topk.threshold(left, count)


def test_topk_prunes_the_same_weights():
    rng = np.random.default_rng(0)
    scores = [np.abs(rng.standard_normal(n, dtype=np.float32)) for n in (5_000, 300)]
    alive = [np.ones(part.size, bool) for part in scores]
    _, places = topk.fallen([torch.from_numpy(part) for part in scores], 2_000)
    ours = np.flatnonzero(np.concatenate(smallest.fallen(scores, alive, 2_000)))
    assert np.array_equal(np.sort(places.numpy()), ours)


def test_peers_count_the_same_overlap():
    tickets = [shapes.ticket(number, toy=True) for number in range(3)]
    rows = overlap_table(tickets, 50, overlap.BY)
    floats = [{n: kept.float() for n, kept in t.mask(50).items()} for t in tickets]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        peer = float_overlap.jaccards(floats[i], floats[j], overlap.parts, tickets[0].matrices)
        pair = rows[(rows.lang_a == f"language {i}") & (rows.lang_b == f"language {j}")]
        assert peer == dict(zip(pair.by + " " + pair.part, pair.jaccard, strict=True))
    stacked = {name: torch.stack([f[name].ravel() for f in floats]) for name in floats[0]}
    ours = _counts(tickets, 50)
    counted = gram_overlap.counts(stacked)
    assert np.array_equal(np.triu(ours), np.triu(counted))


def test_files_of_either_kind_hold_the_same_masks(tmp_path):
    ticket = shapes.ticket(toy=True)
    paths = pt_files.save({level: ticket.mask(level) for level in ticket.levels}, tmp_path)
    level = PackedMask.load(ticket.save(tmp_path / "ticket.safetensors"), 50)
    for name, kept in pt_files.load(paths[4]).items():
        own = name.removeprefix("bert.").removesuffix("_mask")
        assert np.array_equal(kept.numpy() != 0, ticket.kept(own, 50))
        assert np.bitwise_count(level.bits[own]).sum() == int(kept.sum())


def test_a_padded_batch_has_the_loss_of_ours(ner):
    model = ner.model(0).eval()
    index = np.arange(6)
    ours, _ = NER.loss(model, NER.collate(ner.data.train, index, ner.encoder.tokenizer, 0))
    peer = model(**padded_round.batch(ner.data.train, index, 64)).loss
    # padding changes the order of float32 sums, nothing else
    assert float(ours.detach()) == pytest.approx(float(peer.detach()), abs=1e-6)


def test_peers_find_the_same_similarity():
    a, b = cka_benchmark.states(2, 40, 16)
    debiased = torch_cka.grid(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    # the package sums in single precision
    assert cka.grid(a, b) == pytest.approx(debiased, abs=1e-5)
    for windows, ours in ((1, cka.grid(a, b, "rbf", debiased=False)), (4, cka.in_windows(a, b))):
        assert ours == pytest.approx(kernel_cka.grid(a, b, windows), abs=1e-6)  # float32 kernels


class Products:
    """Stands for captum, which no test fetches: products of gradients taken one by one."""

    def __init__(self, _folder, model, layers, train, test, _clock):
        assert all(model.get_submodule(name).bias is None for name in layers)
        rows = [
            torch.stack(list(one_by_one.gradients(model, NER, Batch({"input_ids": ids}, labels))))
            for ids, _, labels in (test, train)
        ]
        self.found = rows[0] @ rows[1].T

    def ask(self, _way, _what="seconds"):
        return 1.0

    def scores(self, _way):
        return self.found

    def close(self):
        pass


def test_what_captum_is_timed_on_are_products_of_gradients(monkeypatch):
    monkeypatch.setattr(influence, "Captum", Products)
    rows = influence.captum(shapes.bert(2, 16, influence.VOCABULARY).eval(), 8, 6, 1)
    for who in influence.WAYS:
        assert by(rows, who=who, measure="difference").value <= 1e-5  # float32 sums of 6,000
        assert by(rows, who=who, measure="time").beside == "ours"


def test_a_peer_whose_packages_cannot_be_had_is_said_not_to_have_run(monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    rows = influence.captum(shapes.bert(2, 16, influence.VOCABULARY).eval(), 4, 6, 1)
    assert [row.who for row in rows] == list(influence.WAYS)
    assert all(row.status.startswith("not run: ") and "captum==" in row.status for row in rows)


@pytest.mark.parametrize("name", [name for name in everything.NAMES if name not in PROCESSES])
def test_a_toy_of_every_benchmark_gives_one_row_a_quantity(name):
    rows = importlib.import_module(f"benchmarks.{name}").rows(TOY)
    keys = [(row.job, row.size, row.who, row.measure) for row in rows]
    assert len(set(keys)) == len(keys) > 0
    assert all(row.value is not None and row.status == "measured" for row in rows)
    assert all(row.verdict in ("met", "missed") for row in rows if row.target)


def test_rows_name_the_code_that_they_were_measured_with():
    (row,) = table.frame([Row("job", "size", "ours", "time", 1.0, "s")]).to_dict("records")
    assert row["code"] == code(*imports()) != code()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_what_was_not_run_says_why():
    for name, why in (("gpu", "no GPU"), ("round", "needs --data-dir")):
        rows = importlib.import_module(f"benchmarks.{name}").rows(Options())
        assert {row.status for row in rows} == {f"not run: {why}"}
        assert all(row.value is None and row.verdict == "" for row in rows)


def test_a_target_is_met_or_missed():
    fast = Row("job", "size", "peer", "time", 8.0, ratio=8.0, beside="ours", target="ratio >= 8")
    big = Row("job", "size", "ours", "memory", 4.0, ratio=1.0, target="value < 4")
    assert (fast.verdict, big.verdict) == ("met", "missed")
    assert table.in_words(fast.target) == "at least 8 ×"


def test_a_table_that_was_not_run_leaves_a_measured_one(tmp_path, capsys):
    measured = Row("job", "size", "ours", "time", 1.0)
    path = table.write("gpu", [measured], tmp_path)
    table.write("gpu", [Row("job", "other", "ours", "time", status="not run: no GPU")], tmp_path)
    assert "keeps" in capsys.readouterr().out
    assert pd.read_csv(path)["size"].tolist() == ["size"]


def test_ways_take_turns():
    seen = []
    ways = {who: lambda who=who: seen.append(who) for who in "ab"}
    times = table.interleaved(ways, 2, warm=1)
    assert [len(part) for part in times.values()] == [2, 2]
    assert sorted(seen[:2]) == sorted(seen[2:4]) == sorted(seen[4:]) == ["a", "b"]


@pytest.mark.slow
def test_a_live_run_is_timed():
    rows = importlib.import_module("benchmarks.startup").rows(TOY)
    shares = [row.value for row in rows if row.unit == "share of the run"]
    assert len(shares) == 2 and all(0 < share < 1 for share in shares)


@pytest.mark.slow
def test_every_number_of_threads_is_timed_on_an_idle_and_on_a_busy_machine():
    rows = importlib.import_module("benchmarks.threads").rows(TOY)
    assert len({(row.size, row.who) for row in rows}) == len(rows) == 2 * 3
    assert all(row.value > 0 and row.status == "measured" for row in rows)
    assert sum(row.verdict in ("met", "missed") for row in rows) == 2
