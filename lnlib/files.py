"""Nothing half-written is ever read: write beside, flush to disk, then rename.

What the system refuses (no space, a read-only folder) becomes one UserError that names the path.
"""

from __future__ import annotations

import errno
import glob
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lnlib.errors import UserError

_CAUSES = {
    errno.ENOSPC: "no space left there: free some, or name another folder",
    errno.EDQUOT: "the disk quota is used up: free some space, or name another folder",
    errno.EFBIG: "the limit on a file's size (ulimit -f) is reached: raise it",
    errno.EROFS: "the folder is read-only: name another one",
    errno.EACCES: "no permission: name another folder, or ask for access",
    errno.EPERM: "no permission: name another folder, or ask for access",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EEXIST: "a part of the path is a file, not a folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOLCK: "this file system has no locks: name a folder on another one",
    errno.ENOSYS: "this file system has no locks: name a folder on another one",
    errno.EOPNOTSUPP: "this file system has no locks: name a folder on another one",
}
_ABANDONED = 3_600  # s since the last write to a partial file: no single write takes an hour


def refused(what: str, path: Path, cause: OSError) -> UserError:
    """One message for what the system would not do ("write", "read") with `path`."""
    reason = _CAUSES.get(cause.errno or 0) or cause.strerror or str(cause)
    return UserError(f"cannot {what} {str(path)!r}: {reason}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path` once the `with` ends without an error.

    Whatever stood at `path` stays whole until then, and stays for good after an error. Raises
    UserError where the disk is full or the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
    except OSError as cause:
        raise refused("write", path, cause) from cause
    partial = Path(name)
    try:
        yield partial
        _flush(partial)
        os.chmod(partial, 0o644)  # mkstemp's 600 would hide results from a group
        os.replace(partial, path)
    except OSError as cause:
        raise refused("write", path, cause) from cause
    finally:
        with suppress(OSError):  # a disk gone bad must not hide the error above
            partial.unlink(missing_ok=True)
    with suppress(OSError):  # not every network file system can do it, and the file is whole
        _flush(path.parent)  # the new name, too, outlives a power cut


@contextmanager
def locked(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold an exclusive lock on `path` (through a file beside it) among processes.

    It falls with its process, however that ends. `waiting` is printed once if another holds it.
    """
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("w")
    except OSError as cause:
        raise refused("write", path, cause) from cause
    with lock:
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting:
                    print(waiting, file=sys.stderr, flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as cause:
            raise refused("lock", path, cause) from cause
        yield


def _flush(path: Path) -> None:
    """See that a file, or the names in a folder, are on the disk and not in memory alone."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(path: Path) -> None:
    """Remove the partial files that killed processes left beside `path`."""
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        try:
            if time.time() - partial.stat().st_mtime > _ABANDONED:
                partial.unlink()
        except FileNotFoundError:  # another process swept it, or finished
            continue
