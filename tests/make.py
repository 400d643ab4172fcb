"""Builders of what tests need, as plain functions."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Permission, User
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from pipeline.models import Product
from runners import keys
from runners.models import Runner
from scraping.models import ScrapeBatch, ScrapeJob, ScrapeJobLog, Scraper, ScrapeResult, ScraperVersion


def definition_document(**changes: Any) -> dict[str, Any]:
    """A scraper's definition as staff write it, its top keys replaced by `changes`."""
    document = {
        "schema_version": 1,
        "slug": "acme",
        "engine": "http",
        "hosts": {"allowed": ["www.acme.test"]},
        "search": {"url": "https://www.acme.test/search?q={sku}"},
        "fields": {"name": {"from": [{"css": "h1"}]}},
    }
    return document | changes


def scraper(slug: str = "acme", **values: Any) -> Scraper:
    """A scraper with one version of `definition_document`; `definition` replaces its top keys."""
    changes = values.pop("definition", {})
    made = Scraper.objects.create(slug=slug, display_name=values.pop("display_name", slug.title()), **values)
    document = definition_document(**changes | {"slug": slug})
    ScraperVersion.objects.create(scraper=made, number=1, definition=document)
    return made


def runner(name: str = "warehouse-1", **values: Any) -> Runner:
    """A runner that spoke just now."""
    return Runner.objects.create(name=name, **{"last_seen": timezone.now(), **values})


def key(of: Runner, *, scrapers: list[str] | None = None) -> str:
    """A key's secret; `scrapers` None allows all."""
    return keys.issue(of, allowed_scrapers=scrapers)[1]


def api(secret: str) -> APIClient:
    """A client of the runner API that shows a key's secret."""
    return APIClient(headers={"X-API-Key": secret})


def job(*, skus: list[str] | None = None, scrapers: list[str] | None = None, **values: Any) -> ScrapeJob:
    """A pending job, the first of its chain, in a batch of its own unless `batch` is given."""
    skus, scrapers = skus or ["072705115310"], scrapers or ["acme"]
    batch = values.pop("batch", None) or ScrapeBatch.objects.create(
        scrapers=scrapers, sku_count=len(skus), max_runners=1
    )
    made = ScrapeJob(batch=batch, skus=skus, scrapers=scrapers, total=len(skus) * len(scrapers), **values)
    made.root = values.get("root", made)
    made.save(force_insert=True)
    return made


def running_job(by: Runner, **values: Any) -> ScrapeJob:
    """A job as `by` holds it."""
    made = job(**values)
    now = timezone.now()
    held = {"runner": by, "started_at": now, "acknowledged_at": now, "lease_expires_at": now + timedelta(seconds=45)}
    ScrapeJob.objects.filter(pk=made.pk).update(status="running", versions=dict.fromkeys(made.scrapers, 1), **held)
    made.refresh_from_db()
    return made


def ended(of: ScrapeJob) -> ScrapeJob:
    """The job as it is once its runner has reported the end."""
    ScrapeJob.objects.filter(pk=of.pk).update(status="completed", lease_expires_at=None, completed_at=timezone.now())
    of.refresh_from_db()
    return of


def result(of: ScrapeJob, *, sku: str = "", scraper: str = "", outcome: str = "found", **values: Any) -> ScrapeResult:
    """A recorded unit of a job, the first one unless named."""
    return ScrapeResult.objects.create(
        root_id=of.root_id,
        job=of,
        sku=sku or of.skus[0],
        scraper=scraper or of.scrapers[0],
        outcome=outcome,
        **values,
    )


def line(of: ScrapeJob, message: str = "searching", *, level: str = "info", **values: Any) -> ScrapeJobLog:
    """The job's next log line."""
    of.log_head += 1
    ScrapeJob.objects.filter(pk=of.pk).update(log_head=of.log_head)
    return ScrapeJobLog.objects.create(job=of, position=of.log_head, level=level, message=message, **values)


_LONG = """
INSERT INTO scrape_job_logs (job_id, position, level, message, scraper, sku, logged_at, created_at)
SELECT %(job)s, n,
    CASE WHEN n %% 1000 = 0 THEN 'error' WHEN n %% 100 = 0 THEN 'warning' WHEN n %% 3 = 0 THEN 'debug' ELSE 'info' END,
    'line ' || n || ': SKU ' || n %% 977 || ' found, 6 of 7 fields, ' || n %% 800 || ' ms', 'acme', (n %% 977)::text,
    now() + n * interval '1 second', now() + n * interval '1 second'
FROM generate_series(%(first)s, %(last)s) AS n
"""


def long_log(of: ScrapeJob, count: int) -> None:
    """The job's next `count` lines: every hundredth position a warning, every thousandth an error."""
    with connection.cursor() as cursor:
        cursor.execute(_LONG, {"job": of.pk, "first": of.log_head + 1, "last": of.log_head + count})
    of.log_head += count
    ScrapeJob.objects.filter(pk=of.pk).update(log_head=of.log_head, log_counts={"info": 1, "warning": 1, "error": 1})


def staff(*permissions: str, name: str = "maria") -> User:
    """A staff user with permissions named as in `scraping.view_operations`."""
    made = User.objects.create_user(name, is_staff=True)
    for named in permissions:
        app, codename = named.split(".")
        made.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return made


_WAYS: dict[str, tuple[dict[str, str], ...]] = {
    "imported": (),
    "enhanced": ({"stage": "enhanced"},),
    "consolidated": ({"stage": "consolidated"},),
    "approved": ({"stage": "consolidated"}, {"stage": "approved"}),
    "published": ({"stage": "consolidated"}, {"stage": "approved"}, {"stage": "published"}),
    "rejected": ({"stage": "rejected", "rejected_because": "not sold here"},),
}


def product(sku: str = "BS-1", *, stage: str = "imported", **changes: Any) -> Product:
    """A product, brought to its stage by the moves that the database allows."""
    made = Product.objects.create(**{"sku": sku, "register_name": f"REGISTER {sku}", "target_price": "9.99", **changes})
    for step in _WAYS[stage]:
        Product.objects.filter(pk=made.pk).update(**step)
    made.refresh_from_db()
    return made
