"""Control of an order's names: what to publish, another method, another look (§7, §9, §10, §14)."""

from __future__ import annotations

from collections.abc import Iterable

from certwright.cas.sectigo import dcv, errors
from certwright.cas.sectigo.api import SectigoAPI
from certwright.cas.sectigo.bodies import Wish
from certwright.model.ca import Authorization, CAOrder, Proof
from certwright.model.errors import Refused, Unavailable
from certwright.model.words import DCVMethod


def first_proofs(wish: Wish, value: str) -> tuple[Proof, ...]:
    """What is to be published for an order that was just placed, from the value that came back."""
    token, www = dcv.Token(wish.placement.csr, value), wish.adds_www
    return _each_place_once(token.proof(name, wish.way(name), with_www=www) for name in wish.placement.names)


def proofs(api: SectigoAPI, ca_order: CAOrder, wish: Wish) -> tuple[Proof, ...]:
    """What is to be published for the names that are not proven, by the methods that the CA has for them: 1 call."""
    token, www = _token(ca_order, wish), wish.adds_www
    open_ones = [one for one in authorizations(api, ca_order) if not one.proven]
    return _each_place_once(token.proof(one.name, _way(one, wish), with_www=www) for one in open_ones)


def _token(ca_order: CAOrder, wish: Wish) -> dcv.Token:
    """Of the value that came back for the order, else the one that is sent for its reference."""
    return dcv.Token(wish.placement.csr, ca_order.dcv_value or dcv.unique_value(wish.placement.reference))


def _way(authorization: Authorization, wish: Wish) -> dcv.Way:
    """The CA's method for a name; its answer holds no address, so that of an e-mail is the one we asked for."""
    asked = wish.way(authorization.name)
    if authorization.method == DCVMethod.EMAIL:
        return asked if asked.method is DCVMethod.EMAIL else dcv.Way(DCVMethod.EMAIL)
    return dcv.Way(DCVMethod(authorization.method)) if authorization.method in dcv.ONE else asked


def _each_place_once(found: Iterable[Proof]) -> tuple[Proof, ...]:
    """A wildcard and its base name are proven by one record, as are a name and its www."""
    by_place: dict[tuple[str, str, str], Proof] = {}
    for proof in found:
        mailed_for = proof.name if proof.method == DCVMethod.EMAIL else ""  # one address may get a mail for each name
        by_place.setdefault((proof.where, proof.value, mailed_for), proof)
    return tuple(by_place.values())


def authorizations(api: SectigoAPI, ca_order: CAOrder) -> tuple[Authorization, ...]:
    """How each name stands: 1 call."""
    return tuple(dcv.authorizations(api.names(ca_order.order_id)))


def check(api: SectigoAPI, ca_order: CAOrder, wish: Wish) -> bool:
    """Have Sectigo look now, by asking for the methods it has already (§7.6): 1 to 3 calls.

    Of an order whose names are all proven it then looks at their CAA records again.
    """
    before = authorizations(api, ca_order)
    published = [one for one in before if one.method in dcv.LISTED]
    open_ones = [one for one in published if not one.proven] or published
    if open_ones:
        wanted = [(one.name, dcv.Way(DCVMethod(one.method))) for one in open_ones]
        try:
            api.update_dcv(_update(ca_order, wanted, many=wish.is_for_many))
        except Unavailable as error:
            if error.code == str(errors.BEING_ISSUED):  # then nothing is left to prove
                return True
            raise
        before = authorizations(api, ca_order)
    return bool(before) and all(one.proven for one in before)


def change_method(api: SectigoAPI, ca_order: CAOrder, wish: Wish, way: dcv.Way, name: str) -> tuple[Proof, ...]:
    """Another method for one name, or for all that are not proven: 3 calls."""
    known = authorizations(api, ca_order)
    open_names = [one.name for one in known if not one.proven]
    wanted = [name] if name else open_names
    for one in wanted:
        if one.startswith("*.") and way.method in (DCVMethod.HTTP, DCVMethod.HTTPS):
            raise Refused(f"{one} cannot be proven by a file: that proves single names only.")
    if not wanted:
        raise Refused("Every name of the order is proven already.")
    api.update_dcv(_update(ca_order, [(one, way) for one in wanted], many=wish.is_for_many))
    token, www = _token(ca_order, wish), wish.adds_www
    after = [one for one in authorizations(api, ca_order) if not one.proven]
    ways = {one.name: way if one.name in wanted else _way(one, wish) for one in after}
    return _each_place_once(token.proof(one, how, with_www=www) for one, how in ways.items())


def _update(ca_order: CAOrder, wanted: list[tuple[str, dcv.Way]], *, many: bool) -> dict[str, str]:
    """The parameters of AutoUpdateDCV: of one name, or lists of the same length and order (§9).

    An order that is not for ``many`` names is told no name, though it may list its www beside it.
    """
    given = {"orderNumber": ca_order.order_id}
    methods = [dcv.ONE[way.method] for _, way in wanted]
    addresses = [way.address for _, way in wanted]
    if len(wanted) == 1 or not many:
        (name, way), *_ = wanted
        if many:
            given["domainName"] = name
        given["newMethod"] = dcv.ONE[way.method]
        return given | ({"newDCVEmailAddress": way.address} if way.address else {})
    given |= {"domainNames": " ".join(name for name, _ in wanted), "newMethods": ",".join(methods)}
    if any(addresses):
        given["newDCVEmailAddresses"] = " ".join(address or "none" for address in addresses)
    return given


def remove_name(api: SectigoAPI, ca_order: CAOrder, name: str) -> None:
    """Take a name out: 1 call. After a refusal 1 more tells whether it is gone already."""
    try:
        api.remove_name(ca_order.order_id, name)
    except Refused as error:
        if error.code == str(errors.VALUE_INVALID) and all(one.name != name for one in authorizations(api, ca_order)):
            return
        raise
