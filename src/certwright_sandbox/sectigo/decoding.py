"""DecodeCSR (sectigo.md §4): what a CSR says and what is wrong with it, without any login."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from certwright_sandbox.http import JSON
from certwright_sandbox.sectigo import errors
from certwright_sandbox.sectigo.call import WHOLE, Raw
from certwright_sandbox.sectigo.csr import POST_OFFICE_BOX, Csr, decode, faults
from certwright_sandbox.sectigo.errors import Refusal, invalid, missing, unrecognised
from certwright_sandbox.sectigo.framing import TEXT, lines
from certwright_sandbox.sectigo.parameters import APIS
from certwright_sandbox.sectigo.products import PRODUCTS

XML = "application/xml"
AS_TEXT, AS_XML, AS_JSON = "0", "1", "2"
ON_UNLESS_SAID = ("showErrorCodes", "showErrorMessages", "showFieldNames", "showEmptyFields", "showCN", "showAddress")
FLAG_NAMES = [name for name in APIS["!decodecsr"].spelled.values() if name.startswith("show")]
STREETS = 3
HASHES = ("md5", "sha1", "sha256")
Field = tuple[str, str]


def answer(values: Mapping[str, str], *, is_tls: bool, https_only: bool) -> Raw:
    """Decode what the parameters (names in lower case) hold; refusals are part of the answer here."""
    form = values.get("responseformat", "").strip() or AS_TEXT
    show = {name: name in ON_UNLESS_SAID for name in FLAG_NAMES}
    fields: list[Field] = []
    try:
        show |= _flags(values)
        if https_only and not is_tls and (show["showCSRHashes"] or show["showCSRHashes2"]):
            raise errors.NOT_HTTPS
        found, fields = _decoded(values, show)
    except Refusal as refusal:
        found = [refusal.with_traceback(None)]  # it may be a constant; see framing.refused
    if form == AS_JSON:
        return _json(found, fields)
    if form == AS_XML:
        return _xml(found, fields)
    return _text(found, fields, show)


def _flags(values: Mapping[str, str]) -> dict[str, bool]:
    spelled = APIS["!decodecsr"].spelled
    for name in values:
        if name not in spelled:
            raise unrecognised(name)
    if values.get("responseformat", "").strip() not in ("", AS_TEXT, AS_XML, AS_JSON):
        raise invalid("responseFormat")
    show = {}
    for name in FLAG_NAMES:
        value = values.get(name.lower(), "").strip().upper() or ("Y" if name in ON_UNLESS_SAID else "N")
        if value not in ("Y", "N"):
            raise invalid(name)
        show[name] = value == "Y"
    return show


def _decoded(values: Mapping[str, str], show: Mapping[str, bool]) -> tuple[list[Refusal], list[Field]]:
    text = values.get("csr", "")
    if not text.strip():
        raise missing("csr")
    code = values.get("product", "").strip()
    product = PRODUCTS.get(int(code)) if WHOLE.match(code) else None
    if code and product is None:
        raise invalid("product")
    csr = decode(text)
    found = faults(csr, product)
    if any(refusal.code == errors.BAD_CSR_ALGORITHM.code for refusal in found):
        return found, []  # its key cannot be spoken of
    fields = [field for field in _fields(csr, show) if field[1] or show["showEmptyFields"]]
    return found, fields


def _fields(csr: Csr, show: Mapping[str, bool]) -> list[Field]:
    fields: list[Field] = []
    if show["showCN"]:
        fields.append(("CN", csr.common_name))
    if show["showAddress"]:
        fields += _address(csr)
    key = csr.request.public_key()
    if show["showPublicKey"]:
        spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        fields.append(("Public Key", base64.b64encode(spki).decode()))
    if show["showKeySize"]:
        fields.append(("Key Size", str(getattr(key, "key_size", ""))))
    if show["showSignatureAlgorithm"]:
        algorithm = csr.request.signature_hash_algorithm
        fields.append(("Signature Algorithm", algorithm.name if algorithm is not None else ""))
    if show["showSANDNSNames"] and csr.common_name:  # with an empty CN the real server shows none (sectigo.md §4)
        fields.append(("dnsName(s)", ",".join(csr.dns_names)))
    if show["showCSR"]:
        fields.append(("CSR", base64.b64encode(csr.der).decode()))
    if show["showCSRHashes"] or show["showCSRHashes2"]:
        fields += [("md5", csr.md5.upper()), ("sha1", csr.sha1.upper())]
    if show["showCSRHashes2"]:
        fields.append(("sha256", csr.sha256.upper()))
    return fields


def _address(csr: Csr) -> list[Field]:
    streets = [*csr.all(NameOID.STREET_ADDRESS), "", "", ""][:STREETS]
    return [
        ("OU", csr.first(NameOID.ORGANIZATIONAL_UNIT_NAME)),
        ("O", csr.first(NameOID.ORGANIZATION_NAME)),
        ("POBox", csr.first(POST_OFFICE_BOX)),
        *(("STREET", street) for street in streets),
        ("L", csr.first(NameOID.LOCALITY_NAME)),
        ("S", csr.first(NameOID.STATE_OR_PROVINCE_NAME)),
        ("PostalCode", csr.first(NameOID.POSTAL_CODE)),
        ("C", csr.first(NameOID.COUNTRY_NAME)),
        ("Email", csr.first(NameOID.EMAIL_ADDRESS)),
        ("Phone", ""),
    ]


def _text(found: list[Refusal], fields: list[Field], show: Mapping[str, bool]) -> Raw:
    texts = [str(len(found))]
    for refusal in found:
        code = str(refusal.code) if show["showErrorCodes"] else ""
        message = refusal.message if show["showErrorMessages"] else ""
        texts.append(f"{code} {message}".strip())
    for name, value in fields:
        has_name = show["showFieldNames"] or name in HASHES  # a digest keeps its name (sectigo.md §4)
        texts.append(f"{name}={value}" if has_name else value)
    return Raw(lines(texts), TEXT)


def _json(found: list[Refusal], fields: list[Field]) -> Raw:
    """The shape of the JSON is not documented; this one is the sandbox's own."""
    shown: dict[str, object] = {
        "errorCount": len(found),
        "errors": [{"code": refusal.code, "message": refusal.message} for refusal in found],
    }
    for name, value in fields:
        if name == "STREET":
            shown[name] = [text for other, text in fields if other == name]
        else:
            shown[name] = value.split(",") if name == "dnsName(s)" and value else value
    return Raw(json.dumps(shown).encode(), JSON)


def _xml(found: list[Refusal], fields: list[Field]) -> Raw:
    """The shape of the XML is not documented; this one is the sandbox's own."""
    body = [f'<error code="{refusal.code}">{escape(refusal.message)}</error>' for refusal in found]
    body += [f"<field name={quoteattr(name)}>{escape(value)}</field>" for name, value in fields]
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<decodedCSR errors="{len(found)}">{"".join(body)}</decodedCSR>\n'
    return Raw(text.encode(), XML)
