"""The ticket's codes, its file, and the reference code's masks."""

from dataclasses import asdict

import numpy as np
import pytest
import torch
import toys

from lnlib import find_ticket
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder
from lnlib.masks.matrices import Matrix
from lnlib.masks.ticket import PackedMask, Ticket
from lnlib.masks.ticket_file import Record

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


@pytest.mark.parametrize("prefix", ["", "bert.", "roberta.", "module.bert.", "module.", "model."])
def test_reference_masks_are_read_whatever_model_stood_around(ticket, tmp_path, prefix):
    path = _reference(ticket, 50, tmp_path / "m.pt", prefix)
    back = Ticket.from_reference_masks(path, task="ner", lang="ur")  # one path is a list of one
    assert back.matrices == ticket.matrices
    assert (
        back.mask(55)[NAMES[0]] == ticket.mask(50)[NAMES[0]]
    ).all()  # 6 of its 11 weights are pruned


@pytest.mark.parametrize(
    "name, own",
    [
        ("bert.pooler.dense", "pooler.dense"),
        ("encoder.block.0.layer.0.SelfAttention.q", "encoder.block.0.layer.0.SelfAttention.q"),
        ("module.decoder.block.0.layer.2.wo", "decoder.block.0.layer.2.wo"),
        ("distilbert.transformer.layer.0.attention.q_lin", "transformer.layer.0.attention.q_lin"),
        ("model.encoder.layers.0.encoder_attn.q_proj", "encoder.layers.0.encoder_attn.q_proj"),
        ("model.layers.0.self_attn.q_proj", "layers.0.self_attn.q_proj"),
        ("encoder.bert.encoder.layer.0.output.dense", "encoder.layer.0.output.dense"),
    ],
)
def test_a_name_of_any_architecture_is_told_from_its_structure(tmp_path, name, own):
    torch.save({f"{name}.weight_mask": torch.eye(4)}, tmp_path / "m.pt")
    back = Ticket.from_reference_masks([tmp_path / "m.pt"], task="ner", lang="ur")
    assert [m.name for m in back.matrices] == [f"{own}.weight"]


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "distilbert", "llama", "mt5"])
def test_masks_go_out_and_come_back_for_every_architecture(tmp_path, kind):
    bench = load_encoder(toys.save_encoder(tmp_path, kind))
    task = "mlm" if kind in ("bert", "xlm-roberta", "distilbert") else "xnli"
    own = find_ticket(bench, task, "ur", method="random", levels=(50,))
    path = own.to_reference_mask(50, tmp_path / "m.pt")
    back = Ticket.from_reference_masks(path, task=task, lang="ur")
    assert back.matrices == own.matrices


OTHERS = (
    "bert.embeddings.word_embeddings", "classifier", "classifier.0", "cls.predictions.decoder",
    "encoder.embed_tokens", "encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
)  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_the_official_code_does_not_prune_moves_no_level(ticket, tmp_path, name):
    masks = torch.load(_reference(ticket, 50, tmp_path / "m.pt"), weights_only=True)
    torch.save({**masks, f"{name}.weight_mask": torch.ones(90, 9)}, tmp_path / "m.pt")
    back = Ticket.from_reference_masks(tmp_path / "m.pt", task="ner", lang="ur")
    assert back.levels == (55,) and back.matrices == ticket.matrices
    torch.save({**masks, f"{name}.weight_mask": torch.eye(9)}, tmp_path / "m.pt")
    with pytest.raises(UserError, match=rf"m\.pt' prunes '{name}\.weight', which is no matrix"):
        Ticket.from_reference_masks(tmp_path / "m.pt", task="ner", lang="ur")


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html>", b"version https://git-lfs.github.com/spec/v1", b"\x89HDF", b""],
)
def test_what_was_downloaded_in_a_masks_place_is_shown(tmp_path, content):
    (tmp_path / "m.pt").write_bytes(content)
    with pytest.raises(UserError) as error:
        Ticket.from_reference_masks([tmp_path / "m.pt"], task="ner", lang="ur")
    begin = repr(content[:24])
    assert str(error.value) == (
        f"'{tmp_path / 'm.pt'}' is not a plain mask file: it begins with {begin}"
    )


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"task": "NER"}, "unknown task 'NER'.*mean 'ner'"),
        ({"lang": "urdu"}, "unknown language 'urdu'"),
        ({"task": "xnli", "lang": "fa"}, "XNLI has no Persian"),
        ({"seed": "57"}, "seed '57' is not a whole number"),
        ({"encoder": 7}, "7 is no text: expected encoder=encoder.name"),
        ({"paths": None}, "mask files None: expected a list of paths"),
        ({"paths": []}, "no mask files given"),
        ({"paths": [7]}, "mask file 7 is no path"),
        ({"paths": "nowhere.pt"}, "no mask file at 'nowhere.pt'"),
        ({"paths": "."}, r"no mask file at '\.' \(a folder\): name the files in it"),
    ],
)
def test_what_reference_masks_are_said_to_be_is_checked(ticket, tmp_path, wrong, said):
    right = {"paths": _reference(ticket, 50, tmp_path / "m.pt"), "task": "ner", "lang": "ur"}
    with pytest.raises(UserError, match=said):
        Ticket.from_reference_masks(**{**right, **wrong})


