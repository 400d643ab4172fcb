"""What a runner is given to read of a job: scrapers whole, and flat for plain clients."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from runners.protocol.messages import JobOffer, ScraperOffer
from scraping.models import ScrapeJob, ScrapeResult, ScraperState

# What an offer says of `job` itself. Django reads the other columns when somebody asks for them.
COLUMNS = """
    job.id, job.root_id, job.status, job.skus, job.scrapers, job.context, job.test_mode, job.lease_seconds,
    job.started_at, job.acknowledge_by, job.beat_seq, job.working, job.done, job.total, job.log_seq
"""
# what `job` keeps to, to be read together with its row: a list of what `Pinned` holds
PINNED = """(
    SELECT jsonb_agg(jsonb_build_array(scraper.slug, scraper.display_name, scraper.state, scraper.max_parallel_jobs,
        version.number, version.definition))
    FROM jsonb_each_text(job.versions) AS pinned(slug, number)
    JOIN scrapers scraper ON scraper.slug = pinned.slug
    JOIN scraper_versions version ON version.scraper_id = scraper.id AND version.number = pinned.number::int
) AS pinned"""
_READ = f"SELECT {PINNED} FROM scrape_jobs job WHERE id = %s"  # noqa: S608 - our own


@dataclass(frozen=True)
class Pinned:
    """A scraper as it is now, with the version of its definition that a job keeps to."""

    slug: str
    display_name: str
    state: str
    max_parallel_jobs: int | None
    number: int
    definition: dict[str, Any]


def offer(job: ScrapeJob) -> JobOffer:
    """The claimed job with the definitions it was pinned to."""
    by_slug = _pinned(job)
    return JobOffer(
        job_id=str(job.pk),
        skus=job.skus,
        test_mode=job.test_mode,
        max_workers=settings.RUNNER_MAX_WORKERS,
        # jobs begin with different scrapers: where the sites are limited, with the one whose slot the claim took
        scrapers=[_scraper(by_slug[slug]) for slug in sorted(job.scrapers, key=lambda slug: slug not in job.working)],
        lease_seconds=job.lease_seconds,
        heartbeat_seconds=settings.HEARTBEAT_SECONDS,
        acknowledge_seconds=_acknowledge_seconds(job),
        beats=job.beat_seq,
        done=_done(job),
        logged=job.log_seq or None,
        context=job.context,
    )


def _pinned(job: ScrapeJob) -> dict[str, Pinned]:
    """By slug; read now where they did not come with the job."""
    pinned = [Pinned(*facts) for facts in json.loads(job.pinned or _read(job) or "[]")]
    return {scraper.slug: scraper for scraper in pinned}


def _read(job: ScrapeJob) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [job.pk])
        text: str | None = cursor.fetchone()[0]
        return text


def _acknowledge_seconds(job: ScrapeJob) -> float:
    if job.acknowledge_by is None or job.started_at is None:
        return settings.ACKNOWLEDGE_SECONDS
    return (job.acknowledge_by - job.started_at).total_seconds()


def _done(job: ScrapeJob) -> list[tuple[str, str]]:
    """Units of the job that its root has results for: at most as many as it counts as done."""
    if not job.done:
        return []
    known = ScrapeResult.objects.filter(root_id=job.root_id, sku__in=job.skus, scraper__in=job.scrapers)
    return list(known.order_by("id").values_list("sku", "scraper"))


def _scraper(scraper: Pinned) -> ScraperOffer:
    definition = scraper.definition
    template = (definition.get("search") or {}).get("url") or ""
    return ScraperOffer(
        name=scraper.slug,
        display_name=scraper.display_name,
        disabled=scraper.state != ScraperState.ACTIVE,
        base_url=_base_url(template, definition),
        search_url_template=template,
        selectors=_selectors(definition),
        options=_options(definition),
        test_skus=[test["sku"] for test in definition.get("tests") or [] if "expect" in test],
        definition=definition,
        version=scraper.number,
        max_parallel_jobs=scraper.max_parallel_jobs,
    )


def _base_url(template: str, definition: Mapping[str, Any]) -> str:
    parts = urlsplit(template)
    if parts.netloc:
        return f"{parts.scheme}://{parts.netloc}"
    hosts = (definition.get("hosts") or {}).get("allowed") or [""]
    return f"https://{hosts[0]}" if hosts[0] else ""


def _selectors(definition: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One per field that has a CSS rule; what a flat list cannot say (labels, structured data) stays out."""
    found = []
    for name, rule in (definition.get("fields") or {}).items():
        css = next((entry for entry in rule.get("from") or [] if "css" in entry), None)
        if css:
            many = bool(rule.get("many"))
            found.append({"name": name, "selector": css["css"], "attribute": css.get("attr"), "multiple": many})
    return found


def _options(definition: Mapping[str, Any]) -> dict[str, Any]:
    """How politely to work, and whether the site wants a login."""
    return {
        **(definition.get("politeness") or {}),
        "engine": definition.get("engine") or "http",
        "requires_login": bool(definition.get("login")),
    }
