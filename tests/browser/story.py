"""What a person does with the running demo, in a real browser. Every step checks what it sees; a wrong sight raises."""

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urljoin

import openpyxl
import requests
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.browser import chrome

Seen = TypeVar("Seen")
PATIENCE = 90.0  # seconds


class Story:
    """One person, one browser. `pictures` is the folder photographs go to."""

    def __init__(self, window: webdriver.Chrome, url: str, password: str, pictures: Path) -> None:
        self.window = window
        self.url = url
        self.password = password
        self.pictures = pictures

    # steps

    def log_in(self) -> None:
        self.open("/admin/")
        self.find("[name=username]").send_keys("demo")
        self.find("[name=password]").send_keys(self.password)
        self.press("Log in")
        self.until(lambda: self.find("#site-name"), "the admin after logging in")

    def import_changed_price(self, sheet: Path, folder: Path) -> str:
        """Upload `sheet` with one price changed; returns the changed product's SKU."""
        changed, sku, price = change_a_price(sheet, folder)
        self.open("/admin/pipeline/productimport/add/")
        self.find("[name=file]").send_keys(str(changed))
        self.press("Upload and look")
        self.until(lambda: self.says("1 product would change."), "a plan that changes one product")
        self.link("update").click()
        self.until(lambda: self.says(price), f"the new price {price} in the plan")
        self.photograph("plan")
        self.press("Apply the one change")
        self.until(lambda: self.says("0 products created, 1 updated"), "the page that says what was applied")
        return sku

    def enhance_everything(self) -> None:
        """Select all products of the list and start; ends on the operations page."""
        self.open("/admin/pipeline/product/")
        self.photograph("products")
        self.act("Enhance", every=True)
        self.until(lambda: self.find("[name=scrapers]:checked"), "scrapers that are ticked")
        self.photograph("enhance")
        self.press("Start")
        self.until(lambda: self.says("in 3 jobs"), "three jobs")
        self.link("Watch").click()

    def watch(self) -> None:
        """The bars grow, then a job's lines arrive, all without a reload, until the job has ended."""
        self.until(self.some_units_done, "units done on the operations page")
        self.photograph("operations")
        self.until(lambda: self.clicked("[data-part=now] a.bs-mono"), "a job to open")
        lines = self.until(lambda: len(self.all("[data-log] ol li")) or None, "the first log lines")
        self.until(lambda: len(self.all("[data-log] ol li")) > lines, "more lines without a reload")
        self.photograph("job")
        self.let_go_and_follow_again()
        self.until(lambda: "completed" in self.find("[data-part=head]").text, "the end of the job")
        self.until(lambda: not self.find("[data-live-state]").is_displayed(), "an end of asking for more")
        self.open("/admin/operations/")
        self.until(lambda: self.says("No job is running or waiting."), "all jobs done")

    def let_go_and_follow_again(self) -> None:
        """The log follows its end, whatever the screen; scrolling up lets go, the box takes hold again."""
        box = self.find("[data-follow]")
        assert box.is_selected(), "the log stopped following though nobody scrolled"
        self.window.execute_script("document.querySelector('[data-log] ol').scrollTop = 0")
        self.until(lambda: not box.is_selected(), "a log that lets go when it is scrolled up")
        box.click()
        at_end = "const list = document.querySelector('[data-log] ol'); return list.scrollHeight - list.scrollTop"
        height = int(self.find("[data-log] ol").size["height"])
        self.until(lambda: int(self.window.execute_script(at_end)) <= height + 30, "the log's end again")

    def look_at_a_scraper(self) -> None:
        """Its definition, and the jobs that asked for it."""
        self.open("/admin/scraping/scraper/")
        self.link("acme").click()
        self.until(lambda: self.find("[name=definition]"), "the scraper's definition")
        self.photograph("scraper")
        self.find("a[href$='/runs/']").click()
        self.until(lambda: self.all("[data-part=runs] .bs-pill.ok"), "a job that ended")
        self.photograph("runs")

    def review_with_scripts(self) -> str:
        """Take a source's value, approve; returns the SKU. The next product is shown."""
        sku = self.open_a_review()
        self.photograph("review")
        other = self.all("button.rv-take:not(.won)")[0]
        value = other.get_attribute("data-value") or ""
        other.click()
        field = self.until(lambda: self.find_field_with(value), f"the value {value!r} in the record")
        assert field.get_attribute("readonly") is None
        self.press_first("[data-approve]")
        self.until(lambda: self.sku_shown() != sku, "the next product")
        assert self.stage_of(sku) == "Approved", f"{sku} is not approved"
        return sku

    def review_without_scripts(self) -> str:
        """Edit a field and approve with plain forms; returns the SKU."""
        chrome.scripts(self.window, on=False)
        try:
            sku = self.open_a_review()
            brand = self.find("[name=brand]")
            brand.clear()
            brand.send_keys("Typed By Hand")
            self.press_first("[data-approve]")
            self.until(lambda: self.sku_shown() != sku, "the next product")
            assert self.stage_of(sku) == "Approved", f"{sku} is not approved"
            assert self.says("Typed By Hand"), f"what was typed for {sku} is gone"
        finally:
            chrome.scripts(self.window, on=True)
        return sku

    def export(self, *expected: str) -> None:
        """Export what is approved as CSV; the file holds every SKU of `expected`."""
        self.open("/admin/pipeline/product/?stage=approved")
        self.act("Export", every=True)
        self.until(lambda: self.find("[name=format][value=csv]"), "the choice of formats").click()
        self.photograph("export")
        self.press("Export")
        download = self.until(lambda: self.link("Download CSV"), "a file to download")
        self.photograph("exported")
        rows = list(csv.DictReader(io.StringIO(self.fetch(download.get_attribute("href") or ""))))
        missing = set(expected) - {row["SKU"].removeprefix("'") for row in rows}
        assert not missing, f"not in the exported file: {', '.join(sorted(missing))}"

    # what steps are made of

    def open(self, path: str) -> None:
        self.window.get(urljoin(self.url, path))

    def photograph(self, name: str) -> None:
        chrome.photograph(self.window, self.pictures, name)

    def find(self, selector: str) -> WebElement:
        return self.window.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.window.find_elements(By.CSS_SELECTOR, selector)

    def link(self, words: str) -> WebElement:
        return self.window.find_element(By.PARTIAL_LINK_TEXT, words)

    def says(self, words: str) -> bool:
        return words in self.find("#content, #container").text

    def press(self, words: str) -> None:
        """The button with these words on it."""
        for button in self.all("button, input[type=submit]"):
            if words in (button.text or button.get_attribute("value") or "") and button.is_displayed():
                button.click()
                return
        raise AssertionError(f"{self.window.current_url} has no button “{words}”")

    def clicked(self, selector: str) -> bool:
        """For `until`: what is clicked may be replaced that very moment."""
        self.find(selector).click()
        return True

    def press_first(self, selector: str) -> None:
        self.find(selector).click()

    def act(self, words: str, *, every: bool = False) -> None:
        """Choose the list's action whose name begins with `words`, for all rows."""
        self.until(lambda: self.find("#action-toggle"), "a list to choose from").click()
        question = self.all(".actions .question a")
        if every and question and question[0].is_displayed():
            question[0].click()
        chooser = Select(self.find("select[name=action]"))
        name = next(option.text for option in chooser.options if option.text.startswith(words))
        chooser.select_by_visible_text(name)
        self.find(".actions button[name=index]").click()

    def until(self, look: Callable[[], Seen | None], wanted: str) -> Seen:
        """What `look` sees once it sees something; AssertionError with `wanted` where it never does."""
        waiting = WebDriverWait(
            self.window,
            PATIENCE,
            poll_frequency=0.2,
            ignored_exceptions=(NoSuchElementException, StaleElementReferenceException),
        )
        try:
            return waiting.until(lambda _: look() or False)
        except TimeoutException:
            where = self.window.current_url
            raise AssertionError(f"{where} never showed {wanted}; it says: {self.find('body').text[:1500]}") from None

    def some_units_done(self) -> bool:
        return any(int(bar.get_attribute("aria-valuenow") or 0) > 3 for bar in self.all("[data-part=now] .bs-bar"))

    def open_a_review(self) -> str:
        """A product that waits for review and has nothing against it; its SKU."""
        self.open("/admin/pipeline/product/review/")
        complete = [one for one in self.all(".rv-queue a") if "complete" in one.text and "conflict" in one.text]
        (complete or self.all(".rv-queue a"))[0].click()
        return self.until(self.sku_shown, "a product to review")

    def sku_shown(self) -> str:
        return self.find(".breadcrumbs").text.rsplit("›", 1)[-1].strip()

    def stage_of(self, sku: str) -> str:
        """As the product list says it; leaves the product's page open."""
        self.open(f"/admin/pipeline/product/?q={sku}")
        row = self.until(lambda: self.find("#result_list tbody tr"), f"{sku} in the list")
        stage = row.find_element(By.CSS_SELECTOR, ".bs-pill").text.strip()
        row.find_element(By.CSS_SELECTOR, "a").click()
        return stage

    def find_field_with(self, value: str) -> WebElement | None:
        fields = self.all(".rv-record input:not([type=hidden]), .rv-record textarea:not([hidden])")
        return next((field for field in fields if (field.get_attribute("value") or "") == value), None)

    def fetch(self, url: str) -> str:
        """A file as the logged-in person gets it."""
        cookies = {cookie["name"]: cookie["value"] for cookie in self.window.get_cookies()}
        answer = requests.get(url, cookies=cookies, timeout=30)
        answer.raise_for_status()
        return answer.content.decode("utf-8-sig")


