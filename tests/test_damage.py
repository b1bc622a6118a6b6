"""A damaged or hostile file is refused by name: never a wrong number, another error, or code run.

Each property is tried on hundreds of files that hypothesis makes: 1,500 mutations in all.
"""

import json
import pickle
import re
import struct
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save
from test_tables import row

from lnlib.base.errors import UserError
from lnlib.corpora import hub
from lnlib.encoders import load_encoder
from lnlib.masks import packing
from lnlib.masks.matrices import Matrix
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record, _digest
from lnlib.papers.foroutan import tables

ROOT = Path(__file__).resolve().parents[1]
NAMES = ("encoder.layer.0.attention.self.query.weight", "encoder.layer.1.output.dense.weight")
MATRICES = [
    Matrix(NAMES[0], "encoder.layer", 0, "attention.self.query", 60),
    Matrix(NAMES[1], "encoder.layer", 1, "output.dense", 35),
]
CODES = {
    NAMES[0]: (np.arange(60) % 4).astype(np.uint8).reshape(6, 10),
    NAMES[1]: (np.arange(35) % 3).astype(np.uint8).reshape(5, 7),
}


def ticket():
    scores = {0: 90.125, 10: 81.25, 50: 0.1 + 0.2}
    return Ticket(
        Record("ticket", "ner", "ur", 0, "demo", (10, 50, 90), "toy", "f", scores=scores),
        MATRICES,
        CODES,
    )


def same(a, b):
    return (
        a.record == b.record
        and a.matrices == b.matrices
        and all(np.array_equal(a.codes(name), b.codes(name)) for name in NAMES)
    )


@st.composite
def harmed(draw, whole):
    """`whole` after one to three mutations: cut, bit flipped, bytes swapped, inserted, emptied."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        kind = draw(st.sampled_from(["cut", "behead", "flip", "swap", "insert", "repeat", "empty"]))
        if kind == "cut":
            del data[at:]
        elif kind == "behead":
            del data[:at]
        elif kind == "flip" and data:
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "swap" and data:
            other = draw(st.integers(0, len(data) - 1))
            data[at], data[other] = data[other], data[at]
        elif kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=9))
        elif kind == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 40))]
        elif kind == "empty":
            data.clear()
    return bytes(data)


MANY = settings(
    max_examples=500, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    tables.add(
        folder / "scores.csv",
        [row(seed=seed, value=70 + seed / 7, loss=seed / 3) for seed in range(4)]
        + [row(method="full", mask_task="", mask_lang="", mask_seed=None, sparsity=0)],
    )
    ticket().save(folder / "t.safetensors")
    ticket().to_reference_mask(10, folder / "m.pt")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def right_or_named(path, read, equal):
    """Read the file: the right value, or a UserError that names it. Whatever else comes up fails
    the test; a wrong value does, too."""
    try:
        value = read(path)
    except UserError as error:
        assert path.name in str(error)
        assert len(str(error)) < 1_000
    else:
        assert equal(value)


@MANY
@given(data=st.data())
def test_a_damaged_ticket_is_read_right_or_refused_by_name(saved, tmp_path, data):
    path = tmp_path / "t.safetensors"
    path.write_bytes(data.draw(harmed(saved[path.name])))
    right_or_named(path, Ticket.load, lambda found: same(found, ticket()))


@MANY
@given(data=st.data())
def test_a_damaged_table_is_read_right_or_refused_by_name(saved, tmp_path, data):
    path, whole = tmp_path / "scores.csv", tmp_path / "whole" / "scores.csv"
    whole.parent.mkdir(exist_ok=True)
    whole.write_bytes(saved[path.name])
    path.write_bytes(data.draw(harmed(saved[path.name])))
    right_or_named(path, tables.read, lambda found: found.equals(tables.read(whole)))


@MANY
@given(data=st.data())
def test_a_damaged_reference_mask_ends_in_no_other_error(saved, tmp_path, data):
    """The official format has no checksum, so a flipped bit in its slack passes; a value other
    than 0 and 1 does not."""
    path = tmp_path / "m.pt"
    path.write_bytes(data.draw(harmed(saved[path.name])))
    right_or_named(
        path,
        lambda path: Ticket.from_reference_masks([path], task="ner", lang="ur"),
        lambda found: found.rounds <= 1,
    )


def test_equal_tickets_are_equal_files(tmp_path):
    """safetensors itself writes the header's keys in an order that changes from save to save."""
    files = {ticket().save(tmp_path / f"{i}.safetensors").read_bytes() for i in range(8)}
    assert len(files) == 1


