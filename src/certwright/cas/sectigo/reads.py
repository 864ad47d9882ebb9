"""Sectigo's calls that only read. Every call is a POST of a form, so it is the API's name that tells.

Query string and body mean the same to Sectigo, and names are read in any case (§1.2): so there is no query, and the
fields are those of ``parameters.toml`` as they are spelt there. What only tries (``test=Y`` of AutoApplySSL and
AutoRevokeSSL) is no reading call: it needs a permission of the account, and without it could be the real thing.
"""

from __future__ import annotations

from collections.abc import Mapping

from certwright.cas.reading import ReadCall
from certwright.cas.sectigo.parameters import allowed, place

LOGIN = ("loginName", "loginPassword")
# Each with the fields of the login that it carries.
_APIS: Mapping[str, tuple[str, ...]] = {
    "DecodeCSR": (),
    "CollectSSL": LOGIN,
    "WebHostReport": LOGIN,
    "GetDCVEmailAddressList": LOGIN,
    "GetMDCDomainDetails": LOGIN,
}
READS = tuple(ReadCall("POST", place(api), form=(*login, *allowed()[api])) for api, login in _APIS.items())
