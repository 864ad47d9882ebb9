"""Bad input: a clear error with its cause and what to do, before money is spent."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.cli.fixtures import NewShop
from tests.cli.tenant import Shop
from tests.cli.test_placing import csr_file


def _refused(shop: Shop, *words: str, stdin: Path | None = None) -> str:
    """The command is refused with an error; the CA has received nothing that changes anything."""
    done = shop.program.run("order", "place", "--account", "main", *words, "--wait", "10", stdin=stdin)
    assert done.code == 1, done
    assert shop.tenant.requests("POST") == []
    assert shop.tenant.ledger() == []
    assert "Traceback" not in done.err
    return done.told


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "CSR"),
        (b"nonsense", "CSR"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "CSR"),
        (b"A" * 100_000, ""),
        (b"\x30\x84\xff\xff\xff\xff" + b"\0" * 100, "CSR"),
    ],
    ids=["empty", "text", "truncated", "huge", "4 GiB length"],
)
def test_a_bad_csr_is_refused_before_anything_is_recorded(
    content: bytes, cause: str, shop: Shop, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csr"
    path.write_bytes(content)

    told = _refused(shop, "--product", "ssl_basic", "--csr", str(path))

    assert cause.lower() in told.lower()
    assert shop.program.run("order", "list", "--json").out == ""


def test_a_csr_with_a_broken_signature_is_refused(shop: Shop, tmp_path: Path) -> None:
    path = csr_file(tmp_path, shop.tenant.fresh_name(), der=True)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)

    assert "signature" in _refused(shop, "--product", "ssl_basic", "--csr", str(path)).lower()


@pytest.mark.parametrize("kind", ["rsa-1024", "rsa e=3", "secp256k1"])
def test_a_weak_key_is_refused(kind: str, shop: Shop, tmp_path: Path) -> None:
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if kind == "secp256k1":
        key = ec.generate_private_key(ec.SECP256K1())
    else:
        exponent, size = (3, 2048) if kind == "rsa e=3" else (65537, 1024)
        key = rsa.generate_private_key(public_exponent=exponent, key_size=size)
    path = csr_file(tmp_path, shop.tenant.fresh_name(), key=key)

    told = _refused(shop, "--product", "ssl_basic", "--csr", str(path), "--organization", shop.tenant.organization)

    assert told


def test_names_of_the_order_and_of_its_csr_must_agree(shop: Shop, tmp_path: Path) -> None:
    path = csr_file(tmp_path, shop.tenant.fresh_name())

    told = _refused(shop, "--product", "ssl_basic", "--csr", str(path), "--name", shop.tenant.fresh_name())

    assert "Leave --name out" in told


@pytest.mark.parametrize(
    "name",
    ["intranet", "*.com", "10.0.0.1", "4.3.2.1.in-addr.arpa", "under_score.meadow.example",
     "a" * 64 + ".meadow.example",
     "*.*.meadow.example", "meadow..example", "x\u202ey.meadow.example", "evil\n.meadow.example", "server.local"],
)  # fmt: skip
def test_a_name_that_may_not_be_ordered_is_refused(name: str, shop: Shop) -> None:
    told = _refused(shop, "--product", "ssl_basic", "--organization", shop.tenant.organization, "--name", name)

    assert "error:" in told or "failed" in told


def test_an_unknown_product_is_refused_with_where_to_look(shop: Shop) -> None:
    told = _refused(
        shop, "--product", "ssl_golden", "--organization", shop.tenant.organization, "--name", shop.tenant.fresh_name()
    )

    assert "no product 'ssl_golden'" in told
    assert "account show main" in told


def test_an_unknown_organization_is_refused_with_where_to_look(shop: Shop) -> None:
    told = _refused(shop, "--product", "ssl_basic", "--organization", "Nobody Ltd", "--name", shop.tenant.fresh_name())

    assert "Nobody Ltd" in told
    assert "--organization" in told


@pytest.mark.parametrize("key", ["software:rsa-1024", "software:dsa", "pkcs11:rsa-2048", "cloud:ec-p256", "software:"])
def test_a_key_that_cannot_be_made_is_refused(key: str, shop: Shop) -> None:
    _refused(shop, "--product", "ssl_basic", "--name", shop.tenant.fresh_name(), "--key", key)

    assert shop.program.run("order", "list", "--json").out == ""


@pytest.mark.parametrize("term", ["0y", "forever", "-1d", "2020-01-01"])
def test_a_term_that_makes_no_sense_is_refused(term: str, shop: Shop) -> None:
    _refused(
        shop, "--product", "ssl_basic", "--organization", shop.tenant.organization,
        "--name", shop.tenant.fresh_name(), f"--term={term}",
    )  # fmt: skip


def test_an_unknown_option_of_the_ca_is_refused(shop: Shop) -> None:
    told = _refused(
        shop, "--product", "ssl_basic", "--organization", shop.tenant.organization,
        "--name", shop.tenant.fresh_name(), "--set", "colour=blue",
    )  # fmt: skip

    assert "colour" in told


def test_an_unknown_account_is_refused(shop: Shop) -> None:
    done = shop.program.run("order", "place", "--account", "nobody", "--product", "x", "--name", "a.meadow.example")

    assert (done.code, "account list" in done.told) == (1, True), done


def test_hostile_text_stays_inert_where_it_is_shown(new_shop: NewShop) -> None:
    shop = new_shop(dcv="never")
    hostile = "\x1b[31m[bold]$(touch /tmp/x)`{{7*7}}`' OR 1=1 --\r\nforged: line"
    order = shop.pending()
    shop.program.run("order", "cancel", str(order["id"]), "--comment", hostile)

    shown = shop.program.run("order", "show", str(order["id"])).expect(0)

    assert "$(touch /tmp/x)`{{7*7}}`' OR 1=1 --" in shown.told
    assert "\x1b" not in shown.out
    assert not [line for line in shown.out.splitlines() if line.startswith("forged")]
    journal = shop.order(order["id"])["journal"]
    assert any(hostile in line["note"] for line in journal), journal


def test_what_the_ca_refuses_is_told_in_its_own_words_and_not_sent_again(new_shop: NewShop) -> None:
    shop = new_shop()
    body = '{"errors":[{"code":"insufficient_funds","message":"Not enough funds."}]}'
    shop.tenant.fault(
        "status", method="POST", path="ssl_basic$", status=400, body=body, content_type="application/json", times=None
    )

    first = shop.place("--reference", "poor").expect(1)

    assert first.json()["state"] == "failed"
    assert "Not enough funds." in first.json()["why"]
    again = shop.place("--reference", "poor", name=first.json()["names"][0]).expect(1)
    assert again.json()["id"] == first.json()["id"]
    assert len(shop.tenant.requests("POST")) == 1


def test_a_ca_that_is_down_is_unavailable_and_the_order_is_kept(new_shop: NewShop) -> None:
    shop = new_shop()
    shop.tenant.fault("status", status=503, body="<html>", content_type="text/html", times=3)

    down = shop.program.run(
        *shop.tenant.place_words(shop.tenant.fresh_name(), "--reference", "patient", "--wait", "1", "--json")
    )

    assert down.code == 3, down
    assert down.json()["trouble"] == "unavailable"
    assert shop.program.run("order", "wait", "patient", "60", "--json").expect(0).json()["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1


@pytest.mark.parametrize("retry_after", [None, 1], ids=["without Retry-After", "with Retry-After"])
def test_a_throttled_order_waits_and_is_placed_once(retry_after: int | None, new_shop: NewShop) -> None:
    shop = new_shop()
    more = {} if retry_after is None else {"retry_after": retry_after}
    shop.tenant.fault("rate_limited", method="POST", path="ssl_basic$", **more)

    order = shop.place("--reference", "throttled")

    if order.code == 3:  # how long to wait was left to us, and that may be longer than a test
        assert order.json()["trouble"] == "unavailable"
        assert shop.tenant.ledger() == []
    else:
        assert order.expect(0).json()["state"] == "issued"
        assert len(shop.tenant.ledger()) == 1
