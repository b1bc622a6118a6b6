"""A ticket's file: four bits a weight, the search's record in the header, a checksum over both.

The format is safetensors: two codes to a byte, and the record as JSON in the header, with a
SHA-256 over both. Equal tickets are equal files, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from lnlib.base.errors import UserError
from lnlib.base.files import refused, replacing
from lnlib.base.hashes import checksum
from lnlib.masks import packing
from lnlib.masks.matrices import Matrix

_FORMAT = "lnlib ticket 1"


@dataclass(frozen=True)
class Record:
    """What was searched, with what, and what came out: all a reader must know to trust it."""

    method: str  # one of pruning.methods.METHODS
    task: str
    lang: str
    seed: int
    scale: str
    levels: tuple[int, ...]  # % pruned after each round
    encoder: str
    encoder_fingerprint: str
    data_fingerprint: str = ""
    search: str = ""  # hash of every setting of the search
    # Sparsity in % to value, in the metric's unit; 0 is the full model.
    scores: dict[int, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def write(path: Path, record: Record, matrices: list[Matrix],
          codes: Mapping[str, np.ndarray]) -> None:  # fmt: skip
    """Write codes (uint8, by matrix) atomically: what stood there stays whole until then."""
    from safetensors.numpy import save

    packed = {name: packing.nibbles(part) for name, part in codes.items()}
    header = {
        "record": json.dumps(asdict(record), sort_keys=True),
        "matrices": json.dumps([{**asdict(m), "shape": codes[m.name].shape} for m in matrices]),
    }
    metadata = {"format": _FORMAT, **header, "sha256": _digest(header, packed)}
    with replacing(path) as partial:
        # Not save_file: it has an error of its own for a full disk.
        partial.write_bytes(_ordered(save(packed, metadata)))


def read(path: Path) -> tuple[Record, dict[Matrix, tuple[int, ...]], dict[str, np.ndarray]]:
    """Its record, its matrices with their shapes, their codes as nibbles.

    Raises UserError, naming the file, if it is missing, cut, altered or no ticket.
    """
    from safetensors import safe_open

    with whole_file(path):
        found = path.is_file()
    if not found:
        what = " (a folder): name a ticket's file in it" if path.is_dir() else ""
        raise UserError(f"no ticket at {str(path)!r}{what}")
    with whole_file(path), safe_open(path, "np") as file:
        metadata = file.metadata() or {}
        packed = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if metadata.get("format") != _FORMAT:
        raise UserError(f"{str(path)!r} is not a ticket of this format ({_FORMAT!r})")
    with whole_file(path):
        header = {key: metadata[key] for key in ("record", "matrices")}
        if _digest(header, packed) != metadata.get("sha256"):
            raise UserError("it has been altered or damaged, as its checksum is wrong")
        record = json.loads(header["record"])
        record["levels"] = tuple(map(int, record["levels"]))
        record["scores"] = {int(level): float(score) for level, score in record["scores"].items()}
        shapes = {}
        for entry in json.loads(header["matrices"]):
            shape = tuple(entry.pop("shape"))
            matrix, part = Matrix(**entry), packed[entry["name"]]
            # Before anything is made of that size: half a byte a weight is what there must be.
            if part.dtype != np.uint8 or part.shape != (-(-matrix.weights // 2),):
                raise UserError(f"{matrix.name!r} is not {matrix.weights!r} codes of four bits")
            shapes[matrix] = shape
        return Record(**record), shapes, {m.name: packed[m.name] for m in shapes}


@contextmanager
def whole_file(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading a file, in one message that names it.

    A checksum proves that nothing changed since, not that the maker meant well: a header may
    promise anything, and be nested deeper than the parser goes.
    """
    from safetensors import SafetensorError

    try:
        yield
    except OSError as cause:
        raise refused("read", path, cause) from cause
    except (SafetensorError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError,
            RecursionError) as cause:  # fmt: skip
        raise UserError(f"{str(path)!r} is not a whole ticket file: {cause}") from cause


def _ordered(file: bytes) -> bytes:
    """A safetensors file with its header's keys in order; the library's own is a random one."""
    start = 8 + int.from_bytes(file[:8], "little")  # the header's length, the header, the data
    header = json.dumps(json.loads(file[8:start]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)  # the data stay aligned
    return len(header).to_bytes(8, "little") + header + file[start:]


def _digest(header: Mapping[str, str], packed: Mapping[str, np.ndarray]) -> str:
    said = [part for key in sorted(header) for part in (key, header[key])]
    return checksum(*said, *(part for name in sorted(packed) for part in (name, packed[name].data)))
