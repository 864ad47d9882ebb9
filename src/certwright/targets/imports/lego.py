"""lego: certificates below ``.lego``.

Layout (lego's ``cmd`` package): ``certificates/<name>.crt`` (the leaf and its issuers), ``.issuer.crt``, ``.key``,
``.json`` (its URLs at the ACME server); ``archives/<unix time>.<name>.crt`` ... for those that were revoked;
``accounts/<server>/<e-mail>/account.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Remarks
from certwright.targets.files.places import file_place
from certwright.targets.imports.acme_files import (
    OnItem,
    certificate_find,
    counted,
    files,
    json_of,
    since,
    subfolders,
)
from certwright.targets.imports.texts import LONGEST_OWNER, fields, line, url

_ARCHIVED = re.compile(r"(\d{9,11})\.(.+)")


def read(where: Path, *, on_item: OnItem | None = None) -> Iterator[Find]:
    """Every certificate, those in use first, then those that lego put into its archive.

    ``where`` is lego's folder (``--path``). Fields: ``acme_client``, ``acme_server``, ``acme_certificate`` (its URL),
    ``archived_at``. The owner is the e-mail address of the account, where there is only one. ``known_since`` is when
    lego wrote the file. Raises Misconfigured when this is no such folder; ``on_item`` counts certificates.
    """
    if not (where / "certificates").is_dir():
        raise Misconfigured(
            f"{file_place(where)} is no folder of lego: it has no certificates in it.",
            advice="It is .lego in the folder that lego is run in, unless lego was given --path.",
        )
    owner = _owner(where)
    stems = [path for folder in ("certificates", "archives") for path in _stems(where / folder)]
    return counted(((_find(stem, owner),) for stem in stems), on_item)


def _stems(folder: Path) -> list[Path]:
    """The paths of the certificates without their endings; also of one whose certificate itself is missing."""
    endings = (".json", ".crt")
    kept = (path for path in files(folder) if path.suffix in endings and not path.name.endswith(".issuer.crt"))
    return list(dict.fromkeys(path.with_name(path.name.removesuffix(path.suffix)) for path in kept))


def _find(stem: Path, owner: str) -> Find:
    def of(ending: str) -> Path:
        return stem.with_name(stem.name + ending)

    resource = json_of(of(".json"))
    certificate = url(resource.get("certStableUrl") or resource.get("certUrl"))
    archived = _ARCHIVED.fullmatch(stem.name) if stem.parent.name == "archives" else None
    noted = fields(
        {
            "acme_client": "lego",
            "acme_server": _host(certificate),
            "acme_certificate": certificate,
            "archived_at": datetime.fromtimestamp(int(archived[1]), UTC).isoformat() if archived else "",
        }
    )
    remarks = Remarks(owner=owner, fields=noted, known_since=since(of(".crt")))
    return certificate_find(of(".crt"), (of(".crt"), of(".issuer.crt")), of(".key"), remarks)


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


def _owner(where: Path) -> str:
    """The e-mail address of the one account that there is; empty where there are more or none."""
    accounts = {account.name for server in subfolders(where / "accounts") for account in subfolders(server)}
    return line(accounts.pop(), LONGEST_OWNER) if len(accounts) == 1 else ""
