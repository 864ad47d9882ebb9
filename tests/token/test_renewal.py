"""Renewing under a reader that never stops looking: the pair is never missing and never mismatched."""

from __future__ import annotations

import json

from certwright.keys.pkcs11 import TokenKeyReference
from certwright.pki.keys import KeySpec
from tests.token import children
from tests.token.authority import Authority
from tests.token.conftest import RealToken

RENEWALS = 30

READER = """
from cryptography import x509
from certwright.pki.keys import same_key
keys, pointer = open_keys(), Path(settings["pointer"])
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
    if not same_key(x509.load_der_x509_certificate(chain[0]).public_key(), key.public_key()):
        counts["mismatched"] += 1
print(json.dumps(counts))
"""


def test_a_reader_always_finds_a_matching_pair_while_another_process_renews(
    token: RealToken, authority: Authority
) -> None:
    keys, pointer, kept = token.open(), token.folder / "pointer", list[TokenKeyReference]()

    def renew() -> None:
        reference = keys.generate(KeySpec.EC_P256, label="shop", cka_id=keys.new_id())
        keys.store_chain(reference, authority.issue(keys.public_key(reference)), authority.cas, "shop")
        fresh = pointer.with_suffix(".new")
        fresh.write_text(reference.cka_id)
        fresh.replace(pointer)
        kept.append(reference)
        if len(kept) > 3:  # the grace period, counted in renewals: three generations stay
            keys.destroy(kept.pop(0))

    renew()
    settings = {**token.settings, "pointer": str(pointer), "label": token.label, "serial": token.serial}
    reader = children.start(READER, settings)
    assert reader.stdout
    assert reader.stdout.readline() == "reading\n"
    for _ in range(RENEWALS):
        renew()
    counts = json.loads(reader.communicate("\n", timeout=30)[0])

    assert counts["polls"] > RENEWALS
    assert (counts["missing"], counts["mismatched"], counts["errors"]) == (0, 0, [])
    assert len(keys.list()) == len(kept)
    keys.close()
