"""Which mask a row is of: by its bits, not by what it is called."""

import numpy as np
import pytest

from lnlib import find_ticket, jaccard, overlap_table
from lnlib.masks.overlap import density_table
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.results import runs
from lnlib.results.scores import SCORES
from lnlib.results.table import Table

ROW = {"scale": "demo", "task": "ner", "lang": "ur", "seed": 0, "method": "random", "sparsity": 50,
       "metric": "f1", "value": 50.0}  # fmt: skip


def random(bert, seed, **more):
    return find_ticket(bert, "ner", "ur", method="random", seed=seed, levels=(10, 50), **more)


def test_two_random_masks_of_one_target_and_seed_are_two_rows(bert, ner, tmp_path):
    """Their records name them alike: a random mask has no task, language or seed in a table."""
    rows = [runs.measure(ner, random(bert, seed), 50, 0, tmp_path) for seed in (0, 1)]
    assert rows[0]["mask"] != rows[1]["mask"] and len(SCORES.read(tmp_path)) == 2
    again = runs.measure(ner, random(bert, 1), 50, 0, tmp_path)
    assert again["value"] == rows[1]["value"] and len(SCORES.read(tmp_path)) == 2


def test_a_score_under_a_ticket_that_was_searched_again_is_not_handed_out(bert, ner, tmp_path):
    ticket = find_ticket(bert, "ner", "ur", bench=ner, levels=(10, 50))
    first = runs.measure(ner, ticket, 50, 0, tmp_path)
    name = ticket.matrices[0].name
    codes = {m.name: ticket.codes(m.name).copy() for m in ticket.matrices}
    codes[name].flat[0], codes[name].flat[1] = 0, 1  # another search: two weights changed places
    other = Ticket(ticket.record, ticket.matrices, codes)
    second = runs.measure(ner, other, 50, 0, tmp_path)
    assert first["mask"] != second["mask"] and len(SCORES.read(tmp_path)) == 2


def test_equal_masks_have_one_digest_however_they_were_found_and_kept(bert, tmp_path):
    ticket = random(bert, 0)
    path = ticket.save(tmp_path / "t.safetensors")
    alone = find_ticket(bert, "ner", "ur", method="random", seed=0, levels=(50,))
    kept = (Ticket.load(path), PackedMask.load(path, 50).packed(50), alone)
    digests = {mask.packed(50).digest for mask in kept}
    assert digests == {ticket.digest(50)} and jaccard(ticket, alone, level=50) == 1
    assert ticket.digest(10) != ticket.digest(50) and ticket.digest(0) == ""


def test_one_weight_more_is_another_mask(bert):
    ticket = random(bert, 0)
    name = ticket.matrices[-1].name
    codes = {m.name: ticket.codes(m.name).copy() for m in ticket.matrices}
    last = np.flatnonzero(codes[name] == 0)[-1]
    codes[name].flat[last] = 1
    assert Ticket(ticket.record, ticket.matrices, codes).digest(50) != ticket.digest(50)


def test_pairs_and_densities_say_which_masks_they_are_of(bert):
    a, b = random(bert, 0), random(bert, 1)
    (pair,) = overlap_table([a, b], level=50).to_dict("records")
    assert (pair["mask_a"], pair["mask_b"]) == (a.digest(50), b.digest(50))
    assert set(density_table([a], 50)["mask"]) == {a.digest(50)}


def test_a_row_that_does_not_say_gives_way_to_one_that_does(tmp_path):
    SCORES.add(tmp_path, [ROW, {**ROW, "lang": "en"}])
    named = SCORES.add(tmp_path, [{**ROW, "mask": "a" * 12, "value": 60.0}])
    assert named.sort_values("lang")["value"].tolist() == [50.0, 60.0]
    both = SCORES.add(tmp_path, [{**ROW, "mask": "b" * 12}])
    assert len(both) == 3  # two masks that say which they are stand beside each other


@pytest.mark.parametrize("name", ["scores", "overlap", "excess", "density", "retrieval"])
def test_a_table_of_before_masks_had_names_is_read_and_goes_on(tmp_path, name):
    from lnlib.papers.foroutan.tables import TABLES

    table = next(table for table in TABLES if table.name == name)
    old = [column for column in table.columns if column not in table.later]
    before = Table(name, tuple(c for c in table.key if c in old), tuple(old))
    before.add(tmp_path, [dict.fromkeys(old, 1) | {"part": "all"}])
    read = table.read(tmp_path)
    assert len(read) == 1 and set(read[list(table.later)].to_numpy().ravel()) == {""}
    assert len(table.add(tmp_path, [])) == 1
    assert tuple(table.read(tmp_path).columns) == table.columns
