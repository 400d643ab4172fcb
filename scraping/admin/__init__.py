"""Doors for whoever keeps scrapers, jobs and runners going."""

from scraping.admin import jobs, runners, scrapers

__all__ = ["jobs", "runners", "scrapers"]
