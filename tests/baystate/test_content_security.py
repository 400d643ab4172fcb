"""Pages hold no script, no style and no handler of their own, and browsers are told to run none."""

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from tests import make

pytestmark = pytest.mark.django_db


def inline(page: str) -> list[str]:
    """What the browser would refuse: scripts that stand in the page (data excepted), styles, handlers."""
    found = []
    for tag in html.fromstring(page).iter():
        found += [f"{name!s}={value!r}" for name, value in tag.attrib.items() if str(name).startswith("on")]
        found += ["style attribute"] if tag.get("style") else []
        is_data = tag.get("src") or tag.get("type") == "application/json"
        found += [tag.text or ""] if tag.tag == "style" or (tag.tag == "script" and not is_data) else []
    return found


def pages() -> list[str]:
    """One of each kind of page that shows what sites and runners say."""
    runner, scraper = make.runner(), make.scraper()
    job = make.running_job(runner, skus=["1"])
    make.key(runner)
    make.line(job, "<b onclick=alert(1)>")
    result, product = make.result(job), make.product()
    named = {
        "scraping_scrapejob_change": job.pk,
        "scraping_scrapejob_cancel": job.pk,
        "scraping_scraperesult_change": result.pk,
        "scraping_scraper_change": scraper.pk,
        "scraping_scraper_credentials": scraper.pk,
        "runners_runner_change": runner.pk,
        "runners_runner_key": runner.pk,
        "runners_runnerkey_revoke": runner.keys.get().pk,
        "pipeline_product_change": product.pk,
    }
    lists = ["index", "operations", "pipeline_product_changelist", "pipeline_productimport_add", "scraping_scraper_add"]
    return [reverse(f"admin:{name}") for name in lists] + [reverse(f"admin:{n}", args=[k]) for n, k in named.items()]


def test_no_page_holds_scripts_styles_or_handlers(admin_client: Client) -> None:
    for page in pages():
        answer = admin_client.get(page)
        assert answer.status_code == 200, page
        assert inline(answer.content.decode()) == [], page


@pytest.mark.parametrize(
    "smuggled", ["<script>a()</script>", "<p style='top:0'>", "<a onclick='a()'>", "<style>p{}</style>"]
)
def test_what_would_be_refused_is_seen(smuggled: str) -> None:
    assert inline(f"<html><body>{smuggled}</body></html>")


@pytest.mark.parametrize("address", ["/admin/login/", "/admin/operations/", "/admin/nothing/", "/api/nothing/"])
def test_every_answer_says_that_only_our_own_files_run(admin_client: Client, address: str) -> None:
    policy = admin_client.get(address)["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
