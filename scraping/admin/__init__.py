"""Doors for whoever keeps scrapers, jobs and runners going."""

from scraping.admin import batches, jobs, runners, scrapers

__all__ = ["batches", "jobs", "runners", "scrapers"]
