import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from scraping.models import ScrapeBatch, ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db
LIST = "/admin/pipeline/product/"


@pytest.fixture
def maria(client: Client) -> User:
    user = make.staff("pipeline.view_product")
    client.force_login(user)
    return user


def batch(by: User | None = None, *, jobs: int = 1, **values: Any) -> ScrapeBatch:
    made = ScrapeBatch.objects.create(scrapers=["acme"], sku_count=jobs, max_runners=3, requested_by=by, **values)
    for number in range(jobs):
        make.job(skus=[f"S{number}"], batch=made)
    return made


def banner(client: Client) -> str:
    html = client.get(f"{LIST}banner/").json()["parts"]["banner"]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def end(job: ScrapeJob) -> None:
    ScrapeJob.objects.filter(pk=job.pk).update(status="failed", reason="cancelled", completed_at=job.created_at)


def test_it_counts_the_open_jobs(client: Client, maria: User) -> None:
    made = batch(jobs=2)
    assert "Enhancement running: 2 jobs" in banner(client)
    end(made.jobs.all()[0])
    assert "Enhancement running: 1 job " in banner(client)
    end(made.jobs.get(status="pending"))
    assert banner(client) == ""


def test_the_page_has_it_without_a_script(client: Client, maria: User) -> None:
    batch(jobs=3)
    content = client.get(LIST).content.decode()
    assert "Enhancement running: 3 jobs" in content
    assert '<progress class="bs-progress" value="0" max="3"' in content


def test_its_progress_counts_recorded_units(client: Client, maria: User) -> None:
    made = batch(jobs=2)
    make.result(made.jobs.all()[0])
    assert "1 of 2 units" in banner(client)


def test_my_own_come_first(client: Client, maria: User) -> None:
    batch(maria)
    batch(make.staff(name="ann"))
    batch(source="command line")
    said = banner(client)
    assert said.index("yours") < said.index("command line") < said.index("ann")


def test_dismissing_one_hides_it_for_me_alone_and_its_jobs_go_on(client: Client, maria: User) -> None:
    made = batch(maria)
    other = batch(source="command line")
    answer = client.post(f"{LIST}banner/{made.pk}/dismiss/", headers={"referer": f"http://testserver{LIST}?q=1"})
    assert answer["Location"] == f"http://testserver{LIST}?q=1"
    assert "yours" not in banner(client)
    assert "command line" in banner(client)
    assert other.jobs.get().status == made.jobs.get().status == "pending"
    client.force_login(make.staff("pipeline.view_product", name="ann"))
    assert "maria" in banner(client)


def test_dismissing_leads_nowhere_else(client: Client, maria: User) -> None:
    made = batch(maria)
    answer = client.post(f"{LIST}banner/{made.pk}/dismiss/", headers={"referer": "https://elsewhere.test/"})
    assert answer["Location"] == LIST
    assert client.get(f"{LIST}banner/{made.pk}/dismiss/").status_code == 405


def test_test_runs_have_no_banner(client: Client, maria: User) -> None:
    make.job(test_mode=True)
    assert banner(client) == ""


def test_it_stays_small_when_many_run(client: Client, maria: User) -> None:
    for _number in range(7):
        batch()
    assert banner(client).count("Enhancement running") == 5
    assert banner(client).endswith("and 2 more")


def test_it_says_the_same_while_nothing_changes(client: Client, maria: User) -> None:
    batch()
    first, second = (client.get(f"{LIST}banner/").content for _time in range(2))
    assert first == second


def test_it_takes_the_same_queries_for_any_number(client: Client, maria: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            banner(client)
        return len(captured)

    batch()
    few = queries()
    for _number in range(4):
        batch()
    assert queries() == few


def test_strangers_hear_nothing(client: Client) -> None:
    client.force_login(make.staff())
    assert client.get(f"{LIST}banner/").status_code == 403
    assert client.post(f"{LIST}banner/{batch().pk}/dismiss/").status_code == 403
