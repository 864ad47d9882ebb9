"""The parameters of each API (sectigo.md §4-§16): which there are, and which must be there. Any other: -2.

Names are compared without regard to case; they are spelled here as the documentation spells them, because a
refusal names them so.
"""

from __future__ import annotations

from dataclasses import dataclass

PAIRS_ALWAYS, BY_FORMAT, OWN = "pairs", "by format", "own"


@dataclass(frozen=True)
class Api:
    """One API: what it takes, and how its errors are framed.

    `framing` is PAIRS_ALWAYS (URL-encoded whatever was asked), BY_FORMAT (newlines unless responseFormat is 1)
    or OWN. `lane`: no two calls of an account may overlap. `is_read`: it changes nothing.
    """

    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    framing: str = PAIRS_ALWAYS
    is_read: bool = False
    lane: bool = False
    has_login: bool = True

    @property
    def spelled(self) -> dict[str, str]:
        """Every parameter by its name in lower case."""
        login = LOGIN if self.has_login else ()
        return {name.lower(): name for name in (*login, *self.required, *self.optional)}


LOGIN = ("loginName", "loginPassword")
ADDRESS = (
    "organizationName",
    "organizationalUnitName",
    "postOfficeBox",
    "streetAddress1",
    "streetAddress2",
    "streetAddress3",
    "localityName",
    "stateOrProvinceName",
    "postalCode",
    "countryName",
)
PERSON = ("Forename", "Surname", "EmailAddress", "Telephone", "Title", "Fax")
# The address sets of contacts are recollections of old documents (sectigo.md §5.2), taken leniently.
CONTACTS = tuple(
    f"{prefix}{field[0].upper()}{field[1:]}"
    for prefix in ("appRep", "certReq", "ca", "cs")
    for field in (*PERSON, *ADDRESS)
)
SUBJECT = (
    *ADDRESS,
    *CONTACTS,
    "dunsNumber",
    "companyNumber",
    "joiLocalityName",
    "joiStateOrProvinceName",
    "joiCountryName",
    "dateOfIncorporation",
    "assumedName",
    "businessCategory",
    "isAppRepValidated",
    "isCallbackCompleted",
)
REQUEST = (
    *SUBJECT,
    "prioritiseCSRValues",
    "domainNames",
    "primaryDomainName",
    "maxSubjectCNs",
    "dcvMethod",
    "dcvEmailAddress",
    "dcvEmailAddresses",
    "uniqueValue",
    "foreignOrderNumber",
    "checkFONIsUnique",
    "caCertificateID",
    "signatureHash",
    "responseFormat",
    "showCertificateID",
    "showCertificateStatus",
    "showCertificateState",
    "emailAddress",
    "test",
)
APPLY = (
    ("product", "serverSoftware", "csr", "isCustomerValidated"),
    (*REQUEST, "days", "years", "servers"),
)

