"""What certbot, lego and acme.sh kept: folders that the clients themselves made, and folders made as theirs."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find
from certwright.pki.certificate import from_der
from certwright.targets.imports import acme_sh, certbot, lego
from certwright.targets.imports.texts import NOT_TAKEN
from tests.imports.acme_ca import Pebble, free_port, program, run
from tests.imports.papers import ca, intermediate, key_pem, pair, put

pytestmark = pytest.mark.xdist_group("pebble")  # one server is enough
NAME = "shop.meadow.example"


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    if program("pebble") is None:
        pytest.skip("pebble is not installed (Debian: pebble)")
    server = Pebble(tmp_path_factory.mktemp("pebble"))
    yield server
    server.close()


def remarks(find: Find) -> tuple[str, dict[str, str], datetime | None]:
    assert find.remarks is not None
    return find.remarks.owner, dict(find.remarks.fields), find.remarks.known_since


def fingerprint(find: Find) -> str:
    return from_der(find.certificates[0]).fingerprint


def just_now(moment: datetime | None) -> bool:
    return moment is not None and abs(datetime.now(UTC) - moment) < timedelta(minutes=5)


def test_what_certbot_itself_made_comes_with_its_lineage(pebble: Pebble, tmp_path: Path) -> None:
    if program("certbot") is None:
        pytest.skip("certbot is not installed (Debian: certbot)")
    folder = tmp_path / "letsencrypt"
    options = f"--config-dir {folder} --work-dir {tmp_path}/w --logs-dir {tmp_path}/l --server {pebble.url}"
    ask = f"-n --agree-tos -m ops@meadow.example --standalone --http-01-address 127.0.0.1 -d {NAME} --force-renewal"
    for _ in range(2):
        port = f"--http-01-port {free_port()} --deploy-hook true"
        run("certbot", "certonly", *f"{options} {ask} {port}".split(), REQUESTS_CA_BUNDLE=str(pebble.trust))

    first, second = certbot.read(folder)

    assert first.place == f"file:{folder}/archive/{NAME}/cert1.pem"
    assert second.place == f"file:{folder}/live/{NAME}/fullchain.pem"
    assert (first.replaces, second.replaces) == ("", fingerprint(first))
    assert first.has_key
    assert second.has_key
    assert len(second.certificates) == 2
    assert from_der(second.certificates[0]).names == (NAME,)
    _, fields, since = remarks(second)
    assert fields == {
        "acme_client": "certbot",
        "acme_server": pebble.url,
        "acme_authenticator": "standalone",
        "deploy_command": "true",
        "lineage": NAME,
    }
    assert just_now(since)


def test_what_lego_itself_made_comes_with_its_owner(pebble: Pebble, tmp_path: Path) -> None:
    if program("lego") is None:
        pytest.skip("lego is not installed (Debian: lego)")
    folder = tmp_path / ".lego"
    command = f"--server {pebble.url} --path {folder} --email ops@meadow.example --accept-tos -d {NAME} --http"
    run(
        "lego",
        *command.split(),
        *f"--http.port 127.0.0.1:{free_port()} run".split(),
        LEGO_CA_CERTIFICATES=str(pebble.trust),
    )

    (found,) = lego.read(folder)

    assert found.place == f"file:{folder}/certificates/{NAME}.crt"
    assert found.has_key
    assert len(found.certificates) == 2
    owner, fields, since = remarks(found)
    assert owner == "ops@meadow.example"
    assert fields["acme_client"] == "lego"
    assert fields["acme_server"] == pebble.url.split("/")[2]
    assert fields["acme_certificate"].startswith("https://127.0.0.1:")
    assert just_now(since)


def certbot_folder(folder: Path, generations: int = 3) -> list[str]:
    """A folder as certbot's; the fingerprints of its generations."""
    prints = []
    for number in range(1, generations + 1):
        leaf, key = pair(NAME)
        prints.append(leaf.fingerprint)
        for kind, text in {
            "cert": leaf.pem,
            "chain": intermediate().certificate.pem,
            "fullchain": leaf.pem + intermediate().certificate.pem,
            "privkey": key_pem(key),
        }.items():
            path = put(folder / "archive" / NAME / f"{kind}{number}.pem", text)
            os.utime(path, (1_700_000_000 + number,) * 2)
            link = folder / "live" / NAME / f"{kind}.pem"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(f"../../archive/{NAME}/{path.name}")
    put(
        folder / "renewal" / f"{NAME}.conf",
        "# renew_before_expiry = 30 days\nversion = 2.1.0\narchive_dir = /elsewhere\n\n# Options\n[renewalparams]\n"
        "account = 0123456789abcdef0123456789abcdef\nauthenticator = webroot\nserver = https://acme.example/directory\n"
        "installer = None\nrenew_hook = curl -H 'Authorization: Bearer s3cr3t' https://lb.example/\n"
        "[[webroot_map]]\nauthenticator = not this one\n",
    )
    put(
        folder / "accounts/acme.example/directory/0123456789abcdef0123456789abcdef/regr.json",
        '{"body": {"contact": ["mailto:web@meadow.example"]}, "uri": "https://acme.example/acct/1"}',
    )
    return prints


