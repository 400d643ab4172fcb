"""Secrets of distributor sites: encrypted at rest, given to the runner that needs them, each reading recorded."""

import json
import logging
from collections.abc import Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.db.models.functions import Now

from runners.models import RunnerKey
from runners.protocol.words import JobStatus
from scraping.models import CredentialRead, ScrapeJob, Scraper, ScraperCredential
from scraping.refusals import NoCredentialsError, NoJobError, ScraperNotAllowedError

logger = logging.getLogger(__name__)


def store(scraper: Scraper, secrets: Mapping[str, str], *, by: User | None = None) -> None:
    """Keep `secrets` (`{"username": …, "password": …}`) in place of what was stored."""
    token = _box().encrypt(json.dumps(dict(secrets)).encode()).decode()
    ScraperCredential.objects.update_or_create(scraper=scraper, defaults={"secret": token, "updated_by": by})


def read(slug: str, *, key: RunnerKey) -> dict[str, str]:
    """The secrets of a scraper, for a key whose runner works with it now; the reading is recorded.

    Raises ScraperNotAllowedError, NoJobError or NoCredentialsError. Needs a transaction.
    """
    if not key.allows([slug]):
        raise ScraperNotAllowedError(scraper=slug)
    held = ScrapeJob.objects.filter(runner_id=key.runner_id, status=JobStatus.RUNNING, scrapers__contains=[slug])
    job = held.order_by("-started_at", "id").first()
    if job is None:
        raise NoJobError(scraper=slug)
    stored = ScraperCredential.objects.filter(scraper__slug=slug).first()
    if stored is None:
        raise NoCredentialsError(scraper=slug)
    secrets = _open(stored)
    CredentialRead.objects.create(key=key, scraper_id=stored.pk, job=job)
    return secrets


def rotate() -> int:
    """Encrypt everything anew with the first key, so that the others can be retired; returns how many."""
    box = _box()
    rows = ScraperCredential.objects.order_by("pk").select_for_update(no_key=True)
    for stored in rows:
        token = box.rotate(stored.secret.encode()).decode()
        ScraperCredential.objects.filter(pk=stored.pk).update(secret=token, updated_at=Now())
    return len(rows)


def _open(stored: ScraperCredential) -> dict[str, str]:
    try:
        secrets: dict[str, str] = json.loads(_box().decrypt(stored.secret.encode()))
    except InvalidToken:
        logger.error("credentials of %s: none of BAYSTATE_CREDENTIAL_KEYS opens them", stored.pk)
        raise NoCredentialsError from None
    return secrets


def _box() -> MultiFernet:
    """Raises ImproperlyConfigured, without the key's value, where there is no key or it is none."""
    if not settings.CREDENTIAL_KEYS:
        raise ImproperlyConfigured("BAYSTATE_CREDENTIAL_KEYS is not set: credentials can be neither stored nor read.")
    try:
        return MultiFernet([Fernet(key) for key in settings.CREDENTIAL_KEYS])
    except ValueError:
        raise ImproperlyConfigured(
            "BAYSTATE_CREDENTIAL_KEYS holds something that is no Fernet key (32 bytes in url-safe base64)."
        ) from None