def change_a_price(sheet: Path, folder: Path) -> tuple[Path, str, str]:
    """A copy of the register in `folder` with another price in its first row: the file, the SKU, the price."""
    book = openpyxl.load_workbook(sheet)
    page = book.active
    assert page is not None
    header = next(row for row in page.iter_rows() if any(cell.value == "SKU_NO" for cell in row))
    places = {str(cell.value): cell.column or 0 for cell in header}
    first = (header[0].row or 0) + 1
    price = f"{100 + int(time.time()) % 90_000 / 100:.2f}"
    page.cell(first, places["Our Price"]).value = float(price)
    cell = page.cell(first, places["SKU_NO"])
    zeros = len(cell.number_format) if set(cell.number_format) == {"0"} else 0
    changed = folder / "register-changed.xlsx"
    book.save(changed)
    return changed, str(cell.value).zfill(zeros), price


def tell(story: Story, sheet: Path, folder: Path, say: Callable[[str], object]) -> None:
    """All of it, in order; `say` hears of every step that is done."""
    story.log_in()
    say("logged in")
    say(f"imported the sheet with another price for {story.import_changed_price(sheet, folder)}")
    story.enhance_everything()
    say("started an enhancement of all products")
    story.watch()
    say("watched the lines arrive to the end")
    story.look_at_a_scraper()
    say("looked at a scraper’s definition and its runs")
    first = story.review_with_scripts()
    say(f"reviewed {first}, taking a source’s value")
    second = story.review_without_scripts()
    say(f"reviewed {second} without scripts")
    story.export(first, second)
    say("exported both")
