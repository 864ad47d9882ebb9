"""Folders, single files and uploads of certificates."""

from __future__ import annotations

import base64
import os
import random
import socket
import time
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find
from certwright.pki.certificate import Certificate
from certwright.pki.formats import to_jks, to_pkcs7, to_pkcs12
from certwright.targets.files import read, read_bytes
from certwright.targets.files.grouping import group
from certwright.targets.files.places import file_place
from tests.cases.authority import new_key, root
from tests.imports.papers import ca, intermediate, key_pem, pair, put


def finds(*paths: Path, **options: object) -> list[Find]:
    return list(read(paths, **options))  # type: ignore[arg-type]


def one(*paths: Path, **options: object) -> Find:
    (found,) = finds(*paths, **options)
    return found


def ders(*certificates: Certificate) -> tuple[bytes, ...]:
    return tuple(certificate.der for certificate in certificates)


def test_a_leaf_comes_with_what_chains_to_it_and_with_nothing_else(tmp_path: Path) -> None:
    leaf, _ = pair()
    stranger = root("Stranger").certificate
    put(tmp_path / "shop.pem", ca().certificate.pem, leaf.pem, stranger.pem, intermediate().certificate.pem)

    first, second = finds(tmp_path)

    assert first == Find(
        f"file:{tmp_path}/shop.pem", ders(leaf, ca().certificate, intermediate().certificate), has_key=False
    )
    assert second == Find(f"file:{tmp_path}/shop.pem#2", ders(stranger))


def test_unrelated_leaves_of_one_file_keep_their_places_when_one_is_renewed(tmp_path: Path) -> None:
    (a, _), (b, _), (renewed, _) = pair("a.example"), pair("b.example"), pair("a.example")
    path = put(tmp_path / "two.pem", a.pem, b.pem, intermediate().certificate.pem)
    before = finds(path)
    put(path, renewed.pem, b.pem, intermediate().certificate.pem)

    assert [find.place for find in finds(path)] == [find.place for find in before]
    assert finds(path)[1] == before[1]


@pytest.mark.parametrize("suffix", [".cer", ".p7b", ".p12", ".jks", ".zip", ".b64.txt"])
def test_every_format_is_read(tmp_path: Path, suffix: str) -> None:
    leaf, key = pair()
    chain = [intermediate().certificate]
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/cert.crt", leaf.pem)
    content = {
        ".cer": leaf.der,
        ".p7b": to_pkcs7([leaf, *chain]),
        ".p12": to_pkcs12(leaf, chain, key, b"sesame"),
        ".jks": to_jks(leaf, chain, key, b"sesame"),
        ".zip": packed.getvalue(),
        ".b64.txt": base64.b64encode(leaf.der),
    }[suffix]
    (tmp_path / f"shop{suffix}").write_bytes(content)

    found = one(tmp_path, passwords=[b"wrong", b"sesame"])

    assert found.certificates[0] == leaf.der
    assert found.has_key is (suffix in {".p12", ".jks"})
    assert not found.trouble


def test_a_store_under_an_unknown_password_is_told_and_the_password_is_not(tmp_path: Path) -> None:
    leaf, key = pair()
    (tmp_path / "a.p12").write_bytes(to_pkcs12(leaf, [], key, b"sesame"))
    (tmp_path / "b.jks").write_bytes(to_jks(leaf, [], key, b"sesame"))

    for found in finds(tmp_path, passwords=[b"open-barley"]):
        assert not found.certificates
        assert "password is wrong" in found.trouble
        assert "barley" not in repr(found)
    assert "missing" in finds(tmp_path)[0].trouble


def test_too_many_passwords_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="17 passwords"):
        finds(tmp_path, passwords=[b"x"] * 17)


@pytest.mark.parametrize("name", ["shop.key", "shop-key.pem", "privkey.pem", "tls.key"])
def test_a_private_key_beside_is_noticed_if_it_is_the_certificates_own(tmp_path: Path, name: str) -> None:
    leaf, key = pair()
    put(tmp_path / "shop.crt", leaf.pem)
    put(tmp_path / name, key_pem(new_key()))
    assert one(tmp_path).has_key is False

    put(tmp_path / name, key_pem(key))
    assert one(tmp_path).has_key is True


def test_a_private_key_in_the_file_is_noticed_and_never_comes_out(tmp_path: Path) -> None:
    leaf, key = pair()
    body = key_pem(key).splitlines()[1]
    put(tmp_path / "shop.pem", key_pem(key), leaf.pem)

    found = one(tmp_path)

    assert found.has_key
    assert found.certificates == (leaf.der,)
    assert body not in repr(found)
    assert base64.b64decode(body[:60]) not in b"".join(found.certificates)


