"""ZIP files of certificates, as CAs deliver them: read in memory, member by member, never unpacked to disk.

Every limit is checked against what really comes out of the archive, because its directory may lie.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

from certwright.pki.certificate import Certificate
from certwright.pki.chain import Chain
from certwright.pki.errors import Invalid

_MAXIMUM_MEMBERS = 100
_MAXIMUM_MEMBER = 1024 * 1024  # bytes unpacked
_MAXIMUM_TOTAL = 4 * 1024 * 1024  # bytes unpacked, all members together
_MAXIMUM_RATIO = 100  # unpacked to packed; certificates compress to a half or so
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same chain gives the same bytes
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
)


def members(data: bytes) -> Iterator[bytes]:
    """The contents of each file in the archive, in its order.

    Raises Invalid for an archive that is damaged (CRC included) or encrypted, has too many or too large
    members, and for one with a member that would leave its folder or is a link: nobody honest sends such a
    thing.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield from _unpacked(archive)
    except Invalid:
        raise
    except _BROKEN as problem:
        raise Invalid("The ZIP file is damaged.", advice="Download it again.") from problem


def to_zip(chain: Chain) -> bytes:
    """A ZIP file of ``certificate.pem``, ``intermediates.pem`` and ``fullchain.pem``; no private key."""
    files = {
        "certificate.pem": _pem_of(chain.leaf),
        "intermediates.pem": _pem_of(*chain.intermediates),
        "fullchain.pem": chain.pem,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _pem_of(*certificates: Certificate) -> str:
    return "".join(certificate.pem for certificate in certificates)


def _unpacked(archive: zipfile.ZipFile) -> Iterator[bytes]:
    every = archive.infolist()
    if len(every) > _MAXIMUM_MEMBERS:
        raise Invalid(f"The ZIP file has {len(every)} members; {_MAXIMUM_MEMBERS} are allowed.")
    total = 0
    for member in every:
        _refuse_hostile(member)
        if member.is_dir():
            continue
        with archive.open(member) as unpacked:
            content = unpacked.read(_MAXIMUM_MEMBER + 1)  # reaching the end checks the CRC
        total += len(content)
        if len(content) > _MAXIMUM_MEMBER or total > _MAXIMUM_TOTAL:
            raise Invalid("The ZIP file unpacks to more than it is allowed to.")
        yield content


def _refuse_hostile(member: zipfile.ZipInfo) -> None:
    name = member.filename.replace("\\", "/")
    if name.startswith("/") or ":" in name or ".." in PurePosixPath(name).parts:
        raise Invalid("The ZIP file has a member whose path leads out of it.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Invalid("The ZIP file has a symbolic link in it.")
    if member.flag_bits & 0x1:
        raise Invalid("The ZIP file is encrypted.", advice="Unpack it yourself and give us the files.")
    if member.compress_type not in _METHODS:
        raise Invalid("The ZIP file uses a compression method that we do not unpack.")
    if member.file_size > _MAXIMUM_MEMBER or member.file_size > _MAXIMUM_RATIO * (member.compress_size + 64):
        raise Invalid("The ZIP file unpacks to more than it is allowed to.")
