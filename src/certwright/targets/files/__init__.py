"""Files of certificates: folders on this machine, single files, and bytes that somebody handed in.

:func:`read` walks and yields what it finds, :func:`read_bytes` does the same for an upload. Nothing is followed out of
the folder but links to files, nothing is read that is no regular file, and no private key leaves this room.
"""

from certwright.targets.files.reading import read, read_bytes

__all__ = ["read", "read_bytes"]
