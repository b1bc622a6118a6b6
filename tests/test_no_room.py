"""A full disk, a limit, a read-only folder: one error that names the path, and nothing lost."""

import errno
import os
import resource
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from test_tables import row

from lnlib.base.errors import UserError
from lnlib.base.files import locked, replacing
from lnlib.masks.matrices import Matrix
from lnlib.masks.ticket import Ticket
from lnlib.masks.ticket_file import Record
from lnlib.papers.foroutan import tables
from lnlib.papers.foroutan.doors import places
from lnlib.results import runs

NAME = "encoder.layer.0.attention.self.query.weight"


def ticket(weights):
    record = Record("ticket", "ner", "ur", 0, "demo", (10, 50), "toy", "f")
    matrix = Matrix(NAME, "encoder.layer", 0, "attention.self.query", weights)
    return Ticket(record, [matrix], {NAME: np.ones(weights, np.uint8)})


SMALL, LARGE = ticket(100), ticket(400_000)  # 200 kB on disk, more than any room below


@contextmanager
def at_most(size):
    """No file of this process may grow beyond `size` bytes, as under `ulimit -f`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def mount(*arguments):
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path):
    """A disk of 96 kB."""
    mount("-t", "tmpfs", "-o", "size=96k", "lnlib-test", str(tmp_path))
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.fixture
def read_only(disk):
    """Turns that disk read-only; root ignores a folder's permissions, but not a mount's."""
    return lambda: mount("-o", "remount,ro", str(disk))


def names(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def test_a_file_over_the_limit_is_said_and_the_old_one_opens(tmp_path):
    path = SMALL.save(tmp_path / "t.safetensors")
    with at_most(50_000), pytest.raises(UserError, match=r"t\.safetensors.*limit on a file's size"):
        LARGE.save(path)
    assert Ticket.load(path).weights == 100
    assert names(tmp_path) == {"t.safetensors"}


def test_a_reference_mask_over_the_limit_is_said(tmp_path):
    with at_most(50_000), pytest.raises(UserError, match=r"m\.pt.*limit on a file's size"):
        LARGE.to_reference_mask(10, tmp_path / "m.pt")
    assert names(tmp_path) == set()


def test_a_table_over_the_limit_is_said_and_the_old_one_opens(tmp_path):
    path = tmp_path / "scores.csv"
    tables.add(path, [row()])
    with at_most(2_000), pytest.raises(UserError, match=r"scores\.csv.*limit on a file's size"):
        tables.add(path, [row(seed=seed) for seed in range(100)])
    assert len(tables.read(path)) == 1


def test_a_full_disk_is_said_and_the_old_ticket_opens(disk):
    path = SMALL.save(disk / "t.safetensors")
    with pytest.raises(UserError, match=r"t\.safetensors.*no space left"):
        LARGE.save(path)
    assert Ticket.load(path).weights == 100
    assert names(disk) == {"t.safetensors"}  # what was half-written is gone, and its room free


def test_a_full_disk_is_said_and_the_old_table_opens(disk):
    path = disk / "scores.csv"
    tables.add(path, [row()])
    with pytest.raises(UserError, match=r"scores\.csv.*no space left"):
        tables.add(path, [row(seed=seed) for seed in range(2_000)])
    assert len(tables.read(path)) == 1


def test_a_search_that_fills_the_disk_goes_on_once_there_is_room(ner, disk):
    ballast = disk / "ballast"
    ballast.write_bytes(b"0" * (80 << 10))  # leaves room for a ticket but not for two

    def search():
        return runs.search(ner, 0, places(disk, "demo"), levels=(10, 50))

    with pytest.raises(UserError, match=r"cannot write.*no space left"):
        search()
    for path in disk.rglob("*.safetensors"):
        assert Ticket.load(path).levels
    ballast.unlink()
    assert search().levels == (10, 50)
    assert sorted(tables.read(disk / "foroutan/demo/scores.csv").sparsity) == [0, 10, 50]


def test_a_read_only_folder_is_said_before_anything_is_trained(ner, disk, read_only, monkeypatch):
    read_only()
    monkeypatch.setattr(type(ner), "train", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(UserError, match=r"ticket\.safetensors.*the folder is read-only"):
        runs.search(ner, 0, places(disk, "demo"), levels=(10,))


def test_a_table_in_a_read_only_folder_is_read_and_not_written(disk, read_only):
    path = disk / "scores.csv"
    tables.add(path, [row()])
    read_only()
    with pytest.raises(UserError, match=r"scores\.csv.*the folder is read-only"):
        tables.add(path, [row(lang="en")])
    assert tables.read(path).lang.tolist() == ["ur"]


def test_a_finished_search_is_taken_up_from_a_read_only_folder(ner, disk, read_only):
    done = runs.search(ner, 0, places(disk, "demo"), levels=(10,))
    read_only()
    again = runs.search(ner, 0, places(disk, "demo"), levels=(10,))
    assert again.record == done.record


def test_a_file_where_a_folder_should_be_is_said(tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(UserError, match=r"a part of the path is a file"):
        SMALL.save(tmp_path / "folder" / "t.safetensors")
    with (
        pytest.raises(UserError, match="a part of the path is a file"),
        locked(tmp_path / "folder" / "scores.csv"),
    ):
        pass


@pytest.mark.parametrize(
    "code, said",
    [
        (errno.EDQUOT, "quota"), (errno.EACCES, "no permission"), (errno.EIO, "Input/output error"),
        (errno.ENOLCK, "no locks"),
    ],
)  # fmt: skip
def test_what_else_the_system_refuses_is_said(tmp_path, monkeypatch, code, said):
    def refuse(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(UserError, match=f"t\\.csv.*{said}"), replacing(tmp_path / "t.csv"):
        pass
    assert names(tmp_path) == set()


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(UserError, match=r"lock .*scores\.csv.*has no locks"):
        tables.add(tmp_path / "scores.csv", [row()])


def test_reading_what_cannot_be_read_is_said(tmp_path, monkeypatch):
    (tmp_path / "scores.csv").mkdir()
    with pytest.raises(UserError, match=r"scores\.csv.*it is a folder"):
        tables.read(tmp_path / "scores.csv")
    path = SMALL.save(tmp_path / "t.safetensors")

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("safetensors.safe_open", refuse)  # root may read everything
    with pytest.raises(UserError, match=r"read .*t\.safetensors.*no permission"):
        Ticket.load(path)


def test_what_killed_writers_left_is_swept_once_it_is_old(tmp_path):
    old, fresh, other = (
        tmp_path / name for name in (".t.csv.a.part", ".t.csv.b.part", ".u.csv.a.part")
    )
    for path in (old, fresh, other):
        path.write_text("half")
    long_ago = time.time() - 2 * 3_600
    for path in (old, other):
        os.utime(path, (long_ago, long_ago))
    with replacing(tmp_path / "t.csv") as partial:
        Path(partial).write_text("whole")
    assert names(tmp_path) == {"t.csv", fresh.name, other.name}  # a fresh one may be in use