def test_certbots_generations_come_in_their_order_even_after_the_ninth(tmp_path: Path) -> None:
    prints = certbot_folder(tmp_path, 11)

    found = list(certbot.read(tmp_path))

    assert [fingerprint(find) for find in found] == prints
    assert [find.replaces for find in found] == ["", *prints[:-1]]
    owner, fields, since = remarks(found[0])
    assert owner == "web@meadow.example"
    assert fields["acme_authenticator"] == "webroot"
    assert "acme_installer" not in fields
    assert since == datetime.fromtimestamp(1_700_000_001, UTC)


def test_a_hook_that_may_hold_a_credential_is_not_taken_over(tmp_path: Path) -> None:
    certbot_folder(tmp_path, 1)

    (found,) = certbot.read(tmp_path)

    assert remarks(found)[1]["deploy_command"] == NOT_TAKEN
    assert "s3cr3t" not in repr(found)


def test_certbots_link_says_which_generation_is_in_use(tmp_path: Path) -> None:
    prints = certbot_folder(tmp_path)
    link = tmp_path / "live" / NAME / "cert.pem"
    link.unlink()
    link.symlink_to(f"../../archive/{NAME}/cert2.pem")

    places = {find.place: fingerprint(find) for find in certbot.read(tmp_path)}

    assert places[f"file:{tmp_path}/live/{NAME}/fullchain.pem"] == prints[1]
    assert places[f"file:{tmp_path}/archive/{NAME}/cert3.pem"] == prints[2]


def test_a_copy_without_archive_has_what_is_live_and_settings_alone_are_told(tmp_path: Path) -> None:
    prints = certbot_folder(tmp_path)
    shutil.copytree(tmp_path / "live", tmp_path / "copy")
    shutil.rmtree(tmp_path / "live")
    shutil.rmtree(tmp_path / "archive")
    (tmp_path / "copy").rename(tmp_path / "live")
    put(tmp_path / "renewal" / "orphan.example.conf", "[renewalparams]\nserver = https://acme.example/directory\n")
    done: list[int] = []

    orphan, live = certbot.read(tmp_path, on_item=done.append)

    assert done == [1, 2]
    assert "does not exist" in orphan.trouble
    assert fingerprint(live) == prints[-1]
    assert live.has_key


def test_a_damaged_generation_is_told_and_the_lineage_goes_on(tmp_path: Path) -> None:
    prints = certbot_folder(tmp_path)
    put(tmp_path / "archive" / NAME / "cert2.pem", "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n")

    first, second, third = certbot.read(tmp_path)

    assert second.trouble
    assert not second.certificates
    assert third.replaces == fingerprint(first) == prints[0]


def test_a_name_that_leads_out_of_certbots_folder_is_not_followed(tmp_path: Path) -> None:
    certbot_folder(tmp_path / "le", 1)
    put(tmp_path / "0123456789abcdef0123456789abcdef/regr.json", '{"body": {"contact": ["mailto:evil@example"]}}')
    path = tmp_path / "le/renewal" / f"{NAME}.conf"
    path.write_text(path.read_text().replace("https://acme.example/directory", "https://../.."))

    (found,) = certbot.read(tmp_path / "le")

    assert remarks(found)[0] == ""


def test_legos_archive_and_its_orphans_come_too(tmp_path: Path) -> None:
    leaf, key = pair("_.meadow.example")
    old, _ = pair("old.example")
    put(tmp_path / "certificates/_.meadow.example.crt", leaf.pem)
    put(tmp_path / "certificates/_.meadow.example.issuer.crt", intermediate().certificate.pem)
    put(tmp_path / "certificates/_.meadow.example.key", key_pem(key))
    put(tmp_path / "certificates/gone.example.json", '{"domain": "gone.example", "certUrl": "https://u:s3cr3t@acme/1"}')
    put(tmp_path / "archives/1700000000.old.example.crt", old.pem)
    put(tmp_path / "archives/1700000000.old.example.json", "[" * 100_000)
    for owner in ("a@x.example", "b@x.example"):
        put(tmp_path / "accounts/acme" / owner / "account.json", "{}")

    wild, gone, archived = lego.read(tmp_path)

    assert wild.certificates == (leaf.der, intermediate().certificate.der)
    assert wild.has_key
    assert remarks(wild)[0] == ""
    assert "does not exist" in gone.trouble
    assert "s3cr3t" not in repr(gone)
    assert remarks(archived)[1] == {"acme_client": "lego", "archived_at": "2023-11-14T22:13:20+00:00"}


