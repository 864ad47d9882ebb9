"""GetDcv and VerifyDcv: control of an order's names (§6.10, §6.11)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from certwright.cas.emsign import collecting, contract, errors, wire
from certwright.cas.emsign.api import EmSignAPI
from certwright.cas.emsign.bodies import Wish
from certwright.cas.emsign.standing import Standing
from certwright.model.ca import CAOrder, Proof
from certwright.model.errors import CertwrightError, Refused, Unavailable
from certwright.model.words import DCVMethod

_FOLDER = "/.well-known/pki-validation/"


def proofs(api: EmSignAPI, ca_order: CAOrder, wish: Wish) -> tuple[Proof, ...]:
    """What is to be published for the names that are not proven: 1 call, and 1 for each of them.

    While the turn of one of them has not come (EMS-956) there are none: what is asked for once is kept by the flow, and
    a name that is left out would be left out for good.
    """
    now = collecting.track(api, ca_order.order_id)
    found: dict[tuple[str, str], Proof] = {}  # a wildcard and its base may be proven by one record
    for name in now.unproven:
        try:
            told = api.dcv(_wanted(ca_order, name.name, now, wish))
        except CertwrightError as error:
            if error.code == errors.NOT_OPEN_YET:
                return ()
            if error.code != errors.PROVEN_ALREADY:
                raise
            continue
        for proof in _proofs_of(name.name, told, wish):
            found.setdefault((proof.where, proof.value or proof.name), proof)
    return tuple(found.values())


def _proofs_of(name: str, told: Mapping[str, Any], wish: Wish) -> tuple[Proof, ...]:
    """What GetDcv told for a name; nothing where it told nothing."""
    method, address = wish.method(name)
    if method == DCVMethod.EMAIL:
        return (_by_mail(name, address, told.get("dcvEmails")),)
    if method == DCVMethod.DNS_TXT:
        token = wire.text(told.get("token"))
        hosts = contract.txt_hosts(wish.settings.txt_hosts, name)
        return tuple(Proof(name, method, host, token) for host in hosts) if token else ()
    file, content = wire.text(told.get("fileName")), wire.text(told.get("fileContent"))
    where = f"http://{name.removeprefix('*.')}{_FOLDER}{file}"
    return (Proof(name, method, where, content),) if file else ()


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
    for name in now.unproven:
        wanted = _wanted(ca_order, name.name, now, wish)
        if address := wish.method(name.name)[1]:
            wanted["dcvEmail"] = address
        try:
            api.verify_dcv(wanted)
        except Refused:
            continue  # not found, or proven already: how it stands is asked below
        except Unavailable as error:
            if error.code != errors.NOT_OPEN_YET:
                raise
    return collecting.track(api, ca_order.order_id).all_proven if now.unproven else now.all_proven


def _wanted(ca_order: CAOrder, name: str, now: Standing, wish: Wish) -> dict[str, str]:
    """The ``dcvDetails`` for a name of an order that stands so."""
    return {
        "requestorEmail": now.requestor_email or wish.requestor_email,
        "orderNumber": ca_order.order_id,
        "domainName": contract.dcv_name(name, [one.name for one in now.names or ()]),
        "dcvMethod": wire.METHOD_NUMBERS[wish.method(name)[0]],
    }