APIS = {
    api.name.lower(): api
    for api in (
        Api(
            "!DecodeCSR",
            (),
            (
                *LOGIN,
                "csr",
                "responseFormat",
                "showErrorCodes",
                "showErrorMessages",
                "showFieldNames",
                "showEmptyFields",
                "showCN",
                "showAddress",
                "showPublicKey",
                "showKeySize",
                "showSANDNSNames",
                "showCSR",
                "showCSRHashes",
                "showCSRHashes2",
                "showSignatureAlgorithm",
                "product",
                "countryNameType",
            ),
            OWN,
            is_read=True,
            has_login=False,
        ),
        Api("!AutoApplySSL", *APPLY, BY_FORMAT),
        Api("!AutoApplyOrder", *APPLY, BY_FORMAT),
        Api(
            "CollectSSL",
            ("queryType",),
            (
                "orderNumber",
                "certificateID",
                "baseOrderNumber",
                "responseType",
                "responseEncoding",
                "responseMimeType",
                "responseFormat",
                "showValidityPeriod",
                "showFQDN",
                "showSubject",
                "showExtStatus",
                "showStatusDetails",
                "showMDCDomainDetails",
                "showMDCDomainDetails2",
                "behaviourVersion",
            ),
            BY_FORMAT,
            is_read=True,
            lane=True,
        ),
        Api(
            "!WebHostReport",
            (),
            (
                "notBefore",
                "notAfter",
                "firstResultNo",
                "lastResultNo",
                "organizationName",
                "fqdn",
                "orderNumber",
                "foreignOrderNumber",
                "certificateID",
                "certificateStatusCode",
                "certificateStatusDesc",
                "expireNotBefore",
                "expireNotAfter",
                "showStatusDetails",
                "showExtStatus",
                "showAdditionalDomains",
                "showSignatureAlgorithm",
                "showOldItems",
                "showCertificateID",
                "showCost",
                "showAssociatedOrders",
                "saspSessionID",
            ),
            is_read=True,
        ),
        Api("!GetDCVEmailAddressList", ("domainName",), ("product", "responseFormat"), OWN),
        Api(
            "!AutoUpdateDCV",
            (),
            (
                "orderNumber",
                "baseOrderNumber",
                "domainName",
                "newMethod",
                "newDCVEmailAddress",
                "domainNames",
                "newMethods",
                "newDCVEmailAddresses",
                "dcvTemplateID",
            ),
        ),
        Api("!GetMDCDomainDetails", ("orderNumber",), ("showStatusDetails", "responseFormat"), is_read=True),
        Api("!ResendDCVEmail", ("orderNumber", "dcvEmailAddress"), ()),
        Api(
            "!AutoReplaceSSL",
            ("orderNumber",),
            (*REQUEST, "csr", "exactOrder", "serverSoftware", "isCustomerValidated"),
            BY_FORMAT,
        ),
        Api(
            "!AutoRevokeSSL",
            (),
            (
                "orderNumber",
                "certificateID",
                "serialNumber",
                "revocationReason",
                "codeReason",
                "test",
                "includeInCRL",
                "responseFormat",
            ),
            BY_FORMAT,
        ),
        Api("!AutoRemoveMDCDomain", ("orderNumber", "domainName"), ()),
        Api(
            "!UpdateUserOvCallback",
            ("action", "orderNumber"),
            ("phoneNumber", "emailAddress", "preferredTimeUTC", "extensionNumber", "language", "comments"),
        ),
        Api("!UpdateUserEvClickThrough", ("action", "orderNumber"), ("adminEmailAddress",)),
    )
}
FLAGS = frozenset(
    name
    for api in APIS.values()
    for name in api.spelled.values()
    if name.startswith(("show", "is"))
    or name in ("checkFONIsUnique", "test", "exactOrder", "includeInCRL", "prioritiseCSRValues")
)
LONGEST = {
    "loginName": 64,
    "loginPassword": 128,
    "product": 64,
    "csr": 32767,
    "domainNames": 32767,
    "primaryDomainName": 64,
    "dcvEmailAddress": 255,
    "dcvEmailAddresses": 32767,
    "foreignOrderNumber": 64,
    "emailAddress": 255,
    "organizationName": 64,
    "postOfficeBox": 40,
    "streetAddress1": 128,
    "streetAddress2": 128,
    "streetAddress3": 128,
    "localityName": 128,
    "stateOrProvinceName": 128,
    "postalCode": 40,
    "orderNumber": 128,
    "domainName": 255,
    "revocationReason": 1024,
    "serialNumber": 34,
    "phoneNumber": 32,
    "preferredTimeUTC": 30,
    "extensionNumber": 5,
    "adminEmailAddress": 255,
}
# Where a name means a list, it is longer than elsewhere.
LISTS = {"!webhostreport": ("orderNumber", "foreignOrderNumber", "certificateID")}
LONGEST_LIST = 32767
