"""Files below a folder, reached component by component without ever following a symbolic link (openat, O_NOFOLLOW).

A name from a CA, or a link that somebody planted, can therefore not lead out of the folder. Files are 0644 and
directories 0755, for the web server to read, whatever our umask.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from certwright.model.errors import CertwrightError, Misconfigured, Unavailable

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_FILE, _DIRECTORY = 0o644, 0o755
_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LARGEST = 65_536
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT})


class Folder:
    """A folder of a web server. Every method raises Misconfigured or Unavailable where the system says no."""

    def __init__(self, path: Path) -> None:
        """``path`` must be absolute; a link there is the operator's own and is followed."""
        if not path.is_absolute():
            raise Misconfigured(f"The folder {path} is not an absolute path.")
        self.path = path

    def read(self, parts: Sequence[str]) -> bytes | None:
        """The content of a file (64 KiB at most); None when there is none."""
        with self._troubles(parts), suppress(FileNotFoundError), self._inside(parts[:-1], make=False) as directory:
            return _read(directory, parts[-1])
        return None

    def write(self, parts: Sequence[str], content: bytes) -> None:
        """Put a file in place at once, by renaming; missing directories are made."""
        with self._troubles(parts):
            try:
                self._write(parts, content)
            except FileNotFoundError:  # an empty directory may just have been taken away after another file
                self._write(parts, content)

    def _write(self, parts: Sequence[str], content: bytes) -> None:
        with self._inside(parts[:-1], make=True) as directory:
            passing = _passing_name(parts[-1])
            with suppress(FileNotFoundError):
                os.unlink(passing, dir_fd=directory)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(passing, flags, 0o600, dir_fd=directory), "wb") as stream:
                stream.write(content)
                os.fchmod(stream.fileno(), _FILE)
            os.rename(passing, parts[-1], src_dir_fd=directory, dst_dir_fd=directory)

    def remove(self, parts: Sequence[str]) -> None:
        """Take a file away, and directories above it that are then empty and look as we make them."""
        with self._troubles(parts), suppress(FileNotFoundError), self._inside(parts[:-1], make=False) as directory:
            for name in (parts[-1], _passing_name(parts[-1])):
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=directory)
        for depth in range(len(parts) - 1, 0, -1):
            if not self._remove_directory(parts[:depth]):
                return

    def _remove_directory(self, parts: Sequence[str]) -> bool:
        """Whether an empty directory went; that it stays is nobody's trouble."""
        try:
            with self._inside(parts[:-1], make=False) as above:
                found = os.stat(parts[-1], dir_fd=above, follow_symlinks=False)
                if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) != _DIRECTORY:
                    return False
                os.rmdir(parts[-1], dir_fd=above)
        except OSError:
            return False
        return True

    @contextmanager
    def _inside(self, parts: Sequence[str], *, make: bool) -> Iterator[int]:
        """An open directory below the folder; raises FileNotFoundError when there is none and none is made."""
        with ExitStack() as stack:
            here = os.open(self.path, _OPEN_DIRECTORY & ~os.O_NOFOLLOW)
            stack.callback(os.close, here)
            for part in parts:
                if make:
                    _make_directory(part, here)
                here = os.open(part, _OPEN_DIRECTORY, dir_fd=here)
                stack.callback(os.close, here)
            yield here

    @contextmanager
    def _troubles(self, parts: Sequence[str]) -> Iterator[None]:
        """What the system says, as an error of the family."""
        try:
            yield
        except FileNotFoundError:
            raise Misconfigured(f"There is no folder {self.path}.", advice="Change the target's folder.") from None
        except OSError as error:
            raise _error(self.path.joinpath(*parts), error) from None


def plain_parts(path: str) -> tuple[str, ...]:
    """The components of a URL path such as ``/.well-known/x/y.txt``; raises Misconfigured for any odd one."""
    parts = tuple(path.removeprefix("/").split("/"))
    if not path.startswith("/") or any(part in (".", "..") or not _PLAIN.fullmatch(part) for part in parts):
        raise Misconfigured(f"{path!r} is no path that a file is published at.")
    return parts


def _read(directory: int, name: str) -> bytes:
    with os.fdopen(
        os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory), "rb"
    ) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file")
        return stream.read(_LARGEST)


def _make_directory(name: str, above: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=above)
    except FileExistsError:
        return
    os.chmod(name, _DIRECTORY, dir_fd=above)


def _passing_name(name: str) -> str:
    """What a file is called until it is whole; the same each time, so that a crash leaves at most one behind."""
    return f".{name[:230]}.new"


def _error(path: Path, error: OSError) -> CertwrightError:
    if error.errno in _PASSING:
        return Unavailable(f"{path} cannot be written: {error.strerror}.", advice="It is tried again later.")
    link = error.errno in (errno.ELOOP, errno.ENOTDIR)
    why = "a symbolic link or a file is in the way, and links are not followed" if link else error.strerror
    return Misconfigured(
        f"{path} cannot be used: {why}.", advice="Certwright must be able to write below .well-known of the folder."
    )
