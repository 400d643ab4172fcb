"""A job's log at its doors: the page without a script, the JSON view, the files, and who may see them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from scraping import downloads, jobs, lines, retention
from scraping.models import ScrapeJob
from tests import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def watcher(client: Client) -> Client:
    client.force_login(make.staff("scraping.view_operations"))
    return client


@pytest.fixture
def job() -> ScrapeJob:
    return make.running_job(make.runner(), skus=["1", "2"], scrapers=["acme", "bradley"])


def of(name: str, job: ScrapeJob) -> str:
    return reverse(f"admin:scraping_scrapejob_{name}", args=[job.pk])


def write(job: ScrapeJob, count: int, **values: str) -> None:
    for number in range(count):
        make.line(job, f"line {number + 1}", **values)


def downloaded(job: ScrapeJob, form: str = "text") -> tuple[str, Any]:
    """The file's text, read as an ASGI server does."""
    staff = make.staff("scraping.view_operations", name=f"reader-{form}")

    async def fetch() -> tuple[str, Any]:
        client = AsyncClient()
        await client.aforce_login(staff)
        answer: Any = await client.get(of("log", job), {"as": form})
        return b"".join([piece async for piece in answer]).decode(), answer

    return async_to_sync(fetch)()


def test_a_reader_gets_the_lines_beyond_its_position_and_the_end(watcher: Client, job: ScrapeJob) -> None:
    write(job, 3)
    news = watcher.get(of("lines", job), {"after": "1"}).json()
    assert [line["message"] for line in news.pop("lines")] == ["line 2", "line 3"]
    assert news == {"from": 2, "to": 3, "head": 3, "first": 1, "removed": 0, "end": False}
    make.ended(job)
    assert watcher.get(of("lines", job), {"after": "3"}).json()["end"] is True
    assert watcher.get(of("lines", job), {"after": "0", "limit": "1"}).json()["end"] is False


def test_a_reader_gets_the_lines_around_and_before_a_position(watcher: Client, job: ScrapeJob) -> None:
    write(job, 9)
    for asked, expected in (({"before": "4", "limit": "2"}, [2, 3]), ({"line": "5", "limit": "2"}, [4, 5]), ({}, None)):
        found = [line["position"] for line in watcher.get(of("lines", job), asked).json()["lines"]]
        assert found == (expected or list(range(1, 10)))


def test_a_reader_may_want_less(watcher: Client, job: ScrapeJob) -> None:
    make.line(job, "found GOLD", scraper="acme", sku="1")
    make.line(job, "429, waiting", scraper="bradley", level="warning")
    for name, value, found in (("q", "gold", 1), ("level", "warning", 2), ("scraper", "bradley", 2), ("sku", "1", 1)):
        news = watcher.get(of("lines", job), {name: value}).json()
        assert [line["position"] for line in news["lines"]] == [found]
        page = watcher.get(of("change", job), {name: value}).content.decode()
        assert [f'id="L{position}"' in page for position in (1, 2)] == [found == 1, found == 2]


@pytest.mark.parametrize("nonsense", ["", "-1", "x", "9" * 30, "٣"])
@pytest.mark.parametrize("name", ["after", "before", "line", "limit"])
def test_nonsense_in_an_address_asks_for_nothing(watcher: Client, job: ScrapeJob, name: str, nonsense: str) -> None:
    """A script hears so; a person gets the page."""
    write(job, 1)
    answer = watcher.get(of("lines", job), {name: nonsense})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert name in answer.json()["error"]
    assert "L1" in watcher.get(of("change", job), {name: nonsense}).content.decode()
    assert len(watcher.get(of("lines", job), {"level": nonsense}).json()["lines"]) == 1


def test_a_position_beyond_the_end_begins_anew(watcher: Client, job: ScrapeJob) -> None:
    write(job, 2)
    news = watcher.get(of("lines", job), {"after": "9"}).json()
    assert (news["reset"], news["from"], news["to"], len(news["lines"])) == (True, 1, 2, 2)
    assert "reset" not in watcher.get(of("lines", job), {"after": "2"}).json()


def test_the_next_error_is_a_position(watcher: Client, job: ScrapeJob) -> None:
    make.line(job)
    make.line(job, level="error")
    answers = [
        watcher.get(of("error", job), asked).json() for asked in ({"after": "0"}, {"after": "2"}, {"before": "9"})
    ]
    assert answers == [{"position": 2}, {"position": None}, {"position": 2}]


def test_a_filter_is_obeyed_on_the_way_to_an_error(watcher: Client, job: ScrapeJob) -> None:
    for scraper in ("acme", "bradley", "acme"):
        make.line(job, level="error", scraper=scraper)
    asked = {"scraper": "bradley"}
    assert watcher.get(of("error", job), asked | {"before": "9"}).json() == {"position": 2}
    assert watcher.get(of("error", job), asked | {"before": "2"}).json() == {"position": None}
    assert watcher.get(of("error", job), asked | {"after": "0"}).json() == {"position": 2}


