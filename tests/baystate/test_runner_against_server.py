"""The real runner process against the real server: a whole login job, from the batch to the products."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django.live_server_helper import LiveServer

from pipeline.models import Product
from runners.protocol.words import JobStatus
from scraping import credentials, jobs
from scraping.models import ScrapeJob, ScrapeJobLog, ScrapeResult
from tests import make
from tests.runners.shop import PASSWORD, USER, Shop

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.wire.close()


def run_scraper(url: str, key: str) -> subprocess.CompletedProcess[str]:
    surroundings = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": "nonsense://",
        "DJANGO_SETTINGS_MODULE": "no.such.settings",
        "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        "BAYSTATE_API_KEY": key,
    }
    command = [sys.executable, "manage.py", "run_scraper", "--url", url, "--once", "--poll-seconds", "0.1"]
    return subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.django_db(transaction=True)
def test_a_login_job_goes_from_the_batch_to_the_products(live_server: LiveServer, shop: Shop) -> None:
    bradley = make.scraper("bradley", definition=shop.definition())
    credentials.store(bradley, {"username": USER, "password": PASSWORD})
    key = make.key(make.runner())
    make.product("007")
    make.product("008")
    with transaction.atomic():
        jobs.create_batch(skus=["007", "008"], scrapers=["bradley"], max_runners=1, context={}, by=None)

    done = run_scraper(live_server.url, key)

    assert done.returncode == 0, done.stderr
    job = ScrapeJob.objects.get()
    assert (job.status, job.done, job.total) == (JobStatus.COMPLETED, 2, 2)
    results = {result.sku: result for result in ScrapeResult.objects.all()}
    assert {sku: result.outcome for sku, result in results.items()} == {"007": "found", "008": "not_found"}
    assert results["007"].fields == {"name": "Gold & Silver Feed", "sku": "007", "brand": "Harvest"}
    lines = list(ScrapeJobLog.objects.filter(job=job).order_by("position").values_list("seq", "message"))
    assert [seq for seq, _ in lines] == list(range(1, len(lines) + 1))
    assert any(message.startswith("007 found: “Gold & Silver Feed”, 3 of 3 fields") for _, message in lines)
    found, missing = Product.objects.order_by("sku")
    assert (found.stage, found.sources["bradley"]["name"]) == ("enhanced", "Gold & Silver Feed")
    assert (missing.stage, missing.last_outcome) == ("imported", "not_found")
    for secret in (key, USER, PASSWORD):
        assert secret not in done.stdout + done.stderr + repr(lines)
