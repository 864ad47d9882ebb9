"""What a certificate says, its signature, and its chain from the leaf to the root."""

from __future__ import annotations

from certwright_sandbox.ca import pem_of
from certwright_sandbox.defects import DEFECTS, Case
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.products import BY_TYPE
from certwright_sandbox.emsign.records import Account, Order
from certwright_sandbox.leaf import POLICIES, Leaf, public_key_of

OTHER_AUTHORITY = "tls-r1"  # whose chain is a wrong one for every certificate of this CA


def sign(office: Office, order: Order) -> None:
    """Fill in what issuance makes; `not_before` and `not_after` are set already."""
    order.authority = authority_of(office.account_of(order), order)
    signed = office.world.hierarchy[order.authority].sign(leaf_of(office, order))
    order.serial = str(signed.serial_number)
    order.pem = pem_of(signed)
    order.shown = tuple(spoiled(office, order, order.defect)) if order.defect is not None else ()


def authority_of(account: Account, order: Order) -> str:
    """The short name of the issuing CA: by level of validation, and by how long chains are to be."""
    return f"hub-{BY_TYPE[order.product_type].validation}-{account.chain_depth}"


def leaf_of(office: Office, order: Order) -> Leaf:
    """What the certificate says: the names of the order, whatever its CSR wants."""
    assert order.not_before is not None
    assert order.not_after is not None
    validation = BY_TYPE[order.product_type].validation
    return Leaf(
        public_key=public_key_of(order.csr),
        common_name=order.common_name,
        names=tuple(name.name for name in order.names),
        not_before=order.not_before,
        not_after=order.not_after,
        subject=() if validation == "dv" else _subject(office, order, is_ev=validation == "ev"),
        policy=POLICIES[validation],
    )


def _subject(office: Office, order: Order, *, is_ev: bool) -> tuple[tuple[str, str], ...]:
    account = office.account_of(order)
    organization = next((one for one in account.orgs if one.number == order.organization), None)
    if organization is None:
        return ()
    pairs = [
        ("country", organization.country),
        ("city", organization.locality),
        ("organization", organization.name),
    ]
    if is_ev:  # EV Guidelines §9.2.3 to §9.2.5
        pairs += [
            ("jurisdiction", organization.country),
            ("business_category", "Private Organization"),
            ("company_number", organization.number),
        ]
    return tuple(pairs)


def chain_of(office: Office, order: Order, defect: str | None = None) -> list[str]:
    """The certificate and the CAs above it as PEM, leaf first and the root last; `defect` makes this showing wrong."""
    if defect is not None:
        return spoiled(office, order, defect)
    return list(order.shown) or [_leaf_pem(office, order), *office.world.hierarchy[order.authority].chain()]


def spoiled(office: Office, order: Order, defect: str) -> list[str]:
    """The chain with a defect."""
    hierarchy = office.world.hierarchy
    case = Case(
        leaf=leaf_of(office, order),
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
    return pem_of(office.world.hierarchy[order.authority].sign(leaf_of(office, order), int(order.serial)))


def _sibling(office: Office, order: Order) -> str | None:
    """Another certificate of the same account, for another key."""
    others = [other for other in office.by_time(order.account) if other.pem and other.csr != order.csr]
    return others[-1].pem if others else None
