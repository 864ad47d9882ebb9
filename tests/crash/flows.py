"""What is done to be killed in it, how an operator goes on afterwards, and what must be true in the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.cli.program import Program
from tests.cli.tenant import SectigoTenant, Shop

AT_ONCE = 8  # deaths that are tried side by side: most of the time is waiting for the CA's settle time
Words = Sequence[str]


@dataclass(frozen=True)
class Scene:
    """One order on its way: an installation of its own, a name and a reference nobody else uses."""

    shop: Shop
    program: Program
    name: str
    reference: str
    facts: dict[str, Any] = field(default_factory=dict)

    def show(self, reference: str = "") -> dict[str, Any]:
        """``order show`` of the order."""
        found: dict[str, Any] = (
            self.program.run("order", "show", reference or self.reference, "--json").expect(0).json()
        )
        return found

    def certificates(self) -> list[dict[str, Any]]:
        """``cert list``."""
        return self.program.run("cert", "list", "--json").expect(0).lines()

    @property
    def bought(self) -> dict[str, Any]:
        """The one row of the ledger about this name; there must be exactly one, and with our reference."""
        rows = [row for row in self.shop.tenant.ledger() if self.name in row["names"]]
        assert len(rows) == 1, f"{len(rows)} orders for one at the CA: {rows}"
        assert rows[0]["reference"] == self.reference, rows
        return rows[0]

    def paid_calls(self, order: Mapping[str, Any], done: int = 1) -> None:
        """Exactly so many calls of this order ended well, and no outcome is left open."""
        outcomes = [intent["outcome"] for intent in order["intents"]]
        assert outcomes.count("done") == done, outcomes
        assert not {"open", "overdue"} & set(outcomes), outcomes


@dataclass(frozen=True)
class Flow:
    """A thing an operator does. ``prepare`` brings about what it needs, ``act`` is what dies.

    ``go_on`` is what the operator does afterwards, whatever had happened, and ``judge`` asserts on the ledger and on
    our own records. ``unproven`` flows work with a name whose domain nobody has validated.
    """

    act: Callable[[Scene], list[Words]]
    go_on: Callable[[Scene], None]
    judge: Callable[[Scene], None]
    prepare: Callable[[Scene], None] = lambda scene: None
    settings: tuple[str, ...] = ()
    switches: Mapping[str, object] = field(default_factory=dict)
    unproven: bool = False


@dataclass
class Stage:
    """Sets scenes of one flow, all at one tenant, and lets them die."""

    flow: Flow
    shop: Shop
    folder: Path

    def scene(self, label: str) -> Scene:
        """A copy of the installation with a name and a reference of its own, made ready."""
        tenant = self.shop.tenant
        folder = self.folder / label
        folder.mkdir()
        name = tenant.unproven_name() if self.flow.unproven else tenant.fresh_name()
        scene = Scene(self.shop, self.shop.program.copy(folder / "home"), name, f"crash-{label}")
        self.flow.prepare(scene)
        return scene

    def rehearse(self) -> list[str]:
        """Let one scene live; the names of the boundaries it passes."""
        scene = self.scene("rehearsal")
        self.die(scene, 0)
        self.flow.go_on(scene)
        self.flow.judge(scene)
        return self.trace(scene)

    def die(self, scene: Scene, fatal: int) -> int:
        """Act, and die at that boundary; the exit status."""
        victim = {"fatal": fatal, "trace": str(self._trace(scene))}
        return scene.program.zygote.start(scene.program.home, self.flow.act(scene), victim=victim).wait()

    def _trace(self, scene: Scene) -> Path:
        return scene.program.home.parent / "trace"

    def trace(self, scene: Scene) -> list[str]:
        """The boundaries that were passed."""
        return self._trace(scene).read_text().splitlines()

    def each(self, count: int, attempt: Callable[[int], str]) -> list[str]:
        """Try every boundary from 1 to ``count``, several at a time; what went wrong."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [trouble for trouble in pool.map(attempt, range(1, count + 1)) if trouble]


# -- The flows.


def _place(scene: Scene) -> list[Words]:
    more = ("--reference", scene.reference, "--wait", "40", "--json")
    return [scene.shop.tenant.place_words(scene.name, *more)]


