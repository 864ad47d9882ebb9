"""A database as it was before the inventory had tables of its own, brought up to date: ``… DATABASE`` tells what is
in it then, as JSON.

What migrations do runs once in the life of a database, so it runs in a process of its own.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.db import connection

from certwright.model.inventory import Query
from certwright.store import models, setup
from certwright.store.browsing import Browsing
from certwright.store.inventory import Inventory
from certwright.store.overview import Overview
from certwright.store.searching import numbers_having
from tests.cases.authority import NOW
from tests.database import finds
from tests.fakes.clock import FakeClock

BEFORE = ("store", "0004_families")


def fill(apps: Any) -> dict[str, str]:
    """Two certificates of an order, a duplicate, one that a CA listed, and their intermediate; returns their names."""
    of = lambda name: apps.get_model("store", name).objects  # noqa: E731
    account = of("CAAccount").create(name="meadow", ca="digicert", secrets=b"sealed", created_at=NOW)
    key = of("Key").create(kind="software", spec="ec-p256", sealed=b"sealed", created_at=NOW)
    made = {"old": finds.leaf("shop.meadow.example"), "new": finds.leaf("shop.meadow.example", "api.meadow.example")}
    made |= {"copy": finds.leaf("shop.meadow.example"), "listed": finds.leaf("listed.example")}
    made |= {"above": finds.CA.certificate}
    rows: dict[str, Any] = {}
    for name, one in made.items():
        rows[name] = of("Certificate").create(
            fingerprint=one.fingerprint, der=one.der, serial=one.serial, issuer=one.issuer, subject=one.subject,
            common_name=one.common_name or "", names=list(one.names), not_before=one.not_before,
            not_after=one.not_after, public_key_sha256=one.public_key_sha256, is_ca=one.is_ca,
            state="replaced" if name == "old" else "valid", account=None if name == "above" else account,
            key=key if name == "new" else None, replaces=rows["old"] if name in ("new", "copy") else None,
            chain=[] if name == "above" else [finds.CA.certificate.fingerprint], recorded_at=NOW,
        )  # fmt: skip
    of("Order").create(
        reference="r", account=account, state="issued", step="done", operation="order", names=["shop.meadow.example"],
        common_name="shop.meadow.example", product="ssl_basic", key=key, created_at=NOW, certificate=rows["new"],
        replaces=rows["old"],
    )  # fmt: skip
    of("Order").create(
        reference="d", account=account, state="issued", step="done", operation="duplicate", created_at=NOW,
        names=["shop.meadow.example"], product="ssl_basic", key=key, certificate=rows["copy"], replaces=rows["old"],
    )  # fmt: skip
    of("CAOrder").create(account=account, ca_order_id="9", state="issued", certificate=rows["listed"], seen_at=NOW)
    return {one.fingerprint: name for name, one in made.items()}


def main() -> None:
    """Fill the old schema, migrate, tell."""
    from django.core.management import call_command
    from django.db.migrations.executor import MigrationExecutor

    database = sys.argv[1]
    setup.use(database if "://" in database else Path(database))
    call_command("migrate", *BEFORE, verbosity=0)
    called = fill(MigrationExecutor(connection).loader.project_state(BEFORE).apps)
    setup.migrate()
    clock = FakeClock()
    found = {called[one.fingerprint]: one for one in Browsing(clock).all(Query())}
    entries = {name: Inventory(clock).get(one.fingerprint) for name, one in found.items()}
    told = {
        "leaves": sorted(found),
        "names": {name: one.names for name, one in found.items()},
        "states": {name: one.state for name, one in found.items()},
        "issuers": sorted({one.issuer for one in found.values()}),
        "products": {name: one.product for name, one in found.items()},
        "key specs": sorted({one.key_spec for one in found.values()}),
        "replaces": {name: called.get(one.replaces, "") for name, one in found.items()},
        "chains": sorted({len(Inventory(clock).chain(one).intermediates) for one in entries.values()}),
        "order": called[models.Order.objects.get(reference="r").certificate.fingerprint],  # type: ignore[union-attr]
        "CA order": called[models.CAOrder.objects.get().certificate.fingerprint],  # type: ignore[union-attr]
        "in force": sum(Overview(clock).figures().accounts.values()),
        "counted": finds.kept_counts() == finds.plain_counts(),
        "found": len(numbers_having("shop.meadow") or ()),
        "missing": setup._is_current() and models.Certificate.objects.filter(bytes=None).count(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
