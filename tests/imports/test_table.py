"""CSV exports of other tools."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import time
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certwright.model.errors import Misconfigured
from certwright.model.inventory import Find, Known, Remarks
from certwright.pki.errors import Invalid
from certwright.targets.imports.table import DayOrder, mapping, read
from certwright.targets.imports.table.dates import date
from certwright.targets.imports.table.numbers import serial, sha256
from certwright.targets.imports.table.reading import Form
from tests.imports.papers import ca, intermediate, pair

PRINT = "ab" * 32


def rows(text: str | bytes, *pairs: str, **form: object) -> list[Find | Known]:
    data = text.encode() if isinstance(text, str) else text
    return list(read(data, name="x.csv", form=Form(mapping(pairs), **form)))  # type: ignore[arg-type]


def knowns(text: str | bytes, *pairs: str, **form: object) -> list[Known]:
    found = rows(text, *pairs, **form)
    assert all(isinstance(one, Known) for one in found), found
    return [one for one in found if isinstance(one, Known)]


def finds(text: str | bytes, *pairs: str, **form: object) -> list[Find]:
    return [one for one in rows(text, *pairs, **form) if isinstance(one, Find)]


def written(*lines: Sequence[str], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue()


def test_what_the_map_says_is_taken_and_the_certificate_keeps_its_chain() -> None:
    leaf, _ = pair()
    text = written(
        ["Name", "Cert", "Certificate Owner", "Labels", "Since", "Cost Centre"],
        ["shop", leaf.pem + intermediate().certificate.pem, "web@x.example", "prod; web", "2024-05-06 07:08:09", "12"],
    )

    found = rows(
        text,
        "certificate=Cert",
        "owner=certificate owner",
        "tags=Labels",
        "known_since=Since",
        "field.cost_centre=Cost Centre",
    )

    since = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert found == [
        Find(
            f"upload:x.csv#sha256={leaf.fingerprint}",
            (leaf.der, intermediate().certificate.der),
            remarks=Remarks("web@x.example", ("prod", "web"), {"cost_centre": "12"}, since),
        )
    ]


def test_a_row_without_bytes_says_which_certificate_it_means() -> None:
    leaf, _ = pair()
    issuer = "cn = meadow test intermediate"
    by_print, by_serial = knowns(
        written(
            ["SHA-256 Fingerprint", "Serial Number", "Issuer DN", "Owner"],
            [":".join(leaf.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper(), "", "", "a"],
            ["", f'="00{leaf.serial.upper()}"', issuer, "b"],
        )
    )

    assert by_print == Known(
        f"upload:x.csv#sha256={leaf.fingerprint}", sha256=leaf.fingerprint, remarks=Remarks(owner="a")
    )
    assert (by_serial.serial, by_serial.issuer, by_serial.sha256) == (leaf.serial, issuer, "")
    assert by_print.means(leaf)
    assert by_serial.means(leaf)
    assert not by_serial.means(pair()[0])
    assert not Known("x", serial=leaf.serial, issuer="CN=Another").means(leaf)
    assert not Known("x", serial=leaf.serial).means(leaf)


@pytest.mark.parametrize(
    ("written_as", "same"),
    [
        ("CN=R1, O=Meadow\\, Inc, C=DE", True),
        ('C=DE; O="Meadow, Inc"; CN=r1', True),
        ("/C=DE/O=Meadow, Inc/CN=R1", False),  # without quotation marks nobody can tell where the name ends
        ("R1", True),
        ("Meadow, Inc", False),
        ("CN=R1", False),
        ("", False),
    ],
)
def test_an_issuer_is_known_in_other_tools_spellings(written_as: str, same: bool) -> None:
    from cryptography import x509

    leaf, _ = pair()

    class Stand:
        serial = leaf.serial
        fingerprint = leaf.fingerprint
        issuer = x509.Name.from_rfc4514_string("CN=R1,O=Meadow\\, Inc,C=DE").rfc4514_string()

    assert Known("x", serial=leaf.serial, issuer=written_as).means(Stand()) is same  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encodings_and_delimiters_are_found_out(encoding: str, delimiter: str) -> None:
    text = written(["sha256", "Owner", "Tags"], [PRINT, "Zoë, Łódź; 東京", "a"], delimiter=delimiter)

    assert knowns(text.encode(encoding))[0].remarks == Remarks("Zoë, Łódź; 東京", ("a",))


def test_excels_own_mark_and_a_named_encoding_are_obeyed() -> None:
    assert knowns(f"sep=|\r\nsha256|a,b,c\r\n{PRINT}|1\r\n")[0].sha256 == PRINT
    latin = f"sha256;Owner\n{PRINT};Zoë\n".encode("cp1252")
    assert "encoding" in finds(latin)[0].trouble
    assert knowns(latin, encoding="cp1252")[0].remarks.owner == "Zoë"
    with pytest.raises(Misconfigured, match="no encoding"):
        rows(latin, encoding="utf-99")


def test_a_delimiter_that_can_be_none_is_refused() -> None:
    for delimiter in ("::", '"', "\n"):
        with pytest.raises(Misconfigured, match="one character"):
            rows(f"sha256\n{PRINT}", delimiter=delimiter)
    with pytest.raises(Misconfigured, match="No column says"):
        rows('sep="\nx\n')  # no mark of Excel's


@pytest.mark.parametrize(
    "headings",
    [
        # manageengine.com, Key Manager Plus Cloud, "Import SSL Certificates": the sheet of certificate details
        "Certificate Name,Serial Number,Valid From,Expiry Date,Issuer,Organization,Organization Unit,Description",
        # ccadb.org, report of included CA certificates
        '"Owner","Certificate Issuer Organization","Certificate Serial Number","SHA-256 Fingerprint","PEM Info"',
    ],
)
def test_sheets_that_are_documented_need_no_map(headings: str) -> None:
    names = next(csv.reader([headings]))
    row = [
        "0a" * 32 if "SHA" in name else "0ab" if "Serial" in name else "" if "PEM" in name else "R1" for name in names
    ]

    (known,) = knowns(written(names, row))

    assert known.sha256 or (known.serial, known.issuer) == ("ab", "R1")


def test_texts_come_as_they_stand_and_stay_texts() -> None:
    hostile = ['=HYPERLINK("http://x")', "@SUM(1)", "{{7*7}}", "$(reboot)", "<b>", "'; DROP TABLE x; --", "../../etc"]
    text = written(["sha256", "Owner", "Note"], *([PRINT, value, value] for value in hostile))

    found = knowns(text, others=True)

    assert [one.remarks.owner for one in found] == hostile
    assert [one.remarks.fields["Note"] for one in found] == hostile


def test_control_characters_and_endless_texts_do_not_reach_the_inventory() -> None:
    (found,) = knowns(written(["sha256", "Owner", "Note"], [PRINT, "a\0b\r\nc", "x" * 100_000]), others=True)

    assert found.remarks.owner == "a b c"
    assert len(found.remarks.fields["Note"]) == 1000


def test_a_bad_row_is_told_by_its_line_and_costs_no_other() -> None:
    leaf, _ = pair()
    good = [PRINT, "", "ok"]
    lines = [
        "sha256,PEM,Owner",  # 1
        ",".join(good),  # 2
        f'{PRINT},"never closed,x',  # 3
        ",".join(good),  # 4
        f'{PRINT},"a"b,x',  # 5
        f"{PRINT},",  # 6
        "",  # 7
        f'"","multi{chr(10)}line",x',  # 8 and 9
        "abc,,x",  # 10
        ",,x",  # 11
        ",".join(good) + ",more",  # 12
        f'{PRINT},"{leaf.pem}",x',  # 13 ff.: not its fingerprint
        *[",".join(good)] * 3,
    ]

    found = rows("\n".join(lines))

    troubles = {one.place: one.trouble for one in found if isinstance(one, Find)}
    assert sum(isinstance(one, Known) for one in found) == 5
    assert [int(place.rpartition("=")[2]) for place in troubles] == [3, 5, 6, 8, 10, 11, 12, 13]
    assert all(trouble.startswith(f"Line {place.rpartition('=')[2]}: ") for place, trouble in troubles.items())
    assert "quotation mark" in troubles["upload:x.csv#line=3"]
    assert "quotation mark" in troubles["upload:x.csv#line=5"]
    assert "2 cells" in troubles["upload:x.csv#line=6"]
    assert "not that of its certificate" in troubles["upload:x.csv#line=13"]


@given(st.text(alphabet='ab,"\n\r;', max_size=200))
def test_a_row_behind_noise_comes_or_something_is_told(noise: str) -> None:
    good = f"{PRINT},last"
    found = rows(f"sha256,Owner\n{noise}\n{good}\n")

    owners = [one.remarks.owner for one in found if isinstance(one, Known)]
    assert owners[-1:] == ["last"] or any(isinstance(one, Find) and one.trouble for one in found)


def test_a_quotation_mark_that_is_never_closed_swallows_nothing() -> None:
    many = "".join(f"{PRINT},{number}\n" for number in range(500))

    found = rows(f'sha256,Owner\n{PRINT},"open\n{many}')

    assert [one.remarks.owner for one in found if isinstance(one, Known)] == [str(number) for number in range(500)]
    assert [one.place for one in found if isinstance(one, Find)] == ["upload:x.csv#line=2"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("sha256,Owner\n" + '"\n' * 300_000 + "x", id="quotation marks all over"),
        pytest.param("sha256,Owner\n" + '"' + "x" * 20_000_000, id="one line of 20 MB"),
        pytest.param("sha256,Owner\n" + 'a,"b"c\n' * 50_000, id="50,000 broken rows"),
    ],
)
def test_a_hostile_file_ends_soon(content: str) -> None:
    started = time.monotonic()
    rows_of = read(content.encode())
    with contextlib.suppress(Misconfigured):
        assert all(isinstance(one, Find) and one.trouble for one in rows_of)
    assert time.monotonic() - started < 30


def test_a_date_that_can_mean_two_days_is_told_and_the_row_is_kept() -> None:
    text = written(["sha256", "Date Added"], [PRINT, "03/04/2026"])

    known, told = rows(text)

    assert isinstance(known, Known)
    assert known.remarks.known_since is None
    assert isinstance(told, Find)
    assert told.trouble.startswith("Line 2: the date can mean two days")
    (known,) = knowns(text, day_order=DayOrder.DAY_FIRST)
    assert known.remarks.known_since == datetime(2026, 4, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-21", (2026, 11, 21)),
        ("2026-11-21T10:15:33Z", (2026, 11, 21, 10, 15, 33)),
        ("2026-11-21 10:15:33 +0530", (2026, 11, 21, 4, 45, 33)),
        ("2018-10-26 10:15:33 UTC", (2018, 10, 26, 10, 15, 33)),
        ("2016-11-12T00:00:00.0000000Z", (2016, 11, 12)),
        ("2015.06.04", (2015, 6, 4)),
        ("2015/6/4 1:02", (2015, 6, 4, 1, 2)),
        ("21 Nov 2026", (2026, 11, 21)),
        ("21-NOV-2026", (2026, 11, 21)),
        ("November 21st, 2026 11:59 PM", (2026, 11, 21, 23, 59)),
        ("Nov  3 12:00:00 2026 GMT", (2026, 11, 3, 12)),
        ("Mon Jun  6 19:12:05 UTC 2022", (2022, 6, 6, 19, 12, 5)),
        ("Sat, 21 Nov 2026 00:00:01 GMT", (2026, 11, 21, 0, 0, 1)),
    ],
)
def test_dates_of_one_meaning_are_read(text: str, wanted: tuple[int, ...]) -> None:
    assert date(text) == datetime(*wanted, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    "text",
    ["21/11/2026", "1.2.2026", "1/2/26", "26-11-21", "2026-13-01", "31 Feb 2026", "21 Foo 2026", "soon", "1700000000",
     "13:00 PM 21 Nov 2026", "21 Nov 2026 25:00", "21 Nov 2026 10:00 PST", "", "9" * 5000, "0000-01-01"],
)  # fmt: skip
def test_other_dates_are_not_guessed(text: str) -> None:
    with pytest.raises(Invalid):
        date(text)


@given(st.text(max_size=40), st.sampled_from([None, *DayOrder]))
def test_no_text_crashes_the_reading_of_dates_and_numbers(text: str, order: DayOrder | None) -> None:
    for parse in (lambda: date(text, order), lambda: serial(text), lambda: sha256(text)):
        try:
            parse()
        except Invalid:
            continue


@pytest.mark.parametrize(
    ("text", "kind", "wanted"),
    [
        ("00:AB:cd", "serial", "abcd"),
        ("0x0Ab", "serial", "ab"),
        ("'0012", "serial", "12"),
        ("0", "serial", "0"),
        ("12345678901234567890123", "serial_hex", "12345678901234567890123"),
        ("255", "serial_decimal", "ff"),
    ],
)
def test_serials_become_ours(text: str, kind: str, wanted: str) -> None:
    assert serial(text, kind=kind) == wanted


@pytest.mark.parametrize(
    ("text", "kind", "why"),
    [
        ("1.23457E+37", "serial", "rounded"),
        ("4E+37", "serial_hex", "rounded"),
        ("123456789012345678901234567890", "serial", "hex or decimal"),
        ("12ab", "serial_decimal", "decimal"),
        ("-5", "serial_decimal", "negative"),
        ("-ab", "serial", "negative"),
        ("xyz", "serial", "hex"),
    ],
)
def test_serials_that_may_be_wrong_are_refused(text: str, kind: str, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        serial(text, kind=kind)


def test_a_sha1_thumbprint_alone_is_not_enough() -> None:
    assert "SHA-1" in finds(written(["SHA-256 Thumbprint"], ["ab" * 20]))[0].trouble


@pytest.mark.parametrize(
    ("pairs", "why"),
    [
        (["owner"], "no pair"),
        (["ownr=Owner"], "no meaning"),
        (["owner=Ownr"], "not there"),
        (["owner=Twice"], "twice there"),
        (["owner=Owner", "owner=Twice"], "Two columns"),
        ([], "No column says"),
    ],
)
def test_a_map_that_does_not_fit_is_refused_with_the_headings(pairs: list[str], why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        rows(written(["Name", "Owner", "Twice", "Twice"], ["a", "b", "c", "d"]), *pairs)


def test_a_heading_that_two_columns_have_is_not_guessed() -> None:
    (known,) = knowns(written(["sha256", "Owner", "owner"], [PRINT, "a", "b"]))

    assert known.remarks.owner == ""


def test_certificates_come_in_base64_and_as_jsons_line_breaks() -> None:
    leaf, _ = pair()
    text = written(
        ["PEM"], [base64.b64encode(leaf.der).decode()], [leaf.pem.replace("\n", "\\n")], [f"'{ca().certificate.pem}'"]
    )

    assert [one.certificates[0] for one in finds(text)] == [leaf.der, leaf.der, ca().certificate.der]


def test_two_strangers_in_one_cell_are_told() -> None:
    assert "belong together" in finds(written(["PEM"], [pair()[0].pem + pair()[0].pem]))[0].trouble


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    with pytest.raises(Misconfigured, match="no line of headings"):
        list(read(tmp_path / "empty.csv"))
    with pytest.raises(Misconfigured, match="does not exist"):
        list(read(tmp_path / "gone.csv"))
    with pytest.raises(Misconfigured, match="regular file"):
        list(read(tmp_path))


def test_many_rows_stream(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    with path.open("w") as file:
        file.write("Serial Number,Issuer DN,Owner\n")
        file.writelines(f'a{number:x},"CN=R1, O=Meadow",o{number}\n' for number in range(10_000))
    done: list[int] = []
    tracemalloc.start()

    assert sum(
        isinstance(one, Known) for one in read(path, on_row=lambda count: done.__setitem__(slice(None), [count]))
    )

    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert done == [10_000]
