"""The operations page in a real browser: complete without scripts, kept by them, usable by everybody."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from runners.models import Runner
from scraping.models import ScrapeJob, Scraper
from tests import make
from tests.browser import axe, chrome, scenes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PATIENCE = 60


@pytest.fixture
def window() -> Iterator[webdriver.Chrome]:
    with chrome.chrome() as opened:
        yield opened


@pytest.fixture
def show(window: webdriver.Chrome, live_server: LiveServer, admin_user: User) -> Callable[[str], None]:
    """Opens an address as somebody who may do everything."""
    client = Client()
    client.force_login(admin_user)
    window.get(f"{live_server.url}{reverse('admin:login')}")
    window.add_cookie({"name": "sessionid", "value": client.cookies["sessionid"].value, "path": "/"})
    return lambda address: window.get(f"{live_server.url}{address}")


@pytest.fixture
def running() -> list[ScrapeJob]:
    with transaction.atomic():
        return scenes.busy()


def find(window: webdriver.Chrome, selector: str) -> WebElement:
    return window.find_element(By.CSS_SELECTOR, selector)


def until(window: webdriver.Chrome, look: Callable[[], object], wanted: str) -> None:
    wait = WebDriverWait(window, PATIENCE, ignored_exceptions=(StaleElementReferenceException,))
    wait.until(lambda _: look(), wanted)


def told(window: webdriver.Chrome) -> list[str]:
    """What the browser complained of, what it refused to run among it; the socket that this server lacks aside."""
    return [entry["message"] for entry in window.get_log("browser") if "/ws/live/" not in entry["message"]]  # type: ignore[no-untyped-call]


def test_nothing_serious_keeps_anybody_from_using_it(
    window: webdriver.Chrome, show: Callable[[str], None], running: list[ScrapeJob]
) -> None:
    show(reverse("admin:operations"))
    until(window, lambda: find(window, "[data-plot=outcomes] canvas").is_displayed(), "a plot")
    find(window, "#plot-table summary").click()
    assert axe.serious_in_both_schemes(window) == []
    chrome.size(window, chrome.PHONE)
    assert axe.serious_in_both_schemes(window) == []
    assert window.execute_script("return document.documentElement.scrollWidth") <= chrome.PHONE
    show(f"{reverse('admin:operations')}?status=asleep&who=nobody")
    assert axe.serious_in_both_schemes(window) == []
    assert told(window) == []


def test_an_empty_page_is_usable_too(window: webdriver.Chrome, show: Callable[[str], None]) -> None:
    show(reverse("admin:operations"))
    assert axe.serious_in_both_schemes(window) == []
    assert not find(window, "[data-plot=outcomes]").is_displayed()
    assert told(window) == []


def test_the_browser_refuses_nothing_that_our_pages_need(
    window: webdriver.Chrome, show: Callable[[str], None], running: list[ScrapeJob]
) -> None:
    runner, scraper = Runner.objects.get(name="office"), Scraper.objects.get(slug="acme")
    job = reverse("admin:scraping_scrapejob_change", args=[running[0].pk])
    pages = [
        job,
        reverse("admin:scraping_scraper_change", args=[scraper.pk]),
        reverse("admin:runners_runner_key", args=[runner.pk]),
        reverse("admin:auth_user_add"),
        reverse("admin:pipeline_product_changelist"),
    ]
    for page in pages:
        show(page)
        assert told(window) == [], page
    window.execute_script(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert window.execute_script("return window.ran") is None
    assert "Content Security Policy" in "".join(told(window))


def test_it_is_complete_without_scripts(
    window: webdriver.Chrome, show: Callable[[str], None], running: list[ScrapeJob]
) -> None:
    chrome.scripts(window, on=False)
    show(reverse("admin:operations"))
    for job in running:
        assert job.short in find(window, "[data-part=now]").text
    find(window, "#plot-table summary").click()
    assert "not found" in find(window, "#plot-table").text.lower()
    pause = find(window, "[data-part=runners] button[value=paused]")
    name = pause.text.removeprefix("Pause").strip()
    pause.click()
    assert Runner.objects.get(name=name).paused
    find(window, "[name=runner] option:nth-child(3)").click()
    find(window, ".bs-filters button").click()
    until(window, lambda: "runner=" in window.current_url, "the filtered page")


def test_what_the_reader_holds_survives_what_is_new(
    window: webdriver.Chrome, show: Callable[[str], None], running: list[ScrapeJob]
) -> None:
    show(reverse("admin:operations"))
    find(window, "#plot-table summary").click()
    find(window, "[name=who]").send_keys("jos")
    link = find(window, f"[data-part=now] a[href*='{running[0].pk}/change']")
    window.execute_script("arguments[0].focus()", link)
    make.result(running[0], sku=running[0].skus[-1], scraper="coastal")
    until(window, lambda: "41 of 180 units" in find(window, "[data-part=now]").text, "the new unit")
    assert str(running[0].pk) in (window.switch_to.active_element.get_attribute("href") or "")
    assert find(window, "[name=who]").get_attribute("value") == "jos"
    assert find(window, "#plot-table").get_attribute("open")
    assert find(window, "[data-live-state]").text in {"Live", "Polling"}


HERE = """
const here = document.activeElement, look = getComputedStyle(here);
const shows = look.outlineStyle !== "none" || look.boxShadow !== "none" || here.matches("select, input, body");
const name = here.getAttribute("formaction") || here.getAttribute("href") || here.name || here.outerHTML.slice(0, 80);
return [name, shows];
"""


def test_the_keyboard_reaches_every_control_and_shows_where_it_is(
    window: webdriver.Chrome, show: Callable[[str], None], running: list[ScrapeJob]
) -> None:
    show(reverse("admin:operations"))
    wanted = {
        reverse("admin:runners_runner_switch", args=[Runner.objects.get(name="office").pk]),
        reverse("admin:scraping_scraper_switch", args=[Scraper.objects.get(slug="phillips").pk]),
        *(reverse("admin:scraping_scrapejob_cancel", args=[job.pk]) for job in running),
        reverse("admin:scraping_scrapejob_changelist"),
    }
    window.execute_script("document.querySelector('[name=status]').focus()")
    seen = set()
    for _ in range(150):
        name, shows = window.execute_script(HERE)
        assert shows, name
        seen.add(name)
        ActionChains(window).send_keys(Keys.TAB).perform()
    assert wanted <= seen
    assert {"status", "scraper", "runner", "who", "since"} <= seen