def test_certificates_beside_a_locked_key_or_a_broken_block_are_not_lost(tmp_path: Path) -> None:
    leaf, key = pair()
    broken = leaf.pem.replace("MII", "!!!", 1)
    put(tmp_path / "a.pem", leaf.pem, key_pem(key, b"sesame"))
    put(tmp_path / "b.pem", broken, leaf.pem)

    locked, whole, trouble = finds(tmp_path)

    assert locked.certificates == whole.certificates == (leaf.der,)
    assert locked.has_key
    put(tmp_path / "a.pem", leaf.pem, key_pem(key, b"sesame"), pair()[0].pem)
    assert not any(find.has_key for find in finds(tmp_path / "a.pem"))  # whose it is, nobody can tell
    assert all(
        find.has_key is (find.certificates == (leaf.der,)) for find in finds(tmp_path / "a.pem", passwords=[b"sesame"])
    )
    assert trouble.place == f"file:{tmp_path}/b.pem#block=1"
    assert trouble.trouble.startswith("PEM block 1:")


def test_files_of_other_things_are_passed_over_in_silence(tmp_path: Path) -> None:
    _, key = pair()
    put(tmp_path / "shop.key", key_pem(key))
    put(tmp_path / "locked.pem", key_pem(key, b"sesame"))
    put(tmp_path / "dh.pem", "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n")
    put(tmp_path / "notes.txt", "call the CA")
    put(tmp_path / "README", "nothing")
    put(tmp_path / "page.html", pair()[0].pem)
    (tmp_path / "other.zip").write_bytes(b"PK\x03\x04 broken")

    assert finds(tmp_path) == []


def test_a_file_whose_last_block_is_cut_off_is_told_and_a_whole_key_is_not(tmp_path: Path) -> None:
    whole = key_pem(pair()[1])
    for written in ("-----BEGIN CERTIF", whole[:100], whole.rstrip()[:-5], whole + "-----BEGIN CERTIF"):
        assert "in the midst of a PEM block" in one(put(tmp_path / "shop.pem", written)).trouble, written
    assert finds(put(tmp_path / "shop.pem", whole)) == []


def test_what_should_hold_a_certificate_and_does_not_is_told(tmp_path: Path) -> None:
    put(tmp_path / "a.crt", "<html>404</html>")
    put(tmp_path / "b.crt", "")
    (tmp_path / "c.p12").write_bytes(b"\x30\x82\x01\x00junk")
    with (tmp_path / "d.pem").open("wb") as huge:
        huge.truncate(3 * 1024**3)

    troubles = [find.trouble for find in finds(tmp_path)]

    assert "HTML" in troubles[0]
    assert "empty" in troubles[1]
    assert troubles[2]
    assert "larger than 4096 KiB" in troubles[3]


def test_a_file_that_somebody_names_is_always_told(tmp_path: Path) -> None:
    assert "format" in one(put(tmp_path / "notes.txt", "hello")).trouble
    missing = one(tmp_path / "gone.pem")
    assert missing.absent
    assert "does not exist" in missing.trouble
    assert not one(tmp_path / "no folder" / "gone.pem").absent


def test_a_pipe_a_socket_a_device_and_links_in_a_circle_end_in_a_word(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pem")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "b.pem"))
        (tmp_path / "c.pem").symlink_to("/dev/zero")
        (tmp_path / "d.pem").symlink_to("d.pem")
        (tmp_path / "e.pem").symlink_to("nowhere")
        (tmp_path / "loop").symlink_to(tmp_path)
        (tmp_path / "in" / "up").parent.mkdir()
        (tmp_path / "in" / "up").symlink_to("..")

        troubles = [find.trouble for find in finds(tmp_path)]

    assert troubles == [
        *["It is not a regular file."] * 3,
        "The file cannot be read: its links lead in a circle.",
        "The file cannot be read: it does not exist.",
    ]


def test_links_to_files_are_followed(tmp_path: Path) -> None:
    leaf, _ = pair()
    put(tmp_path / "store" / "1.pem", leaf.pem)
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "cert.pem").symlink_to("../store/1.pem")

    assert one(tmp_path / "live") == Find(f"file:{tmp_path}/live/cert.pem", (leaf.der,))


@pytest.mark.parametrize(
    "name",
    [
        b"a\nb\r.pem",
        "\N{RIGHT-TO-LEFT OVERRIDE}mep.pem".encode(),
        b"\xff\xfe.pem",
        b"#2.pem",
        b"%23.pem",
        b"<b>'\"&.pem",
        b" $(x).pem",
        b"=1+1.pem",
    ],
)
def test_no_name_of_a_file_breaks_a_place(tmp_path: Path, name: bytes) -> None:
    leaf, _ = pair()
    put(tmp_path / os.fsdecode(name), leaf.pem)

    place = one(tmp_path).place

    assert place.isascii()
    assert place.isprintable()
    assert not set(place) & set("<>\"'# ")


@given(st.lists(st.binary(min_size=1, max_size=900), min_size=2, max_size=2, unique=True))
def test_two_files_never_share_a_place_and_none_is_longer_than_a_column(names: list[bytes]) -> None:
    cleaned = {os.fsdecode(name.replace(b"\0", b"0").replace(b"/", b"_")) for name in names} - {".", ".."}
    places = {file_place(Path("/x") / name, "12") for name in cleaned}

    assert len(places) == len(cleaned)
    assert all(len(place) <= 1000 for place in places)


