"""One message when something begins to need attention, one when it is over, to whoever is told."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.fixtures import Settings

from scraping import alerts, announcing, scrapers, tasks
from scraping.models import ScrapeAlert, Scraper
from tests import make
from tests.runners.wire import Reply, Wire, serving

pytestmark = pytest.mark.django_db

NOON = timezone.now()
PATH = "/hook/secret-path"


class Hook:
    """A loopback webhook; `status` is what it answers."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.status = 200

    def heard(self) -> list[tuple[str, str]]:
        return [(one["key"], one["state"]) for asked in self.wire.asked for one in asked.json["alerts"]]


@pytest.fixture
def hook(settings: Settings) -> Iterator[Hook]:
    with serving(lambda asked: Reply("", hooked.status)) as wire:
        hooked = Hook(wire)
        settings.ALERT_WEBHOOK = f"{wire.url}{PATH}"
        settings.PUBLIC_URL = "https://baystate.example"
        yield hooked


@pytest.fixture
def paused() -> Scraper:
    scraper = make.scraper()
    scrapers.pause(scraper, reason="Two logins were refused.")
    return scraper


def after(**time: float) -> datetime:
    return NOON + timedelta(**time)


def test_it_is_told_once_when_it_begins_and_once_when_it_is_over(hook: Hook, paused: Scraper) -> None:
    for minute in range(3):
        alerts.work(now=after(minutes=minute))
    assert hook.heard() == [("paused:acme", "begun")]
    scrapers.resume(paused)
    for minute in range(3, 20):
        alerts.work(now=after(minutes=minute))
    assert hook.heard() == [("paused:acme", "begun"), ("paused:acme", "over")]
    assert ScrapeAlert.objects.get().over_at == after(minutes=3)


def test_it_says_what_whose_since_when_and_what_to_do(hook: Hook, paused: Scraper) -> None:
    alerts.work(now=NOON)
    said = hook.wire.asked[0].json
    page = f"https://baystate.example/admin/scraping/scraper/{paused.pk}/change/"
    assert said["text"].startswith("BayState: paused, acme\n\npaused, acme, since 20")
    assert f"Two logins were refused. Jobs that need it wait until it is resumed.\nOpen scraper: {page}" in said["text"]
    assert said["alerts"][0]["url"] == page
    assert set(said["alerts"][0]) == {
        *["key", "state", "what", "subject", "sentence", "action", "url", "since", "over"]
    }


@pytest.mark.parametrize("status", [500, 404, 302, 301])
def test_what_the_webhook_does_not_take_is_told_again(
    hook: Hook, paused: Scraper, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = status
    alerts.work(now=NOON)
    assert ScrapeAlert.objects.get().trouble == {"webhook": f"it answers {status}"}
    assert "secret-path" not in caplog.text
    hook.status = 204
    alerts.work(now=after(minutes=1))
    alerts.work(now=after(minutes=2))
    assert len(hook.wire.asked) == 2
    alert = ScrapeAlert.objects.get()
    assert (alert.trouble, alert.told, alert.announced_at) == ({}, {"webhook": "begun"}, after(minutes=1))


def test_a_webhook_that_is_not_there_says_no_secret(paused: Scraper, settings: Settings) -> None:
    settings.ALERT_WEBHOOK = f"http://127.0.0.1:9{PATH}"
    alerts.work(now=NOON)
    assert ScrapeAlert.objects.get().trouble == {"webhook": "ConnectionError"}


def test_what_began_and_ended_while_nobody_could_be_told_is_told_after_all(hook: Hook, paused: Scraper) -> None:
    hook.status = 503
    alerts.work(now=NOON)
    scrapers.resume(paused)
    for minute in (1, 12):
        alerts.work(now=after(minutes=minute))
    hook.status = 200
    hook.wire.asked.clear()
    alerts.work(now=after(minutes=13))
    assert hook.heard() == [("paused:acme", "over")]


def test_what_comes_and_goes_is_one_alert(hook: Hook, paused: Scraper) -> None:
    for minute in range(0, 30, 2):
        alerts.work(now=after(minutes=minute))
        scrapers.resume(paused)
        alerts.work(now=after(minutes=minute + 1))
        scrapers.pause(paused, reason="again")
    assert hook.heard() == [("paused:acme", "begun")]


def test_what_comes_back_later_is_told_anew(hook: Hook, paused: Scraper) -> None:
    alerts.work(now=NOON)
    scrapers.resume(paused)
    for minute in (1, 12):
        alerts.work(now=after(minutes=minute))
    scrapers.pause(paused, reason="again")
    alerts.work(now=after(minutes=13))
    assert [state for _key, state in hook.heard()] == ["begun", "over", "begun"]


def test_many_at_once_are_one_message(hook: Hook) -> None:
    for number in range(60):
        scrapers.pause(make.scraper(f"s{number}"), reason="x")
    alerts.work(now=NOON)
    (asked,) = hook.wire.asked
    assert asked.json["text"].startswith("BayState: 60 things need attention\n")
    assert asked.json["text"].endswith("… and 10 more.")
    assert len(asked.json["alerts"]) == 60


def test_jobs_that_wait_for_the_same_are_one_alert_however_many_they_are(hook: Hook) -> None:
    make.scraper()
    make.job(run_after=after(minutes=-5))
    alerts.work(now=NOON)
    make.job(run_after=after(minutes=-5))
    alerts.work(now=after(minutes=1))
    assert [state for _key, state in hook.heard()] == ["begun"]


def test_a_second_worker_says_nothing(hook: Hook, paused: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "_is_mine", lambda: False)
    alerts.work(now=NOON)
    assert hook.heard() == []


def test_mail_goes_to_all_and_each_channel_is_told_by_itself(hook: Hook, paused: Scraper, settings: Settings) -> None:
    settings.ALERT_MAIL = ["ops@baystate.example", "maria@baystate.example"]
    hook.status = 500
    alerts.work(now=NOON)
    alerts.work(now=after(minutes=1))
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("BayState: paused, acme", settings.ALERT_MAIL)
    assert "Open scraper: https://baystate.example/admin/" in sent.body
    assert ScrapeAlert.objects.get().told == {"mail": "begun"}
    assert len(hook.wire.asked) == 2


def test_mail_that_cannot_leave_is_tried_again(
    paused: Scraper, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise ConnectionRefusedError

    settings.ALERT_MAIL = ["ops@baystate.example"]
    monkeypatch.setattr(announcing, "send_mail", refuse)
    alerts.work(now=NOON)
    monkeypatch.undo()
    assert ScrapeAlert.objects.get().trouble == {"mail": "ConnectionRefusedError"}
    settings.ALERT_MAIL = ["ops@baystate.example"]
    alerts.work(now=after(minutes=1))
    assert len(mail.outbox) == 1


def test_a_subject_is_one_line() -> None:
    alert = ScrapeAlert(word="paused", subject="a\nBcc: x@y", since=NOON)
    assert announcing.title([alert]) == "BayState: paused, a Bcc: x@y"


def test_where_nobody_is_to_be_told_nothing_is_looked_at(paused: Scraper) -> None:
    tasks.announce_alerts(0)
    assert not ScrapeAlert.objects.exists()
