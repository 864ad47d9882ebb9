"""Files for secrets: whole or absent, and for their owner alone."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from certwright.keys.secret_files import LARGEST_SECRET, create_private, read_private, replace_private
from certwright.model.errors import Misconfigured, Unavailable


def test_creating_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "secret"

    assert create_private(path, b"first")
    assert not create_private(path, b"second")
    assert read_private(path) == b"first"


def test_replacing_keeps_the_mode_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private(path, b"first")

    replace_private(path, b"second")

    assert read_private(path) == b"second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("write", [create_private, replace_private])
def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path, write: object) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        write(tmp_path / "missing" / "secret", b"x")  # type: ignore[operator]


def test_what_is_no_regular_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "large").touch(0o600)
    (tmp_path / "large").write_bytes(b"x" * (LARGEST_SECRET + 1))

    with pytest.raises(Misconfigured, match="Is a directory"):
        read_private(tmp_path)
    with pytest.raises(Misconfigured, match="larger than"):
        read_private(tmp_path / "large")
    with pytest.raises(Misconfigured, match="not a regular file"):
        read_private(Path("/dev/null"))


def test_a_named_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(Misconfigured, match="not a regular file"):
        read_private(tmp_path / "pipe")


def access_list(user_rights: int, user: int, group_rights: int) -> bytes:
    """A POSIX access control list: owner rw, one named user, the group, a mask of r, others nothing."""
    entries = [
        (0x01, 6, -1),
        (0x02, user_rights, user),
        (0x04, group_rights, -1),
        (0x10, 4, -1),
        (0x20, 0, -1),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)


@pytest.mark.parametrize(
    ("user", "group_rights", "accepted"),
    [(os.geteuid(), 0, True), (os.geteuid() + 12345, 0, False), (os.geteuid(), 4, False)],
    ids=["us", "another user", "the group"],
)
def test_an_access_list_as_systemd_writes_it_counts_by_its_entries_not_by_its_mask(
    tmp_path: Path, user: int, group_rights: int, accepted: bool
) -> None:
    path = tmp_path / "credential"
    create_private(path, b"x")
    try:
        os.setxattr(path, "system.posix_acl_access", access_list(4, user, group_rights))
    except OSError as error:
        pytest.skip(f"this file system has no access control lists: {error}")
    assert path.stat().st_mode & 0o040

    if accepted:
        assert read_private(path) == b"x"
    else:
        with pytest.raises(Misconfigured, match="mode 0640"):
            read_private(path)


def test_a_read_only_secret_of_its_owner_is_fine(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    create_private(path, b"x")
    path.chmod(0o400)

    assert read_private(path) == b"x"
