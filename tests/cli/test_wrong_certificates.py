"""A certificate that does not match: never recorded, kept as evidence, an alarm, and judged again on request."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.fixtures import NewShop
from tests.cli.tenant import Shop

# What spoils the certificate itself; nothing of it may ever be taken.
WRONG = [
    "other_key", "sibling", "missing_san", "extra_san", "foreign_san", "wildcard_san", "cn_only", "expired",
    "future", "short", "too_long", "ca_true", "self_signed", "bad_signature", "wrong_chain", "no_chain",
    "precertificate",
]  # fmt: skip
# What is no certificate at all: an answer that tells nothing, so the right one is looked for.
NONSENSE = ["csr", "private_key", "html"]


def _evidence(shop: Shop) -> str:
    with sqlite3.connect(shop.program.home / "certwright.sqlite") as database:
        row = database.execute('SELECT collected FROM "order" ORDER BY id DESC LIMIT 1').fetchone()
    database.close()
    return str(row[0])


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_certificate_is_never_recorded_and_never_ordered_again(kind: str, new_shop: NewShop) -> None:
    shop = new_shop()
    shop.tenant.fault("wrong_certificate", kind=kind, method="POST", path="ssl_basic$")

    done = shop.place("--reference", "wrong")

    order = shop.order("wrong")
    assert shop.certificates() == [] or order["state"] == "issued", done
    assert (done.code, order["state"]) == (1, "failed"), done
    assert any(line["kind"] == "alarm" for line in order["journal"]), order["journal"]
    assert "does not match" in order["why"]
    assert order["advice"]
    assert len(_evidence(shop)) > 100, "the evidence is kept"
    again = shop.program.run("order", "check", "wrong").expect(1)
    assert "Traceback" not in again.err
    assert shop.certificates() == []
    assert len(shop.tenant.ledger()) == 1
    assert len(shop.tenant.requests("POST")) == 1


@pytest.mark.parametrize("kind", NONSENSE)
def test_what_is_no_certificate_is_never_recorded_and_never_ordered_again(kind: str, new_shop: NewShop) -> None:
    shop = new_shop()
    shop.tenant.fault("wrong_certificate", kind=kind, method="POST", path="ssl_basic$")

    done = shop.place("--reference", "nonsense")

    order = shop.order("nonsense")
    recorded = shop.certificates()
    assert order["state"] in ("issued", "failed"), (done, order)
    assert len(recorded) == (1 if order["state"] == "issued" else 0)
    assert len(shop.tenant.ledger()) == 1
    assert len(shop.tenant.requests("POST")) == 1


def test_a_certificate_turned_down_by_our_own_mistake_is_taken_when_that_is_mended(shop: Shop) -> None:
    """The roots of the account were wrong: with the right ones, the evidence that was kept is judged again."""
    roots = shop.tenant.account.element["settings"]["roots"]
    home = shop.program.home

    def use(pem: str) -> None:
        with sqlite3.connect(home / "certwright.sqlite") as database:
            database.execute("UPDATE ca_account SET settings = json_set(settings, '$.roots', ?)", (pem,))
        database.close()

    issued = shop.issued("--reference", "first")
    leaf = shop.program.run("cert", "export", issued["certificate"], "--leaf-only").expect(0).out
    use(leaf)  # a trust anchor that nothing chains to
    failed = shop.place("--reference", "turned-down").expect(1)
    assert failed.json()["state"] == "failed"

    use(roots)
    done = shop.program.run("order", "check", "turned-down", "--json").expect(0).json()

    assert done["state"] == "issued"
    assert len(shop.tenant.ledger("turned-down")) == 1
    assert len(shop.certificates()) == 2
