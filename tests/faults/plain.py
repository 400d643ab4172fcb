"""Speaks to the web server without a runner, one request in a thread of its own, so that it can be met halfway."""

import threading
from typing import Any

import requests


class Plain:
    """A key's holder; every answer is (status, JSON)."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"X-API-Key": key}

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer (0, None) where nobody gave one."""
        try:
            answer = requests.post(self._url + path, json=body, headers=self._headers, timeout=60)
            return answer.status_code, answer.json()
        except requests.RequestException:
            return 0, None

    def poll(self) -> tuple[int, Any]:
        return self.post("/api/scraper/v1/poll", {"version": "0", "schema_version": 1, "capabilities": ["http"]})

    def callback(self, job_id: str, status: str, *skus: str, scraper: str) -> tuple[int, Any]:
        items = [{"sku": sku, "scraper": scraper, "outcome": "found", "fields": {"name": sku}} for sku in skus]
        body = {"job_id": job_id, "status": status, "results": {"items": items}}
        return self.post("/api/scraper/v1/callback", body)


class Underway(threading.Thread):
    """A call that waits for something; `answer` once it is over."""

    def __init__(self, call: Any) -> None:
        super().__init__(daemon=True)
        self._call = call
        self._answer: tuple[int, Any] = (0, None)
        self.start()

    def run(self) -> None:
        self._answer = self._call()

    def answer(self) -> tuple[int, Any]:
        self.join(60)
        assert not self.is_alive(), "no answer"
        return self._answer