def test_a_folder_that_may_not_be_listed_is_told_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf, _ = pair()
    put(tmp_path / "b" / "shop.pem", leaf.pem)
    (tmp_path / "a").mkdir(mode=0)
    real = os.scandir

    def as_any_user(path: Path) -> object:  # these tests may run as root, to whom no folder is closed
        if Path(path).stat().st_mode & 0o777 == 0:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", as_any_user)

    closed, found = finds(tmp_path)

    assert closed == Find(f"file:{tmp_path}/a", trouble="The folder cannot be listed: we may not read it.")
    assert found.certificates


def test_folders_in_folders_without_end_are_told(tmp_path: Path) -> None:
    (tmp_path / ("d/" * 120)).mkdir(parents=True)

    assert "deep" in one(tmp_path).trouble


def test_globs_choose(tmp_path: Path) -> None:
    leaf, _ = pair()
    for name in ("a.pem", "web/b.pem", "web/c.conf", "old/d.pem"):
        put(tmp_path / name, leaf.pem)

    def names(**options: object) -> list[str]:
        return [find.place.rpartition("/")[2] for find in finds(tmp_path, **options)]

    assert names() == ["a.pem", "d.pem", "b.pem"]
    assert names(exclude=["old"]) == ["a.pem", "b.pem"]
    assert names(exclude=["web/*"]) == ["a.pem", "d.pem"]
    assert names(include=["*.conf"]) == ["c.conf"]
    assert names(include=["web/*"], exclude=["*.conf"]) == ["b.pem"]


def test_a_run_goes_on_where_it_was_whatever_order_the_system_lists_in(tmp_path: Path) -> None:
    names = [f"{folder}/{number:02}.pem" for folder in "ab" for number in range(8)]
    random.Random(7).shuffle(names)
    for name in names:
        put(tmp_path / name, *(pair()[0].pem for _ in range(2)))
    whole = finds(tmp_path)
    assert [find.place for find in whole] == sorted(find.place for find in whole)
    done: list[int] = []
    run = read([tmp_path], on_file=done.append)
    some = [next(run) for _ in range(7)]
    assert done == [1, 2, 3]

    rest = finds(tmp_path, start=done[-1])

    assert some[:6] + rest == whole


def test_a_folder_of_many_other_files_takes_little_memory_and_time(tmp_path: Path) -> None:
    for number in range(10_000):
        (tmp_path / f"{number:05}.dat").touch()
    put(tmp_path / "99999.pem", pair()[0].pem)
    tracemalloc.start()
    started = time.monotonic()

    assert len(finds(tmp_path)) == 1

    assert time.monotonic() - started < 10
    assert tracemalloc.get_traced_memory()[1] < 8_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"#" * 10_000_000, id="10 MB of comment"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n" * 200_000, id="200,000 BEGIN lines"),
        pytest.param(b"-----BEGIN CERTIFICATE-----\n" * 900, id="900 BEGIN lines"),
        pytest.param(bytes.fromhex("feedfeed00000002ffffffff") + bytes(100), id="JKS of 2^32 entries"),
        pytest.param(b"\x30\x80" * 100_000, id="nested without end"),
    ],
)
def test_a_hostile_upload_ends_soon_and_in_a_word(content: bytes) -> None:
    started = time.monotonic()

    found = list(read_bytes("../../<b>.pem", content))

    assert time.monotonic() - started < 3
    assert all(find.trouble and not find.certificates for find in found)
    assert found[0].place.startswith("upload:../../%3Cb%3E.pem")


def test_an_upload_that_holds_a_key_alone_is_told() -> None:
    (found,) = read_bytes("k.pem", key_pem(new_key()).encode())

    assert found.trouble == "The file holds no certificate."


def test_a_thousand_strangers_of_one_name_are_refused_before_all_are_checked(tmp_path: Path) -> None:
    authorities = [root("Same") for _ in range(90)]
    below = [authorities[0].issue(f"n{number}.example") for number in range(90)]
    path = put(tmp_path / "many.pem", *(one.certificate.pem for one in authorities), *(leaf.pem for leaf in below))
    started = time.monotonic()

    assert "too many" in one(path).trouble
    assert time.monotonic() - started < 5


def test_two_cas_that_signed_each_other_are_still_told(tmp_path: Path) -> None:
    a, b = root("A"), root("B")
    circle = [a.intermediate("B", key=b.key).certificate, b.intermediate("A", key=a.key).certificate]

    groups = group(circle)

    assert {one for members in groups for one in members} == set(circle)


def test_every_certificate_of_a_file_is_in_a_find() -> None:
    everything = [pair()[0], root("X").certificate, intermediate().certificate, ca().certificate, pair()[0]]
    shuffler = random.Random(5)
    for _ in range(10):
        shuffler.shuffle(everything)
        groups = group(everything)
        assert {one for members in groups for one in members} == set(everything)
        assert len(groups) == 3
