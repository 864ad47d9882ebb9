"""What a certificate says, its signature, and its chain as this CA shows it."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa

from certwright_sandbox.ca import pem_of
from certwright_sandbox.defects import DEFECTS, Case
from certwright_sandbox.leaf import POLICIES, Leaf, public_key_of
from certwright_sandbox.sectigo.office import Office
from certwright_sandbox.sectigo.products import PRODUCTS
from certwright_sandbox.sectigo.records import Order, Subject

TEST_AUTHORITY = "untrusted-e1"
OTHER_AUTHORITY = "tls-r1"  # whose chain is a wrong one for every certificate of this CA


def sign(office: Office, order: Order) -> None:
    """Fill in what issuance makes; `not_before` and `not_after` are set already."""
    order.authority = authority_of(order)
    leaf = leaf_of(order)
    signed = office.world.hierarchy[order.authority].sign(leaf)
    order.serial = serial_text(signed.serial_number)
    order.pem = pem_of(signed)
    if order.defect is not None:
        order.shown = tuple(spoiled(office, order, order.defect))


def serial_text(serial: int) -> str:
    """A serial as these APIs write it: upper-case hex, whole bytes."""
    text = f"{serial:X}"
    return text if len(text) % 2 == 0 else f"0{text}"


def authority_of(order: Order) -> str:
    """The short name of the issuing CA: by level of validation, and by the kind of the key unless it was chosen."""
    if order.is_test:
        return TEST_AUTHORITY
    kind = order.authority_kind or ("r" if isinstance(public_key_of(order.csr), rsa.RSAPublicKey) else "e")
    return f"server-{PRODUCTS[order.product].validation}-{kind}1"


def leaf_of(order: Order) -> Leaf:
    """What the certificate says. OUs are gone from public certificates (sectigo.md §18)."""
    assert order.not_before is not None
    assert order.not_after is not None
    validation = PRODUCTS[order.product].validation
    names = [name.name for name in order.names]
    if order.companion:
        names.append(order.companion)
    return Leaf(
        public_key=public_key_of(order.csr),
        common_name=order.common_name,
        names=tuple(dict.fromkeys(names)),
        not_before=order.not_before,
        not_after=order.not_after,
        subject=() if validation == "dv" else _subject(order.subject, is_ev=validation == "ev"),
        policy=POLICIES[validation],
    )


def chain_of(office: Office, order: Order, defect: str | None = None) -> list[str]:
    """The certificate and the CAs above it as PEM, leaf first and the root last; `defect` makes this showing wrong."""
    if defect is not None:
        return spoiled(office, order, defect)
    return list(order.shown) or [_leaf_pem(office, order), *office.world.hierarchy[order.authority].chain()]


def spoiled(office: Office, order: Order, defect: str) -> list[str]:
    """The chain with a defect."""
    hierarchy = office.world.hierarchy
    case = Case(
        leaf=leaf_of(order),
        issuer=hierarchy[order.authority],
        other_issuer=hierarchy[OTHER_AUTHORITY],
        csr=order.csr,
        sibling=_sibling(office, order),
        now=office.now(),
    )
    return DEFECTS[defect](case)


def _leaf_pem(office: Office, order: Order) -> str:
    """A certificate of the stock is signed when it is shown: the same serial and key make the same bytes."""
    if order.pem:
        return order.pem
    return pem_of(office.world.hierarchy[order.authority].sign(leaf_of(order), int(order.serial, 16)))


def _sibling(office: Office, order: Order) -> str | None:
    """Another certificate, of the same family if there is one, else of the same account."""
    family = [other for other in office.family(order) if other.pem and other.csr != order.csr]
    others = family or [other for other in office.by_time(order.account) if other.pem and other.csr != order.csr]
    return others[-1].pem if others else None


def _subject(subject: Subject, *, is_ev: bool) -> tuple[tuple[str, str], ...]:
    pairs = [
        ("country", subject.country),
        ("state", subject.state),
        ("city", subject.locality),
        ("organization", subject.organization),
    ]
    if is_ev:  # EV Guidelines §9.2.3 to §9.2.5
        pairs += [
            ("jurisdiction", subject.jurisdiction or subject.country),
            ("business_category", "Private Organization"),
            ("company_number", subject.company_number),
        ]
    return tuple((name, value) for name, value in pairs if value)
