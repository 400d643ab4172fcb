"""The runner API over HTTP: one call a method, one try a call, redirects never followed."""

import ipaddress
import time
from collections.abc import Callable, Sequence
from http.cookiejar import DefaultCookiePolicy
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

import requests
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from runners.agent.answers import Away, problem
from runners.agent.session import Session
from runners.agent.waiting import backoff
from runners.protocol.messages import (
    Callback,
    CallbackAnswer,
    Heartbeat,
    HeartbeatAnswer,
    JobOffer,
    LogLine,
    LogsAnswer,
    LogsRequest,
    PollAnswer,
    PollRequest,
)

API: Final = "/api/scraper/v1"
CALLBACK: Final = "/api/admin/scraping/callback"
MOST_BYTES: Final = 64 * 1024 * 1024
_SECRETS: Final = TypeAdapter(dict[str, str])
_Answer = TypeVar("_Answer", bound=BaseModel)
_Result = TypeVar("_Result")


class _Key(AuthBase):
    """Sends the key; being an `auth`, it also keeps requests from adding a password out of .netrc."""

    def __init__(self, key: str) -> None:
        self._key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["X-API-Key"] = self._key
        return request


class Client:
    """A server and the key it knows us by. Safe to use from several threads.

    Every method raises Away, KeyRefused, JobOver, TooLarge, Gap or Refused (see `answers`).
    """

    def __init__(self, url: str, key: str, *, timeout: float = 30.0, patience: float = 60.0) -> None:
        """`url` is the server's origin; it may keep silent for `timeout` seconds, and speak for `patience`."""
        self.url = url.rstrip("/")
        self._auth = _Key(key)
        self._timeout = timeout
        self._patience = patience
        # Shared by threads: its pool is made for that, and without cookies nothing else of it ever changes.
        self._session = Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def poll(self, request: PollRequest) -> PollAnswer:
        return self._post(f"{API}/poll", request, PollAnswer)

    def job(self, job_id: str) -> JobOffer:
        """The job once more; asking for it acknowledges it."""
        return self._read(self._call("GET", f"{API}/job", params={"job_id": job_id}), JobOffer)

    def heartbeat(self, beat: Heartbeat, *, timeout: float | None = None) -> HeartbeatAnswer:
        return self._post(f"{API}/heartbeat", beat, HeartbeatAnswer, timeout=timeout)

    def credentials(self, scraper: str) -> dict[str, str]:
        """The scraper's secrets by name: `username`, `password`, others."""
        body = self._call("GET", f"{API}/credentials", params={"scraper": scraper})
        try:
            return _SECRETS.validate_json(body)
        except ValidationError:
            # Not `from error`: its text would quote the secrets.
            raise Away("the server's answer is not one of ours") from None

    def logs(self, job_id: str, lines: Sequence[LogLine]) -> LogsAnswer:
        return self._post(f"{API}/logs", LogsRequest(job_id=job_id, logs=list(lines)), LogsAnswer)

    def callback(self, callback: Callback) -> CallbackAnswer:
        return self._post(CALLBACK, callback, CallbackAnswer)

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    def _post(self, path: str, message: BaseModel, answer: type[_Answer], *, timeout: float | None = None) -> _Answer:
        body = message.model_dump(mode="json", exclude_unset=True)
        return self._read(self._call("POST", path, body=body, timeout=timeout), answer)

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: JsonValue = None,
        params: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> bytes:
        try:
            with self._session.request(
                method,
                self.url + path,
                json=body,
                params=params,
                auth=self._auth,
                timeout=timeout or self._timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                said = self._body(response)
        except (requests.RequestException, HTTPError) as error:
            raise Away(f"no answer from {self.url} ({type(error).__name__})") from error
        if response.status_code != 200:
            raise problem(response.status_code, response.headers, said)
        return said

    def _body(self, response: requests.Response) -> bytes:
        """Read what arrives as it arrives: what stands in the server's place may never come to an end."""
        body, started = bytearray(), time.monotonic()
        while block := response.raw.read1(1 << 16, decode_content=True):
            body += block
            if len(body) > MOST_BYTES or time.monotonic() - started > self._patience:
                raise Away(f"the answer from {self.url} does not end")
        return bytes(body)

    def _read(self, body: bytes, answer: type[_Answer]) -> _Answer:
        try:
            return answer.model_validate_json(body)
        except ValidationError as error:
            raise Away("the server's answer is not one of ours") from error


def origin(url: str, *, plain_http: bool = False) -> str:
    """The server's origin out of what an operator wrote. Raises ValueError with a sentence.

    Plain http shows the key and every result to the network between; beyond loopback it must be asked for.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
        raise ValueError("it must be an http or https address, like https://baystate.example")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("it must be an origin alone, without a user name, a query or a fragment")
    if parts.scheme == "http" and not plain_http and not _is_loopback(parts.hostname):
        raise ValueError("plain http would show the key to the network; use https, or --allow-plain-http if you must")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _has_port(parts: SplitResult) -> bool:
    """Whether its port is one; the scheme's own will do."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def until_answered(
    call: Callable[[], _Result], *, pause: Callable[[float], bool], away: Callable[[Away], None] = lambda error: None
) -> _Result:
    """Repeat `call` while the server is away, with backoff and jitter or as it asks.

    `pause` waits that many seconds and says True to give up: then the last Away is raised. `away` hears of each.
    """
    attempt = 0
    while True:
        try:
            return call()
        except Away as error:
            attempt += 1
            away(error)
            if pause(error.wait or backoff(attempt)):
                raise
