"""A key leaked."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runners import keys
from runners.models import Runner, RunnerKey
from scraping import claims, leaks, why
from scraping.claims import Asker
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


def key_of(runner: Runner) -> RunnerKey:
    return keys.issue(runner, allowed_scrapers=None)[0]


def test_its_runners_jobs_can_be_claimed_by_others_at_once() -> None:
    make.scraper()
    office, shop = make.runner("office"), make.runner("shop")
    key = key_of(office)
    job = make.running_job(office, skus=["1", "2"], attempt=3)
    make.result(job, sku="1")
    other = make.running_job(shop, skus=["3"])
    revoked = leaks.revoke(key, hand_on=True)
    assert (revoked.ended, revoked.handed_on) == (True, [job])
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "interrupted")
    assert f"The key {key} of office was revoked." in job.error
    heir = claims.claim_next(Asker(shop))
    assert heir is not None
    assert (heir.retry_of, heir.skus) == (job, ["2"])
    assert why.sentence(job).startswith("It was taken back from office")
    other.refresh_from_db()
    assert other.status == "running"


def test_a_job_that_got_nowhere_is_not_charged_for_it() -> None:
    office = make.runner("office")
    make.running_job(office, attempt=2)
    leaks.revoke(key_of(office), hand_on=True)
    assert ScrapeJob.objects.get(status="pending").attempt == 2


def test_where_another_key_works_staff_choose() -> None:
    office = make.runner("office")
    leaked, _fresh = key_of(office), key_of(office)
    job = make.running_job(office)
    assert leaks.revoke(leaked, hand_on=False).handed_on == ()
    job.refresh_from_db()
    assert job.status == "running"


@pytest.mark.parametrize("ended", ["revoked_at", "expires_at"])
def test_where_no_other_key_lets_the_runner_in_its_jobs_are_handed_on(ended: str) -> None:
    office = make.runner("office")
    leaked, old = key_of(office), key_of(office)
    RunnerKey.objects.filter(pk=old.pk).update(**{ended: timezone.now() - timedelta(hours=1)})
    job = make.running_job(office)
    assert leaks.revoke(leaked, hand_on=False).handed_on == [job]


def test_the_next_request_is_refused() -> None:
    office = make.runner("office")
    secret = make.key(office)
    assert make.api(secret).post("/api/scraper/v1/poll", {}, format="json").status_code == 200
    leaks.revoke(RunnerKey.objects.get(), hand_on=True)
    refused = make.api(secret).post("/api/scraper/v1/poll", {}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (403, "key_revoked")


class TestThePage:
    @pytest.fixture
    def manager(self, client: Client) -> Client:
        client.force_login(make.staff("runners.view_runner", "runners.manage_runners", "scraping.view_scraper"))
        return client

    def of(self, key: RunnerKey) -> str:
        return reverse("admin:runners_runnerkey_revoke", args=[key.pk])

    def test_it_says_what_becomes_of_the_jobs(self, manager: Client) -> None:
        office = make.runner("office")
        leaked = key_of(office)
        make.running_job(office)
        page = manager.get(self.of(leaked)).content.decode()
        assert "It is the only valid key of office" in page
        assert "hand_on" not in page
        fresh = key_of(office)
        page = manager.get(self.of(leaked)).content.decode()
        assert f"office has another valid key ({fresh})" in page
        assert 'name="hand_on" checked' in page

    def test_unticked_the_jobs_stay(self, manager: Client) -> None:
        office = make.runner("office")
        leaked, _fresh = key_of(office), key_of(office)
        job = make.running_job(office)
        manager.post(self.of(leaked), {})
        job.refresh_from_db()
        assert job.status == "running"

    def test_it_lists_the_passwords_with_when_and_for_which_job(self, manager: Client) -> None:
        scraper, office = make.scraper(), make.runner("office")
        key = key_of(office)
        one, two = make.running_job(office), make.running_job(office, skus=["2"])
        for job in (one, one, two):
            key.credential_reads.create(scraper=scraper, job=job)
        page = manager.post(self.of(key), {"hand_on": "on"}).content.decode()
        assert "2 jobs were handed on" in page
        table = page.split("change these at their sites")[1]
        assert table.count(f">{one.short}<") == table.count(f">{two.short}<") == 1
        assert table.count("data-when") == 2
        assert table.count(">acme<") == 1
