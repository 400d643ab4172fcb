"""Somebody who reads a job's log in a real browser, and the server that it comes from."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select

from scraping.models import ScrapeJob
from tests import make
from tests.browser.story import Story
from tests.faults.processes import WebServer

LOG = "[data-log] ol"


class PageServer(WebServer):
    """Like that of the tests of faults, with the files that pages bring along."""

    def __init__(self, log: Path) -> None:
        super().__init__(log)
        self._environment = {**self._environment, "DJANGO_SETTINGS_MODULE": "tests.browser.logs.settings"}


class Reader(Story):
    """Each act does what a person does with mouse or keys; what it looks for is waited for."""

    user: User
    scripts = True

    def enter(self, user: User) -> None:
        """As `user`, without the login form."""
        client = Client()
        client.force_login(user)
        self.open("/admin/login/")
        self.window.delete_all_cookies()
        self.window.add_cookie({"name": "sessionid", "value": client.cookies["sessionid"].value, "path": "/"})

    def visit(self, job: ScrapeJob, more: str = "") -> None:
        self.open(f"/admin/scraping/scrapejob/{job.pk}/change/{more}")
        self.log_is_ready()

    def log_is_ready(self) -> None:
        """Waits for the log, and where scripts run for its own."""
        self.until(lambda: self.find(".bs-log-on" if self.scripts else ".bs-log"), "a log")

    def run(self, script: str) -> Any:
        return self.window.execute_script(script)

    @property
    def positions(self) -> list[int]:
        """Of the lines that are in the page."""
        return self._positions("true")

    @property
    def in_sight(self) -> list[int]:
        return self._positions(
            "li.offsetTop + li.offsetHeight > list.scrollTop + 2"
            " && li.offsetTop < list.scrollTop + list.clientHeight - 2"
        )

    def _positions(self, wanted: str) -> list[int]:
        script = f"const list = document.querySelector('{LOG}'); return [...list.children].filter((li) => {wanted})"
        return [int(position) for position in self.run(f"{script}.map((li) => +li.id.slice(1))")]

    @property
    def follows(self) -> bool:
        return self.find("[data-follow]").is_selected()

    @property
    def fresh(self) -> str:
        """What the button says that tells of new lines."""
        return self.find("[data-new]").text

    def scroll(self, pixels: int) -> None:
        self.run(f"document.querySelector('{LOG}').scrollBy(0, {pixels})")

    def keys(self, *keys: str) -> None:
        """Pressed while the log has the focus."""
        self.find(LOG).send_keys(*keys)

    def choose(self, name: str, value: str) -> None:
        Select(self.find(f"[data-filter] [name={name}]")).select_by_value(value)

    def type(self, name: str, text: str) -> None:
        field = self.find(f"[data-filter] [name={name}]")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE, text)

    def go_to_line(self, position: int) -> None:
        field = self.find("[data-go] [name=line]")
        field.clear()
        field.send_keys(str(position), Keys.ENTER)

    def way(self, name: str) -> WebElement:
        return self.window.find_element(By.CSS_SELECTOR, f"[data-way={name}]")

    def shown(self, *positions: int) -> None:
        """Waits until exactly these lines are in the page."""
        self.until(lambda: self.positions == list(positions), f"the lines {positions}")

    def at_end(self, position: int) -> None:
        """Waits until the log's last line, at `position`, is in sight."""
        self.until(lambda: self.in_sight[-1:] == [position], f"line {position} at the end")


def held_job(runner: str, *scrapers: str) -> ScrapeJob:
    """A running job whose runner falls silent and is not missed for an hour."""
    job = make.running_job(make.runner(runner), skus=[runner], scrapers=list(scrapers) or ["acme"])
    job.lease_expires_at, job.lease_seconds = timezone.now() + timedelta(hours=1), 3600
    job.save(update_fields=["lease_expires_at", "lease_seconds"])
    return job
