"""Renewing under a reader that never stops looking: the pair is never missing and never mismatched."""

from __future__ import annotations

import json
import time

from certwright.keys.pkcs11 import TokenKeyReference
from certwright.pki.keys import KeySpec
from tests.token import children
from tests.token.authority import Authority
from tests.token.conftest import RealToken

RENEWALS = 30

READER = """
from cryptography import x509
from certwright.pki.keys import same_key
keys, pointer, seen = open_keys(), Path(settings["pointer"]), Path(settings["seen"])
counts = {"polls": 0, "missing": 0, "mismatched": 0, "errors": []}
print("reading", flush=True)
import threading
stop = threading.Thread(target=sys.stdin.readline)
stop.start()
while stop.is_alive():
    reference = TokenKeyReference(settings["label"], settings["serial"], pointer.read_text())
    counts["polls"] += 1
    try:
        chain = keys.stored_chain(reference)
        key = keys.private_key(reference)
    except CertwrightError as error:
        kind = "missing" if type(error).__name__ == "NotFound" else "errors"
        counts[kind] = counts[kind] + 1 if kind == "missing" else [*counts[kind], str(error)]
        continue
    seen.with_suffix(".new").write_text(reference.cka_id)
    seen.with_suffix(".new").replace(seen)
    if not same_key(x509.load_der_x509_certificate(chain[0]).public_key(), key.public_key()):
        counts["mismatched"] += 1
print(json.dumps(counts))
"""


def test_a_reader_always_finds_a_matching_pair_while_another_process_renews(
    token: RealToken, authority: Authority
) -> None:
    keys, kept = token.open(), list[TokenKeyReference]()
    pointer, seen = token.folder / "pointer", token.folder / "seen"
    seen.touch()

    def renew() -> None:
        reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
        keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
        fresh = pointer.with_suffix(".new")
        fresh.write_text(reference.cka_id)
        fresh.replace(pointer)
        kept.append(reference)

    def destroy_what_the_reader_has_left_behind() -> None:
        """The grace period: a pair goes only when the reader is known to use a later one."""
        used = [reference.cka_id for reference in kept].index(seen.read_text() or kept[0].cka_id)
        for _ in range(used):
            keys.destroy(kept.pop(0))

    renew()
    settings = {
        **token.settings,
        "pointer": str(pointer),
        "seen": str(seen),
        "label": token.label,
        "serial": token.serial,
    }
    reader = children.start(READER, settings)
    assert reader.stdout
    assert reader.stdout.readline() == "reading\n"
    for _ in range(RENEWALS):
        renew()
        destroy_what_the_reader_has_left_behind()
    deadline = time.monotonic() + 30
    while seen.read_text() != kept[-1].cka_id:
        assert time.monotonic() < deadline, "the reader does not come to the newest pair"
        time.sleep(0.01)
    counts = json.loads(reader.communicate("\n", timeout=30)[0])

    destroy_what_the_reader_has_left_behind()
    assert len(kept) == 1
    assert (counts["missing"], counts["mismatched"], counts["errors"]) == (0, 0, [])
    assert len(keys.list()) == len(kept)
    keys.close()
