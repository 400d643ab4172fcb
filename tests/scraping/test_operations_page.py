"""The operations page, a job's page, and who may see them."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from runners.models import RunnerKey
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(client: Client) -> Client:
    client.force_login(make.staff("scraping.view_operations"))
    return client


def of(name: str, job: ScrapeJob) -> str:
    return reverse(f"admin:scraping_scrapejob_{name}", args=[job.pk])


def test_an_empty_page_says_what_to_do_next(watcher: Client) -> None:
    page = watcher.get(reverse("admin:operations")).content.decode()
    assert "No job is running or waiting." in page
    assert "No runner yet." in page


def test_the_page_is_whole_without_a_script(watcher: Client) -> None:
    job = make.running_job(make.runner("warehouse-1"), skus=["1", "2"])
    make.result(job, sku="1")
    page = watcher.get(reverse("admin:operations")).content.decode()
    assert job.short in page
    assert 'aria-valuenow="1"' in page
    assert "warehouse-1" in page


def test_the_parts_a_script_gets_are_those_of_the_page(watcher: Client) -> None:
    make.running_job(make.runner())
    parts = watcher.get(reverse("admin:operations_changes")).json()["parts"]
    page = watcher.get(reverse("admin:operations")).content.decode()
    assert set(parts) == {"attention", "now", "runners", "recent"}
    assert parts["now"] in page


@pytest.mark.parametrize("name", ["operations", "operations_changes"])
def test_staff_without_the_permission_see_nothing(client: Client, name: str) -> None:
    client.force_login(make.staff("pipeline.view_product"))
    assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_a_jobs_page_shows_its_lines_and_units(watcher: Client) -> None:
    job = make.running_job(make.runner(), skus=["072705115310"])
    make.line(job, "<script>alert(1)</script>")
    make.result(job, outcome="layout_changed")
    page = watcher.get(of("change", job)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "layout changed" in page


def test_a_job_cannot_be_typed_into(watcher: Client) -> None:
    job = make.job()
    assert watcher.post(of("change", job), {"status": "completed"}).status_code in {200, 403, 405}
    job.refresh_from_db()
    assert job.status == "pending"


def test_only_those_who_manage_may_cancel(watcher: Client) -> None:
    job = make.job()
    assert watcher.post(of("cancel", job)).status_code == 403


def test_a_sku_finds_its_jobs(watcher: Client) -> None:
    job = make.job(skus=["072705115310", "2"])
    make.job(skus=["3"])
    page = watcher.get(reverse("admin:scraping_scrapejob_changelist"), {"q": "072705115310"})
    assert [row.pk for row in page.context["cl"].result_list] == [job.pk]


def test_a_definition_is_checked_when_saved(client: Client) -> None:
    client.force_login(make.staff("scraping.manage_scrapers", "scraping.view_scraper"))
    wrong = make.definition_document(fields={"price": {"from": [{"css": "h1["}]}})
    values = {"display_name": "Acme", "trust": "50", "versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    add = reverse("admin:scraping_scraper_add")
    page = client.post(add, {**values, "definition": json.dumps(wrong)}).content.decode()
    assert "fields.price.from[0].css" in page
    page = client.post(add, {**values, "definition": "{nonsense"}).content.decode()
    assert "This is not JSON: line 1, column 2" in page


def test_every_save_of_a_scraper_makes_a_new_version(client: Client) -> None:
    client.force_login(make.staff("scraping.manage_scrapers", "scraping.view_scraper"))
    scraper = make.scraper()
    document = make.definition_document(politeness={"delay_s": 2.0})
    values = {"display_name": "Acme", "trust": "70", "versions-TOTAL_FORMS": "0", "versions-INITIAL_FORMS": "0"}
    change = reverse("admin:scraping_scraper_change", args=[scraper.pk])
    assert client.post(change, {**values, "definition": json.dumps(document)}).status_code == 302
    assert [version.number for version in scraper.versions.all()] == [2, 1]
    assert scraper.versions.get(number=1).definition == make.definition_document()
    page = client.get(change).content.decode()
    latest = escape('"politeness": {"delay_s": 2.0}')
    assert page.count(latest) == 2  # to be edited, and among the versions
    assert page.count(escape('"schema_version": 1')) == 3


def test_a_key_is_shown_once_and_stored_nowhere(client: Client) -> None:
    client.force_login(make.staff("runners.manage_runners", "runners.view_runner"))
    make.scraper()
    runner = make.runner()
    issue = reverse("admin:runners_runner_key", args=[runner.pk])
    page = client.post(issue, {"scope": "these", "scrapers": ["acme"]}).content.decode()
    secret = page.split('id="secret">')[1].split("<")[0]
    key = runner.keys.get()
    assert secret.startswith("bsr_")
    assert key.allowed_scrapers == ["acme"]
    assert secret not in json.dumps(list(runner.keys.values()), default=str)
    assert secret not in client.get(reverse("admin:runners_runner_change", args=[runner.pk])).content.decode()


@pytest.mark.parametrize(
    ("choice", "allowed"),
    [({"scope": "all"}, None), ({"scope": "none"}, []), ({"scope": "these", "scrapers": ["acme"]}, ["acme"])],
)
def test_a_key_is_for_all_scrapers_or_none_or_these(
    client: Client, choice: dict[str, object], allowed: list[str] | None
) -> None:
    client.force_login(make.staff("runners.manage_runners", "runners.view_runner"))
    make.scraper()
    runner = make.runner()
    client.post(reverse("admin:runners_runner_key", args=[runner.pk]), choice)
    assert runner.keys.get().allowed_scrapers == allowed


@pytest.mark.parametrize(
    "choice", [{}, {"scrapers": ["acme"]}, {"scope": "these"}, {"scope": "all", "scrapers": ["acme"]}]
)
def test_no_key_is_made_before_a_choice_is_clear(client: Client, choice: dict[str, object]) -> None:
    client.force_login(make.staff("runners.manage_runners", "runners.view_runner"))
    make.scraper()
    runner = make.runner()
    client.post(reverse("admin:runners_runner_key", args=[runner.pk]), choice)
    assert not runner.keys.exists()


def test_a_revoked_key_lists_the_passwords_it_read(client: Client) -> None:
    client.force_login(make.staff("runners.manage_runners", "runners.view_runner", "scraping.view_scraper"))
    scraper, runner = make.scraper(), make.runner()
    make.key(runner)
    key = runner.keys.get()
    key.credential_reads.create(scraper=scraper, job=make.running_job(runner))
    page = client.post(reverse("admin:runners_runnerkey_revoke", args=[key.pk])).content.decode()
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "change these at their sites" in page
    assert "acme" in page


def test_the_index_and_the_header_lead_to_it(watcher: Client) -> None:
    page = watcher.get(reverse("admin:index")).content.decode()
    assert page.count(f'href="{reverse("admin:operations")}"') == 2


def test_a_scraper_is_paused_and_resumed_from_its_own_page(client: Client) -> None:
    client.force_login(make.staff("scraping.manage_scrapers"))
    scraper = make.scraper()
    page = reverse("admin:scraping_scraper_change", args=[scraper.pk])
    switch = reverse("admin:scraping_scraper_switch", args=[scraper.pk])
    for word, says in (("paused", "Paused by maria."), ("active", 'value="paused"')):
        assert f'value="{word}"' in client.get(page).content.decode()
        assert says in client.post(switch, {"to": word}, follow=True).content.decode()
        scraper.refresh_from_db()
        assert scraper.state == word


def test_only_who_manages_scrapers_may_switch_them(watcher: Client) -> None:
    switch = reverse("admin:scraping_scraper_switch", args=[make.scraper().pk])
    assert watcher.post(switch, {"to": "paused"}).status_code == 403


def test_the_list_says_which_scrapers_lack_credentials(client: Client) -> None:
    client.force_login(make.staff("scraping.view_scraper"))
    make.scraper("acme")
    form = {"url": "https://www.acme.test/login", "fields": {"user": "{username}", "password": "{password}"}}
    login = {"form": form, "logged_in": {"css": "a.out"}, "failed": {"css": "p.no"}}
    make.scraper("bradley", definition={"login": login})
    page = client.get(reverse("admin:scraping_scraper_changelist")).content.decode()
    assert "none needed" in page
    assert "missing" in page


def test_a_key_cannot_have_ended_before_it_is_made(client: Client) -> None:
    client.force_login(make.staff("runners.manage_runners"))
    runner = make.runner()
    past = {"scope": "all", "expires_at_0": "2020-01-01", "expires_at_1": "00:00"}
    page = client.post(reverse("admin:runners_runner_key", args=[runner.pk]), past)
    assert "This moment is past" in page.content.decode()
    assert not runner.keys.exists()


def test_cancelling_asks_first_and_says_what_comes_of_it(client: Client) -> None:
    client.force_login(make.staff("scraping.view_operations", "scraping.manage_operations"))
    waiting = make.job(skus=["1", "2"])
    assert f"Job {waiting.short} has 2 SKUs." in client.get(of("cancel", waiting)).content.decode()
    assert "Cancelled. What was recorded stays." in client.post(of("cancel", waiting), follow=True).content.decode()
    running = make.running_job(make.runner(), skus=["3"])
    assert "Its runner is asked to stop" in client.post(of("cancel", running), follow=True).content.decode()


def test_a_key_is_revoked_from_its_own_page(client: Client) -> None:
    client.force_login(make.staff("runners.view_runner", "runners.manage_runners"))
    make.key(make.runner())
    key = RunnerKey.objects.get()
    revoke = reverse("admin:runners_runnerkey_revoke", args=[key.pk])
    assert revoke in client.get(reverse("admin:runners_runnerkey_change", args=[key.pk])).content.decode()


def test_a_page_that_is_refused_or_missing_still_leads_on(client: Client) -> None:
    client.force_login(make.staff("pipeline.view_product"))
    refused, missing = client.get(reverse("admin:operations")), client.get("/admin/nothing/")
    assert (refused.status_code, missing.status_code) == (403, 404)
    for page in (refused, missing):
        assert f'href="{reverse("admin:index")}"' in page.content.decode()


def test_the_scrapers_are_listed_in_as_many_queries_however_many_there_are(
    client: Client, django_assert_max_num_queries: object
) -> None:
    client.force_login(make.staff("scraping.manage_scrapers", "scraping.view_scraper"))
    for slug in ("acme", "bradley", "coastal", "delta", "echo"):
        make.scraper(slug)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        page = client.get(reverse("admin:scraping_scraper_changelist")).content.decode()
    assert page.count("none needed") == 5
    assert page.count("v1") >= 5
