"""How each fault is done to a call: whether the CA does its work, and what the client gets to see."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from certwright_sandbox.faults import Rule
from certwright_sandbox.http import HTML, Cut, Delivery, Request, Response, Short, Streamed, Trickled, Whole
from certwright_sandbox.playing import PLAIN, Answering, Twist

CHUNK_BYTES = 64 * 1024
NOISE = bytes((number * 167 + 13) % 256 for number in range(1024))
PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon.</body></html>\n"


class Serve(Protocol):
    """Lets the CA do its work and commits it."""

    async def __call__(self, twist: Twist = PLAIN) -> Response:
        """The CA's answer."""


class Holds:
    """The calls that `hold` rules keep, by the rule's id."""

    def __init__(self) -> None:
        """Nothing is held."""
        self._events: dict[int, set[asyncio.Event]] = defaultdict(set)

    async def keep(self, rule: Rule, request: Request) -> None:
        """Wait until the rule is released or the client goes away, at most the rule's `seconds`."""
        released = asyncio.Event()
        self._events[int(rule.id)].add(released)
        waits = [asyncio.ensure_future(event.wait()) for event in (released, request.gone)]
        try:
            await asyncio.wait(waits, timeout=rule.seconds or None, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._events[int(rule.id)].discard(released)
            for wait in waits:
                wait.cancel()

    def release(self, number: int) -> int:
        """Let go what this rule keeps; how many calls that are."""
        events = self._events.pop(number, set())
        for event in events:
            event.set()
        return len(events)


@dataclass
class Struck:
    """A call that a rule has struck."""

    rule: Rule
    request: Request
    ca: Answering
    serve: Serve
    holds: Holds


async def latency(call: Struck) -> Delivery:
    """Wait, then answer as usual; a client that gives up meanwhile has its call done all the same."""
    await asyncio.sleep(call.rule.seconds)
    return Whole(await call.serve())


async def status(call: Struck) -> Delivery:
    """Answer something else; nothing is done."""
    return Whole(_instead(call.rule))


async def drop_before(call: Struck) -> Delivery:  # noqa: ARG001 - every deed takes the call
    """Cut the connection; nothing is done."""
    return Cut()


async def drop_after(call: Struck) -> Delivery:
    """Do it, then cut the connection."""
    await call.serve()
    return Cut()


async def answer_after(call: Struck) -> Delivery:
    """Do it, then answer something else."""
    await call.serve()
    return Whole(_instead(call.rule))


async def hold(call: Struck) -> Delivery:
    """Keep the call, before it is done or after."""
    if call.rule.side == "after":
        answer = await call.serve()
        await call.holds.keep(call.rule, call.request)
        return Whole(answer)
    await call.holds.keep(call.rule, call.request)
    if call.request.gone.is_set():
        return Cut()
    return Whole(await call.serve())


async def slow_recording(call: Struck) -> Delivery:
    """Do it, but hide the order for a while; without an answer unless the rule wants one."""
    answer = await call.serve(Twist(hidden_seconds=call.rule.seconds))
    return Whole(answer) if call.rule.answer else Cut()


async def stale(call: Struck) -> Delivery:
    """Answer a read with what was true before the last change; do anything else as usual."""
    return Whole(await call.serve(Twist(stale=call.ca.is_read(call.request))))


async def wrong_certificate(call: Struck) -> Delivery:
    """Do it, with a certificate that is wrong."""
    return Whole(await call.serve(Twist(defect=call.rule.kind)))


async def truncated(call: Struck) -> Delivery:
    """Do it, then send half of the answer."""
    return Short(await call.serve())


async def oversized(call: Struck) -> Delivery:
    """Do it, then send a body of so many bytes, or one that unpacks to so many."""
    answer = await call.serve()
    chunks, headers = _zeros(call.rule.bytes), dict(answer.headers)
    if call.rule.gzip:
        chunks, headers = _gzipped(chunks), {**headers, "Content-Encoding": "gzip"}
    return Streamed(answer.status, answer.content_type or "application/json", headers, chunks)


async def trickle(call: Struck) -> Delivery:
    """Do it, then answer byte by byte."""
    return Trickled(await call.serve(), call.rule.seconds)


async def empty(call: Struck) -> Delivery:
    """Do it, then answer 200 with nothing."""
    await call.serve()
    return Whole(Response(200))


async def garbage(call: Struck) -> Delivery:
    """Do it, then answer 200 with noise that calls itself what the answer was."""
    answer = await call.serve()
    return Whole(Response(200, NOISE, answer.content_type))


async def html(call: Struck) -> Delivery:
    """Do it, then answer 200 with a page."""
    await call.serve()
    return Whole(Response(200, PAGE, HTML))


async def redirect(call: Struck) -> Delivery:
    """Send the client elsewhere; nothing is done."""
    return Whole(Response(302, headers={"Location": call.rule.location}))


async def rate_limited(call: Struck) -> Delivery:
    """Answer what this CA answers to too many requests; nothing is done."""
    answer = call.ca.rate_limited(call.request)
    wait = call.rule.retry_after
    headers = {**answer.headers, **({} if wait is None else {"Retry-After": wait})}
    return Whole(Response(answer.status, answer.body, answer.content_type, headers))


DEEDS: dict[str, Callable[[Struck], Awaitable[Delivery]]] = {
    deed.__name__: deed
    for deed in (
        latency,
        status,
        drop_before,
        drop_after,
        answer_after,
        hold,
        slow_recording,
        stale,
        wrong_certificate,
        truncated,
        oversized,
        trickle,
        empty,
        garbage,
        html,
        redirect,
        rate_limited,
    )
}


async def act(call: Struck) -> Delivery:
    """Do to the call what its rule says. A client that hangs up does not undo what the CA was doing."""
    with contextlib.suppress(ConnectionError):
        return await DEEDS[call.rule.fault](call)
    return Cut()


def _instead(rule: Rule) -> Response:
    return Response(rule.status, rule.body.encode(), rule.content_type, dict(rule.headers))


def _zeros(size: int) -> Iterator[bytes]:
    for start in range(0, size, CHUNK_BYTES):
        yield b"0" * min(CHUNK_BYTES, size - start)


def _gzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()
