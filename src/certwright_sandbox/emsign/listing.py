"""What an account has: groups, organizations, domains, products (emsign.md §6.2-6.6)."""

from __future__ import annotations

from typing import Any

from certwright_sandbox.emsign import errors
from certwright_sandbox.emsign.call import Call, filled, moment, text
from certwright_sandbox.emsign.control import METHODS, TXT
from certwright_sandbox.emsign.errors import refuse
from certwright_sandbox.emsign.office import Office
from certwright_sandbox.emsign.products import PRIVATE_CATEGORY, PRODUCTS, SSL_CATEGORY, Product, by_code, years_of
from certwright_sandbox.emsign.records import Account, Domain, Organization


def groups(office: Office, call: Call) -> dict[str, Any]:
    """The groups; the default one has the organizations."""
    _ = office
    account = call.account
    rows = [
        filled(
            account,
            {
                "groupNumber": group.number,
                "groupName": group.name,
                "isDefaultGroup": "1" if group.is_default else "0",
                "finance": "1",
                "accountBalance": group.balance,
                "groupBalance": "",
                "organizationDetails": [
                    {"organizationNumber": one.number, "organizationName": one.name, "validationFor": "1"}
                    for one in account.orgs
                    if group.is_default
                ],
            },
        )
        for group in account.groups
    ]
    return {"groupDetails": rows}


def organizations(office: Office, call: Call) -> dict[str, Any]:
    """The organizations."""
    _ = office
    return {"organizationDetails": [_organization(call.account, one) for one in call.account.orgs]}


def _organization(account: Account, one: Organization) -> dict[str, Any]:
    return filled(
        account,
        {
            "organizationNumber": one.number,
            "organizationName": one.name,
            "organizationStatusId": "1",
            "isPreVettingOrg": "1" if one.is_vetted else "0",
            "organizationCountryCode": one.country,
            "organizationLocality": one.locality,
            "organizationPostalCode": one.postal_code,
        },
    )


def domains(office: Office, call: Call) -> dict[str, Any]:
    """The domains whose control was proven."""
    found = office.domains_of.find(call.account.id)
    return {"domainDetails": [_domain(office, call.account, one) for one in found]}


def _domain(office: Office, account: Account, one: Domain) -> dict[str, Any]:
    organization = next(iter(account.orgs), None)
    group = next((group for group in account.groups if group.is_default), None)
    return filled(
        account,
        {
            "domainName": one.name,
            "organizationNumber": organization.number if organization else None,
            "organizationName": organization.name if organization else None,
            "groupNumber": group.number if group else None,
            "dcvMethod": METHODS[TXT],
            "dcvStatus": "1",
            "status": "1" if one.valid_till > office.now() else "3",
            "verifiedDate": moment(one.verified_at),
            "validTill": moment(one.valid_till),
        },
    )


def products(office: Office, call: Call) -> dict[str, Any]:
    """The products of a group, in categories."""
    _ = office
    account, group = call.account, text(call.block("productDetails"), "groupNumber")
    if (not group and account.groups_needed) or (group and all(one.number != group for one in account.groups)):
        return {"productDetails": []}
    return {
        "productDetails": [
            {
                "categoryName": "SSL/TLS Certificates",
                "categoryID": SSL_CATEGORY,
                "currencyType": "USD",
                "products": [_product(account, product) for product in PRODUCTS],
            },
            {
                "categoryName": "Private PKI",
                "categoryID": PRIVATE_CATEGORY,
                "currencyType": "USD",
                "products": [
                    {
                        "productCode": str(account.first_product_code + 90),
                        "productName": "Intranet SSL",
                        "productTypeID": "31",
                        "price": "5.0",
                    }
                ],
            },
        ]
    }


def _product(account: Account, product: Product) -> dict[str, Any]:
    prices = {
        f"{years} Year{'s' if years > 1 else ''}": {"cost": f"{product.cost(years)}.0"} for years in years_of(product)
    }
    return {
        "productCode": product.code(account),
        "productName": product.name,
        "productTypeID": product.type,
        "subscriptionPrice": prices,
    }


def fields(office: Office, call: Call) -> dict[str, Any]:
    """The fields of a product, which nobody has documented. Raises Refusal for one that there is not."""
    _ = office
    wanted = call.block("productDetails")
    group = text(wanted, "groupNumber")
    known = not group or any(one.number == group for one in call.account.groups)
    if not known or by_code(call.account, text(wanted, "productCode")) is None:
        raise refuse(errors.NOT_IN_GROUP)
    return {"fieldDetails": []}
