"""Secrets of distributor sites."""

import logging

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django import Settings

from runners.keys import verify
from runners.models import RunnerKey
from scraping import credentials, jobs
from scraping.models import CredentialRead, Scraper, ScraperCredential
from scraping.refusals import NoCredentialsError, NoJobError, ScraperNotAllowedError
from tests import make

pytestmark = pytest.mark.django_db

SECRETS = {"username": "shop", "password": "canary-7x"}


@pytest.fixture
def bradley() -> Scraper:
    scraper = make.scraper("bradley")
    credentials.store(scraper, SECRETS)
    return scraper


def key(*, allowed: list[str] | None = None) -> RunnerKey:
    """A key whose runner works with bradley now."""
    runner = make.runner()
    make.running_job(runner, scrapers=["acme", "bradley"])
    return verify(make.key(runner, scrapers=allowed))


@pytest.mark.usefixtures("bradley")
def test_a_runner_reads_what_was_stored_and_the_reading_is_recorded() -> None:
    asking = key()
    assert credentials.read("bradley", key=asking) == SECRETS
    read = CredentialRead.objects.get()
    assert (read.key, read.scraper.slug, read.job.runner) == (asking, "bradley", asking.runner)


def test_nothing_readable_is_stored(bradley: Scraper) -> None:
    stored = ScraperCredential.objects.get(scraper=bradley).secret
    assert "canary" not in stored
    assert Fernet(b"dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=").decrypt(stored)


def test_storing_again_replaces(bradley: Scraper) -> None:
    user = make.staff()
    credentials.store(bradley, {"username": "other"}, by=user)
    assert credentials.read("bradley", key=key()) == {"username": "other"}
    assert ScraperCredential.objects.get().updated_by == user


@pytest.mark.usefixtures("bradley")
def test_a_key_that_may_not_use_the_scraper_reads_nothing() -> None:
    with pytest.raises(ScraperNotAllowedError):
        credentials.read("bradley", key=key(allowed=["acme"]))


@pytest.mark.usefixtures("bradley")
def test_without_a_running_job_that_needs_them_there_are_none() -> None:
    asking = key()
    job = asking.runner.jobs.get()
    jobs.complete(job, at=job.started_at or job.created_at)
    make.running_job(asking.runner, scrapers=["acme"])
    with pytest.raises(NoJobError):
        credentials.read("bradley", key=asking)
    assert not CredentialRead.objects.exists()


def test_a_scraper_without_credentials_says_so() -> None:
    make.scraper("bradley")
    with pytest.raises(NoCredentialsError):
        credentials.read("bradley", key=key())


@pytest.mark.usefixtures("bradley")
def test_keys_are_rotated(settings: Settings) -> None:
    new, old = Fernet.generate_key().decode(), settings.CREDENTIAL_KEYS[0]
    settings.CREDENTIAL_KEYS = [new, old]
    assert credentials.rotate() == 1
    settings.CREDENTIAL_KEYS = [new]
    assert credentials.read("bradley", key=key()) == SECRETS


@pytest.mark.django_db(transaction=True)
def test_the_command_rotates_all_or_none(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    credentials.store(make.scraper("bradley"), SECRETS)
    first = ScraperCredential.objects.get().secret
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="nothing was changed"):
        call_command("rotate_credentials")
    assert ScraperCredential.objects.get().secret == first
    credentials.store(Scraper.objects.get(), SECRETS)
    call_command("rotate_credentials")
    assert capsys.readouterr().out == "1 encrypted with the first key\n"


@pytest.mark.usefixtures("bradley")
def test_what_no_key_opens_is_as_good_as_none_and_is_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with caplog.at_level(logging.ERROR), pytest.raises(NoCredentialsError):
        credentials.read("bradley", key=key())
    assert "none of BAYSTATE_CREDENTIAL_KEYS opens them" in caplog.text


@pytest.mark.parametrize("keys", [[], ["too short"]])
def test_nonsense_keys_are_refused_without_being_shown(settings: Settings, keys: list[str]) -> None:
    settings.CREDENTIAL_KEYS = keys
    with pytest.raises(ImproperlyConfigured, match="BAYSTATE_CREDENTIAL_KEYS") as refused:
        credentials.store(make.scraper(), SECRETS)
    assert "too short" not in str(refused.value)
