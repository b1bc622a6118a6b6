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

from lnlib.base.errors import UserError, brief

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


def as_path(value: object, name: str = "path") -> Path:
    """The path that a caller names, "~" being the home folder; UserError where it is none."""
    given = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(given, str) or not given or "\0" in given:
        raise UserError(
            f"{name} {brief(value)} is no path: expected one such as 'folder', in quotes"
        )
    path = Path(os.path.expanduser(given))  # a name such as ~$draft, nobody's home, stays
    try:
        path.exists()
    except OSError as cause:  # too long a name, a folder that is closed
        raise refused("read", path, cause) from cause
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path` once the `with` ends without an error.

    Whatever stood at `path` stays whole until then, and stays for good after an error. A link stays
    one: what it leads to is replaced. Raises UserError where the disk is full or the folder cannot
    be written to.
    """
    given, path = path, _followed(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
    except OSError as cause:
        raise refused("write", given, cause) from cause
    partial = Path(name)
    try:
        yield partial
        _flush(partial)
        os.chmod(partial, 0o666 & ~_umask())  # mkstemp's 600 would hide results from a group
        os.replace(partial, path)
    except OSError as cause:
        raise refused("write", given, cause) from cause
    finally:
        with suppress(OSError):  # a disk gone bad must not hide the error above
            partial.unlink(missing_ok=True)
    with suppress(OSError):  # not every network file system can do it, and the file is whole
        _flush(path.parent)  # the new name, too, outlives a power cut


@contextmanager
def locked(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold an exclusive lock on `path` (through a file beside it) among processes.

    It falls with its process, however that ends. `waiting` is printed once if another holds it. A
    link and what it leads to have one lock.
    """
    import fcntl

    given, path = path, _followed(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.with_name(f".{path.name}.lock").open("w")
    except OSError as cause:
        raise refused("write", given, cause) from cause
    with lock:
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waiting:
                    print(waiting, file=sys.stderr, flush=True)
                fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as cause:
            raise refused("lock", given, cause) from cause
        yield


def _followed(path: Path) -> Path:
    """What a link leads to; any other path as it is, so that errors name it as it was given."""
    return Path(os.path.realpath(path)) if os.path.islink(path) else path


def _umask() -> int:
    """The permissions that new files do not get: the system tells them only to who sets others."""
    umask = os.umask(0o077)  # until the next line another thread's file is hidden, never bared
    os.umask(umask)
    return umask


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
