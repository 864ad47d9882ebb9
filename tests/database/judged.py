"""The store with scans and judging on it, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from certwright.engine.judging import Judging
from certwright.model.inventory import Find, SourceKind
from certwright.pki.certificate import Certificate
from certwright.store import models
from certwright.store.findings import Findings
from tests.cases.authority import Authority, root
from tests.database.stock import Stock

TOP = root()
CA = TOP.intermediate()
PLACE = "tls://shop.meadow.example:443"


class Bench:
    """Judges what is in the store; browsers trust what is given."""

    def __init__(self, stock: Stock, *trusted: Authority) -> None:
        self.stock = stock
        self.store = Findings(stock.clock)
        self.judging = Judging(self.store, stock.clock, lambda: [one.certificate for one in trusted])

    def scan(self, *finds: Find, name: str = "daily") -> None:
        """Let a scan of that name find this."""
        row = models.Source.objects.filter(name=name).first()
        source = row.pk if row else self.stock.sources.add(name, SourceKind.SCAN).id
        self.stock.loading.take(source, None, finds)

    def enter(self, *certificates: Certificate) -> None:
        """Hand certificates in; they are served nowhere."""
        row = models.Source.objects.filter(name="handed in").first()
        source = row.pk if row else self.stock.sources.add("handed in", SourceKind.UPLOAD).id
        finds = [Find(f"file:/{one.fingerprint}.pem", (one.der,)) for one in certificates]
        self.stock.loading.take(source, None, finds)

    def found(self, certificate: Certificate) -> set[str]:
        """The rules that find something, as they stand."""
        mine = models.Finding.objects.filter(certificate__fingerprint=certificate.fingerprint)
        return set(mine.values_list("rule", flat=True))

    def judge(self, certificate: Certificate) -> set[str]:
        """The same, after what is due has been judged."""
        self.judging.quick()
        return self.found(certificate)


def row(certificate: Certificate) -> models.Certificate:
    """Its row."""
    return models.Certificate.objects.get(fingerprint=certificate.fingerprint)


def at(place: str, leaf: Certificate, *above: Certificate) -> Find:
    """What a scan finds at a place."""
    return Find(place, tuple(one.der for one in (leaf, *above)), protocol="TLSv1.3")


def served(leaf: Certificate, *above: Certificate, place: str = PLACE) -> Find:
    """The same at the usual place."""
    return at(place, leaf, *above)


def sorted_ids(certificates: Sequence[Certificate]) -> list[int]:
    """Their ids."""
    return sorted(row(one).pk for one in certificates)
