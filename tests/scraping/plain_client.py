"""A client as those in the field are written: `requests`, the documented shapes, none of our additions."""

import time
from datetime import datetime, tzinfo
from typing import Any

import requests

RETRY_AFTER = (1, 2, 4)


class PlainClient:
    """Polls, scrapes with the function it is given, reports. Sends no acknowledgement and no beats.

    Its times carry no zone unless it is given one.
    """

    def __init__(self, base: str, key: str, *, wait: Any = time.sleep, zone: tzinfo | None = None) -> None:
        self.base = base
        self.zone = zone
        self.session = requests.Session()
        self.session.headers["X-API-Key"] = key
        self.wait = wait

    def run_once(self, scrape: Any) -> str | None:
        """Work on one job, if there is one; returns its id. `scrape(sku, scraper)` gives the fields of a page."""
        job = self.post("/api/scraper/v1/poll", {"runner_name": "plain"})["job"]
        if job is None:
            return None
        self.post("/api/admin/scraping/callback", {"job_id": job["job_id"], "status": "running"})
        data = {sku: self.scrape(job, sku, scrape) for sku in job["skus"]}
        results = {
            "skus_processed": len(data),
            "scrapers_run": [scraper["name"] for scraper in job["scrapers"]],
            "data": data,
        }
        last = {"job_id": job["job_id"], "status": "completed", "runner_name": "plain", "results": results}
        self.post("/api/admin/scraping/callback", last)
        return str(job["job_id"])

    def scrape(self, job: dict[str, Any], sku: str, scrape: Any) -> dict[str, Any]:
        """One SKU at every scraper of the job."""
        found = {}
        for scraper in job["scrapers"]:
            self.log(job["job_id"], "INFO", f"{scraper['name']}: searching {sku}")
            found[scraper["name"]] = scrape(sku, scraper) | {"scraped_at": self.now()}
        return found

    def log(self, job_id: str, level: str, message: str) -> None:
        line = {"level": level, "message": message, "timestamp": self.now()}
        self.post("/api/scraper/v1/logs", {"job_id": job_id, "logs": [line]})

    def now(self) -> str:
        return datetime.now(self.zone).isoformat()

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send again after 1, 2 and 4 s on network errors, 5xx and 429; never on other 4xx."""
        for seconds in (*RETRY_AFTER, None):
            try:
                answer = self.session.post(self.base + path, json=body, timeout=30)
            except (requests.ConnectionError, requests.Timeout):
                if seconds is None:
                    raise
            else:
                if seconds is None or (answer.status_code < 500 and answer.status_code != 429):
                    answer.raise_for_status()
                    read: dict[str, Any] = answer.json()
                    return read
            self.wait(seconds)
        raise AssertionError("unreachable")
