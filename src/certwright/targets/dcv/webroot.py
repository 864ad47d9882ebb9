"""A folder that a web server serves: the proof is a file below its ``.well-known``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from certwright.model.ca import Proof
from certwright.model.errors import Misconfigured
from certwright.policy.egress import Network
from certwright.targets.dcv.asking import name_servers
from certwright.targets.dcv.fetching import Fetch
from certwright.targets.dcv.folder import Folder, plain_parts

_SHOWN = 80


class Webroot:
    """Writes files and looks at them through the web server."""

    def __init__(
        self, folder: str, port: int, tls_port: int, resolver: str = "", allowed: Sequence[Network] = ()
    ) -> None:
        """As ``about.toml`` names them; raises Misconfigured for a folder that is no absolute path.

        ``allowed`` are networks that looks may connect to beside public addresses.
        """
        self._folder = Folder(Path(folder))
        self._ports = {"http": port, "https": tls_port}
        self._resolvers = name_servers(resolver)
        self._allowed = tuple(allowed)

    def publish(self, proof: Proof, former: Collection[str]) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`."""
        parts = _parts(proof)
        there = self._folder.read(parts)
        if there == proof.value.encode():
            return
        if there is not None and there not in {value.encode() for value in former}:
            raise Misconfigured(
                f"{self._path(proof)} says {there[:_SHOWN]!r}.",
                advice="It was not written here and is left alone: remove it, or prove control by another method.",
            )
        self._folder.write(parts, proof.value.encode())

    def look(self, proof: Proof) -> str:
        """See :class:`certwright.targets.dcv.publisher.Publisher`: a GET of the CA's URL at the name's address."""
        _parts(proof)
        url = urlsplit(proof.where)
        place = Fetch(proof.where, self._ports[url.scheme], str(self._path(proof)), self._allowed)
        return place.missing(proof.value, self._resolvers)

    def withdraw(self, proof: Proof) -> None:
        """See :class:`certwright.targets.dcv.publisher.Publisher`; directories of ours that are then empty go too."""
        parts = _parts(proof)
        there = self._folder.read(parts)
        if there is None or there == proof.value.encode():
            self._folder.remove(parts)

    def _path(self, proof: Proof) -> Path:
        return self._folder.path.joinpath(*_parts(proof))


def _parts(proof: Proof) -> tuple[str, ...]:
    """Where the file is below the folder; raises Misconfigured unless it is below .well-known of the very name."""
    url = urlsplit(proof.where)
    if url.scheme not in ("http", "https") or url.hostname != proof.name.removeprefix("*.") or url.query:
        raise Misconfigured(f"{proof.where!r} is no URL of a file at {proof.name}.")
    parts = plain_parts(url.path)
    if len(parts) < 2 or parts[0] != ".well-known":
        raise Misconfigured(f"{proof.where!r} is not below .well-known, the only place that is written to.")
    return parts
