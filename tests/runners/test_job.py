"""A whole job against a server in memory and a site on loopback."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from runners.agent.answers import KeyRefused
from runners.agent.client import Client
from runners.agent.loop import NoSuchJob, Runner
from runners.agent.page import Page
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.redact import Redactor
from runners.agent.scrape import Tools
from runners.agent.spool import Spool
from runners.agent.work import Finding
from runners.protocol.definition import Definition
from runners.protocol.tokens import Tokens
from runners.protocol.words import Outcome
from tests.runners.fake_server import KEY, FakeServer, error, server
from tests.runners.shop import PASSWORD, USER, Shop, page
from tests.runners.wire import Asked, Clock, Reply, answer


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    with server() as running:
        running.secrets["bradley"] = {"username": USER, "password": PASSWORD}
        yield running


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.wire.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for room in ("outbox", "client", "fetch"):
        monkeypatch.setattr(f"runners.agent.{room}.backoff", lambda attempt: 0.001)


@contextmanager
def runner(fake: FakeServer, *, grace: float = 5) -> Iterator[Runner]:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    client = Client(fake.wire.url, KEY)
    tools = Tools(client, Redactor([KEY]), PrivateHosts("127.0.0.1"), polite, Spool(None))
    try:
        yield Runner(tools, poll_seconds=0.001, grace=grace)
    finally:
        client.close()


def do(fake: FakeServer) -> None:
    """Have a runner do the one job there is."""
    with runner(fake) as running:
        running.run(once=True)


@contextmanager
def meanwhile(work: Callable[[], object]) -> Iterator[None]:
    """Do `work` in a thread of its own; what it raises fails the test."""
    failures: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - carried over to the test's own thread
            failures.append(error)

    thread = threading.Thread(target=guarded)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()
    assert failures == []


def calls(fake: FakeServer) -> list[str]:
    return [asked.path.rpartition("/")[2] for asked in fake.wire.asked]


def test_a_job_goes_from_the_poll_to_its_last_word(fake: FakeServer, shop: Shop) -> None:
    shop.products["009"] = "Silver"
    fake.offer(shop.definition(), skus=["007", "008", "009"])
    do(fake)
    assert fake.outcomes() == {
        ("007", "bradley"): "found",
        ("008", "bradley"): "not_found",
        ("009", "bradley"): "found",
    }
    assert fake.words[0] == {"job_id": "job-1", "status": "running"}
    assert fake.ending == {"job_id": "job-1", "status": "completed"}
    assert fake.acknowledged
    assert calls(fake)[:3] == ["poll", "job", "callback"]
    item = fake.units["007", "bradley"]
    assert item["fields"] == {"name": "Gold & Silver Feed", "sku": "007", "brand": "Harvest"}
    assert item["url"] == f"{shop.wire.url}/search?q=007"
    assert item["milliseconds"] >= 0
    assert item["scraped_at"].endswith("Z")


def test_it_says_what_it_is_and_what_it_can_when_it_polls(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(), skus=["007"])
    do(fake)
    assert fake.wire.asked[0].json == {"version": "0.1.0", "schema_version": 1, "capabilities": ["http"]}


def test_its_lines_are_all_there_before_its_last_word(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(), skus=["007", "008"])
    do(fake)
    assert [line["seq"] for line in fake.lines] == list(range(1, len(fake.lines) + 1))
    told = [line for line in fake.lines if line.get("sku") == "007"][-1]
    assert told["message"].startswith("007 found: “Gold & Silver Feed”, 3 of 3 fields, ")
    assert (told["scraper"], told["level"]) == ("bradley", "info")
    assert "008 not found: the site shows “.empty”" in fake.messages()
    assert fake.messages()[-1] == "2 of 2 units done: 1 found, 1 not found"
    assert calls(fake)[-1] == "callback"


def test_each_unit_is_posted_as_it_comes(fake: FakeServer, shop: Shop) -> None:
    go_on = threading.Event()

    def hold(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "008":
            assert go_on.wait(10)
        return None

    shop.special = hold
    fake.offer(shop.definition(), skus=["007", "008"])
    with meanwhile(lambda: do(fake)):
        fake.wait_for(lambda: ("007", "bradley") in fake.units)
        assert fake.ending["status"] == "running"
        go_on.set()
    assert fake.ending["status"] == "completed"


def test_units_that_are_done_already_are_not_done_again(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(), skus=["007", "008"], done=[["007", "bradley"]])
    do(fake)
    assert set(fake.units) == {("008", "bradley")}
    assert fake.ending["status"] == "completed"


def test_scrapers_work_side_by_side_each_in_the_jobs_order(fake: FakeServer, shop: Shop) -> None:
    other = Shop(login=False)
    both = threading.Barrier(2, timeout=10)

    def meet(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "007":
            both.wait()
        return None

    shop.special = other.special = meet
    fake.offer(shop.definition(), other.definition(slug="acme"), skus=["007", "008"], max_workers=3)
    do(fake)
    other.wire.close()
    assert len(fake.units) == 4
    asked = [asked.query["q"] for asked in other.wire.asked]
    assert asked == ["007", "008"]


def test_a_result_whose_reply_was_lost_counts_once(fake: FakeServer, shop: Shop) -> None:
    lost = iter([True])

    def lose(asked: Asked, reply: Reply) -> Reply:
        carries = asked.path.endswith("callback") and "results" in asked.json
        return Reply(hang_up=True) if carries and next(lost, False) else reply

    fake.after = lose
    fake.offer(shop.definition(), skus=["007"])
    do(fake)
    carried = [asked.json["results"] for asked in fake.wire.asked if b"results" in asked.body]
    assert len(carried) == 2
    assert carried[0] == carried[1]
    assert len(fake.units) == 1
    assert fake.ending["status"] == "completed"


def test_a_last_word_whose_reply_was_lost_is_said_again_in_the_same_words(fake: FakeServer, shop: Shop) -> None:
    lost = iter([True])

    def lose(asked: Asked, reply: Reply) -> Reply:
        return Reply(hang_up=True) if says_completed(asked) and next(lost, False) else reply

    def says_completed(asked: Asked) -> bool:
        return b"completed" in asked.body and asked.path.endswith("callback")

    fake.after = lose
    fake.offer(shop.definition(), skus=["007"])
    do(fake)
    final = [asked.body for asked in fake.wire.asked if says_completed(asked)]
    assert len(final) == 2
    assert final[0] == final[1]


def test_a_server_that_goes_away_in_between_loses_nothing(fake: FakeServer, shop: Shop) -> None:
    shop.products = {f"{n:03}": "Gold" for n in range(10)}
    faults = iter([Reply(hang_up=True), Reply("<h1>Bad gateway</h1>", 502), Reply("nothing here", 404)] * 3)
    fake.before = lambda asked: next(faults, None) if b"results" in asked.body or b"logs" in asked.body else None
    fake.offer(shop.definition(), skus=list(shop.products))
    do(fake)
    assert len(fake.units) == 10
    assert [line["seq"] for line in fake.lines] == list(range(1, len(fake.lines) + 1))
    assert fake.ending["status"] == "completed"


def test_it_waits_for_a_server_that_is_not_up_yet(
    fake: FakeServer, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "runners")
    refusals = iter([Reply(hang_up=True), Reply("<h1>starting</h1>", 404), answer({}, 503, Retry_After="0")])
    fake.before = lambda asked: next(refusals, None)
    fake.offer(shop.definition(), skus=["007"])
    do(fake)
    assert fake.ending["status"] == "completed"
    assert caplog.text.count("waiting for the server") == 1


def test_a_result_the_server_refuses_is_reported_singly_as_our_fault(fake: FakeServer, shop: Shop) -> None:
    def refuse(asked: Asked) -> Reply | None:
        items = asked.json.get("results", {}).get("items", []) if asked.path.endswith("callback") else []
        if len(items) == 1 and items[0]["sku"] == "007" and items[0]["outcome"] == "found":
            return error(400, "malformed")
        return error(400, "malformed") if len(items) > 1 else None

    fake.before = refuse
    shop.products["009"] = "Silver"
    fake.offer(shop.definition(), skus=["007", "008", "009"])
    do(fake)
    assert fake.outcomes() == {
        ("007", "bradley"): "runner_error",
        ("008", "bradley"): "not_found",
        ("009", "bradley"): "found",
    }
    assert any("the server refused this result" in message for message in fake.messages())


def test_two_failed_logins_in_a_row_pass_the_rest_over(fake: FakeServer, shop: Shop) -> None:
    fake.secrets["bradley"] = {"username": USER, "password": "an old password"}
    fake.offer(shop.definition(), skus=["001", "002", "003", "004"])
    do(fake)
    assert list(fake.outcomes().values()) == ["login_failed", "login_failed", "skipped", "skipped"]
    assert fake.units["003", "bradley"]["message"] == "not asked: the login failed twice in a row"
    assert shop.times("/session") == 2
    assert fake.ending["status"] == "completed"


def test_a_scraper_without_credentials_fails_its_units(fake: FakeServer, shop: Shop) -> None:
    fake.secrets.clear()
    fake.offer(shop.definition(), skus=["001", "002", "003"])
    do(fake)
    assert list(fake.outcomes().values()) == ["login_failed", "login_failed", "skipped"]
    assert shop.wire.asked == []


def test_a_paused_scraper_is_passed_over(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(), skus=["001", "002"])
    assert fake.job
    fake.job["scrapers"][0]["disabled"] = True
    do(fake)
    assert list(fake.outcomes().values()) == ["skipped", "skipped"]
    assert shop.wire.asked == []


def test_a_definition_it_cannot_read_is_its_own_fault(fake: FakeServer, shop: Shop) -> None:
    fake.offer({"slug": "bradley", "schema_version": 1}, skus=["001"])
    do(fake)
    assert fake.outcomes() == {("001", "bradley"): "runner_error"}


def test_keys_of_a_newer_definition_are_passed_over(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(schema_version=2, weather="fair"), skus=["007"])
    do(fake)
    assert fake.outcomes() == {("007", "bradley"): "found"}


def test_a_poison_page_costs_its_unit_alone(fake: FakeServer, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def poisoned(definition: Definition, page: Page, tokens: Tokens) -> Finding:
        if tokens.sku == "007":
            raise ValueError("poison")
        return Finding(Outcome.FOUND)

    monkeypatch.setattr("runners.agent.work._product", poisoned)
    shop.products["008"] = "Silver"
    fake.offer(shop.definition(), skus=["007", "008"])
    do(fake)
    assert list(fake.outcomes().values()) == ["runner_error", "found"]
    assert any("ValueError: poison" in message for message in fake.messages())


def test_a_cancel_heard_from_a_beat_ends_after_the_unit_in_hand(fake: FakeServer, shop: Shop) -> None:
    heard = threading.Event()

    def hold(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "007":
            fake.beat_answer["job-1"] = "cancel"
            assert heard.wait(10)
        return None

    shop.special = hold
    fake.offer(shop.definition(), skus=["007", "008"], heartbeat_seconds=0.01)
    with meanwhile(lambda: do(fake)):
        fake.wait_for(lambda: fake.told.count("cancel") >= 2)
        heard.set()
    assert set(fake.units) == {("007", "bradley")}
    assert (fake.ending["status"], fake.ending["reason"]) == ("failed", "cancelled")
    assert fake.ending["error_message"] == "cancelled after 1 of 2 units"


def test_a_cancel_heard_from_a_callback_ends_the_job(fake: FakeServer, shop: Shop) -> None:
    fake.after = lambda asked, reply: answer({"success": True, "cancel": True}) if b"running" in asked.body else reply
    fake.offer(shop.definition(), skus=["007", "008"])
    do(fake)
    assert (fake.units, fake.ending["reason"]) == ({}, "cancelled")


def test_beats_tell_the_step_and_how_far_it_is(fake: FakeServer, shop: Shop) -> None:
    seen = threading.Event()

    def hold(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "008":
            assert seen.wait(10)
        return None

    shop.special = hold
    fake.offer(shop.definition(), skus=["007", "008"], heartbeat_seconds=0.01)
    with meanwhile(lambda: do(fake)):
        wanted = {"job_id": "job-1", "step": "bradley 008", "done": 1, "total": 2, "working": ["bradley"]}
        fake.wait_for(lambda: bool(fake.beats) and any(wanted.items() <= job.items() for job in fake.beats[-1]["jobs"]))
        assert (fake.beats[-1]["status"], fake.beats[-1]["current_job_id"]) == ("busy", "job-1")
        seen.set()
    numbers = [job["seq"] for beat in fake.beats for job in beat["jobs"]]
    assert numbers == list(range(1001, len(numbers) + 1001))


@pytest.mark.parametrize("word", ["beat", "logs", "callback"])
def test_a_job_that_is_lost_stops_at_once_without_another_word(
    fake: FakeServer, shop: Shop, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setattr("runners.agent.report.LINGER", 0.01)
    lost, go_on = threading.Event(), threading.Event()

    def hold(asked: Asked) -> Reply | None:
        if asked.query.get("q") == "007":
            lost.set()
        elif "q" in asked.query:
            fake.beat_answer["job-1"] = "lost" if word == "beat" else "ok"
            assert go_on.wait(10)
        return None

    def refuse(asked: Asked) -> Reply | None:
        return error(409, "not_yours") if lost.is_set() and asked.path.endswith(f"/{word}") else None

    shop.special, fake.before = hold, refuse
    fake.offer(shop.definition(), skus=["007", "008", "009"], heartbeat_seconds=0.01)
    do(fake)
    go_on.set()
    assert {sku for sku, _ in fake.units} <= {"007"}
    assert fake.ending["status"] == "running"
    assert "009" not in [asked.query.get("q") for asked in shop.wire.asked]


def test_a_key_that_is_revoked_stops_the_process(fake: FakeServer, shop: Shop) -> None:
    def revoke(asked: Asked) -> Reply | None:
        return error(403, "key_revoked") if b"results" in asked.body else None

    fake.before = revoke
    fake.offer(shop.definition(), skus=["007", "008"])
    with runner(fake) as running, pytest.raises(KeyRefused, match="key_revoked"):
        running.run()


def test_told_to_stop_it_finishes_the_unit_in_hand_and_hands_back_the_rest(fake: FakeServer, shop: Shop) -> None:
    with runner(fake) as running:

        def stop(asked: Asked) -> Reply | None:
            if asked.query.get("q") == "007":
                running.stop()
            return None

        shop.special = stop
        fake.offer(shop.definition(), skus=["007", "008", "009"])
        running.run()
    assert fake.outcomes() == {("007", "bradley"): "found"}
    assert (fake.ending["status"], fake.ending["reason"]) == ("failed", "interrupted")
    assert fake.messages()[-1] == "1 of 3 units done: 1 found"


def test_told_to_stop_in_its_last_unit_it_completes(fake: FakeServer, shop: Shop) -> None:
    with runner(fake) as running:

        def stop(asked: Asked) -> Reply | None:
            if asked.query.get("q"):  # once: told again it would hand back at once
                running.stop()
            return None

        shop.special = stop
        fake.offer(shop.definition(), skus=["007"])
        running.run()
    assert fake.ending["status"] == "completed"


def test_a_unit_that_outlasts_the_grace_is_handed_back(fake: FakeServer, shop: Shop) -> None:
    go_on = threading.Event()
    with runner(fake, grace=0.05) as running:

        def stop(asked: Asked) -> Reply | None:
            if asked.query.get("q") == "007":
                running.stop()
                assert go_on.wait(10)
            return None

        shop.special = stop
        fake.offer(shop.definition(), skus=["007", "008"])
        running.run()
        go_on.set()
    assert fake.units == {}
    assert fake.ending["reason"] == "interrupted"


def test_told_to_stop_while_the_server_is_away_it_leaves(fake: FakeServer) -> None:
    with runner(fake) as running:

        def away(asked: Asked) -> Reply:
            running.stop()
            return Reply(hang_up=True)

        fake.before = away
        running.run()
    assert len(fake.wire.asked) == 1


def do_once_there_is_room(fake: FakeServer) -> None:
    """Do the job; there is no room at bradley until the runner says that it waits for it."""

    def make_room(asked: Asked) -> Reply | None:
        if any("waiting for room at bradley" in line["message"] for line in fake.lines):
            fake.no_room = set()
        return None

    fake.no_room, fake.before = {"bradley"}, make_room
    do(fake)


def test_it_begins_with_the_site_that_has_room(fake: FakeServer, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runners.agent.turns.LONGEST_PAUSE", 0.01)
    fake.offer(shop.definition(), shop.definition(slug="coastal", login=None), skus=["007"], max_workers=1)
    assert fake.job is not None
    fake.job["scrapers"][0]["max_parallel_jobs"] = 1

    do_once_there_is_room(fake)
    assert list(fake.units) == [("007", "coastal"), ("007", "bradley")]
    working = [job["working"] for beat in fake.beats for job in beat["jobs"]]
    assert working[0] == ["bradley"]
    assert working[-1] == []


def test_a_limit_that_came_after_the_job_began_is_kept(
    fake: FakeServer, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runners.agent.turns.LONGEST_PAUSE", 0.01)
    fake.offer(shop.definition(), shop.definition(slug="coastal", login=None), skus=["007"], max_workers=1)

    do_once_there_is_room(fake)
    assert list(fake.units) == [("007", "coastal"), ("007", "bradley")]


@pytest.mark.parametrize("foreign", [{}, {"ok": 1}, {"success": False}])
def test_an_answer_that_is_not_ours_acknowledges_nothing(
    fake: FakeServer, shop: Shop, foreign: dict[str, object]
) -> None:
    said = iter([answer(foreign), answer(foreign)])
    fake.before = lambda asked: next(said, None) if b"results" in asked.body else None
    fake.offer(shop.definition(), skus=["007", "008"])
    do(fake)
    assert {sku for sku, _scraper in fake.units} == {"007", "008"}


def test_one_job_is_asked_for_by_its_id(fake: FakeServer, shop: Shop) -> None:
    fake.offer(shop.definition(), skus=["007"])
    with runner(fake) as running, pytest.raises(NoSuchJob):
        running.run(job_id="job-2")
    with runner(fake) as running:
        running.run(job_id="job-1")
    assert fake.ending["status"] == "completed"


def test_no_secret_is_in_lines_results_or_errors(
    fake: FakeServer, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "runners")
    shop.products["007"] = f"Hello {USER}"
    mirror = page(
        f"<a class=logout></a><h1 class='product'>{PASSWORD}</h1><p class='brand'>p%26canary%2F%C3%A4%204712</p>"
    )

    def echo(asked: Asked) -> Reply | None:
        return {"008": mirror, "009": Reply("", 500)}.get(asked.query.get("q", ""))

    shop.special = echo
    fields = {
        "name": {"from": [{"css": "h1.product"}], "required": True},
        "brand": {"from": [{"css": "p.brand"}]},
    }
    fake.offer(shop.definition(fields=fields), skus=["007", "008", "009"])
    do(fake)
    assert fake.units["007", "bradley"]["fields"]["name"] == "Hello [secret]"
    assert fake.units["008", "bradley"]["fields"] == {"name": "[secret]", "brand": "[secret]"}
    sent = b"".join(asked.body for asked in fake.wire.asked).decode()
    for text in (sent, repr(fake.units), repr(fake.lines), repr(fake.words)):
        assert "canary" not in text
        assert KEY not in text


def test_a_user_name_that_the_definition_spells_is_no_secret(fake: FakeServer, shop: Shop) -> None:
    fake.secrets["bradley"] = {"username": "bradley", "password": PASSWORD}
    inside = page(f"<a class=logout></a><h1 class='product'>bradley feed, {PASSWORD}</h1>")
    shop.special = lambda asked: None if asked.path == "/login" else inside
    fake.offer(shop.definition(), skus=["007"])
    do(fake)
    assert fake.units["007", "bradley"]["fields"] == {"name": "bradley feed, [secret]"}
