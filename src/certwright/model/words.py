"""The closed vocabularies. Every CA's own words are mapped to these in its ``wire.py``; see docs/glossary.md."""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    """Where an order of ours stands. A state never goes back because of a stale answer."""

    DRAFT = "draft"
    AWAITING_APPROVAL = "awaiting_approval"  # of a person here, before any CA is asked
    PLACING = "placing"
    OUTCOME_UNKNOWN = "outcome_unknown"
    PENDING = "pending"
    ISSUED = "issued"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"

    @property
    def ended(self) -> bool:
        """True when nothing more will happen to the order by itself."""
        return self in _ENDED


_ENDED = frozenset(
    {
        OrderState.ISSUED,
        OrderState.REJECTED,
        OrderState.CANCELLED,
        OrderState.FAILED,
        OrderState.EXPIRED,
    }
)


class WaitingFor(StrEnum):
    """What a pending order waits for."""

    CA_APPROVAL = "ca_approval"
    DOMAIN_CONTROL = "domain_control"
    ORGANIZATION = "organization"
    CSR = "csr"
    AGREEMENT = "agreement"
    SUBMISSION = "submission"  # a draft that somebody submits in the CA's console
    CA_RENEWAL = "ca_renewal"  # the renewal that the CA does by itself
    PAYMENT = "payment"
    CALL_BACK = "call_back"
    CLICK_THROUGH = "click_through"
    BRAND = "brand"
    CAA = "caa"
    PROCESSING = "processing"


class DCVMethod(StrEnum):
    """How control of a name is proven, where it is proven by something that is published or mailed.

    BR 3.2.2.4: .7 for the two in DNS, .18 for the files, .4 for e-mail. A CA may have more of its own.
    """

    DNS_TXT = "dns-txt-token"
    DNS_CNAME = "dns-cname-token"
    HTTP = "http-token"  # a file that the CA fetches over plain HTTP
    HTTPS = "https-token"  # the same file, over TLS
    EMAIL = "email"


class Operation(StrEnum):
    """The CA operation by which an order of ours gets its certificate. Each is a call made exactly once."""

    NEW = "new"  # a new CA order, also when it renews an older one
    REISSUE = "reissue"  # a changed certificate inside one CA order
    DUPLICATE = "duplicate"  # one more certificate beside it inside one CA order
    CA_RENEWAL = "ca_renewal"  # the CA renews by itself inside one CA order: nothing is asked for, only collected


class Listing(StrEnum):
    """What is synced from a CA account, each list by itself. Not every CA has every list."""

    ACCOUNT = "account"  # whose credential it is
    GROUPS = "groups"
    ORGANIZATIONS = "organizations"
    DOMAINS = "domains"
    PRODUCTS = "products"


class AutoRenew(StrEnum):
    """What is done by itself when the certificate of an order is due."""

    OFF = "off"
    COVERED = "covered"  # renewed inside the paid term, which costs nothing; nothing is bought
    ALWAYS = "always"  # that, and a new order when the term is over


class KeyKind(StrEnum):
    """Where the private key of an order lives."""

    SOFTWARE = "software"  # sealed in our database
    PKCS11 = "pkcs11"  # in a token, never leaves it
    EXTERNAL = "external"  # not ours: the CSR was given to us


class CertificateState(StrEnum):
    """What has become of a certificate."""

    VALID = "valid"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


class RevocationState(StrEnum):
    """Where a revocation stands. ``pending``: the CA has it and an approver of theirs or ours must act."""

    REQUESTED = "requested"
    SENDING = "sending"
    PENDING = "pending"
    REVOKED = "revoked"
    REFUSED = "refused"


class RevocationReason(StrEnum):
    """The reasons a subscriber may give (RFC 5280 §5.3.1 names; the choice is that of BR 7.2.2).

    No CA takes them all: its ``about.toml`` lists those it takes.
    """

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"
