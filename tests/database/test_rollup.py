"""The counts that triggers keep are those that counting gives, whatever is written in whatever way."""

from __future__ import annotations

from contextlib import suppress

from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from certwright.model.words import CertificateState
from certwright.store import bulk, models
from tests.database import finds
from tests.database.stock import ACCOUNT, Stock, some_account

RULES = ("weak_key", "sha1", "ends_soon")


class Writing(RuleBasedStateMachine):
    """Certificates and findings come, change and go."""

    @initialize()
    def empty(self) -> None:
        models.Certificate.objects.all().delete()
        self.accounts = [None, *models.CAAccount.objects.order_by("pk").values_list("pk", flat=True)]

    def some(self, part: int) -> list[int]:
        """Every ``part``-th certificate."""
        return list(models.Certificate.objects.order_by("pk").values_list("pk", flat=True))[::part]

    @rule(
        number=st.integers(1, 5),
        account=st.integers(0, 2),
        state=st.sampled_from(CertificateState),
        leaf=st.booleans(),
        days=st.integers(0, 2),
    )
    def add(self, number: int, account: int, state: CertificateState, leaf: bool, days: int) -> None:
        finds.add_rows(number, account=self.accounts[account], state=state, is_leaf=leaf, not_after=finds.moment(days))

    @rule(part=st.integers(1, 3), account=st.integers(0, 2))
    def move(self, part: int, account: int) -> None:
        models.Certificate.objects.filter(pk__in=self.some(part)).update(account=self.accounts[account])

    @rule(part=st.integers(1, 3), state=st.sampled_from(CertificateState), leaf=st.none() | st.booleans())
    def change(self, part: int, state: CertificateState, leaf: bool | None) -> None:
        change = {"state": state} | ({} if leaf is None else {"is_leaf": leaf})
        models.Certificate.objects.filter(pk__in=self.some(part)).update(**change)

    @rule(part=st.integers(1, 3), state=st.sampled_from(CertificateState), leaf=st.booleans())
    def change_in_bulk(self, part: int, state: CertificateState, leaf: bool) -> None:
        with transaction.atomic():
            bulk.update(
                models.Certificate, ("state", "is_leaf", "owner"), [(state, leaf, "x", pk) for pk in self.some(part)]
            )

    @rule(part=st.integers(1, 3))
    def save_one(self, part: int) -> None:
        for row in models.Certificate.objects.filter(pk__in=self.some(part)[:1]):
            row.state = CertificateState.REPLACED
            row.save()

    @rule(part=st.integers(2, 4))
    def delete(self, part: int) -> None:
        models.Certificate.objects.filter(pk__in=self.some(part)).delete()

    @rule(part=st.integers(1, 3), name=st.sampled_from(RULES), again=st.booleans())
    def find(self, part: int, name: str, again: bool) -> None:
        rows = [(pk, name, 2, "It is so.", finds.moment()) for pk in self.some(part)]
        with transaction.atomic():
            known = models.Finding.objects.filter(rule=name).values_list("certificate_id", flat=True)
            fresh = [row for row in rows if row[0] not in set(known)]
            if again:
                bulk.insert(
                    models.Finding,
                    ("certificate", "rule", "severity", "detail", "found_at", "advice", "source"),
                    [(*row, "", "") for row in fresh],
                )
            else:
                models.Finding.objects.bulk_create(
                    [
                        models.Finding(certificate_id=pk, rule=name, severity=severity, detail=detail, found_at=at)
                        for pk, name, severity, detail, at in rows
                    ],
                    ignore_conflicts=True,
                )

    @rule(name=st.sampled_from(RULES))
    def forget(self, name: str) -> None:
        models.Finding.objects.filter(rule=name).delete()

    @rule(name=st.sampled_from(RULES))
    def undo(self, name: str) -> None:
        with suppress(ZeroDivisionError), transaction.atomic():
            self.find(1, name, again=True)
            finds.add_rows(3)
            raise ZeroDivisionError

    @invariant()
    def counts_agree(self) -> None:
        assert finds.kept_counts() == finds.plain_counts()
        assert finds.kept_findings() == finds.plain_findings()

    @invariant()
    def every_leaf_is_indexed_for_search_and_nothing_else(self) -> None:
        found = models.Certificate.objects.filter(is_leaf=True).values_list("pk", flat=True)
        assert finds.searched("meadow") == set(found)


def test_counts_and_search_follow_every_write(stock: Stock) -> None:
    stock.accounts.add(some_account("other"))
    quick = settings(
        max_examples=25, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(Writing, settings=quick)  # type: ignore[no-untyped-call]


def test_the_certificates_of_a_removed_account_count_as_of_none(stock: Stock) -> None:
    account = models.CAAccount.objects.get(name=ACCOUNT)
    finds.add_rows(3, account=account.pk)
    account.delete()
    assert {key[1] for key in finds.kept_counts()} == {0}
    assert finds.kept_counts() == finds.plain_counts()


def test_the_day_that_a_certificate_ends_is_a_day_in_utc(stock: Stock) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
    finds.add_rows(1, not_after=finds.moment().replace(hour=23, minute=30))
    assert [day for day, _, _ in finds.kept_counts()] == [str(finds.moment().date())]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET TIME ZONE 'UTC'")
