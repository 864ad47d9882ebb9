"""The one transport that all CAs share.

Every call is a *read* (repeated a few times when it fails, for it changes nothing) or a *change* (sent once).
What a failure means is decided here and nowhere else: of a change that failed before its first byte was sent,
nothing was done (``Unavailable``); once sending has begun, only the CA's own clear answer tells (``Unknown``
otherwise). Answers below 500 come back as they are, for the CA's adapter to understand.

TLS 1.2 or newer, always verified; plain HTTP to this machine alone; no redirect is followed; one deadline
holds for the whole call; the answer is cut at 4 MiB unpacked.
"""

from __future__ import annotations

import email.utils
import ipaddress
import ssl
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpcore2
import httpx2
import stamina
import structlog

from certwright import __version__
from certwright.cas.deadline import Call, DeadlinePool, calling
from certwright.cas.limits import Gate
from certwright.cas.parse import READERS, Tree, Unreadable, format_of
from certwright.cas.reading import ReadCall, Request, is_read
from certwright.cas.unpacking import Broken, body_of
from certwright.model.errors import CertwrightError, Misconfigured, Refused, Unavailable, Unknown

LOG = structlog.get_logger("certwright.cas")
CONNECT_SECONDS = 10.0
TOTAL_SECONDS = 60.0
LONGEST_RETRY_AFTER = 3600.0
CONNECTIONS = 16
Query = Sequence[tuple[str, str]]

_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status below 500, media type in lower case without parameters, body unpacked.

    ``changes`` tells whether the call was to change something, which decides what an unreadable answer means.
    ``url`` is the CA's base URL that was asked.
    """

    title: str
    status: int
    media_type: str
    body: bytes
    changes: bool
    url: str = ""

    def unreadable(self, why: str) -> CertwrightError:
        """The error to raise when this answer cannot be understood: nothing may be concluded from it."""
        detail = f"{self.title} answered {self.status} with something that cannot be read: {why}."
        if self.changes:
            return Unknown(detail, advice="Whether it acted is looked up before anything else is done.")
        return Unavailable(detail, advice="Nothing was changed; the same look-up is tried again later.")

    def tree(self) -> Tree:
        """The body as a plain tree, by its own content type or, failing that, its first byte.

        Raises Unavailable (of a read) or Unknown (of a change) when it is neither JSON nor XML.
        """
        if not (format_name := format_of(self.media_type, self.body)):
            raise self.unreadable("an empty body" if not self.body else "neither JSON nor XML")
        try:
            return READERS[format_name](self.body)
        except Unreadable as error:
            raise self.unreadable(str(error)) from None


@dataclass(frozen=True, slots=True)
class Trust:
    """How TLS is done: ``roots`` are trusted *instead of* the system's, the pair is shown for mTLS.

    Each is a file, or (``…_pem``) its content.
    """

    roots: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    roots_pem: str = ""
    certificate_pem: str = ""
    private_key_pem: str = field(default="", repr=False)

    def context(self) -> ssl.SSLContext:
        """A client context that verifies, from TLS 1.2 on. Raises Misconfigured for a useless file."""
        try:
            if self.roots is None and not self.roots_pem:
                context = httpx2.create_ssl_context(trust_env=False)
            else:
                context = ssl.create_default_context(cafile=self.roots, cadata=self.roots_pem or None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate_pem:
                self._load_from_memory(context)
            elif self.certificate is not None:
                context.load_cert_chain(self.certificate, self.private_key)
        except (OSError, ssl.SSLError) as error:
            raise Misconfigured(f"A file for TLS cannot be used: {error.strerror or error}.") from None
        return context

    def _load_from_memory(self, context: ssl.SSLContext) -> None:
        """Show the pair to OpenSSL, which reads files only: in one that our user alone may read, and not for long."""
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:  # made with mode 0600
            file.write(f"{self.certificate_pem.strip()}\n{self.private_key_pem.strip()}\n")
            file.flush()
            context.load_cert_chain(file.name, password="")  # without one OpenSSL would ask at the terminal


def check_url(url: str) -> str:
    """The base URL without trailing slash; raises Misconfigured unless https, or http to this machine."""
    try:
        parsed = httpx2.URL(url.strip())
    except httpx2.InvalidURL:
        raise Misconfigured("The URL of the CA cannot be read.") from None
    if not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise Misconfigured("The URL of the CA must have a host, and no user, query or fragment.")
    if parsed.scheme == "https" or (parsed.scheme == "http" and _is_loopback(parsed.host)):
        return str(parsed).rstrip("/")
    raise Misconfigured(
        f"{parsed.scheme}://{parsed.host} is not safe to send a credential to.", advice="Use an https URL."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(text: str | None, *, now: datetime | None = None) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 §10.2.3), at most an hour; None for none or nonsense."""
    if not text:
        return None
    if text.strip().isdecimal():
        return min(float(text.strip()[:12]), LONGEST_RETRY_AFTER)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - (now or datetime.now(UTC))).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


