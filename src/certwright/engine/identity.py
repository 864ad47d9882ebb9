"""Who a process is, and whether another one still lives: a lock on a file, which the kernel frees at any death."""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO


class Identity:
    """This process under a name nobody else has, provable as long as it lives.

    The name is the name of a file in ``folder`` that this process holds a lock on. SIGKILL, a crash or a normal
    end free it; a stopped (SIGSTOP) process keeps it, which is why leases also run out.
    """

    def __init__(self, folder: Path, role: str) -> None:
        """``role`` (``worker``, ``cli``) only makes the name readable. Makes the folder when it is not there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.name = f"{role}-{os.getpid()}-{secrets.token_hex(4)}"
        # Locked before it bears its name, so that nobody finds it unlocked while we live.
        unnamed = folder / f".{self.name}"
        self._file: IO[str] = unnamed.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX)
        unnamed.rename(folder / self.name)

    def alive(self, name: str) -> bool:
        """Whether the process of that name still runs on this machine."""
        if name == self.name:
            return True
        try:
            with (self._folder / name).open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        (self._folder / name).unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Give the name up."""
        (self._folder / self.name).unlink(missing_ok=True)
        self._file.close()
