"""Fetch a site's pages: its definition's hosts only, politely, bounded in time and size, redirects followed by hand."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.utils import requote_uri
from urllib3.exceptions import NameResolutionError

from runners.agent import challenge
from runners.agent.deadline import Deadline
from runners.agent.peers import PeerAdapter, PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.session import Session
from runners.agent.trouble import Again, Trouble
from runners.agent.waiting import backoff, retry_after
from runners.protocol.definition import Definition, hosts
from runners.protocol.words import Outcome

log = logging.getLogger("runners.agent.job")

TRIES: Final = 3
LONGEST_WAIT: Final = 120.0
_MOST_HOPS: Final = 10
_BLOCK: Final = 65_536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_USER_AGENT: Final = "BayState/0.1 (product data; obeys Retry-After)"


@dataclass(frozen=True)
class Answer:
    """What a site sent. `url` is where the last redirect led; `body` is decompressed, `headers` are case-blind."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")


@dataclass(frozen=True)
class Request:
    """What is asked for; `data` are a form's fields in order."""

    method: str
    url: str
    data: tuple[tuple[str, str], ...] | None = None


class Fetcher:
    """One scraper's way to its site, with its own cookies. Used by one thread at a time."""

    def __init__(
        self,
        definition: Definition,
        *,
        politeness: Politeness,
        private: PrivateHosts,
        sleep: Callable[[float], object] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._definition = definition
        self._politeness = politeness
        self._limits = definition.politeness
        self._sleep = sleep
        self._monotonic = monotonic
        self._adapter = PeerAdapter(private)
        self._session = Session()
        # No proxies, no .netrc: the peer that is checked must be the site, and no other password may be sent to it.
        self._session.trust_env = False
        self._session.headers["User-Agent"] = _USER_AGENT
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._adapter)

    def get(self, url: str) -> Answer:
        """Fetch a page, three times if the site is in trouble. Raises Trouble."""
        return self.repeat(lambda: self.once("GET", url))

    def repeat(self, step: Callable[[], Answer]) -> Answer:
        """Do `step` up to three times while it raises Again, waiting as the site asks or with jitter in between."""
        for attempt in range(1, TRIES):
            try:
                return step()
            except Again as trouble:
                self._wait(trouble, attempt)
        try:
            return step()
        except Again as trouble:
            raise Trouble(trouble.outcome, f"{trouble.sentence}, {TRIES} times") from trouble

    def once(self, method: str, url: str, data: tuple[tuple[str, str], ...] | None = None) -> Answer:
        """One try, its redirects included, within the definition's `timeout_s`. Raises Again or Trouble."""
        deadline = Deadline(self._limits.timeout_s, self._adapter.hang_up, monotonic=self._monotonic)
        request = Request(method, requote_uri(url), data)
        for _ in range(_MOST_HOPS):
            answer = self._hop(request, deadline)
            if answer.status not in _REDIRECTS or "Location" not in answer.headers:
                return self._judged(answer)
            request = follow(request, answer, keep_https=self._definition.login is not None)
        raise Trouble(Outcome.NETWORK, f"{_host(url)} redirects more than {_MOST_HOPS} times")

    def close(self) -> None:
        self._session.close()

    def _hop(self, request: Request, deadline: Deadline) -> Answer:
        if not self._definition.allows(request.url):
            raise Trouble(Outcome.POLICY_DENIED, f"{_host(request.url)} is not among the hosts this scraper may fetch")
        limits = self._limits
        with self._politeness.turn(hosts.of(request.url), delay=limits.delay_s, parallel=limits.max_parallel):
            try:
                with deadline.running():
                    return self._send(request, deadline)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                raise Again(Outcome.NETWORK, self._reason(error, request.url, deadline)) from error

    def _send(self, request: Request, deadline: Deadline) -> Answer:
        with self._session.request(
            request.method,
            request.url,
            data=request.data,
            allow_redirects=False,
            stream=True,
            timeout=deadline.left(),
        ) as response:
            body = self._body(response, deadline)
            return Answer(request.url, response.status_code, response.headers, body)

    def _body(self, response: requests.Response, deadline: Deadline) -> bytes:
        """Read what arrives as it arrives, so that a body that drips meets the deadline and a long one the limit."""
        body = bytearray()
        while block := response.raw.read1(_BLOCK, decode_content=True):
            body += block
            deadline.check()
            if len(body) > self._limits.max_bytes:
                raise Trouble(Outcome.POLICY_DENIED, f"the page is larger than {self._limits.max_bytes:,} bytes")
        deadline.check()
        return bytes(body)

    def _judged(self, answer: Answer) -> Answer:
        """Pass on what is a page; raise what is a refusal or a site in trouble."""
        mark = challenge.sign(answer.status, answer.headers, answer.body)
        if mark:
            raise Trouble(Outcome.BLOCKED, f"the site answers {status_words(answer.status)} with a challenge ({mark})")
        if answer.status != HTTPStatus.TOO_MANY_REQUESTS and answer.status < 500:
            return answer
        outcome = Outcome.BLOCKED if answer.status == HTTPStatus.TOO_MANY_REQUESTS else Outcome.NETWORK
        wait = retry_after(answer.headers.get("Retry-After"))
        if wait is not None and wait > LONGEST_WAIT:
            raise Trouble(outcome, f"the site answers {status_words(answer.status)} and asks to wait {wait:,.0f} s")
        if wait:
            self._politeness.hold(hosts.of(answer.url), wait)
        raise Again(outcome, f"the site answers {status_words(answer.status)}", wait=wait)

    def _wait(self, trouble: Again, attempt: int) -> None:
        wait = backoff(attempt) if trouble.wait is None else trouble.wait
        why = "as the site asks" if trouble.wait is not None else f"before try {attempt + 1} of {TRIES}"
        log.warning("%s; waiting %s s %s", trouble.sentence, f"{wait:.1f}".removesuffix(".0"), why)
        self._sleep(wait)

    def _reason(self, error: Exception, url: str, deadline: Deadline) -> str:
        """One sentence from an error's kind, never from its text, which may quote an address or a form."""
        host = _host(url)
        if deadline.over or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return f"{host} took longer than {self._limits.timeout_s:g} s"
        if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
            return f"{host} has no certificate this runner trusts"
        if isinstance(error, requests.ConnectionError):
            inner = getattr(error.args[0], "reason", None) if error.args else None
            if isinstance(inner, NameResolutionError):
                return f"the name {host} is not known"
            if isinstance(inner, urllib3.exceptions.NewConnectionError):
                return f"{host} takes no connection"
        return f"the connection to {host} broke off"


def follow(request: Request, answer: Answer, *, keep_https: bool) -> Request:
    """Where a redirect leads. A form is sent on by 307 and 308 alone, as browsers do.

    Raises Trouble where it would leave https although `keep_https`.
    """
    url = requote_uri(urljoin(request.url, _location(answer.headers["Location"])))
    if keep_https and request.url.startswith("https:") and not url.startswith("https:"):
        raise Trouble(Outcome.POLICY_DENIED, f"{_host(url)} leads a login out of https")
    if answer.status in {307, 308} or request.method == "GET":
        return Request(request.method, url, request.data)
    return Request("GET", url)


def status_words(status: int) -> str:
    """An HTTP status with its usual words: `404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _location(header: str) -> str:
    """Headers arrive as Latin-1; the addresses in them are UTF-8 where they are not plain ASCII."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the address"
