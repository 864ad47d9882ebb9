"""The CA misbehaves on the call that counts: it acts without saying so, or nobody can tell."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import Program
from tests.cli.tenant import AT_ONCE, OFTEN, QUICK, EmSignTenant, SectigoTenant, Shop, Tenant
from tests.crash.flows import PLACE, REISSUE, REVOKE, Flow, Scene
from tests.sandbox.tenant import Sandbox

PAID: dict[str, tuple[Flow, type[Tenant], Mapping[str, str]]] = {
    "place": (PLACE, Tenant, {"method": "POST", "path": "certificate/ssl_basic$"}),
    "reissue": (REISSUE, Tenant, {"method": "POST", "path": "/reissue$"}),
    "revoke": (REVOKE, Tenant, {"method": "PUT", "path": "/revoke$"}),
    "AutoApplySSL": (PLACE, SectigoTenant, {"method": "POST", "path": "AutoApplySSL$"}),
    "AutoReplaceSSL": (REISSUE, SectigoTenant, {"method": "POST", "path": "AutoReplaceSSL$"}),
    "AutoRevokeSSL": (REVOKE, SectigoTenant, {"method": "POST", "path": "AutoRevokeSSL$"}),
    "GenerateOrderSSL": (PLACE, EmSignTenant, {"method": "POST", "path": "GenerateOrderSSL$"}),
    "RevokeOrder": (REVOKE, EmSignTenant, {"method": "POST", "path": "RevokeOrder$"}),
}
FAULTS: dict[str, Mapping[str, object]] = {
    "drop_before": {},
    "drop_after": {},
    "answer_after": {"status": 502, "body": "<html>Bad Gateway</html>", "content_type": "text/html"},
    "slow_recording": {"seconds": 3},
    "truncated": {},
    "trickle": {"seconds": 0.05},
    "empty": {},
    "garbage": {},
    "html": {},
    "status": {"status": 503, "body": "later", "content_type": "text/plain"},
    "rate_limited": {"retry_after": 1},
}


# Sectigo's -42 says no time, so an account rests for a minute then: longer than a test.
KINDS: dict[type[Tenant], tuple[str, ...]] = {
    Tenant: tuple(FAULTS),
    SectigoTenant: tuple(fault for fault in FAULTS if fault != "rate_limited"),
}
KINDS[EmSignTenant] = tuple(FAULTS)
SETTINGS = {Tenant: QUICK, SectigoTenant: (*QUICK, *OFTEN), EmSignTenant: (*QUICK, *OFTEN, *AT_ONCE)}
SWITCHES: dict[type[Tenant], Mapping[str, Any]] = {Tenant: {"rate_limit": False}, SectigoTenant: {}, EmSignTenant: {}}


def _scene(flow: Flow, ca: type[Tenant], sandbox: Sandbox, blank: Program, folder: Path, label: str) -> Scene:
    """A scene at a tenant of its own, so that a fault befalls nobody else."""
    folder = folder / label
    folder.mkdir()
    tenant = ca.at(sandbox, folder, **SWITCHES[ca])
    program = blank.copy(folder / "home")
    program.run(*tenant.add_words("main", *SETTINGS[ca])).expect(0)
    scene = Scene(Shop(tenant, program), program, tenant.fresh_name(), f"fault-{label}")
    flow.prepare(scene)
    return scene


@pytest.mark.parametrize("paid", PAID)
def test_an_answer_that_tells_nothing_is_looked_up_and_never_bought_again(
    paid: str, sandbox: Sandbox, blank: Program, tmp_path: Path
) -> None:
    flow, ca, where = PAID[paid]

    def attempt(fault: str) -> str:
        scene = _scene(flow, ca, sandbox, blank, tmp_path, fault)
        number = scene.shop.tenant.fault(fault, **where, **FAULTS[fault])
        try:
            done = scene.program.session(flow.act(scene))[-1]
            flow.go_on(scene)
            flow.judge(scene)
            rules = sandbox.management.get("faults")["faults"]
            used = [rule["used"] for rule in rules if rule["id"] == number]
            assert used == [1], (used, done)
        except AssertionError as error:
            return f"{fault}: {error}"
        return ""

    with ThreadPoolExecutor(len(KINDS[ca])) as pool:
        troubles = [trouble for trouble in pool.map(attempt, KINDS[ca]) if trouble]

    assert not troubles, f"{len(KINDS[ca])} faults of {paid}:\n" + "\n".join(troubles)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("paid", PAID)
def test_a_kill_while_the_ca_holds_the_call_doubles_nothing(
    paid: str, side: str, sandbox: Sandbox, blank: Program, tmp_path: Path
) -> None:
    flow, ca, where = PAID[paid]
    scene = _scene(flow, ca, sandbox, blank, tmp_path, f"{paid}-{side}")
    tenant = scene.shop.tenant
    calls = len(tenant.requests())
    held = tenant.fault("hold", side=side, **where)
    session = scene.program.zygote.start(scene.program.home, flow.act(scene))
    wanted = where["path"].rstrip("$")
    latest = time.monotonic() + 20
    while not any(wanted in call["path"] for call in tenant.requests()[calls:]):
        assert time.monotonic() < latest, tenant.requests()

    os.kill(session.pid, signal.SIGKILL)

    assert os.WTERMSIG(session.wait()) == signal.SIGKILL
    sandbox.management.post("release", id=held)
    flow.go_on(scene)
    flow.judge(scene)
