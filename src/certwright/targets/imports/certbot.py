"""certbot: lineages of certificates below ``/etc/letsencrypt``.

Layout (certbot user guide, "Where are my certificates?"): ``archive/<lineage>/cert1.pem``, ``chain1.pem``,
``fullchain1.pem``, ``privkey1.pem`` and so on with each renewal; ``live/<lineage>/cert.pem`` ... are links to the
generation in use; ``renewal/<lineage>.conf`` says how it is renewed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Remarks
from certwright.targets.files.places import file_place
from certwright.targets.imports.acme_files import (
    OnItem,
    certificate_find,
    counted,
    files,
    json_of,
    server_folder,
    since,
    subfolders,
    text_of,
)
from certwright.targets.imports.texts import LONGEST_OWNER, command, fields, line, url

_GENERATION = re.compile(r"cert(\d{1,9})\.pem")
_SETTING = re.compile(r"([a-z0-9_]+) ?= ?(.*)")
_SECTION = re.compile(r"\[+(.*?)\]+")


def read(where: Path, *, on_item: OnItem | None = None) -> Iterator[Find]:
    """Every generation of every lineage, oldest first, each naming the one that it replaces.

    ``where`` is certbot's configuration folder. The generation in use has the place
    ``.../live/<lineage>/fullchain.pem``, which stays the same from renewal to renewal; the earlier ones are at their
    files in ``archive``. Fields: ``acme_client``, ``acme_server``, ``acme_authenticator``, ``acme_installer``,
    ``lineage``, ``deploy_command``. ``known_since`` is when certbot wrote the file. Raises Misconfigured when this is
    no such folder; ``on_item`` counts lineages.
    """
    if not (where / "renewal").is_dir() and not (where / "archive").is_dir() and not (where / "live").is_dir():
        raise Misconfigured(
            f"{file_place(where)} is no folder of certbot: it has no renewal, archive or live in it.",
            advice="It is /etc/letsencrypt unless certbot was given --config-dir.",
        )
    return counted((tuple(_lineage(where, name)) for name in _lineages(where)), on_item)


def _lineages(where: Path) -> list[str]:
    names = {path.name for kind in ("archive", "live") for path in subfolders(where / kind)}
    names.update(path.name.removesuffix(".conf") for path in files(where / "renewal") if path.name.endswith(".conf"))
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def _lineage(where: Path, name: str) -> Iterator[Find]:
    archive, live = where / "archive" / name, where / "live" / name
    settings = _settings(where / "renewal" / f"{name}.conf")
    owner = _contact(where, settings)
    noted = fields(
        {
            "acme_client": "certbot",
            "acme_server": url(settings.get("server")),
            "acme_authenticator": settings.get("authenticator"),
            "acme_installer": settings.get("installer") if settings.get("installer") != "None" else "",
            "deploy_command": command(settings.get("renew_hook", "")),
            "lineage": name,
        }
    )
    numbers = sorted(int(match[1]) for path in files(archive) if (match := _GENERATION.fullmatch(path.name)))
    before = ""
    current = _current(live, numbers)
    for number in numbers:
        cert, chain, key = (archive / f"{kind}{number}.pem" for kind in ("cert", "chain", "privkey"))
        place = live / "fullchain.pem" if number == current else cert
        remarks = Remarks(owner=owner, fields=noted, known_since=since(cert))
        find = certificate_find(place, (cert, chain), key, remarks, replaces=before)
        before = sha256(find.certificates[0]).hexdigest() if find.certificates else before
        yield find
    if not numbers:  # a copy in which the links were followed, or nothing was kept but the settings
        cert, chain, key = (live / f"{kind}.pem" for kind in ("cert", "chain", "privkey"))
        remarks = Remarks(owner=owner, fields=noted, known_since=since(cert))
        yield certificate_find(live / "fullchain.pem", (cert, chain), key, remarks)


def _current(live: Path, numbers: list[int]) -> int | None:
    """The generation that the link in ``live`` names; the last one where no link tells."""
    try:
        target = (live / "cert.pem").readlink().name
    except OSError:
        target = ""
    match = _GENERATION.fullmatch(target)
    if match and int(match[1]) in numbers:
        return int(match[1])
    return numbers[-1] if numbers else None


def _settings(path: Path) -> dict[str, str]:
    """The settings of a renewal file at its top and in ``[renewalparams]``; not those of sections within."""
    found: dict[str, str] = {}
    section = ""
    for text in text_of(path).splitlines():
        stripped = text.strip()
        if match := _SECTION.fullmatch(stripped):
            section = match[1].strip()
        elif section in {"", "renewalparams"} and (match := _SETTING.fullmatch(stripped)):
            value = match[2].strip()
            found[match[1]] = value[1:-1] if value[:1] == value[-1:] and value[:1] in {'"', "'"} else value
    return found


def _contact(where: Path, settings: dict[str, str]) -> str:
    """The contact of the ACME account, which certbot keeps for some servers; empty where it does not."""
    account = settings.get("account", "")
    host, _, path = settings.get("server", "").partition("://")[2].partition("/")
    folder = server_folder(where / "accounts", host, path)
    if folder is None or not re.fullmatch(r"[0-9a-f]{32}", account):
        return ""
    body = json_of(folder / account / "regr.json").get("body")
    contacts = body.get("contact") if isinstance(body, dict) else None
    first = contacts[0] if isinstance(contacts, list) and contacts else ""
    return line(str(first).removeprefix("mailto:"), LONGEST_OWNER)