def test_the_data_of_a_ticket_stay_aligned(tmp_path):
    whole = ticket().save(tmp_path / "t.safetensors").read_bytes()
    assert int.from_bytes(whole[:8], "little") % 8 == 0


# -- made to harm ----------------------------------------------------------------------------------


def forged(path, record=None, matrices=None, tensors=None):
    """A ticket with a right checksum over whatever header and tensors are given."""
    header = {
        "record": json.dumps(asdict(ticket().record)) if record is None else record,
        "matrices": json.dumps([{**asdict(m), "shape": CODES[m.name].shape} for m in MATRICES])
        if matrices is None
        else matrices,
    }
    packed = {n: packing.nibbles(c) for n, c in CODES.items()} | (tensors or {})
    metadata = {"format": "lnlib ticket 1", **header, "sha256": _digest(header, packed)}
    path.write_bytes(save(packed, metadata))
    return path


def entry(**changes):
    return json.dumps([{**asdict(MATRICES[0]), "shape": [6, 10], **changes}])


def other_record(**changes):
    return json.dumps({**asdict(ticket().record), **changes})


def test_a_forged_ticket_that_harms_nobody_opens(tmp_path):
    assert same(Ticket.load(forged(tmp_path / "t.safetensors")), ticket())


@pytest.mark.parametrize(
    "forgery",
    [
        {"record": "[" * 100_000},
        {"record": '{"a":' * 100_000},
        {"record": "{}"},
        {"record": "null"},
        {"record": "7" * 5_000},
        {"record": other_record(levels=10)},
        {"record": other_record(levels=["ten"])},
        {"record": other_record(levels=[10])},  # the codes tell of three rounds
        {"record": other_record(levels=[50, 10, 90])},
        {"record": other_record(levels=list(range(1, 40)))},
        {"record": other_record(scores=[1, 2])},
        {"record": other_record(scores={"ten": 1})},
        {"record": other_record(scores={"10": "high"})},
        {"record": other_record(command="rm -r /")},
        {"matrices": "[" * 100_000},
        {"matrices": "{}", "record": "{}"},
        {"matrices": "[7]"},
        {"matrices": entry(shape=[10**12, 10**12])},
        {"matrices": entry(weights=10**18, shape=[10**18])},
        {"matrices": entry(weights=-2, shape=[-2])},
        {"matrices": entry(weights="60")},
        {"matrices": entry(shape="60")},
        {"matrices": entry(shape=[59])},
        {"matrices": entry(name="nowhere.weight")},
        {
            "matrices": entry(name="../../etc/passwd"),
            "tensors": {"../../etc/passwd": np.zeros(30, np.uint8)},
        },
        {"tensors": {NAMES[0]: np.zeros(30, np.float32)}},
        {"tensors": {NAMES[0]: np.zeros(30, np.int8)}},
        {"tensors": {NAMES[0]: np.full(30, 255, np.uint8)}},  # round 15 of 3
        {"tensors": {NAMES[0]: np.zeros(0, np.uint8)}},
    ],
    ids=lambda forgery: re.sub(r"(.)\1{9,}", r"\1...", str(forgery))[:60],
)
def test_a_forged_ticket_is_refused_by_name(tmp_path, forgery):
    path = forged(tmp_path / "t.safetensors", **forgery)
    with pytest.raises(UserError, match=r"t\.safetensors") as error:
        Ticket.load(path)
    assert len(str(error.value)) < 1_000
    assert list(tmp_path.rglob("*")) == [path]


