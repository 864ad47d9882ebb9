"""What a sandbox process says, keeps and replays: docs/reference/sandbox.md, its command line."""

from __future__ import annotations

import contextlib
import http.client
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox import wire
from tests.sandbox.certificates import certificates_in, csr_pem
from tests.sandbox.tenant import Account, Sandbox

REFERENCE = """{"certificate":{"common_name":"$name","csr":"$csr"},"organization":{"id":$organization},
"order_validity":{"years":1},"alternative_order_id":"$reference"}"""
WILD = """{"certificate":{"common_name":"shop.wild.example","csr":"$csr"},"order_validity":{"years":1},
"dcv_method":"dns-txt-token","alternative_order_id":"$reference"}"""


DEADLINE_SECONDS = 2.5  # far above a wild latency, far below a wild hold


class Processes:
    """Sandbox processes of one test, all ended with it."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "stderr.log"
        self._all: list[Sandbox] = []

    def start(self, *options: str) -> Sandbox:
        self._all.append(Sandbox(*options, log=self._log))
        return self._all[-1]

    def close(self) -> None:
        for process in self._all:
            process.stop(signal.SIGKILL)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Start sandboxes with options of the test."""
    started = Processes(tmp_path)
    yield started
    started.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_exit_code_0(processes: Processes, how: signal.Signals) -> None:
    sandbox = processes.start()
    sandbox.account().issue()

    assert sandbox.stop(how) == 0


def test_the_first_line_tells_both_doors_the_seed_and_the_faults(processes: Processes) -> None:
    hello = processes.start("--seed", "7").hello

    assert set(hello) == {"url", "management_url", "seed", "faults"}
    assert (hello["seed"], hello["faults"]) == (7, "none")
    assert hello["url"].startswith("http://127.0.0.1:")
    assert hello["management_url"].startswith("http://127.0.0.1:")


def _memory(sandbox: Sandbox, name: str) -> dict[str, Any]:
    """Everything a client and a tester can read of one account."""
    tenant = sandbox.reopened(name)
    orders = tenant.get("order/certificate?sort=order_id")["orders"]
    issued = [row["certificate"]["id"] for row in orders if row["status"] in ("issued", "revoked")]
    return {
        "element": {key: value for key, value in tenant.element.items() if key != "url"},
        "ledger": sandbox.management.get("ledger"),
        "orders": orders,
        "infos": [tenant.info(row["id"]) for row in orders],
        "downloads": [tenant.call("GET", f"certificate/{number}/download/format/pem_all").body for number in issued],
        "roots": sandbox.management.call("GET", "roots").body,
        "dns": sandbox.management.get("dns")["records"],
    }


def test_a_restart_after_sigkill_loses_nothing(processes: Processes, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    first = processes.start(*state)
    first.management.advance(days=3)
    tenant = first.account(auto_approve=False)
    waiting = tenant.place(REFERENCE, reference="waiting").json()
    tenant.switch(auto_approve=True)
    issued = tenant.issue(REFERENCE, reference="issued")
    revoked = tenant.issue(REFERENCE, reference="revoked")
    skip = b'{"skip_approval":true}'
    assert tenant.put(f"certificate/{revoked['certificate_id']}/revoke", skip).status == 204
    first.management.txt("kept.example", "value")
    before, clock = _memory(first, tenant.name), first.management.now()

    first.stop(signal.SIGKILL)
    second = processes.start(*state)

    leaf = certificates_in(revoked["certificate_chain"][0]["pem"])[0]
    again = second.reopened(tenant.name)
    assert _memory(second, tenant.name) == before
    assert 0 <= (second.management.now() - clock).total_seconds() < 60
    assert second.management.revocation_of(leaf) is not None
    assert again.key == tenant.key
    second.management.post("approve", ca="digicert", order_id=waiting["id"])
    assert again.info(waiting["id"])["status"] == "issued"
    new = again.issue()
    assert new["id"] not in {waiting["id"], issued["id"], revoked["id"]}


def test_every_order_that_was_answered_is_there_after_sigkill_in_the_middle(
    processes: Processes, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path / "state"))
    first = processes.start(*state)
    tenant = first.account(rate_limit=False)
    name = f"shop.{tenant.domain}"
    csr, organization = csr_pem(name), tenant.organization
    answered: list[int] = []
    busy = threading.Event()

    def keep_buying() -> None:
        for number in range(1000):
            try:
                answer = tenant.place(REFERENCE, name=name, csr=csr, organization=organization, reference=number)
            except (ConnectionError, http.client.HTTPException):
                return
            answered.append(answer.json()["id"])
            if len(answered) >= 20:
                busy.set()

    buyer = threading.Thread(target=keep_buying)
    buyer.start()
    assert busy.wait(20)
    first.stop(signal.SIGKILL)
    buyer.join(20)
    second = processes.start(*state)

    kept = [row["order_id"] for row in second.reopened(tenant.name).ledger()]
    assert set(answered) <= set(kept)
    assert 0 <= len(kept) - len(answered) <= 1
    assert len(set(kept)) == len(kept)