def acme_sh_folder(home: Path, name: str, folder: str, **settings: str) -> str:
    """A folder as acme.sh's; the fingerprint of its certificate."""
    leaf, key = pair(NAME)
    lines = "".join(f"{key}='{value}'\n" for key, value in settings.items())
    put(home / folder / f"{name}.conf", f"Le_Domain='{name}'\n{lines}")
    put(home / folder / f"{name}.cer", leaf.pem)
    put(home / folder / "ca.cer", intermediate().certificate.pem, ca().certificate.pem)
    put(home / folder / "fullchain.cer", leaf.pem, intermediate().certificate.pem)
    put(home / folder / f"{name}.key", key_pem(key))
    return leaf.fingerprint


def test_acme_sh_comes_with_what_its_settings_say(tmp_path: Path) -> None:
    hook = base64.b64encode(b"systemctl reload nginx").decode()
    ecc = acme_sh_folder(
        tmp_path,
        NAME,
        f"{NAME}_ecc",
        Le_API="https://acme.example/v2/DV90",
        Le_Webroot="dns_cf",
        Le_ReloadCmd=f"__ACME_BASE64__START_{hook}__ACME_BASE64__END_",
        Le_RealKeyPath="/etc/nginx/shop.key",
        Le_RealFullChainPath="/etc/nginx/shop.pem",
        Le_CertCreateTime="1700000000",
        Le_NextRenewTime="1705000000",
        SAVED_CF_Token="s3cr3t",
    )
    acme_sh_folder(tmp_path, "*.x.example", "*.x.example", Le_Webroot="no", Le_CertCreateTime="soon")
    put(tmp_path / "account.conf", "ACCOUNT_EMAIL='ops@meadow.example'\nSAVED_CF_Token='s3cr3t'\n")
    put(tmp_path / "ca/acme.example/v2/DV90/ca.conf", "CA_EMAIL='shop@meadow.example'\n")
    put(tmp_path / "deploy/nginx.sh", "#!/bin/sh\n")

    wild, found = acme_sh.read(tmp_path)

    assert fingerprint(found) == ecc
    assert found.place == f"file:{tmp_path}/{NAME}_ecc/{NAME}.cer"
    assert found.has_key
    assert len(found.certificates) == 3
    owner, fields, since = remarks(found)
    assert owner == "shop@meadow.example"
    assert since == datetime.fromtimestamp(1_700_000_000, UTC)
    assert fields == {
        "acme_client": "acme.sh",
        "acme_server": "https://acme.example/v2/DV90",
        "acme_authenticator": "dns_cf",
        "certificate_path": "/etc/nginx/shop.pem",
        "key_path": "/etc/nginx/shop.key",
        "deploy_command": "systemctl reload nginx",
        "next_renewal": "2024-01-11 19:06:40+00:00",
    }
    assert remarks(wild)[0] == "ops@meadow.example"
    assert remarks(wild)[1]["acme_authenticator"] == "standalone"
    assert remarks(wild)[2] is None
    assert "s3cr3t" not in repr((wild, found))


def test_nothing_in_acme_shs_settings_is_run(tmp_path: Path) -> None:
    put(tmp_path / "account.conf", f"ACCOUNT_EMAIL=$(touch {tmp_path}/ran)\n`touch {tmp_path}/ran`\n")
    acme_sh_folder(tmp_path, NAME, NAME, Le_Webroot=f"$(touch {tmp_path}/ran)", Le_API="http://[broken")

    (found,) = acme_sh.read(tmp_path)

    assert not (tmp_path / "ran").exists()
    assert remarks(found)[1]["acme_authenticator"].startswith("$(touch")


@pytest.mark.parametrize("reader", [certbot.read, lego.read, acme_sh.read])
def test_a_folder_of_something_else_is_refused_by_name(reader, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    put(tmp_path / "a" / "b.txt", "nothing")

    with pytest.raises(Misconfigured, match=f"file:{tmp_path}"):
        reader(tmp_path)
    with pytest.raises(Misconfigured):
        reader(tmp_path / "not there")