def raw(header: bytes, length=None, data=b""):
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(**changes):
    entry = {"dtype": "U8", "shape": [8], "data_offsets": [0, 8], **changes}
    return json.dumps({"a": entry}).encode()


@pytest.mark.parametrize(
    "file",
    [
        raw(b"{}", length=2**63),
        raw(b"{}", length=2**40),
        raw(b"{}", length=0),
        raw(b"[" * 200_000),
        raw(b'{"a":' * 200_000),
        raw(tensor(data_offsets=[0, 2**60])),
        raw(tensor(data_offsets=[8, 0]), data=bytes(8)),
        raw(tensor(shape=[2**62, 2**62]), data=bytes(8)),
        raw(tensor(shape=[-8]), data=bytes(8)),
        raw(tensor(dtype="PICKLE"), data=bytes(8)),
        raw(b'{"__metadata__":{"format":7}}'),
        raw(b'{"../../evil":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
        pickle.dumps({"a": 1}),
    ],
    ids=lambda file: repr(file[:40]),
)
def test_a_hostile_header_is_refused_by_name(tmp_path, file):
    path = tmp_path / "t.safetensors"
    path.write_bytes(file)
    with pytest.raises(UserError, match=r"t\.safetensors"):
        Ticket.load(path)
    assert list(tmp_path.rglob("*")) == [path]


class Trap:
    """A pickle that leaves a file when it is loaded."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return Path.touch, (Path(self.mark),)


def masks(path, value, key="bert.encoder.layer.0.x.weight_mask"):
    torch.save({key: value}, path)


def plain_pickle(path, mark):
    path.write_bytes(pickle.dumps(Trap(mark)))


def swapped_pickle(path, mark):
    """A mask file of torch's in which the pickle was replaced."""
    whole = path.with_suffix(".whole")
    masks(whole, torch.ones(4))
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            trap = name.endswith("data.pkl")
            new.writestr(name, pickle.dumps(Trap(mark)) if trap else old.read(name))


@pytest.mark.parametrize(
    "make",
    [
        lambda path, mark: masks(path, Trap(mark)),
        plain_pickle,
        swapped_pickle,
        lambda path, mark: torch.save(torch.nn.Linear(2, 2), path),
        lambda path, mark: path.write_bytes(b""),
        lambda path, mark: path.write_text("PK\x03\x04 but no zip"),
        lambda path, mark: masks(path, torch.ones(4), key="../../../etc/passwd.weight_mask"),
        lambda path, mark: masks(path, torch.ones(4), key="/etc/passwd.weight_mask"),
        lambda path, mark: masks(path, torch.ones(4), key="a..b.weight_mask"),
        lambda path, mark: torch.save({7: torch.ones(4)}, path),
        lambda path, mark: torch.save([torch.ones(4)], path),
        lambda path, mark: masks(path, torch.zeros(0)),
        lambda path, mark: masks(path, torch.eye(4).to_sparse()),
        lambda path, mark: masks(path, torch.full((4,), float("nan"))),
        lambda path, mark: masks(path, "ones"),
    ],
    ids=[
        "object", "pickle", "swapped", "module", "empty", "no-zip", "path-up", "path-root",
        "empty-part", "number-key", "list", "no-values", "sparse", "nan", "text",
    ],
)  # fmt: skip
def test_a_hostile_mask_file_is_refused_and_runs_nothing(tmp_path, make):
    path, mark = tmp_path / "m.pt", tmp_path / "code-ran"
    make(path, mark)
    with pytest.raises(UserError, match=r"m\.pt"):
        Ticket.from_reference_masks([path], task="ner", lang="ur")
    assert not mark.exists()


def test_a_refusal_does_not_tell_how_to_load_it_all_the_same(tmp_path):
    """torch's own message does: set weights_only to False, it says, if you trust the file."""
    masks(tmp_path / "m.pt", Trap(tmp_path / "code-ran"))
    with pytest.raises(UserError) as error:
        Ticket.from_reference_masks([tmp_path / "m.pt"], task="ner", lang="ur")
    assert "weights_only" not in str(error.value)


def script_only(folder, mark):
    (folder / "wikiann.py").write_text(f"open({str(mark)!r}, 'w')")


def script_beside(folder, mark):
    script_only(folder, mark)
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: ur\n  data_files: a.csv\n---\n"
    )
    (folder / "a.csv").write_text("tokens,ner_tags\n")


