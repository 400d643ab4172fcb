"""What a runner is given to read of a job: scrapers whole, and flat for plain clients."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from runners.protocol.messages import JobOffer, ScraperOffer
from scraping.models import ScrapeJob, ScrapeResult, ScraperVersion


def offer(job: ScrapeJob) -> JobOffer:
    """The claimed job with the definitions it was pinned to."""
    by_slug = {version.scraper.slug: version for version in _pinned(job.versions or {})}
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


def _pinned(versions: Mapping[str, int]) -> list[ScraperVersion]:
    wanted = Q(pk__in=[])
    for slug, number in versions.items():
        wanted |= Q(scraper__slug=slug, number=number)
    return list(ScraperVersion.objects.filter(wanted).select_related("scraper"))


def _acknowledge_seconds(job: ScrapeJob) -> float:
    if job.acknowledge_by is None or job.started_at is None:
        return settings.ACKNOWLEDGE_SECONDS
    return (job.acknowledge_by - job.started_at).total_seconds()


def _done(job: ScrapeJob) -> list[tuple[str, str]]:
    """Units of the job that its root has results for; the first job of a chain has none when it is claimed."""
    if job.retry_of_id is None and job.acknowledged_at is None:
        return []
    known = ScrapeResult.objects.filter(root_id=job.root_id, sku__in=job.skus, scraper__in=job.scrapers)
    return list(known.order_by("id").values_list("sku", "scraper"))


def _scraper(version: ScraperVersion) -> ScraperOffer:
    definition, scraper = version.definition, version.scraper
    template = (definition.get("search") or {}).get("url") or ""
    return ScraperOffer(
        name=scraper.slug,
        display_name=scraper.display_name,
        disabled=not scraper.is_active,
        base_url=_base_url(template, definition),
        search_url_template=template,
        selectors=_selectors(definition),
        options=_options(definition),
        test_skus=[test["sku"] for test in definition.get("tests") or [] if "expect" in test],
        definition=definition,
        version=version.number,
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