def _wait_and_repeat(scene: Scene) -> None:
    """What was recorded is waited for; then the command is repeated, which must not order anything more."""
    scene.program.session([["order", "wait", scene.reference, "60"], *_place(scene)])


def _placed_once(scene: Scene) -> None:
    order = scene.show()
    assert order["state"] == "issued", order
    scene.paid_calls(order)
    bought = scene.bought
    assert (bought["status"], bought["certificates"]) == ("issued", 1), bought
    assert order["ca_order_id"] == str(bought["order_id"]), order
    listed, exported = scene.program.session(
        [["cert", "list", "--json"], ["cert", "export", order["certificate"], "--key"]]
    )
    assert [entry["fingerprint"] for entry in listed.lines()] == [order["certificate"]], listed
    exported.expect(0)


PLACE = Flow(act=_place, go_on=_wait_and_repeat, judge=_placed_once)


def _place_and_check(scene: Scene) -> list[Words]:
    more = ("--reference", scene.reference, "--json")
    return [
        scene.shop.tenant.place_words(scene.name, *more),
        ["order", "check", scene.reference, "--json"],
    ]


def _check_until_issued(scene: Scene) -> None:
    words = _place_and_check(scene)
    checked = scene.program.session([["order", "wait", scene.reference, "0"], *words])[-1]
    if checked.json()["state"] != "issued":  # its outcome had to be found out first, or a look came too early
        scene.program.session([["order", "wait", scene.reference, "60"]])


COLLECT = Flow(
    act=_place_and_check,
    go_on=_check_until_issued,
    judge=_placed_once,
    switches={"dcv": "auto"},
    unproven=True,
)


def _have_one(scene: Scene) -> None:
    """A certificate to work on."""
    done = scene.program.session(_place(scene))[0].expect(0)
    scene.facts["first"] = done.json()["certificate"]


def _inside(operation: str) -> Flow:
    """Reissue and duplicate differ in the word and the column of the ledger alone."""

    def reference(scene: Scene) -> str:
        return f"{scene.reference}-again"

    def act(scene: Scene) -> list[Words]:
        more = ("--reference", reference(scene), "--wait", "40", "--json")
        return [["cert", operation, scene.facts["first"], *more]]

    def go_on(scene: Scene) -> None:
        scene.program.session([["order", "wait", reference(scene), "60"], *act(scene)])

    def judge(scene: Scene) -> None:
        order = scene.show(reference(scene))
        assert order["state"] == "issued", order
        scene.paid_calls(order)
        bought = scene.bought
        assert (bought[f"{operation}s"], bought["certificates"]) == (1, 2), bought
        assert sorted(entry["fingerprint"] for entry in scene.certificates()) == sorted(
            [scene.facts["first"], order["certificate"]]
        )

    return Flow(act=act, go_on=go_on, judge=judge, prepare=_have_one)


REISSUE = _inside("reissue")
DUPLICATE = _inside("duplicate")


def _revoke(scene: Scene) -> list[Words]:
    return [["cert", "revoke", scene.facts["first"], "--reason", "superseded", "--wait", "40", "--json"]]


def _revoke_again(scene: Scene) -> None:
    done = scene.program.session(_revoke(scene))[0]
    assert done.code == 0 or "is revoked already" in done.err, done


def _revoked_once(scene: Scene) -> None:
    (entry,) = scene.certificates()
    assert (entry["state"], entry["revocation_reason"]) == ("revoked", "superseded"), entry
    assert scene.bought["revocations"] == 1, scene.bought


REVOKE = Flow(act=_revoke, go_on=_revoke_again, judge=_revoked_once, prepare=_have_one)


def _have_one_approved(scene: Scene) -> None:
    more = ("--reference", scene.reference, "--set", "skip_approval=true", "--wait", "40", "--json")
    words = scene.shop.tenant.place_words(scene.name, *more)
    scene.facts["first"] = scene.program.run(*words).expect(0).json()["certificate"]


def _ask_to_revoke(scene: Scene) -> list[Words]:
    return [["cert", "revoke", scene.facts["first"], "--reason", "superseded", "--json"]]


