"""The runner API's six doors: each parses, makes one call, answers; what is more than a statement is a transaction."""

from contextlib import suppress
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from runners import presence
from runners.models import Runner, RunnerKey
from runners.protocol.messages import (
    Callback,
    CallbackAnswer,
    Heartbeat,
    HeartbeatAnswer,
    HeldJob,
    JobOffer,
    LogsAnswer,
    LogsRequest,
    Message,
    PollAnswer,
    PollRequest,
)
from runners.protocol.values import clean_text
from runners.protocol.words import RunnerStatus
from scraping import beats, claims, credentials, doors, intake, meters, offers, slots
from scraping.api import authentication, schema, throttling
from scraping.api.parsers import MAX_CALLBACK_BYTES
from scraping.refusals import FenceError, LogGapError

MOST = 2**31 - 1
_HELD = {beats.OK: "keep", beats.CANCEL: "cancel", beats.LOST: "lost"}


class AlwaysJSON(BaseContentNegotiation):
    """Whatever a client accepts, it gets JSON: some HTTP libraries ask for text/plain."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        renderer: BaseRenderer = renderers[0]
        return renderer, renderer.media_type


class RunnerView(APIView):
    """What the doors share: the key, its runner, answers as JSON."""

    content_negotiation_class = AlwaysJSON

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """A chunked body has no length; REST framework would take it for none."""
        request.META.setdefault("CONTENT_LENGTH", "-1")
        return super().initialize_request(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        throttling.enter(request, authentication.secret(request), lambda: request.user)

    def key(self, request: Request) -> RunnerKey:
        assert isinstance(request.auth, RunnerKey), "IsRunner lets nobody else in"
        return request.auth

    def runner(self, request: Request) -> Runner:
        return self.key(request).runner


def _json(message: Message) -> Response:
    return Response(message.model_dump(mode="json", exclude_none=True))


class PollView(RunnerView):
    """Is there something to do?"""

    @schema.describe(reads=PollRequest, answers=PollAnswer)
    def post(self, request: Request) -> Response:
        asked = PollRequest.model_validate(request.data)
        answer = self._answer(self.key(request), asked)
        return Response({"job": None} | answer.model_dump(mode="json", exclude_none=True))

    def _answer(self, key: RunnerKey, asked: PollRequest) -> PollAnswer:
        answers = beats.resume(asked.holding, runner=key.runner) if asked.holding else {}
        holds = any(word != beats.LOST for word in answers.values())
        # a process that came back goes on with what it holds before it gets more
        job = None if holds else claims.claim_next(_asker(key, asked), job_id=asked.job_id)
        status = RunnerStatus.BUSY if job or holds else RunnerStatus.POLLING
        presence.note(key.runner, status=status, **_said(asked))
        return PollAnswer(
            job=offers.offer(job) if job else None,
            held={job_id: _HELD[word] for job_id, word in answers.items()} if asked.holding is not None else None,
        )


def _asker(key: RunnerKey, asked: PollRequest) -> claims.Asker:
    return claims.Asker(
        runner=key.runner,
        allowed=key.allowed_scrapers,
        schema_version=asked.schema_version,
        capabilities=None if asked.capabilities is None else frozenset(asked.capabilities),
        plain=asked.plain,
    )


def _said(asked: PollRequest) -> dict[str, Any]:
    """What a poll tells of the runner itself, as its columns hold it."""
    newest = asked.schema_version
    said: dict[str, Any] = {"schema_version": None if newest is None else min(max(newest, 0), MOST)}
    if asked.version is not None:
        said["version"] = asked.version[:50]
    if asked.capabilities is not None:
        said["capabilities"] = [name[:50] for name in asked.capabilities[:20]]
    return said


class JobView(RunnerView):
    """The job once more; asking for it acknowledges it."""

    @schema.describe(answers=JobOffer, parameters=[schema.JOB_ID], refusals=schema.JOB)
    def get(self, request: Request) -> Response:
        job_id = request.query_params.get("job_id", "")
        if not job_id:
            raise ParseError("job_id is missing.")
        job = claims.acknowledge(job_id, runner=self.runner(request))
        presence.note(self.runner(request))
        return _json(offers.offer(job))


class HeartbeatView(RunnerView):
    """A runner is alive, and so are the jobs it holds. Waits for no lock, so it sets no limit to waiting."""

    @schema.describe(reads=Heartbeat, answers=HeartbeatAnswer)
    def post(self, request: Request) -> Response:
        said = Heartbeat.model_validate(request.data)
        held = list(said.jobs or [])
        if said.current_job_id and said.current_job_id not in {job.job_id for job in held}:
            held.append(HeldJob(job_id=said.current_job_id))
        with transaction.atomic(durable=True):
            presence.note(self.runner(request), **_condition(said))
            heard = beats.beat(held, runner=self.runner(request))
        answer = HeartbeatAnswer(
            timestamp=timezone.now(),
            jobs=heard.words,
            wait=self._wait(request, heard.lacking) or None,
            heartbeat_seconds=settings.HEARTBEAT_SECONDS,
        )
        return _json(answer)

    def _wait(self, request: Request, lacking: dict[str, list[str]]) -> dict[str, list[str]]:
        """Of the limited scrapers that jobs want to begin with, those they have to wait for."""
        wait = {}
        for job_id, slugs in lacking.items():
            with suppress(FenceError), doors.transact():  # ended meanwhile: its next message is told so
                wait[job_id] = slots.take(job_id, slugs, runner=self.runner(request))
        return {job_id: slugs for job_id, slugs in wait.items() if slugs}


def _condition(said: Heartbeat) -> dict[str, Any]:
    """What a beat tells of the runner itself, as its columns hold it."""
    told: dict[str, Any] = {"status": RunnerStatus.DRAINING if said.draining else said.status}
    told["last_words"] = "Its disk is full: it claims nothing until there is room." if said.disk_full else ""
    if said.memory_usage_mb is not None:
        told["memory_mb"] = round(said.memory_usage_mb)
    if said.jobs_completed is not None:
        told["jobs_completed"] = said.jobs_completed
    return told


class CredentialsView(RunnerView):
    """The secrets of a scraper that the runner is working with."""

    @schema.describe(answers=schema.SECRETS, parameters=[schema.SCRAPER], refusals=schema.NO_SECRETS)
    def get(self, request: Request, slug: str = "") -> Response:
        slug = clean_text(slug or request.query_params.get("scraper", ""))
        if not slug:
            raise ParseError("scraper is missing.")
        with doors.transact():
            secrets = credentials.read(slug, key=self.key(request))
        return Response(secrets, headers={"Cache-Control": "no-store"})


class LogsView(RunnerView):
    """Log lines of a job."""

    @schema.describe(
        reads=LogsRequest,
        answers=LogsAnswer,
        refusals=schema.LINES,
    )
    def post(self, request: Request) -> Response:
        sent = LogsRequest.model_validate(request.data)
        with transaction.atomic(durable=True):
            logged = intake.log(sent.job_id, sent.logs, runner=self.runner(request))
            presence.note(self.runner(request))
        if logged.expected is not None:
            raise LogGapError(expected=logged.expected)
        numbered = any(line.seq is not None for line in sent.logs)
        acked = logged.acked if numbered else None
        return _json(LogsAnswer(count=logged.count, acked=acked, truncated=logged.truncated or None))


class CallbackView(RunnerView):
    """Results of a job, and its end."""

    max_bytes: ClassVar[int] = MAX_CALLBACK_BYTES

    def handle_exception(self, exc: Exception) -> Response:
        answer = super().handle_exception(exc)
        meters.refused.labels(answer.data["code"]).inc()
        return answer

    @schema.describe(reads=Callback, answers=CallbackAnswer, refusals=schema.JOB)
    def post(self, request: Request) -> Response:
        message = Callback.model_validate(request.data)
        with transaction.atomic(durable=True):
            answer = intake.callback(message, runner=self.runner(request))
            presence.note(self.runner(request))
        return Response(answer)


class SchemaView(RunnerView):
    """What all of this looks like, for programs. It holds no secret: anybody may read it."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(schema.document())


@extend_schema(exclude=True)
class UnknownView(RunnerView):
    """Any other address under /api/."""

    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise NotFound("There is nothing at this address.")
