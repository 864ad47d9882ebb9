"""What a request to apply or to replace asks for, read and checked (sectigo.md §5.1 to §5.3)."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass

from cryptography.x509.oid import NameOID

from certwright_sandbox.sectigo.call import Call
from certwright_sandbox.sectigo.csr import ISO_COUNTRIES, POST_OFFICE_BOX, Csr
from certwright_sandbox.sectigo.errors import invalid, missing, no_country
from certwright_sandbox.sectigo.parameters import FLAGS, LISTS, LONGEST, LONGEST_LIST
from certwright_sandbox.sectigo.products import Product
from certwright_sandbox.sectigo.records import Subject

UNIQUE_VALUE = re.compile(r"[A-Za-z0-9]{1,20}\Z")
MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
ALPHABET = string.ascii_letters + string.digits
OWN_LENGTH = 12
SOFTWARE = (-1, *range(1, 37))
ISSUERS = {401: "r", 402: "e"}  # what caCertificateID chooses; any other number leaves it to the key's kind
SIGNATURE_HASHES = ("NO_PREFERENCE", "INFER_FROM_CSR", "PREFER_SHA2", "PREFER_SHA1", "REQUIRE_SHA2")
COUNTRIES = ("countryName", "joiCountryName", "appRepCountryName")


@dataclass(frozen=True)
class Wish:
    """What an order for a certificate is given beside its names and its CSR."""

    server_software: int
    unique_value: str
    reference: str
    authority_kind: str
    is_test: bool
    mail_to: str


def check_values(call: Call) -> None:
    """Raise Refusal -4 for a value that is too long, and for a flag that is neither Y nor N."""
    spelled = call.api.spelled
    lists = LISTS.get(call.api.name.lower(), ())
    for name, value in call.values.items():
        most = LONGEST_LIST if spelled[name] in lists else LONGEST.get(spelled[name])
        if most is not None and len(value) > most:
            raise invalid(spelled[name])
        if spelled[name] in FLAGS and value.strip().upper() not in ("", "Y", "N"):
            raise invalid(spelled[name])


def read_wish(call: Call) -> Wish:
    """The wish of a call. Raises Refusal."""
    for name in COUNTRIES:
        country = call.text(name)
        if country and country.upper() not in ISO_COUNTRIES:
            raise no_country(country, name)
    for name in ("servers", "maxSubjectCNs"):
        number = call.number(name)
        if number is not None and number < 1:
            raise invalid(name)
    unique_value = call.text("uniqueValue")
    if unique_value and UNIQUE_VALUE.match(unique_value) is None:
        raise invalid("uniqueValue")
    if call.text("signatureHash", SIGNATURE_HASHES[0]).upper() not in SIGNATURE_HASHES:
        raise invalid("signatureHash")
    call.choice("responseFormat", (0, 1), 0)
    return Wish(
        server_software=call.choice("serverSoftware", SOFTWARE, -1),
        unique_value=unique_value,
        reference=call.text("foreignOrderNumber"),
        authority_kind=ISSUERS.get(call.number("caCertificateID") or 0, ""),
        is_test=call.flag("test"),
        mail_to=_mail_to(call),
    )


def chosen_value(call: Call, sent: str) -> str:
    """The unique value that the order gets: the one that was sent, or one of the CA's own."""
    if sent and call.account.unique_value == "echo":
        return sent
    return "".join(secrets.choice(ALPHABET) for _ in range(OWN_LENGTH))


def read_subject(call: Call, product: Product, csr: Csr) -> Subject:
    """The organization of the certificate, from the request and the CSR. Raises Refusal -3 and -7."""
    csr_first = call.flag("prioritiseCSRValues", default=True)

    def value(name: str, from_csr: str) -> str:
        given = call.text(name)
        return (from_csr or given) if csr_first else (given or from_csr)

    street = tuple(text for number in (1, 2, 3) if (text := call.text(f"streetAddress{number}")))
    subject = Subject(
        organization=value("organizationName", csr.first(NameOID.ORGANIZATION_NAME)),
        unit=value("organizationalUnitName", csr.first(NameOID.ORGANIZATIONAL_UNIT_NAME)),
        post_office_box=value("postOfficeBox", csr.first(POST_OFFICE_BOX)),
        street=street or tuple(csr.all(NameOID.STREET_ADDRESS)),
        locality=value("localityName", csr.first(NameOID.LOCALITY_NAME)),
        state=value("stateOrProvinceName", csr.first(NameOID.STATE_OR_PROVINCE_NAME)),
        postal_code=value("postalCode", csr.first(NameOID.POSTAL_CODE)),
        country=value("countryName", csr.first(NameOID.COUNTRY_NAME)).upper(),
        jurisdiction=call.text("joiCountryName").upper(),
        company_number=call.text("companyNumber"),
    )
    if product.validation != "dv":
        _check_subject(subject)
    return subject


def _check_subject(subject: Subject) -> None:
    wanted = {
        "organizationName": subject.organization,
        "stateOrProvinceName": subject.state,  # insisted on (sectigo.md §5.2)
        "countryName": subject.country,
    }
    for name, value in wanted.items():
        if not value:
            raise missing(name)
    if subject.country not in ISO_COUNTRIES:
        raise no_country(subject.country, "countryName")


def _mail_to(call: Call) -> str:
    address = call.text("emailAddress")
    if address and address.lower() != "none" and MAIL_ADDRESS.match(address) is None:
        raise invalid("emailAddress")
    return address