def _approve_and_follow(scene: Scene) -> None:
    asked = ""
    latest = time.monotonic() + 30
    while asked != "pending" and time.monotonic() < latest:  # its outcome may have to be found out first
        asked = scene.program.session([[*_ask_to_revoke(scene)[0], "--wait", "0.5"]])[0].json()["state"]
    assert asked == "pending", asked
    scene.shop.tenant.account.management.post("approve", ca="digicert", order_id=scene.bought["order_id"])
    _revoke_again(scene)


REVOKE_WITH_APPROVAL = Flow(
    act=_ask_to_revoke,
    go_on=_approve_and_follow,
    judge=_revoked_once,
    prepare=_have_one_approved,
    settings=("--set", "skip_approval=false"),
)


def _have_one_pending(scene: Scene) -> None:
    words = scene.shop.tenant.place_words(scene.name, "--reference", scene.reference, "--json")
    assert scene.program.run(*words).expect(0).json()["state"] == "pending"


def _cancel(scene: Scene) -> list[Words]:
    return [["order", "cancel", scene.reference, "--comment", "no longer wanted", "--json"]]


def _cancel_again(scene: Scene) -> None:
    done = scene.program.session(_cancel(scene))[0]
    assert done.code == 0 or "is cancelled already" in done.err, done


def _cancelled_once(scene: Scene) -> None:
    order = scene.show()
    assert order["state"] == "cancelled", order
    assert scene.bought["status"] == scene.shop.tenant.withdrawn, scene.bought
    assert scene.certificates() == []


CANCEL = Flow(
    act=_cancel,
    go_on=_cancel_again,
    judge=_cancelled_once,
    prepare=_have_one_pending,
    switches={"dcv": "never"},
    unproven=True,
)


def _have_a_target(scene: Scene) -> None:
    """A target for the name alone, whoever else uses the server."""
    tenant = scene.shop.tenant
    assert isinstance(tenant, SectigoTenant)
    scene.program.run(*tenant.target_words("dns", scene.name)).expect(0)


def _wait_and_look(scene: Scene) -> None:
    """Whoever died between the end of the order and the withdrawal of its proof has left it to ``order check``."""
    _wait_and_repeat(scene)
    scene.program.run("order", "check", scene.reference, "--json").expect(0)


def _placed_once_and_nothing_left(scene: Scene) -> None:
    tenant = scene.shop.tenant
    assert isinstance(tenant, SectigoTenant)
    _placed_once(scene)
    assert tenant.records(scene.name) == []
    assert scene.program.run("target", "show", "dns", "--json").expect(0).json()["challenges"] == []


PUBLISH = Flow(
    act=_place,
    go_on=_wait_and_look,
    judge=_placed_once_and_nothing_left,
    prepare=_have_a_target,
    switches={"dcv": "look"},
)
COLLECT_SLOWLY = replace(COLLECT, switches={"signing_seconds": 1}, unproven=False)

FLOWS: dict[str, Flow] = {
    "place": PLACE,
    "collect": COLLECT,
    "reissue": REISSUE,
    "duplicate": DUPLICATE,
    "revoke": REVOKE,
    "revoke_with_approval": REVOKE_WITH_APPROVAL,
    "cancel": CANCEL,
}
COLLECT_WHEN_GENERATED = replace(COLLECT, switches={"issue_seconds": 1}, unproven=False)
CANCEL_UNPROVEN = replace(CANCEL, switches={"dcv": "never", "prove_seconds": None})
PUBLISH_TOKEN = replace(PUBLISH, switches={"dcv": "look", "prove_seconds": None}, unproven=True)

EMSIGN_FLOWS: dict[str, Flow] = {
    "place": PLACE,
    "publish": PUBLISH_TOKEN,
    "collect": COLLECT_WHEN_GENERATED,
    "revoke": REVOKE,
    "cancel": CANCEL_UNPROVEN,
}
SECTIGO_FLOWS: dict[str, Flow] = {
    "place": PLACE,
    "publish": PUBLISH,
    "collect": COLLECT_SLOWLY,
    "reissue": REISSUE,
    "revoke": REVOKE,
    "cancel": CANCEL,
}
