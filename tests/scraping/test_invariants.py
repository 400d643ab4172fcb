"""What holds however jobs end: no unit is dropped, none is done twice, nothing waits for ever."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runners.protocol.words import Reason
from scraping import claims, jobs, recording, scrapers
from scraping.claims import Asker
from scraping.models import ScrapeJob, Scraper, ScrapeResult
from scraping.units import Unit
from tests import make

pytestmark = pytest.mark.django_db

NOW = timezone.now() + timedelta(hours=1)
SKUS, SLUGS = ["a", "b", "c"], ["acme", "bradley"]
UNITS = [(sku, slug) for sku in SKUS for slug in SLUGS]


@pytest.mark.parametrize("index", range(len(UNITS) + 1))
def test_a_runner_killed_at_any_unit_loses_nothing(index: int) -> None:
    job = make.running_job(make.runner(), skus=SKUS, scrapers=SLUGS)
    recording.record(job, [Unit(sku, slug, fields={"name": "x"}) for sku, slug in UNITS[:index]])
    in_hand = UNITS[index] if index < len(UNITS) else None
    job.step = f"{in_hand[1]} {in_hand[0]}" if in_hand else ""
    heir = jobs.fail(job, reason=Reason.INTERRUPTED, at=NOW)
    assert ScrapeResult.objects.filter(outcome="found").count() == index
    if in_hand is None:
        assert heir is None
        return
    assert heir is not None
    assert set(heir.skus) == {sku for sku, _slug in UNITS[index:]}
    assert heir.skus[-1] == in_hand[0]
    assert recording.open_units(heir) == sorted(UNITS[index:], key=lambda unit: unit[0] == in_hand[0])
    for slug in SLUGS:
        make.scraper(slug)
    taken = claims.claim_next(Asker(make.runner("other")), job_id=heir.pk, now=NOW)
    assert taken == heir
    assert taken is not None
    recording.record(taken, [Unit(sku, slug, fields={"name": "x"}) for sku, slug in recording.open_units(taken)])
    jobs.complete(taken, at=NOW)
    stored = ScrapeResult.objects.values_list("sku", "scraper")
    assert sorted(stored) == sorted(UNITS)


class TestTurns:
    """A turn is when a job was asked for, less what its priority is worth; it never moves, so waiting ages."""

    @pytest.mark.parametrize("limit", [None, 1])
    @pytest.mark.parametrize("ahead", [timedelta(), timedelta(minutes=10)])
    def test_nobody_starves_under_a_flood_that_never_ends(self, limit: int | None, ahead: timedelta) -> None:
        """Each minute nine jobs come and nine are done; those that come are worth `ahead` more than ours."""
        make.scraper("acme", max_parallel_jobs=limit)
        runner = make.runner()
        ours = make.job(skus=["ours"], turn=NOW)
        minutes = int(ahead.total_seconds() // 60) + 2
        for minute in range(minutes):
            now = NOW + timedelta(minutes=minute)
            for number in range(9):
                make.job(skus=[f"{minute}-{number}"], turn=now - ahead, run_after=now)
            for _ in range(9):
                job = claims.claim_next(Asker(runner), now=now)
                assert job is not None
                if job == ours:
                    return
                jobs.complete(job, at=now)
        pytest.fail(f"still waiting after {minutes} minutes")

    def test_a_job_at_work_that_waits_for_a_site_is_not_overtaken_for_ever(self) -> None:
        """Its wish is served before any job begins there, however early the turns of those are."""
        make.scraper("acme", max_parallel_jobs=1)
        make.scraper("bradley")
        first = make.job(skus=["1"], turn=NOW - timedelta(hours=2))
        mixed = make.job(skus=["2"], scrapers=["bradley", "acme"], turn=NOW)
        holder = claims.claim_next(Asker(make.runner("one")), job_id=first.pk, now=NOW)
        waiting = claims.claim_next(Asker(make.runner("two")), job_id=mixed.pk, now=NOW)
        assert holder is not None
        assert waiting is not None
        ScrapeJob.objects.filter(pk=waiting.pk).update(wanted=["acme"])
        for number in range(9):
            make.job(skus=[f"flood-{number}"], turn=NOW - timedelta(hours=3))
        jobs.complete(holder, at=NOW)
        assert claims.claim_next(Asker(make.runner("three")), now=NOW) is None


class TestLimits:
    def test_a_lowered_limit_lets_nobody_begin_until_there_is_room(self) -> None:
        make.scraper("acme", max_parallel_jobs=3)
        for number in range(5):
            make.job(skus=[str(number)])
        held = [claims.claim_next(Asker(make.runner(name)), now=NOW) for name in ("one", "two", "three")]
        Scraper.objects.update(max_parallel_jobs=1)
        late = Asker(make.runner("late"))
        for job in held:
            assert job is not None
            assert claims.claim_next(late, now=NOW) is None
            jobs.complete(job, at=NOW)
        assert claims.claim_next(late, now=NOW) is not None

    def test_a_limit_set_while_jobs_are_at_work_counts_them(self) -> None:
        make.scraper("acme")
        for number in range(3):
            make.job(skus=[str(number)])
        for name in ("one", "two"):
            assert claims.claim_next(Asker(make.runner(name)), now=NOW) is not None
        Scraper.objects.update(max_parallel_jobs=2)
        assert claims.claim_next(Asker(make.runner("late")), now=NOW) is None


def test_a_paused_scraper_or_runner_is_offered_nothing() -> None:
    scraper = make.scraper("acme")
    runner = make.runner()
    job = make.job()
    scrapers.pause(scraper, reason="x")
    assert claims.claim_next(Asker(runner), now=NOW) is None
    assert claims.claim_next(Asker(runner), job_id=job.pk, now=NOW) is None
    scrapers.resume(scraper)
    runner.paused = True
    assert claims.claim_next(Asker(runner), now=NOW) is None
    runner.paused = False
    assert claims.claim_next(Asker(runner), now=NOW) == job
