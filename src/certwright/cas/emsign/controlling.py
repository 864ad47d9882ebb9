"""GetDcv and VerifyDcv: control of an order's names (§6.10, §6.11)."""

from __future__ import annotations

from certwright.cas.emsign import collecting, contract, errors, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.bodies import Wish
from certwright.cas.emsign.standing import Name
from certwright.model.ca import CAOrder, Proof
from certwright.model.errors import CertwrightError, Refused, Unavailable
from certwright.model.words import DCVMethod

_FOLDER = "/.well-known/pki-validation/"


def proofs(api: EmSignAPI, ca_order: CAOrder, wish: Wish) -> tuple[Proof, ...]:
    """What is to be published for the names that are not proven: 1 call, and 1 for each of them.

    A name whose turn has not come yet (EMS-956) has none.
    """
    now = collecting.track(api, ca_order.order_id)
    email = now.requestor_email or wish.requestor_email
    found = [proof for name in now.unproven for proof in _proofs_of(api, ca_order, wish, name, email)]
    return tuple(dict.fromkeys(found))


def _proofs_of(api: EmSignAPI, ca_order: CAOrder, wish: Wish, name: Name, email: str) -> tuple[Proof, ...]:
    method, address = wish.method(name.name)
    try:
        told = api.dcv(_wanted(ca_order, name.name, method, email))
    except CertwrightError as error:
        if error.code in (errors.NOT_OPEN_YET, errors.PROVEN_ALREADY):
            return ()
        raise
    base = name.name.removeprefix("*.")
    if method == DCVMethod.DNS_TXT:
        token = wire.text(told.get("token"))
        hosts = contract.txt_hosts(wish.settings.txt_hosts, name.name)
        return tuple(Proof(name.name, method, host, token) for host in hosts) if token else ()
    if method == DCVMethod.HTTP:
        file = wire.text(told.get("fileName"))
        where = f"http://{base}{_FOLDER}{file}"
        return (Proof(name.name, method, where, wire.text(told.get("fileContent"))),) if file else ()
    return (_by_mail(name.name, address, told.get("dcvEmails")),)


def _by_mail(name: str, address: str, listed: object) -> Proof:
    known = [wire.text(one) for one in listed] if isinstance(listed, list) else []
    if address.lower() not in {one.lower() for one in known}:
        raise Refused(
            f"emSign does not take {address} for {name}.", advice=f"It takes: {', '.join(known) or 'none by e-mail'}."
        )
    return Proof(name, DCVMethod.EMAIL, address, "")


def check(api: EmSignAPI, ca_order: CAOrder, wish: Wish) -> bool:
    """Have emSign look at each name that is not proven, and ask how they stand: 2 calls, and 1 for each name."""
    now = collecting.track(api, ca_order.order_id)
    email = now.requestor_email or wish.requestor_email
    for name in now.unproven:
        method, address = wish.method(name.name)
        wanted = _wanted(ca_order, name.name, method, email)
        if address:
            wanted["dcvEmail"] = address
        try:
            api.verify_dcv(wanted)
        except Refused:
            continue  # not found, or proven already: how it stands is asked below
        except Unavailable as error:
            if error.code != errors.NOT_OPEN_YET:
                raise
    return collecting.track(api, ca_order.order_id).all_proven if now.unproven else now.all_proven


def _wanted(ca_order: CAOrder, name: str, method: str, email: str) -> dict[str, str]:
    return {
        "requestorEmail": email,
        "orderNumber": ca_order.order_id,
        "domainName": name,
        "dcvMethod": wire.METHOD_NUMBERS[method],
    }