def test_two_reference_masks_of_one_level_are_named(ticket, tmp_path):
    both = [_reference(ticket, 50, tmp_path / name) for name in ("a.pt", "b.pt")]
    with pytest.raises(UserError, match=r"a\.pt' and .*b\.pt' both prune 55 %"):
        Ticket.from_reference_masks(both, task="ner", lang="ur")
    with pytest.raises(UserError, match=r"c\.pt' prunes 0 of 11 weights"):
        dense = _reference(ticket, 0, tmp_path / "c.pt")
        Ticket.from_reference_masks(dense, task="ner", lang="ur")


@pytest.mark.parametrize("level", [50, 50.0, np.int64(50), np.uint8(50), np.float32(50)])
def test_a_level_is_any_whole_number(ticket, level):
    assert ticket.packed(level).level == 50
    for name, kept in ticket.mask(level).items():
        assert (kept == ticket.mask(50)[name]).all()


@pytest.mark.parametrize("level", ["50", 50.5, 0.5, None, True, False, [50], float("nan"), -50,
                                   np.array([10, 50]), np.uint8(55), 10**400])  # fmt: skip
def test_what_is_no_level_is_refused_everywhere(ticket, level):
    for read in (ticket.mask, ticket.density, ticket.packed, ticket.packed(50).packed):
        with pytest.raises(UserError, match=r"no mask at|was read at"):
            read(level)


def test_a_matrix_that_is_not_there_is_refused_with_the_nearest(ticket):
    wrong = NAMES[0].replace("query", "qery")
    for read in (ticket.codes, ticket.alive, lambda name: ticket.kept(name, 50)):
        with pytest.raises(UserError, match=f"unknown matrix '{wrong}'.*did you mean '{NAMES[0]}'"):
            read(wrong)
    with pytest.raises(UserError, match="unknown matrix"):
        ticket.cut(1).pruned({wrong: np.array([0])})


def test_a_path_from_the_home_folder_is_one(ticket, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    ticket.save("~/t.safetensors")
    ticket.to_reference_mask(50, "~/m.pt")
    assert {path.name for path in (tmp_path / "home").glob("[mt]*")} == {"t.safetensors", "m.pt"}
    assert not (tmp_path / "~").exists()
    assert Ticket.load("~/t.safetensors").record == PackedMask.load("~/t.safetensors", 50).record
    assert Ticket.from_reference_masks("~/m.pt", task="ner", lang="ur").rounds == 1


@pytest.mark.parametrize("path", [None, 7, "", ["t"], b"t", "a\0b", "a" * 5_000])
def test_what_is_no_path_is_refused(ticket, path):
    for call in (Ticket.load, ticket.save, lambda path: ticket.to_reference_mask(50, path)):
        with pytest.raises(UserError, match=r"is no path|name too long"):
            call(path)


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