class Transport:
    """Calls to one CA with one credential. Safe to share between threads.

    ``headers`` carry the credential: they appear in no error, log line or repr. ``account`` names the CA
    account in log lines. With ``read_only`` nothing goes out but the calls of ``reads``, whoever asks and however.
    ``timeout`` is the longest a call may take, in seconds; ``attempts`` how often a read is tried.
    """

    def __init__(
        self,
        url: str,
        *,
        title: str,
        headers: Mapping[str, str],
        gate: Gate,
        account: str = "",
        read_only: bool = False,
        reads: Collection[ReadCall] = (),
        timeout: float = TOTAL_SECONDS,
        attempts: int = 3,
        trust: Trust | None = None,
    ) -> None:
        self._url = check_url(url)
        self._title = title
        self._account = account
        self._read_only = read_only
        self._reads = reads
        self._timeout = timeout
        self._attempts = attempts
        self._gate = gate
        context = (trust or Trust()).context() if self._url.startswith("https:") else None
        self._client = httpx2.Client(
            transport=DeadlinePool(context, max_connections=CONNECTIONS),
            headers={
                "User-Agent": f"Certwright/{__version__}",
                "Accept-Encoding": "gzip",
                **headers,
            },
            # An edge proxy's cookies are neither kept nor sent back: every call stands alone.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            trust_env=False,
        )

    def __repr__(self) -> str:
        """Title and URL alone."""
        return f"<Transport to {self._title} at {self._url}>"

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def read(
        self,
        path: str,
        *,
        query: Query = (),
        body: bytes | Callable[[], bytes] = b"",
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Send a call that changes nothing, again after a failure while there is time.

        It is a GET, or a POST where there is a ``body``: some CAs take every call as a form. A body that must be
        another one each time is given as what makes it. ``deadline`` as of :meth:`change`. Raises Unavailable or
        Misconfigured, and Refused for what a read-only account does not send.
        """
        latest = time.monotonic() + self._timeout
        deadline = latest if deadline is None else min(deadline, latest)
        for attempt in stamina.retry_context(
            on=_is_worth_another_try,
            attempts=self._attempts,
            timeout=self._timeout,
            wait_initial=0.2,
            wait_max=2.0,
            wait_jitter=0.2,
        ):
            with attempt:
                made = body() if callable(body) else body
                return self._call("POST" if made else "GET", path, query, made, headers, deadline, changes=False)
        raise AssertionError("the last attempt returns or raises")

    def change(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """Send a call that changes something, once.

        ``deadline`` (of ``time.monotonic()``) can only shorten the usual time. Raises Unavailable when
        nothing was sent or the CA turned it away for now, Unknown when it was sent and no clear answer came,
        Refused by a read-only account.
        """
        latest = time.monotonic() + self._timeout
        deadline = latest if deadline is None else min(deadline, latest)
        return self._call(method, path, query, body, headers, deadline, changes=True)

    def _call(
        self,
        method: str,
        path: str,
        query: Query,
        body: bytes,
        headers: Mapping[str, str] | None,
        deadline: float,
        *,
        changes: bool,
    ) -> Answer:
        request = self._built(method, path, query, body, headers)
        if self._read_only and (changes or not self._is_read(request, path, headers)):
            raise Refused(
                f"This CA account is read-only: {method} was not sent to {self._title}.",
                advice="Use an account that was added without --read-only.",
            )
        now = time.monotonic()
        # At least half of the time is kept for the answer: a call sent at the last moment ends unclear.
        self._gate.enter(now + (deadline - now) / 2)
        call = Call(deadline)
        started = time.monotonic()
        response, content, failure = self._exchange(request, call)
        status = response.status_code if response is not None else None
        milliseconds = round((time.monotonic() - started) * 1000)
        LOG.info(
            "ca_call",
            account=self._account,
            method=method,
            path=path,
            status=status,
            milliseconds=milliseconds,
        )
        if failure:
            self._gate.failed()
            raise self._failure(failure, unknown=changes and call.sending)
        if response is None:
            raise AssertionError("no answer and no failure")
        self._judge(response, unknown=changes)
        self._gate.succeeded()
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Answer(self._title, response.status_code, media_type, content, changes, self._url)

    def _built(
        self, method: str, path: str, query: Query, body: bytes, headers: Mapping[str, str] | None
    ) -> httpx2.Request:
        try:
            request = self._client.build_request(
                method,
                f"{self._url}/{path}",
                params=httpx2.QueryParams(tuple(query)) if query else None,
                content=body or None,
                headers=dict(headers or {}),
            )
        except httpx2.InvalidURL:
            raise Refused(f"What was to be asked of {self._title} cannot be written as a URL.") from None
        if method != "GET" and not body:
            request.headers["Content-Length"] = "0"
        return request

    def _is_read(self, request: httpx2.Request, path: str, headers: Mapping[str, str] | None) -> bool:
        """Whether the request, as it would go out, is one of the CA's reading calls."""
        target, _, query = request.url.raw_path.decode("ascii").partition("?")
        base = httpx2.URL(self._url).raw_path.decode("ascii").rstrip("/")
        if target != f"{base}/{path}":  # it was spelt in a way that comes out as another one
            return False
        return is_read(self._reads, Request(request.method, path, query, tuple(headers or ()), request.content))

    def _exchange(self, request: httpx2.Request, call: Call) -> tuple[httpx2.Response | None, bytes, str]:
        """Send one request. Returns the answer, its body, and how it failed (empty when it did not)."""
        timeout = httpx2.Timeout(max(call.remaining(), 0.001), connect=CONNECT_SECONDS)
        request.extensions = {**request.extensions, "timeout": timeout.as_dict()}
        try:
            with calling(call):
                response = self._client.send(request, stream=True)
                try:
                    return response, body_of(response), ""
                finally:
                    response.close()
        except httpcore2.LocalProtocolError:  # its text may quote a header
            return None, b"", "the request could not be written"
        except (*_FAILURES, Broken) as error:
            return None, b"", (str(error) or type(error).__name__)[:300]

    def _failure(self, why: str, *, unknown: bool) -> CertwrightError:
        if unknown:
            return Unknown(
                f"No clear answer came from {self._title}: {why}.",
                advice="Whether it acted is looked up before anything else is done.",
            )
        advice = "Check the URL and that this machine reaches the CA; it is tried again later."
        if "CERTIFICATE_VERIFY_FAILED" in why:
            advice = "The server's certificate is not trusted, so nothing was sent; find out who answers there."
        return Unavailable(f"{self._title} cannot be reached: {why}.", advice=advice)

    def _judge(self, response: httpx2.Response, *, unknown: bool) -> None:
        """Raise for the statuses whose meaning is the same at every CA; adapters read the others."""
        status = response.status_code
        if status == httpx2.codes.TOO_MANY_REQUESTS:
            wait = self._gate.throttled(retry_after(response.headers.get("retry-after")))
            raise Unavailable(
                f"{self._title} asked to slow down (429); the next call goes out in {wait:.0f} s.",
                retry_after=wait,
            )
        if status >= httpx2.codes.INTERNAL_SERVER_ERROR or status == httpx2.codes.REQUEST_TIMEOUT:
            self._gate.failed()
            raise self._failure(f"it answered {status}", unknown=unknown)
        if httpx2.codes.MULTIPLE_CHOICES <= status < httpx2.codes.BAD_REQUEST:
            raise Misconfigured(
                f"{self._title} answered with a redirect ({status}), which is never followed.",
                advice="Set the account's URL to the address where the API really is.",
            )


def _is_worth_another_try(error: Exception) -> bool:
    """A read is repeated after a failure, not when somebody said how long to wait."""
    return isinstance(error, Unavailable) and error.retry_after is None
