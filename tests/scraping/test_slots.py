"""How many jobs may work on a scraper's site at once."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from runners.models import Runner
from runners.protocol.messages import HeldJob
from runners.protocol.words import Reason
from scraping import beats, claims, jobs, offers, slots
from scraping.claims import Asker
from scraping.models import ScrapeJob, Scraper
from tests import make

pytestmark = pytest.mark.django_db

NOW = timezone.now() + timedelta(hours=1)


def claim(name: str, *, plain: bool = False) -> ScrapeJob | None:
    runner = Runner.objects.filter(name=name).first() or make.runner(name)
    return claims.claim_next(Asker(runner, plain=plain), now=NOW)


def claimed(name: str, *, plain: bool = False) -> ScrapeJob:
    job = claim(name, plain=plain)
    assert job is not None
    return job


def says(job: ScrapeJob, *working: str, seq: int | None = None) -> list[str]:
    """A beat with what the job works with; returns what it has to wait for."""
    assert job.runner is not None
    held = HeldJob(job_id=str(job.pk), working=list(working), seq=seq)
    lacking = beats.beat([held], runner=job.runner, now=NOW).lacking.get(str(job.pk))
    return slots.take(job.pk, lacking, runner=job.runner, now=NOW) if lacking else []


def working(job: ScrapeJob) -> list[str]:
    job.refresh_from_db()
    return sorted(job.working)


class TestBeginning:
    @pytest.fixture(autouse=True)
    def _scrapers(self) -> None:
        make.scraper("acme", max_parallel_jobs=1)
        make.scraper("bradley")

    def test_a_job_whose_only_site_is_full_waits(self) -> None:
        make.job()
        waiting = make.job()
        first = claimed("one")
        assert claim("two") is None
        jobs.complete(first, at=NOW)
        assert claim("two") == waiting

    def test_jobs_begin_with_different_scrapers(self) -> None:
        for _ in range(2):
            make.job(scrapers=["acme", "bradley"])
        assert working(claimed("one")) == ["acme"]
        assert working(claimed("two")) == ["bradley"]

    def test_a_full_site_keeps_no_other_job_waiting(self) -> None:
        make.job(turn=NOW - timedelta(hours=2))
        make.job(turn=NOW - timedelta(hours=1))
        other = make.job(scrapers=["bradley"], turn=NOW)
        claimed("one")
        assert claim("two") == other

    def test_a_plain_client_holds_all_its_scrapers_to_the_end(self) -> None:
        make.job(scrapers=["acme", "bradley"])
        make.job(scrapers=["acme", "bradley"])
        first = claimed("one", plain=True)
        assert working(first) == ["acme", "bradley"]
        assert claim("two", plain=True) is None
        assert working(claimed("three")) == ["bradley"]

    def test_a_lost_job_holds_nothing(self) -> None:
        make.job()
        waiting = make.job()
        jobs.fail(claimed("one"), reason=Reason.INTERRUPTED, at=NOW)
        assert claim("two") == waiting


class TestGoingOn:
    @pytest.fixture(autouse=True)
    def _scrapers(self) -> None:
        make.scraper("acme", max_parallel_jobs=1)
        make.scraper("bradley", max_parallel_jobs=1)
        make.scraper("coastal")

    def two(self) -> tuple[ScrapeJob, ScrapeJob]:
        for hours in (2, 1):
            make.job(scrapers=["acme", "bradley", "coastal"], turn=NOW - timedelta(hours=hours))
        return claimed("one"), claimed("two")

    def test_what_a_beat_does_not_name_is_free(self) -> None:
        first, second = self.two()
        assert says(second, "acme", "bradley") == ["acme"]
        assert says(first, "coastal") == []
        assert says(second, "acme", "bradley") == []
        assert (working(first), working(second)) == (["coastal"], ["acme", "bradley"])

    def test_a_step_says_what_it_works_with_where_nothing_else_does(self) -> None:
        first, second = self.two()
        assert first.runner is not None
        beats.beat([HeldJob(job_id=str(first.pk), step="coastal 072705115310")], runner=first.runner)
        assert says(second, "acme") == []

    def test_a_beat_that_comes_late_takes_nothing_back(self) -> None:
        first, _second = self.two()
        says(first, "acme", "coastal", seq=2)
        says(first, "coastal", seq=1)
        assert working(first) == ["acme", "coastal"]

    def test_a_repeated_wish_is_granted_again(self) -> None:
        first, _second = self.two()
        assert says(first, "acme", seq=1) == says(first, "acme", seq=2) == []

    def test_the_job_with_the_earlier_turn_is_served_first(self) -> None:
        first, second = self.two()
        make.job(scrapers=["coastal", "bradley"])
        third = claimed("three")
        assert says(third, "bradley") == ["bradley"]
        assert says(first, "acme", "bradley") == ["bradley"]
        says(second, "coastal")
        assert says(third, "bradley") == ["bradley"]
        assert says(first, "acme", "bradley") == []

    def test_a_job_at_work_that_waits_comes_before_a_new_one(self) -> None:
        first, second = self.two()
        says(first, "acme", "bradley")
        make.job(scrapers=["bradley"])
        jobs.complete(ScrapeJob.objects.get(pk=second.pk), at=NOW)
        assert claim("three") is None
        assert says(first, "bradley") == []
        assert says(first) == []
        assert claim("three") is not None

    def test_waiting_is_no_standstill(self) -> None:
        first, _second = self.two()
        ScrapeJob.objects.filter(pk=first.pk).update(progress_at=NOW - timedelta(hours=1))
        says(first, "acme", "bradley")
        first.refresh_from_db()
        assert first.progress_at == NOW

    def test_without_its_limit_a_scraper_keeps_nobody_waiting(self) -> None:
        first, _second = self.two()
        Scraper.objects.update(max_parallel_jobs=None)
        assert says(first, "acme", "bradley", "coastal") == []
        assert working(first) == ["acme", "bradley", "coastal"]

    def test_a_scraper_of_another_job_is_nobodys(self) -> None:
        first, _second = self.two()
        make.scraper("delta", max_parallel_jobs=1)
        says(first, "delta", "acme")
        assert working(first) == ["acme"]

    def test_a_process_that_begins_anew_frees_by_its_first_beat(self) -> None:
        first, _second = self.two()
        says(first, "acme", seq=7)
        assert first.runner is not None
        assert beats.resume([str(first.pk)], runner=first.runner) == {str(first.pk): "ok"}
        assert working(first) == ["acme"]
        says(first, seq=offers.offer(ScrapeJob.objects.get(pk=first.pk)).beats + 1000)
        assert working(first) == []

    def test_a_late_beat_of_the_process_before_takes_nothing_back(self) -> None:
        first, _second = self.two()
        says(first, "acme", seq=7)
        assert first.runner is not None
        beats.resume([str(first.pk)], runner=first.runner)
        says(first, "acme", seq=1007)
        says(first, "coastal", seq=8)
        assert working(first) == ["acme"]

    def test_a_late_word_of_what_a_process_holds_takes_nothing_back(self) -> None:
        first, _second = self.two()
        says(first, "acme", seq=1)
        assert first.runner is not None
        beats.resume([str(first.pk)], runner=first.runner)
        assert working(first) == ["acme"]


def _holders(slug: str) -> int:
    return ScrapeJob.objects.filter(status="running", working__contains=[slug]).count()


def _rounds(name: str, slugs: Sequence[str]) -> int:
    """Claim and end jobs until none is to be had; returns the most holders it ever saw."""
    most = 0
    try:
        runner = Runner.objects.get(name=name)
        for _ in range(400):
            with transaction.atomic():
                job = claims.claim_next(Asker(runner), now=NOW)
            most = max(most, *(_holders(slug) for slug in slugs))
            if job is not None:
                with transaction.atomic():
                    jobs.complete(job, at=NOW)
            elif not ScrapeJob.objects.filter(status="pending").exists():
                break
    finally:
        connection.close()
    return most


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("limit", [1, 2])
def test_a_limit_holds_while_many_claim_at_once(limit: int) -> None:
    make.scraper("acme", max_parallel_jobs=limit)
    for number in range(40):
        make.job(skus=[f"sku-{number}"])
    names = [f"runner-{number}" for number in range(6)]
    for name in names:
        make.runner(name)
    with ThreadPoolExecutor(len(names)) as threads:
        most = max(threads.map(lambda name: _rounds(name, ["acme"]), names))
    assert most == limit
    assert not ScrapeJob.objects.exclude(status="completed").exists()


def test_a_flood_of_others_starves_nobody() -> None:
    """Nine jobs of another scraper for each of ours: turn decides, so ours waits only for those that came before."""
    make.scraper("acme", max_parallel_jobs=1)
    make.scraper("flood")
    for number in range(50):
        slug = "acme" if number % 10 == 9 else "flood"
        make.job(scrapers=[slug], turn=NOW - timedelta(hours=1) + timedelta(seconds=number))
    order = []
    for _ in range(50):
        job = claimed("one")
        order.append(job.scrapers[0])
        jobs.complete(job, at=NOW)
    assert [number for number, slug in enumerate(order) if slug == "acme"] == [9, 19, 29, 39, 49]
