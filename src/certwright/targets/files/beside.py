"""Whether the private key of a certificate lies beside it, under one of the names that people give such files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from certwright.pki.errors import Invalid
from certwright.targets.files.opening import open_file
from certwright.targets.files.regular import read_regular

_LARGEST = 64 * 1024  # bytes of a file with a private key
_USUAL = ("privkey.pem", "key.pem", "private.key", "private.pem", "privatekey.pem", "server.key", "tls.key", "cert.key")
_NUMBERED = re.compile(r"(?:cert|fullchain)(\d{1,9})\.pem")  # certbot's archive


class Neighbours:
    """The files with private keys beside those with certificates; made for one walk, which goes folder by folder."""

    def __init__(self, passwords: Sequence[bytes]) -> None:
        """Files under one of these ``passwords`` are opened too."""
        self._passwords = passwords
        self._folder: Path | None = None
        self._usual: dict[str, frozenset[str]] = {}  # of that folder: one key there may serve many certificates

    def keys_beside(self, path: Path, wanted: Collection[str]) -> frozenset[str]:
        """Those of the ``wanted`` public keys (SHA-256) whose private key lies in a file beside ``path``.

        A key under another password is not told apart from no key. The keys themselves do not come out of here.
        """
        missing = {one for one in wanted if one}
        found: set[str] = set()
        for name in _names(path.name):
            if not missing:
                break
            here = self._keys(path, name) & missing
            found |= here
            missing -= here
        return frozenset(found)

    def _keys(self, path: Path, name: str) -> frozenset[str]:
        """The keys in the file of that name; of the usual names, remembered while the walk is in the folder."""
        if path.parent != self._folder:
            self._folder, self._usual = path.parent, {}
        if name in self._usual:
            return self._usual[name]
        try:
            keys = open_file(read_regular(path.with_name(name), _LARGEST), self._passwords).keys
        except Invalid:
            keys = frozenset()  # none of that name, or none that opens
        if name in _USUAL:
            self._usual[name] = keys
        return keys


def _names(name: str) -> Iterator[str]:
    stem = name.rpartition(".")[0] or name
    yield from (f"{stem}.key", f"{stem}-key.pem", f"{stem}_key.pem", f"{stem}.key.pem", f"{name}.key")
    numbered = _NUMBERED.fullmatch(name)
    if numbered:
        yield f"privkey{numbered[1]}.pem"
    yield from (usual for usual in _USUAL if usual != name)
