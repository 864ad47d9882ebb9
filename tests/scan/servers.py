"""Real servers on 127.0.0.1, good and bad ones, in an event loop of their own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from threading import Thread

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Servers:
    """Listens on free ports of 127.0.0.1, or where a test says."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._listening: list[asyncio.Server] = []
        self._places: list[tuple[str, int]] = []
        self._accepted: list[tuple[asyncio.StreamWriter, asyncio.trsock.TransportSocket]] = []

    def heard(self, port: int, address: str = "127.0.0.1") -> int:
        """How many connections came in (of a server that speaks TLS: how many handshakes were finished)."""
        return self._started(self._counted((address, port)))

    async def _counted(self, place: tuple[str, int]) -> int:
        await _turns()
        return self._places.count(place)

    def tls(self, context: ssl.SSLContext, address: str = "127.0.0.1", port: int = 0) -> int:
        """A server that speaks TLS at once; its port."""
        return self._started(self._listen(_wait_for_goodbye, context, (address, port)))

    def plain(
        self, conversation: Conversation, then: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
    ) -> int:
        """A server that has this conversation, and then speaks TLS if a context is given; its port.

        Another port speaks the TLS, so that no early byte of it is lost in the buffer of the conversation.
        """
        behind = None if then is None else self.tls(then)

        async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await conversation(reader, writer)
            if behind is not None:
                await carry_on(reader, writer, behind)

        return self._started(self._listen(whole, None, (address, port)))

    def _started(self, number: Awaitable[int]) -> int:
        async def awaited() -> int:
            return await number

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result(10)

    async def _listen(self, conversation: Conversation, context: ssl.SSLContext | None, at: tuple[str, int]) -> int:
        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._places.append(writer.get_extra_info("sockname")[:2])
            self._accepted.append((writer, writer.get_extra_info("socket")))
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await conversation(reader, writer)
            with contextlib.suppress(OSError):
                writer.close()

        server = await asyncio.start_server(counted, *at, ssl=context, backlog=512)
        self._listening.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def end(self) -> None:
        """Stop listening and hang up."""
        for server in self._listening:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer, _ in self._accepted:
            writer.transport.abort()
        while any(socket.fileno() != -1 for _, socket in self._accepted):
            await asyncio.sleep(0)  # a turn of the loop closes what was aborted
        await _turns()


async def _turns() -> None:
    """Turns of the loop, in which it takes what has already arrived and closes what is to be closed."""
    for _ in range(10):
        await asyncio.sleep(0)


async def _wait_for_goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    inside = await reader.read()
    if inside:
        raise AssertionError("The scanner sent something inside TLS.")


async def carry_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, first: bytes = b"") -> None:
    """Carry everything to and from the server at a port, after what was already read."""
    inner, outer = await asyncio.open_connection("127.0.0.1", port)
    outer.write(first)
    await asyncio.gather(_carry(reader, outer), _carry(inner, writer))


async def _carry(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while words := await source.read(65_536):
            sink.write(words)
    finally:
        sink.close()


@contextmanager
def serving() -> Iterator[Servers]:
    """Servers for as long as the context lasts."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # what clients do to handshakes is the test's business
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    servers = Servers(loop)
    try:
        yield servers
    finally:
        asyncio.run_coroutine_threadsafe(servers.end(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