def pickled_rows(folder, mark):
    (folder / "README.md").write_text(
        "---\nconfigs:\n- config_name: ur\n  data_files: a.pkl\n---\n"
    )
    (folder / "a.pkl").write_bytes(pickle.dumps(Trap(mark)))


def yaml_object(folder, mark):
    (folder / "README.md").write_text(
        f"---\nconfigs: !!python/object/apply:os.system ['touch {mark}']\n---\n"
    )


@pytest.mark.parametrize("make", [script_only, script_beside, pickled_rows, yaml_object])
def test_a_data_dir_that_brings_code_is_refused_and_runs_nothing(tmp_path, monkeypatch, make):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder, mark = tmp_path / "wikiann", tmp_path / "code-ran"
    folder.mkdir()
    make(folder, mark)
    with pytest.raises(UserError, match="wikiann"):
        hub.load("ner", "ur", "train", 4, tmp_path)
    assert not mark.exists()


def brings_code(folder, mark, **changes):
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "evil.C", "AutoModel": "evil.M"}, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass C: pass\nclass M: pass\n")


def test_an_encoder_that_brings_code_is_refused_and_nobody_is_asked(tmp_path, monkeypatch):
    import toys

    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked at the terminal"))
    folder, mark = toys.save_encoder(tmp_path / "toy"), tmp_path / "code-ran"
    brings_code(folder, mark, model_type="evil")
    with pytest.raises(UserError, match="holds no encoder that transformers loads"):
        load_encoder(str(folder))
    assert not mark.exists()


def test_code_beside_a_known_architecture_is_left_alone(tmp_path):
    import toys

    folder, mark = toys.save_encoder(tmp_path / "toy"), tmp_path / "code-ran"
    before = load_encoder(str(folder)).fingerprint
    brings_code(folder, mark)
    assert load_encoder(str(folder)).fingerprint == before
    assert not mark.exists()


@pytest.mark.parametrize("left", ["nothing", "pickle"])
def test_an_encoder_without_safetensors_is_refused_before_it_is_loaded(tmp_path, left):
    import toys

    folder, mark = toys.save_encoder(tmp_path / "toy"), tmp_path / "code-ran"
    (folder / "model.safetensors").unlink()
    if left == "pickle":
        torch.save({"a": Trap(mark)}, folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"toy.*holds no weights in safetensors"):
        load_encoder(str(folder))
    assert not mark.exists()


SURPRISES = (
    r"trust_remote_code\W+True", r"pickle\.loads?\(", r"yaml\.(unsafe_|full_)?load\(",
    r"weights_only\s*=\s*False", r"allow_pickle\s*=\s*True", r"(?<![\w.])(eval|exec)\(",
    r"os\.system\(", r"shell\s*=\s*True", r"read_pickle\(", r"joblib",
)  # fmt: skip


@pytest.mark.parametrize("path", sorted((ROOT / "lnlib").rglob("*.py")), ids=lambda path: path.stem)
def test_no_module_can_run_what_it_reads(path):
    text = path.read_text(encoding="utf-8")
    if path.stem == "cldr":  # Babel's own data, as much a part of that package as its code is
        assert "localedata.resolve_locale_filename(lang)" in text
        text = text.replace("pickle.load(file)", "", 1)
    assert [found for pattern in SURPRISES for found in re.findall(pattern, text)] == []
    loads = re.findall(r"torch\.load\([^)]*\)", text)
    assert all("weights_only=True" in load for load in loads)
