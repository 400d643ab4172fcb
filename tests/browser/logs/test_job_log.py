"""A job's log in a real browser, from a real server: its window, its filters, the ways through it."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from selenium.webdriver.common.keys import Keys

from scraping.models import ScrapeJob
from tests import make
from tests.browser import axe, chrome
from tests.browser.logs.reader import PageServer, Reader, held_job

pytestmark = pytest.mark.slow
HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m \u202egnp.exe\u2066 " + "w" * 16_000
WHOLE = 200_000


@pytest.fixture(scope="module")
def long(reader: Reader) -> ScrapeJob:
    """A job with as many lines as a log can have; each hundredth a warning, each thousandth an error."""
    job = held_job("long")
    make.long_log(job, WHOLE)
    return job


@pytest.fixture(scope="module")
def short(reader: Reader) -> ScrapeJob:
    """A job of two scrapers with ten lines: one error, one warning, one that is hostile."""
    job = held_job("short", "acme", "bradley")
    for number in range(1, 10):
        slug, sku = ("acme", "A-1") if number % 2 else ("bradley", "B-2")
        level = {3: "error", 6: "warning", 7: "debug"}.get(number, "info")
        make.line(job, f"line {number}", scraper=slug, sku=sku, level=level)
    make.line(job, HOSTILE)
    ScrapeJob.objects.filter(pk=job.pk).update(log_counts={"error": 1})
    return job


def few(reader: Reader) -> bool:
    return 0 < len(reader.positions) <= 400


def test_a_page_opens_at_the_logs_end_and_follows(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long)
    reader.at_end(WHOLE)
    assert reader.follows
    assert few(reader)


def test_all_of_a_long_log_is_reached_with_few_lines_in_the_page(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long)
    reader.at_end(WHOLE)
    reader.keys(Keys.HOME)
    reader.until(lambda: reader.in_sight[:1] == [1], "the first line")
    assert few(reader)
    reader.go_to_line(123_456)
    reader.until(lambda: 123_456 in reader.in_sight, "the line that was asked for")
    assert few(reader)
    assert f"line=123456#L{123_456}" in reader.window.current_url
    assert reader.run("return document.activeElement.textContent") == "123456"
    reader.keys(Keys.END)
    reader.at_end(WHOLE)
    assert few(reader)


def test_scrolling_up_goes_on_without_a_jump(reader: Reader, long: ScrapeJob) -> None:
    """Through three windows: what is in sight always joins on to what was, and no line is missing in between."""
    reader.visit(long)
    reader.at_end(WHOLE)
    seen = set(reader.in_sight)
    while min(seen) > WHOLE - 1200:
        top = reader.in_sight[0]
        reader.scroll(-500)
        reader.until(lambda top=top: reader.in_sight[0] < top, "earlier lines")  # type: ignore[misc]
        assert reader.in_sight[-1] >= top - 1, "lines were passed over"
        seen |= set(reader.in_sight)
        assert few(reader)
    assert seen == set(range(min(seen), WHOLE + 1))
    assert not reader.follows


def test_scrolling_takes_little_time_each(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long, "?line=100000")
    reader.until(lambda: 100_000 in reader.in_sight, "the line of the address")
    longest = reader.window.execute_async_script(
        """const [list, done] = [document.querySelector("[data-log] ol"), arguments[0]];
        let [left, last, longest] = [40, performance.now(), 0];
        const step = (now) => {
          longest = Math.max(longest, now - last);
          last = now;
          list.scrollBy(0, 300);
          if (left--) requestAnimationFrame(step); else done(longest);
        };
        requestAnimationFrame(step);"""
    )
    assert few(reader)
    assert longest < 1000, f"the page stood still for {longest:.0f} ms"


def test_the_errors_are_a_button_apart(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long, "?line=100500")
    reader.until(lambda: 100_500 in reader.in_sight, "the line of the address")
    for way, position in (("next", 101_000), ("next", 102_000), ("previous", 101_000)):
        reader.way(way).click()
        reader.until(lambda at=position: reader.all(f"#L{at}.here"), f"the error at {position}")  # type: ignore[misc]
        assert position in reader.in_sight
    assert "101,000" in reader.find("[data-status]").text


def test_the_way_to_an_error_leads_past_what_is_filtered_out(reader: Reader, short: ScrapeJob) -> None:
    reader.visit(short, "?scraper=bradley")
    reader.shown(2, 4, 6, 8)
    reader.way("previous").click()
    reader.until(lambda: reader.find("[data-status]").text == "No further error there.", "a word that there is none")
    reader.choose("scraper", "acme")
    reader.shown(1, 3, 5, 7, 9)
    reader.way("previous").click()
    reader.until(lambda: reader.all("#L3.here"), "the error")


def test_a_search_looks_through_the_whole_log(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long)
    reader.at_end(WHOLE)
    reader.type("q", "LINE 777:")
    reader.shown(777)
    assert "q=LINE+777%3A" in reader.window.current_url
    reader.type("q", "no such words")
    reader.until(lambda: reader.find("[data-silence]").text == "No line like this.", "a word about it")
    reader.type("q", "")
    reader.at_end(WHOLE)


def test_filters_narrow_and_an_address_shares_them(reader: Reader, short: ScrapeJob) -> None:
    reader.visit(short)
    reader.shown(*range(1, 11))
    reader.choose("level", "warning")
    reader.shown(3, 6)
    reader.choose("scraper", "acme")
    reader.shown(3)
    reader.choose("level", "")
    reader.shown(1, 3, 5, 7, 9)
    reader.type("sku", "B-2")
    reader.until(lambda: not reader.positions, "nothing of B-2 at acme")
    reader.choose("scraper", "")
    reader.shown(2, 4, 6, 8)
    address = reader.window.current_url
    reader.open(address)
    reader.shown(2, 4, 6, 8)


def test_hostile_text_is_read_and_nothing_else(reader: Reader, short: ScrapeJob) -> None:
    reader.visit(short)
    reader.shown(*range(1, 11))
    said = reader.find("#L10 .said").text
    assert said.startswith("<img src=x onerror=alert(1)>␛[31m ⟨RLO⟩gnp.exe⟨LRI⟩ www")
    assert not reader.all(".said img")
    assert reader.run("return document.documentElement.scrollWidth <= innerWidth")
    reader.find("[data-wrap]").click()
    assert reader.run("return document.documentElement.scrollWidth <= innerWidth")
    assert reader.find("#L10").size["height"] < 40
    assert reader.run(
        "const list = document.querySelector('[data-log] ol'); return list.scrollWidth > list.clientWidth"
    )


def test_both_clocks_are_told_where_one_points(reader: Reader, short: ScrapeJob) -> None:
    reader.visit(short)
    reader.shown(*range(1, 11))
    title = reader.find("#L1 time").get_attribute("title") or ""
    assert "Runner: " in title
    assert "server: " in title
    assert reader.find("#L1 > a").get_attribute("data-times") == title


def test_what_is_in_sight_or_selected_is_copied(reader: Reader, short: ScrapeJob) -> None:
    grant: dict[str, Any] = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": reader.url}
    reader.window.execute_cdp_cmd("Browser.grantPermissions", grant)
    reader.visit(short, "?scraper=bradley")
    reader.shown(2, 4, 6, 8)
    copied = "return navigator.clipboard.readText()"
    reader.press("Copy")
    reader.until(
        lambda: [row.split("\t")[0] for row in reader.run(copied).splitlines()] == ["2", "4", "6", "8"], "a copy"
    )
    reader.run("getSelection().selectAllChildren(document.querySelector('#L4 .said'))")
    reader.find("[data-take]").click()
    reader.until(lambda: reader.run(copied).strip().endswith("line 4"), "a copy of what is selected")


def test_a_whole_log_is_downloaded(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long)
    cookies = {"sessionid": reader.window.get_cookie("sessionid")["value"]}  # type: ignore[index]
    for words, suffix in (("Download text", "log"), ("JSON lines", "jsonl")):
        address = reader.link(words).get_attribute("href") or ""
        with requests.get(address, cookies=cookies, stream=True, timeout=60) as answer:
            assert answer.headers["Content-Disposition"].endswith(f'.{suffix}"')
            assert sum(1 for _ in answer.iter_lines()) == WHOLE


@pytest.fixture
def plain(reader: Reader) -> Iterator[None]:
    """No scripts run."""
    chrome.scripts(reader.window, on=False)
    reader.scripts = False
    yield
    reader.scripts = True
    chrome.scripts(reader.window, on=True)


@pytest.mark.usefixtures("plain")
def test_without_scripts_everything_is_a_link_or_a_form(reader: Reader, long: ScrapeJob) -> None:
    reader.visit(long)
    assert (len(reader.all("[data-log] ol > li")), bool(reader.all(f"#L{WHOLE}"))) == (200, True)
    reader.link("Earlier lines").click()
    reader.until(lambda: reader.all(f"#L{WHOLE - 200}") and not reader.all(f"#L{WHOLE}"), "earlier lines")
    reader.link("Previous error").click()
    reader.until(lambda: reader.all(f"#L{WHOLE - 1000}.here"), "the last error before them")
    reader.go_to_line(5)
    reader.until(lambda: reader.all("#L5.here"), "line 5")
    reader.type("q", "line 199990:")
    reader.press("Show")
    reader.until(
        lambda: [one.get_attribute("id") for one in reader.all("[data-log] ol > li")] == ["L199990"], "it alone"
    )


def test_nobody_without_the_permission_sees_a_log(reader: Reader, web: PageServer, short: ScrapeJob) -> None:
    address = f"{web.url}/admin/scraping/scrapejob/{short.pk}"
    reader.enter(make.staff("pipeline.view_product", name="stranger"))
    try:
        reader.open(f"{address}/change/")
        assert "Not allowed" in reader.find("body").text
        cookies = {"sessionid": reader.window.get_cookie("sessionid")["value"]}  # type: ignore[index]
        for way in ("lines", "error", "log", "changes"):
            assert requests.get(f"{address}/{way}/", cookies=cookies, timeout=30).status_code == 403
    finally:
        reader.enter(reader.user)


@pytest.mark.parametrize("name", ["short", "long"])
def test_nothing_keeps_anybody_from_reading_it(reader: Reader, name: str, request: pytest.FixtureRequest) -> None:
    reader.visit(request.getfixturevalue(name))
    reader.until(lambda: reader.positions, "lines")
    assert axe.serious_in_both_schemes(reader.window) == []


def test_a_phone_shows_it_within_its_width(reader: Reader, short: ScrapeJob) -> None:
    chrome.size(reader.window, chrome.PHONE)
    reader.visit(short)
    reader.shown(*range(1, 11))
    assert reader.run("return document.documentElement.scrollWidth") <= chrome.PHONE
    chrome.size(reader.window, chrome.WIDE)
