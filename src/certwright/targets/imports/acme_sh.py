"""acme.sh: certificates below ``~/.acme.sh``.

Layout (the acme.sh script and its wiki): a folder ``<name>`` for RSA and ``<name>_ecc`` for EC, with ``<name>.cer``,
``ca.cer``, ``fullchain.cer``, ``<name>.key`` and ``<name>.conf``; the latter has lines ``Le_...='value'``, some of them
Base64 between two marks. ``account.conf`` and ``ca/<server>/.../ca.conf`` have the contact. They are shell files;
here they are only read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Remarks
from certwright.targets.files.places import file_place
from certwright.targets.imports.acme_files import OnItem, certificate_find, counted, server_folder, subfolders, text_of
from certwright.targets.imports.texts import LONGEST_OWNER, command, fields, line, url

_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(?:'(.*)'|\"(.*)\"|(.*))")
_START, _END = "__ACME_BASE64__START_", "__ACME_BASE64__END_"


def read(where: Path, *, on_item: OnItem | None = None) -> Iterator[Find]:
    """The certificates that acme.sh renews, one for each name and kind of key; it keeps no earlier ones.

    ``where`` is acme.sh's home. Fields: ``acme_client``, ``acme_server``, ``acme_authenticator`` (a DNS plug-in or a
    webroot), ``certificate_path``, ``key_path`` (where acme.sh installs them), ``deploy_command``, ``next_renewal``.
    The owner is the contact of the ACME account; ``known_since`` when acme.sh last obtained one. Raises Misconfigured
    when this is no such folder; ``on_item`` counts certificates.
    """
    folders = [folder for folder in subfolders(where) if (folder / f"{_name(folder)}.conf").is_file()]
    if not folders and not (where / "account.conf").is_file():
        raise Misconfigured(
            f"{file_place(where)} is no home of acme.sh: it has no account.conf and no certificates in it.",
            advice="It is .acme.sh in the home of its user, unless acme.sh was given --home or --config-home.",
        )
    account = _settings(where / "account.conf")
    return counted(((_find(where, folder, account),) for folder in folders), on_item)


def _name(folder: Path) -> str:
    return folder.name.removesuffix("_ecc")


def _find(where: Path, folder: Path, account: dict[str, str]) -> Find:
    name = _name(folder)
    settings = _settings(folder / f"{name}.conf")
    noted = fields(
        {
            "acme_client": "acme.sh",
            "acme_server": url(settings.get("Le_API")),
            "acme_authenticator": settings.get("Le_Webroot") if settings.get("Le_Webroot") != "no" else "standalone",
            "certificate_path": settings.get("Le_RealFullChainPath") or settings.get("Le_RealCertPath"),
            "key_path": settings.get("Le_RealKeyPath"),
            "deploy_command": command(settings.get("Le_ReloadCmd", "")),
            "next_renewal": _time(settings.get("Le_NextRenewTime")),
        }
    )
    remarks = Remarks(
        owner=_owner(where, settings, account),
        fields=noted,
        known_since=_time(settings.get("Le_CertCreateTime")),
    )
    cert, key = folder / f"{name}.cer", folder / f"{name}.key"
    return certificate_find(cert, (cert, folder / "fullchain.cer", folder / "ca.cer"), key, remarks)


def _settings(path: Path) -> dict[str, str]:
    """The assignments of a file of acme.sh, by name; the last one counts, as in the shell."""
    found = {}
    for text in text_of(path).splitlines():
        if match := _LINE.fullmatch(text.strip()):
            found[match[1]] = _unwrapped(next((part for part in match.groups()[1:] if part is not None), ""))
    return found


def _unwrapped(value: str) -> str:
    if not (value.startswith(_START) and value.endswith(_END)):
        return value
    try:
        return base64.b64decode(value[len(_START) : -len(_END)], validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _owner(where: Path, settings: dict[str, str], account: dict[str, str]) -> str:
    """The contact of the account at the certificate's server, else the one of acme.sh as a whole."""
    try:
        server = urlsplit(settings.get("Le_API", ""))
    except ValueError:
        server = urlsplit("")
    folder = server_folder(where / "ca", server.netloc, server.path)
    contact = _settings(folder / "ca.conf").get("CA_EMAIL", "") if folder else ""
    return line(contact or account.get("ACCOUNT_EMAIL", ""), LONGEST_OWNER)


def _time(seconds: str | None) -> datetime | None:
    """A Unix time; None for anything else."""
    try:
        return datetime.fromtimestamp(int(seconds or ""), UTC)
    except (ValueError, OverflowError, OSError):
        return None