def _what_happens(tenant: Account, number: int) -> str:
    """How one call ended: its status, or the way in which it got none."""
    path = ("account", "user/me", "order/certificate", "product", "organization")[number % 5]
    try:
        answer = tenant.call("GET", path, timeout=DEADLINE_SECONDS)
    except http.client.IncompleteRead:
        return "cut short"
    except (ConnectionError, http.client.HTTPException):
        return "cut"
    except TimeoutError:
        return "no end"
    shape = "json" if answer.body[:1] == b"{" else "other"
    return f"{answer.status} {shape}"


def _run(sandbox: Sandbox, calls: int) -> list[str]:
    tenant = sandbox.account(rate_limit=False)
    return [_what_happens(tenant, number) for number in range(calls)]


def test_wild_faults_replay_from_their_seed(processes: Processes) -> None:
    first, second = (processes.start("--seed", "42", "--faults", "wild") for _ in range(2))
    assert (first.hello["seed"], first.hello["faults"]) == (42, "wild")
    runs: list[list[str]] = [[], []]
    threads = [
        threading.Thread(target=lambda at=at, one=one: runs[at].extend(_run(one, 60)))
        for at, one in enumerate((first, second))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert runs[0] == runs[1]
    assert len(runs[0]) == 60
    assert len(set(runs[0])) >= 4


def test_a_seed_that_was_not_given_is_chosen_and_told(processes: Processes) -> None:
    first, second = processes.start("--faults", "mild"), processes.start("--faults", "mild")

    assert type(first.hello["seed"]) is int
    assert first.hello["seed"] != second.hello["seed"]


def test_wild_faults_bill_no_order_that_a_look_up_does_not_find(processes: Processes) -> None:
    """Whatever the answers were: the ledger holds each reference at most once, and look-ups agree."""
    sandbox = processes.start("--seed", "23", "--faults", "wild")
    tenant = sandbox.account(rate_limit=False)
    csr = csr_pem("shop.wild.example")
    for number in range(25):
        with contextlib.suppress(OSError, http.client.HTTPException):
            tenant.call(
                "POST",
                "order/certificate/ssl_dv_rapidssl",
                wire.fill(WILD, csr=csr, reference=f"w{number}"),
                timeout=DEADLINE_SECONDS,
            )
    sandbox.management.delete("faults")
    sandbox.management.advance(days=1)

    billed = [row["reference"] for row in tenant.ledger()]

    assert 0 < len(billed) < 25
    assert len(set(billed)) == len(billed)
    assert {f"w{number}" for number in range(25) if _is_known(tenant, f"w{number}")} == set(billed)


def _is_known(tenant: Account, reference: str) -> bool:
    answer = tenant.call("GET", f"order/alternate/{reference}")
    assert answer.status in (200, 404), answer
    return answer.status == 200
