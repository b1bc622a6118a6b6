"""The ticket's codes, its file, and the reference code's masks."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from lnlib.base.errors import UserError
from lnlib.masks.matrices import Matrix
from lnlib.masks.ticket import Record, Ticket

NAMES = ("encoder.layer.0.attention.self.query.weight", "encoder.layer.1.output.dense.weight")
MATRICES = [
    Matrix(NAMES[0], "encoder.layer", 0, "attention.self.query", 6),
    Matrix(NAMES[1], "encoder.layer", 1, "output.dense", 5),
]


def record(**changes):
    return Record(**{**asdict(Record("ticket", "ner", "ur", 0, "demo", (10, 50, 90), "toy", "f")),
                     **changes})  # fmt: skip


@pytest.fixture
def ticket():
    codes = {NAMES[0]: [[0, 1, 2], [3, 2, 0]], NAMES[1]: [[0, 3, 2, 2, 1]]}
    return Ticket(record(), MATRICES, {k: np.array(v, np.uint8) for k, v in codes.items()})


def test_masks_nest(ticket):
    for sparser, denser in ((90, 50), (50, 10), (10, 0)):
        for name, kept in ticket.mask(sparser).items():
            assert (ticket.mask(denser)[name] | ~kept).all()


def test_a_mask_is_read_off_the_codes(ticket):
    assert ticket.mask(50)[NAMES[0]].tolist() == [[True, False, False], [True, False, True]]


def test_density_by_layer_counts_by_hand(ticket):
    assert ticket.density(50, by="layer").to_dict() == {"0": 3 / 6, "1": 2 / 5}


def test_a_level_that_is_not_there_is_refused_with_the_nearest(ticket):
    with pytest.raises(UserError, match=r"no mask at 55.*nearest: 50"):
        ticket.mask(55)


def test_a_file_gives_back_what_was_saved(ticket, tmp_path):
    back = Ticket.load(ticket.scored(10, 81.25).save(tmp_path / "t.safetensors"))
    assert back.record.scores == {10: 81.25}
    assert back.matrices == ticket.matrices
    for name in NAMES:  # the odd number of weights checks the half-filled last byte
        assert (back.codes(name) == ticket.codes(name)).all()


def test_a_weight_takes_four_bits(tmp_path):
    big = Matrix(NAMES[0], "encoder.layer", 0, "attention.self.query", 100_000)
    codes = {NAMES[0]: np.ones(100_000, np.uint8)}
    path = Ticket(record(), [big], codes).save(tmp_path / "t.safetensors")
    assert path.stat().st_size < 100_000 / 2 + 2_000  # the header is under 2 kB


@pytest.mark.parametrize("harm", ["cut", "flip", "empty", "text"])
def test_a_damaged_file_is_refused_by_name(ticket, tmp_path, harm):
    path = ticket.save(tmp_path / "t.safetensors")
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-3], "flip": whole[:-1] + bytes([whole[-1] ^ 16]), "empty": b"",
                      "text": b"not a ticket at all"}[harm])  # fmt: skip
    with pytest.raises(UserError, match=r"t\.safetensors"):
        Ticket.load(path)


def test_a_failed_save_leaves_the_old_file(ticket, tmp_path, monkeypatch):
    path = ticket.save(tmp_path / "t.safetensors")
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(UserError, match=r"t\.safetensors.*disk full"):
        ticket.scored(50, 1.0).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_pruned_weight_cannot_be_pruned_again(ticket):
    fresh = Ticket.empty(record(), {m: (m.weights,) for m in MATRICES})
    once = fresh.pruned({NAMES[0]: np.array([0])})
    with pytest.raises(ValueError, match="again"):
        once.pruned({NAMES[0]: np.array([0])})


def _reference(ticket, level, path, prefix="bert."):
    masks = {f"{prefix}{name}_mask": kept.float() for name, kept in ticket.mask(level).items()}
    torch.save(masks, path)
    return path


def test_reference_masks_come_in_as_one_ticket(ticket, tmp_path):
    files = [_reference(ticket, level, tmp_path / f"{level}.pt") for level in (90, 10, 50)]
    back = Ticket.from_reference_masks(files, task="ner", lang="ur")
    assert back.matrices == ticket.matrices
    for ours, theirs in zip((10, 50, 90), back.levels, strict=True):
        for name in NAMES:
            assert (back.mask(theirs)[name] == ticket.mask(ours)[name]).all()


def test_reference_masks_go_out_as_the_reference_reads_them(ticket, tmp_path):
    path = ticket.to_reference_mask(50, tmp_path / "out.pt")
    written = torch.load(path, weights_only=True)
    assert set(written) == {f"bert.{name}_mask" for name in NAMES}
    assert written[f"bert.{NAMES[0]}_mask"].dtype == torch.float32


def test_reference_masks_that_do_not_nest_are_refused(ticket, tmp_path):
    a = _reference(ticket, 10, tmp_path / "a.pt")
    odd = {name: (~kept).float() for name, kept in ticket.mask(10).items()}
    torch.save({f"bert.{k}_mask": v for k, v in odd.items()}, tmp_path / "b.pt")
    with pytest.raises(UserError, match="not of one search"):
        Ticket.from_reference_masks([a, tmp_path / "b.pt"], task="ner", lang="ur")


def test_a_pickle_that_runs_code_is_not_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (print, ("code ran",))

    torch.save({"bert.x.weight_mask": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(UserError, match=r"trap\.pt.*not a plain mask file"):
        Ticket.from_reference_masks([tmp_path / "trap.pt"], task="ner", lang="ur")
