"""Files that hold a secret: readable by their owner alone, and never seen half-written.

Nothing here puts content into an error: a message names the path and the reason only.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from certwright.model.errors import Misconfigured, Unavailable

LARGEST_SECRET = 64 * 1024
"""Bytes. A secret file holds a PIN or a handful of keys; anything larger is the wrong file."""

# Linux keeps an access control list as an extended attribute (posix_acl_xattr.h): a version, then entries.
_ACL_HEAD = struct.Struct("<I")
_ACL_ENTRY = struct.Struct("<HHI")
_ACL_USER, _ACL_GROUP_OWNER, _ACL_GROUP, _ACL_OTHER = 0x02, 0x04, 0x08, 0x20


def read_private(path: Path) -> bytes:
    """Return the content of ``path`` after checking who may read it.

    The check is made on the open file, so that it and the reading concern the same file. Raises Misconfigured
    when the file is missing, unreadable, not a regular file, too large, not ours or root's, or open to its
    group or to others (modes 0600 and 0400 are fine).
    """
    try:
        # O_NONBLOCK: opening a named pipe must not wait for somebody to write to it.
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            _refuse_shared(path, file.fileno())
            content = file.read(LARGEST_SECRET + 1)
    except OSError as error:
        raise Misconfigured(f"Cannot read the secret file {path}: {error.strerror}.") from error
    if len(content) > LARGEST_SECRET:
        raise Misconfigured(f"{path} is larger than {LARGEST_SECRET} bytes, so it is not a secret file.")
    return content


def _refuse_shared(path: Path, descriptor: int) -> None:
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise Misconfigured(f"{path} is not a regular file.")
    if about.st_uid not in {os.geteuid(), 0}:
        raise Misconfigured(f"{path} belongs to user {about.st_uid}, neither to us nor to root.")
    if stat.S_IMODE(about.st_mode) & 0o077 and not _shared_with_us_alone(descriptor):
        raise Misconfigured(
            f"{path} has mode {stat.S_IMODE(about.st_mode):04o}: its group or others can read it.",
            advice=f"Run: chmod 600 {path}. Then consider whether the secret has to be changed.",
        )


def _shared_with_us_alone(descriptor: int) -> bool:
    """Whether a file's access control list admits only its owner and us.

    systemd hands a service its credentials this way, and stat(2) then shows the list's mask as group rights.
    """
    try:
        entries = os.getxattr(descriptor, "system.posix_acl_access")[_ACL_HEAD.size :]
    except OSError:
        return False
    for tag, rights, user in _ACL_ENTRY.iter_unpack(entries):
        if tag in {_ACL_GROUP_OWNER, _ACL_GROUP, _ACL_OTHER} and rights:
            return False
        if tag == _ACL_USER and rights and user not in {os.geteuid(), 0}:
            return False
    return True


def create_private(path: Path, content: bytes) -> bool:
    """Create ``path`` with mode 0600 and exactly ``content``, durably; False when it exists already.

    The name appears only once the content is on disk, so two processes that start together agree on one file
    and a crash leaves none. Raises Unavailable when the file system cannot take it.
    """
    with _reporting(path):
        written = _write_beside(path, content)
        try:
            path.hardlink_to(written)
        except FileExistsError:
            return False
        finally:
            written.unlink()
        _sync_folder(path.parent)
    return True


def replace_private(path: Path, content: bytes) -> None:
    """Put ``content`` in place of ``path``, mode 0600, durably; a reader sees the old or the new whole.

    Raises Unavailable when the file system cannot take it; the old content then stays.
    """
    with _reporting(path):
        written = _write_beside(path, content)
        try:
            written.replace(path)
        except OSError:
            written.unlink()
            raise
        _sync_folder(path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that all processes share for changing ``path`` (a file beside it).

    Raises Unavailable when the lock file cannot be made.
    """
    lock = path.with_name(f".{path.name}.lock")
    with _reporting(lock):
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        with _reporting(lock):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _reporting(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"Cannot write {path}: {error.strerror}.",
            advice="Check the disk's space and the folder's rights.",
        ) from error


def _write_beside(path: Path, content: bytes) -> Path:
    """Write a new file next to ``path`` and flush it to disk; nothing of it stays when that fails."""
    written = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(written, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            written.unlink()
        raise
    return written


def _sync_folder(folder: Path) -> None:
    """Make a new name in ``folder`` survive a power cut (fsync(2): the entry needs its own fsync)."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
