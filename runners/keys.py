"""Keys of runners: issued once, shown once, verified by digest, revoked for good."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import DateTimeField, Q, Value
from django.db.models.functions import Now

from runners.models import Runner, RunnerKey

PREFIX = "bsr_"
TOUCH_EVERY = timedelta(seconds=60)


class KeyRefusedError(Exception):
    """A key that lets nobody in; `code` is the wire's word for why."""

    code = "unauthorized"


class KeyUnknownError(KeyRefusedError):
    code = "unauthorized"


class KeyExpiredError(KeyRefusedError):
    code = "key_expired"


class KeyRevokedError(KeyRefusedError):
    code = "key_revoked"


def digest(secret: str) -> str:
    """SHA-256 in hex. The secret has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def issue(
    runner: Runner, *, allowed_scrapers: list[str] | None, expires_at: datetime | None = None, by: User | None = None
) -> tuple[RunnerKey, str]:
    """Make a key; the second value is the secret, which is stored nowhere."""
    secret = PREFIX + secrets.token_urlsafe(32)
    key = RunnerKey.objects.create(
        runner=runner,
        prefix=secret[:10],
        digest=digest(secret),
        allowed_scrapers=allowed_scrapers,
        expires_at=expires_at,
        created_by=by,
    )
    return key, secret


def verify(secret: str, *, now: datetime | None = None) -> RunnerKey:
    """Return the key that `secret` is; when it expires, the database's clock says.

    Raises KeyUnknownError, KeyExpiredError or KeyRevokedError.
    """
    asked = Now() if now is None else Value(now, output_field=DateTimeField())
    key = RunnerKey.objects.select_related("runner").annotate(asked=asked).filter(digest=digest(secret)).first()
    if key is None:
        raise KeyUnknownError
    if key.revoked_at is not None:
        raise KeyRevokedError
    if key.expires_at is not None and key.expires_at <= key.asked:
        raise KeyExpiredError
    _touch(key, key.asked)
    return key


def _touch(key: RunnerKey, now: datetime) -> None:
    """Note the use at most once a minute: a poll a second should not be a write a second."""
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - TOUCH_EVERY)
    if key.last_used_at is None or key.last_used_at < now - TOUCH_EVERY:
        RunnerKey.objects.filter(stale, pk=key.pk).update(last_used_at=now)


def revoke(key: RunnerKey) -> bool:
    """End a key for good. False when somebody else already had."""
    return RunnerKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()) == 1
