"""What staff may have looked up again."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from runners.models import RunnerKey
from runners.protocol.words import Outcome, Reason
from scraping import doors, jobs, retries, scrapers
from scraping.models import ScrapeBatch, ScrapeJob, Scraper, ScrapeResult
from scraping.refusals import BatchRefusedError
from scraping.retries import Retried
from tests import make

pytestmark = pytest.mark.django_db

USUAL = tuple(retries.USUAL)


@pytest.fixture(autouse=True)
def _fleet() -> None:
    for slug in ("acme", "bradley"):
        make.scraper(slug)
    make.key(make.runner())


def ended(units: dict[tuple[str, str], str], **values: object) -> ScrapeJob:
    """A completed job with these units: `{(sku, scraper): outcome}`."""
    skus, slugs = (list(dict.fromkeys(unit[place] for unit in units)) for place in (0, 1))
    number = ScrapeJob.objects.count()
    job = make.running_job(make.runner(f"runner-{number}"), skus=skus, scrapers=slugs, **values)
    for (sku, slug), outcome in units.items():
        make.result(job, sku=sku, scraper=slug, outcome=outcome)
    jobs.complete(job, at=timezone.now())
    return job


def retry(of: ScrapeJob | ScrapeBatch, outcomes: Collection[str] = USUAL) -> Retried:
    return retries.retry(of, outcomes=[Outcome(word) for word in outcomes], by=None)


def work(job: ScrapeJob) -> tuple[list[str], list[str]]:
    return job.skus, job.scrapers


class TestOfAJob:
    def test_every_outcome_but_found_is_offered_with_its_number(self) -> None:
        job = ended(
            {("1", "acme"): "network", ("2", "acme"): "network", ("3", "acme"): "found", ("4", "acme"): "blocked"}
        )
        assert retries.choices(job) == [(Outcome.BLOCKED, 1), (Outcome.NETWORK, 2)]

    def test_skus_that_lack_the_same_scrapers_go_together(self) -> None:
        job = ended(
            {
                ("1", "acme"): "network",
                ("1", "bradley"): "blocked",
                ("2", "acme"): "network",
                ("2", "bradley"): "found",
                ("3", "acme"): "network",
                ("3", "bradley"): "blocked",
                ("4", "acme"): "found",
                ("4", "bradley"): "not_found",
            },
            context={"2": {"name": "TWO"}},
        )
        made = retry(job).jobs
        assert [work(new) for new in made] == [(["1", "3"], ["acme", "bradley"]), (["2"], ["acme"])]
        for new in made:
            assert (new.root_id, new.retry_of_id, new.batch_id) == (new.pk, job.pk, job.batch_id)
            assert (new.status, new.attempt) == ("pending", 1)
        assert [new.total for new in made] == [4, 1]
        assert made[1].context == {"2": {"name": "TWO"}}

    def test_only_what_was_chosen_is_tried_again(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "acme"): "not_found"})
        assert [work(new) for new in retry(job, ["not_found"]).jobs] == [(["2"], ["acme"])]

    def test_what_was_found_is_never_tried_again(self) -> None:
        job = ended({("1", "acme"): "found", ("2", "acme"): "network"})
        with pytest.raises(BatchRefusedError, match="No unit is left"):
            retry(job, ["found"])

    def test_a_second_press_makes_nothing(self) -> None:
        job = ended({("1", "acme"): "network"})
        first = retry(job).jobs[0]
        with pytest.raises(BatchRefusedError, match=f"Already waiting in job {first.short}"):
            retry(job)

    def test_skus_of_open_jobs_are_left_out_and_named(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "acme"): "network"})
        other = make.job(skus=["2"])
        retried = retry(job)
        assert [new.skus for new in retried.jobs] == [["1"]]
        assert retried.left_out == {"2": f"Already waiting in job {other.short}."}

    def test_a_paused_scraper_is_left_out_with_a_sentence(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "bradley"): "network"})
        scrapers.pause(Scraper.objects.get(slug="acme"), reason="x")
        retried = retry(job, ["network"])
        assert [work(new) for new in retried.jobs] == [(["2"], ["bradley"])]
        assert retried.left_out == {"1": "Paused: acme. Resume it or leave it out."}

    def test_where_no_key_may_run_it_nothing_is_made(self) -> None:
        job = ended({("1", "acme"): "network"})
        RunnerKey.objects.update(revoked_at=timezone.now())
        with pytest.raises(BatchRefusedError, match="No single runner key"):
            retry(job)

    def test_a_job_at_work_is_not_retried(self) -> None:
        job = make.running_job(make.runner("office"))
        make.result(job, outcome="network")
        with pytest.raises(BatchRefusedError, match="not ended"):
            retry(job)

    def test_a_job_of_a_chain_answers_for_its_own_skus(self) -> None:
        root = make.running_job(make.runner("office"), skus=["1", "2"])
        make.result(root, sku="1", outcome="network")
        jobs.fail(root, reason=Reason.INTERRUPTED, at=timezone.now())
        heir = ScrapeJob.objects.get(retry_of=root)
        jobs.cancel(heir.pk)
        heir.refresh_from_db()
        assert retries.choices(heir) == [(Outcome.SKIPPED, 1)]
        assert retries.choices(root) == [(Outcome.NETWORK, 1), (Outcome.SKIPPED, 1)]
        (new,) = retry(heir).jobs
        assert (new.skus, new.retry_of) == (["2"], heir)

    def test_what_a_later_retry_looked_up_is_left_to_it(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "acme"): "network"})
        (new,) = retry(job).jobs
        make.result(new, sku="1", outcome="found")
        make.result(new, sku="2", outcome="blocked")
        jobs.cancel(new.pk)
        assert retries.choices(job) == []
        new.refresh_from_db()
        assert retries.choices(new) == [(Outcome.BLOCKED, 1)]

    def test_a_test_run_is_retried_as_one(self) -> None:
        job = ended({("1", "acme"): "network"}, test_mode=True)
        make.job(skus=["1"])
        assert retry(job).jobs[0].test_mode
        with pytest.raises(BatchRefusedError, match="Already waiting"):
            retry(job)

    def test_a_job_may_be_retried_again_and_again(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "acme"): "blocked"})
        retry(job, ["network"])
        retry(job, ["blocked"])
        assert sorted(new.skus for new in ScrapeJob.objects.filter(retry_of=job)) == [["1"], ["2"]]


class TestOfABatch:
    def test_it_retries_each_of_its_jobs(self) -> None:
        one = ended({("1", "acme"): "network"})
        two = ended({("2", "acme"): "unreported"}, batch=one.batch)
        ended({("3", "acme"): "network"})
        made = retry(one.batch).jobs
        assert {(new.retry_of_id, *new.skus) for new in made} == {(one.pk, "1"), (two.pk, "2")}

    def test_it_retries_the_end_of_a_chain(self) -> None:
        root = make.running_job(make.runner("office"), skus=["1", "2"])
        make.result(root, sku="1", outcome="network")
        jobs.fail(root, reason=Reason.INTERRUPTED, at=timezone.now())
        heir = ScrapeJob.objects.get(retry_of=root)
        jobs.cancel(heir.pk)
        (new,) = retry(root.batch).jobs
        assert (new.skus, new.retry_of) == (["1", "2"], heir)

    def test_only_how_a_unit_ended_last_counts(self) -> None:
        job = ended({("1", "acme"): "network", ("2", "acme"): "network"})
        (new,) = retry(job).jobs
        make.result(new, sku="1", outcome="found")
        make.result(new, sku="2", outcome="blocked")
        jobs.cancel(new.pk)
        assert retries.choices(job.batch) == [(Outcome.BLOCKED, 1)]
        (third,) = retry(job.batch).jobs
        assert (third.skus, third.retry_of) == (["2"], new)

    def test_its_first_jobs_still_share_its_skus_out(self) -> None:
        made = jobs.create_batch(skus=["1", "2", "3"], scrapers=["acme"], max_runners=2, context={}, by=None)
        assert made.batch is not None
        jobs.cancel_batch(made.batch)
        retry(made.batch)
        first = made.batch.jobs.filter(retry_of=None)
        assert sorted(sku for job in first for sku in job.skus) == ["1", "2", "3"]
        assert made.batch.jobs.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_set_of_jobs() -> None:
    job = ended({(str(number), "acme"): "network" for number in range(10)})

    def press(of: ScrapeJob | ScrapeBatch) -> int:
        try:
            with doors.transact():
                return len(retry(of).jobs)
        except BatchRefusedError:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(press, [job, job.batch, job, job.batch])) == 1
    assert ScrapeJob.objects.filter(status="pending").count() == 1
    assert ScrapeResult.objects.count() == 10
