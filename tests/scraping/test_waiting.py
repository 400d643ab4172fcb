"""Why nobody has a pending job."""

from datetime import timedelta

import pytest
from django.utils import timezone

from scraping import claims, waiting
from scraping.claims import Asker
from scraping.models import ScrapeJob, Scraper
from scraping.waiting import Cause
from tests import make

pytestmark = pytest.mark.django_db

LONG_AGO = timezone.now() - timedelta(minutes=10)


def held(job: ScrapeJob) -> tuple[Cause, str]:
    hold = waiting.holds([job])[job.pk]
    return hold.cause, hold.sentence


def test_an_unknown_job_is_not_asked_about() -> None:
    job = make.running_job(make.runner())
    assert waiting.holds([job]) == {}


def test_a_scraper_that_no_key_allows_is_named() -> None:
    make.scraper("acme")
    make.key(make.runner("office"), scrapers=["bradley"])
    job = make.job(scrapers=["acme", "bradley"])
    assert held(job) == (Cause.FORBIDDEN, "No runner’s key allows acme. Widen a key, or issue one for it.")
    make.key(make.runner("shop"), scrapers=["acme"])
    assert held(job)[1].startswith("No runner’s key allows acme, bradley together.")


def test_who_is_away_is_told_from_nobody_being_there() -> None:
    make.scraper("acme")
    make.key(make.runner("office", last_seen=LONG_AGO))
    job = make.job()
    assert held(job) == (Cause.NOBODY, "No runner is online. Start one of: office.")
    make.key(make.runner("shop"), scrapers=["bradley"])
    assert held(job) == (Cause.AWAY, "No runner that may take it is online. Start one of: office.")


def test_a_runner_that_is_too_old_says_so() -> None:
    make.scraper("acme", definition={"schema_version": 2})
    runner = make.runner("office", schema_version=1)
    make.key(runner)
    job = make.job()
    assert held(job)[0] == Cause.TOO_OLD
    assert "Update one of: office." in held(job)[1]
    assert claims.claim_next(Asker(runner, schema_version=1)) is None
    make.key(make.runner("new", schema_version=2))
    assert held(job)[0] == Cause.FREE


def test_a_capability_that_nobody_has_is_named() -> None:
    make.scraper("acme", definition={"engine": "http_then_browser"})
    make.key(make.runner("office", capabilities=["http"]))
    job = make.job()
    assert held(job) == (
        Cause.INCAPABLE,
        "acme needs http + browser, which none of the runners that may take it has: office.",
    )
    make.key(make.runner("shop", capabilities=["http", "browser"]))
    assert held(job)[0] == Cause.FREE


def test_two_that_each_can_a_half_are_not_enough() -> None:
    make.scraper("acme", definition={"schema_version": 2})
    make.scraper("bradley", definition={"engine": "browser"})
    make.key(make.runner("office", schema_version=2, capabilities=["http"]))
    make.key(make.runner("shop", schema_version=1, capabilities=["browser"]))
    cause, sentence = held(make.job(scrapers=["acme", "bradley"]))
    assert (cause, sentence.split(":")[0]) == (
        Cause.INCAPABLE,
        "No single runner that may take it can run acme, bradley together",
    )


@pytest.mark.parametrize(("values", "word"), [({"paused": True}, "paused"), ({"status": "draining"}, "about to stop")])
def test_runners_that_take_nothing_are_named(values: dict[str, object], word: str) -> None:
    make.scraper("acme")
    make.key(make.runner("office", **values))
    cause, sentence = held(make.job())
    assert cause == Cause.RESTING
    assert word in sentence


def test_a_limit_says_who_holds_the_slots() -> None:
    make.scraper("acme", max_parallel_jobs=1)
    office = make.runner("office")
    make.key(office)
    job = make.job()
    assert held(job)[0] == Cause.FREE
    make.running_job(office, skus=["2"], working=["acme"])
    assert held(job) == (Cause.FULL, "It waits for its turn: acme takes 1 job at once (now: office).")


def test_a_site_with_room_lets_a_job_begin() -> None:
    make.scraper("acme", max_parallel_jobs=1)
    make.scraper("bradley")
    office = make.runner("office")
    make.key(office)
    make.running_job(office, skus=["2"], working=["acme"])
    assert held(make.job(scrapers=["acme", "bradley"]))[0] == Cause.FREE


def test_a_wait_tells_the_moment_for_the_readers_zone() -> None:
    make.scraper("acme")
    make.key(make.runner("office"))
    job = make.job(run_after=timezone.now() + timedelta(minutes=3))
    cause, sentence = held(job)
    assert cause == Cause.LATER
    assert f'<time datetime="{job.run_after.isoformat()}" data-when>' in sentence


def test_a_paused_scraper_is_named() -> None:
    make.scraper("acme", state="paused")
    make.key(make.runner("office"))
    assert held(make.job()) == (Cause.PAUSED, "It waits because acme is paused. Resume it, or cancel this job.")


def test_four_questions_are_enough_for_any_number(django_assert_num_queries: object) -> None:
    make.scraper("acme", max_parallel_jobs=1)
    make.key(make.runner("office"))
    jobs = [make.job(skus=[str(number)]) for number in range(9)]
    with django_assert_num_queries(4):  # type: ignore[operator]
        assert len(waiting.holds(jobs)) == 9


def test_what_it_says_is_what_a_poll_does() -> None:
    """Whatever the sentence, a runner gets the job exactly where it is only a matter of asking."""
    Scraper.objects.all().delete()
    make.scraper("acme", max_parallel_jobs=1)
    runner = make.runner("office", schema_version=1, capabilities=["http"])
    make.key(runner)
    asker = Asker(runner, schema_version=1, capabilities=frozenset({"http"}))
    job = make.job()
    assert held(job)[0] == Cause.FREE
    first = claims.claim_next(asker)
    assert first == job
    second = make.job(skus=["2"])
    assert held(second)[0] == Cause.FULL
    assert claims.claim_next(asker) is None