def test_names_forge_no_line_of_a_file(job: ScrapeJob) -> None:
    make.line(job, message="said", scraper="ac\nme\x1b[0m", sku="A\n2\tx\terror\tacme\tA\tALL LOST")
    text, _answer = downloaded(job)
    assert [line.split("\t")[3:] for line in text.splitlines()] == [
        ["ac me␛[0m", "A 2 x error acme A ALL LOST", "said"],
    ]


def test_the_buttons_follow_the_jobs_end(client: Client) -> None:
    client.force_login(make.staff("scraping.view_operations", "scraping.manage_operations"))
    job = make.running_job(make.runner())
    assert "Cancel job…" in client.get(of("changes", job)).json()["parts"]["ways"]
    job.refresh_from_db()
    jobs.complete(job, at=timezone.now())
    ways = client.get(of("changes", job)).json()["parts"]["ways"]
    assert ("Cancel job…" in ways, "Retry…" in ways) == (False, True)


@pytest.mark.parametrize("name", ["change", "changes", "lines", "error", "log"])
def test_staff_without_the_permission_see_nothing(client: Client, job: ScrapeJob, name: str) -> None:
    client.force_login(make.staff("pipeline.view_product"))
    assert client.get(of(name, job)).status_code == 403


def test_without_a_script_the_page_leads_through_the_whole_log(watcher: Client, job: ScrapeJob) -> None:
    make.long_log(job, 450)
    page = watcher.get(of("change", job)).content.decode()
    assert page.count("<li id=") == 201  # and the shape for scripts
    assert 'href="?before=251#log"' in page
    page = watcher.get(of("change", job), {"before": "251"}).content.decode()
    assert 'id="L51"' in page
    assert 'href="?after=250#log"' in page
    page = watcher.get(of("change", job), {"line": "7"}).content.decode()
    assert 'id="L7" class="info here"' in page


def test_without_a_script_the_filter_stays_on_the_way(watcher: Client, job: ScrapeJob) -> None:
    make.long_log(job, 450)
    page = watcher.get(of("change", job), {"q": "sku", "level": "info"}).content.decode()
    assert "level=info&amp;q=sku#log" in page.split('data-way="first"')[1][:80]
    assert 'value="sku"' in page


def test_hostile_text_is_shown_and_does_nothing(watcher: Client, job: ScrapeJob) -> None:
    make.line(job, "<script>alert(1)</script>\x1b[31m\x01 \u202egnp.exe\u2066 \u200b|")
    shown = "\u241b[31m\u2401 ⟨RLO⟩gnp.exe⟨LRI⟩ ⟨ZWSP⟩|"
    page = watcher.get(of("change", job)).content.decode()
    assert f"&lt;script&gt;alert(1)&lt;/script&gt;{shown}" in page
    (line,) = watcher.get(of("lines", job)).json()["lines"]
    assert line["message"] == f"<script>alert(1)</script>{shown}"


def test_a_log_is_downloaded_as_text_a_line_each(job: ScrapeJob) -> None:
    make.line(job, "two\nlines", scraper="acme", sku="1")
    make.line(job, "found: “Gold” \x1b[31m")
    text, answer = downloaded(job)
    first, second = text.split("\n2\t")
    assert first.startswith("1\t")
    assert first.endswith("\tinfo\tacme\t1\ttwo\n    lines")
    assert second.endswith("found: “Gold” ␛[31m\n")
    assert answer["Content-Disposition"] == f'attachment; filename="job-{job.short}.log"'


def test_a_log_is_downloaded_as_json_lines_with_the_messages_as_they_came(job: ScrapeJob) -> None:
    make.line(job, "red \x1b[31m“Gold”", sku="1")
    text, answer = downloaded(job, "jsonl")
    (line,) = map(json.loads, text.splitlines())
    assert (line["position"], line["message"], line["sku"]) == (1, "red \x1b[31m“Gold”", "1")
    assert answer["Content-Type"] == "application/jsonl"


def test_a_long_log_leaves_in_pieces(job: ScrapeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    make.long_log(job, 1200)

    async def collect() -> list[str]:
        return [piece async for piece in downloads.pieces(job, downloads.Form.TEXT)]

    pieces = async_to_sync(collect)()
    assert [piece.count("\n") for piece in pieces] == [lines.MOST, lines.MOST, 200]
    assert [row.split("\t")[0] for row in "".join(pieces).splitlines()] == [str(n) for n in range(1, 1201)]


def test_what_was_removed_is_said_on_the_page_and_in_the_files(watcher: Client, job: ScrapeJob) -> None:
    for level in ("info", "info", "error", "info"):
        make.line(job, level=level)
    make.ended(job)
    retention.work(now=timezone.now() + timedelta(days=31))
    page = watcher.get(of("change", job)).content.decode()
    assert "3 lines were removed by" in page
    assert "no longer kept" in page
    news = watcher.get(of("lines", job), {"after": "0"}).json()
    assert ([line["position"] for line in news["lines"]], news["first"], news["removed"]) == ([3], 3, 3)
    assert downloaded(job)[0].startswith("# 3 lines were removed by ")
    assert json.loads(downloaded(job, "jsonl")[0].splitlines()[0])["removed"] == 3
