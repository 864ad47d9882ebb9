"""kill -9 before and after every commit and at every point of every HTTP exchange: nothing is lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.fixtures import NewHubShop, NewResellerShop, NewShop
from tests.cli.program import REPOSITORY
from tests.cli.tenant import Shop
from tests.crash.flows import EMSIGN_FLOWS, FLOWS, PLACE, SECTIGO_FLOWS, Flow, Stage


def _kinds(trace: list[str]) -> set[str]:
    """What sorts of boundary a flow has passed."""
    return {name.split(" of ")[0].lstrip("0123456789 ").split(" /")[0] for name in trace}


@pytest.mark.parametrize("flow", FLOWS)
def test_a_kill_at_any_boundary_loses_nothing_and_doubles_nothing(flow: str, new_shop: NewShop, tmp_path: Path) -> None:
    plan = FLOWS[flow]
    _kill_everywhere(flow, plan, new_shop(*plan.settings, rate_limit=False, **plan.switches), tmp_path)


@pytest.mark.parametrize("flow", SECTIGO_FLOWS)
def test_a_kill_at_any_boundary_of_a_resellers_order_loses_nothing_and_doubles_nothing(
    flow: str, new_reseller_shop: NewResellerShop, tmp_path: Path
) -> None:
    plan = SECTIGO_FLOWS[flow]
    _kill_everywhere(flow, plan, new_reseller_shop(*plan.settings, **plan.switches), tmp_path)


@pytest.mark.parametrize("flow", EMSIGN_FLOWS)
def test_a_kill_at_any_boundary_of_an_order_without_a_reference_loses_nothing_and_doubles_nothing(
    flow: str, new_hub_shop: NewHubShop, tmp_path: Path
) -> None:
    plan = EMSIGN_FLOWS[flow]
    _kill_everywhere(flow, plan, new_hub_shop(*plan.settings, **plan.switches), tmp_path)


def _kill_everywhere(flow: str, plan: Flow, shop: Shop, folder: Path) -> None:
    """Let one scene of the flow live, and one die at each boundary it has passed; assert what is true in the end."""
    stage = Stage(plan, shop, folder)
    trace = stage.rehearse()
    assert {"before COMMIT", "after COMMIT", "bytes out", "answer in"} <= _kinds(trace), trace

    def attempt(fatal: int) -> str:
        scene = stage.scene(f"{flow}-{fatal}")
        status = stage.die(scene, fatal)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            return f"{fatal}: was not reached: {stage.trace(scene)}"
        died = stage.trace(scene)[-1]
        try:
            plan.go_on(scene)
            plan.judge(scene)
        except AssertionError as error:
            return f"{fatal} of {len(trace)} ({died}): {error}"
        return ""

    troubles = stage.each(len(trace), attempt)

    listed = "\n".join(f"{number} {name}" for number, name in enumerate(trace, 1))
    assert not troubles, f"{len(trace)} boundaries of {flow}:\n{listed}\n\n" + "\n".join(troubles)


def test_a_process_of_its_own_dies_at_its_boundary_and_the_next_one_finishes(shop: Shop) -> None:
    name = shop.tenant.fresh_name()
    words = shop.tenant.place_words(name, "--reference", "alone", "--wait", "40", "--json")
    died = subprocess.run(
        [sys.executable, "-m", "tests.crash.victim", "9", "--", *words],
        cwd=REPOSITORY,
        env=shop.program.full_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died
    assert "bytes out of POST" in died.stderr.splitlines()[-1], "the request was on the wire"
    assert shop.tenant.ledger("alone"), "and the CA acted on it"

    order = shop.program.typed("order", "wait", "alone", "60", "--json").expect(0).json()

    assert order["state"] == "issued"
    assert len(shop.tenant.ledger()) == 1


def test_a_program_that_sends_again_without_looking_is_caught_doubling(new_shop: NewShop, tmp_path: Path) -> None:
    stage = Stage(PLACE, new_shop(rate_limit=False), tmp_path)
    trace = stage.rehearse()
    sent = [
        number for number, name in enumerate(trace, 1) if "bytes out of POST" in name or "answer in of POST" in name
    ]

    def doubled(fatal: int) -> bool:
        scene = stage.scene(f"naive-{fatal}")
        stage.die(scene, fatal)
        words = ["order", "wait", scene.reference, "60"]
        scene.program.zygote.start(scene.program.home, [words], victim={"naive": True}).wait()
        return len(stage.shop.tenant.ledger(scene.reference)) > 1

    found = {trace[number - 1]: doubled(number) for number in sent}

    assert list(found.values())[-2:] == [True, True], found
