from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pipeline import capacity, enhance
from pipeline.capacity import Fleet, Key, Site
from pipeline.models import Product
from runners.models import RunnerKey
from scraping.models import ScrapeBatch, ScrapeJob, Scraper
from tests import make

ACME, BRADLEY = Site("acme", "Acme", seconds=2.0), Site("bradley", "Bradley", seconds=3.0, delay=2.0)
EVERYTHING = Key("east", live=True)


def minutes(fleet: Fleet, *slugs: str, skus: int, most: int) -> float:
    return fleet.outlook(slugs, skus=skus, max_runners=most).duration.total_seconds() / 60


def test_more_runners_share_the_skus() -> None:
    fleet = Fleet((ACME,), (EVERYTHING, Key("west", live=True), Key("south", live=True)))
    assert minutes(fleet, "acme", skus=300, most=1) == 10
    assert minutes(fleet, "acme", skus=300, most=3) == pytest.approx(10 / 3)


def test_jobs_for_which_no_runner_is_there_wait_for_one() -> None:
    assert minutes(Fleet((ACME,), (EVERYTHING,)), "acme", skus=300, most=3) == 10


def test_while_nobody_is_there_the_runners_asked_for_are_assumed() -> None:
    fleet = Fleet((ACME,), (Key("east", live=False),))
    assert minutes(fleet, "acme", skus=300, most=3) == pytest.approx(10 / 3)
    assert fleet.outlook(["acme"], skus=300, max_runners=3).runners == ()


def test_sites_are_visited_side_by_side_as_slowly_as_the_slowest() -> None:
    assert minutes(Fleet((ACME, BRADLEY), (EVERYTHING,)), "acme", "bradley", skus=60, most=1) == 3


def test_few_skus_make_few_jobs() -> None:
    assert Fleet((ACME,), (EVERYTHING,)).outlook(["acme"], skus=2, max_runners=3).jobs == 2


def test_a_runner_counts_once_and_only_where_one_of_its_keys_allows_all() -> None:
    keys = (Key("east", live=True, allowed=frozenset({"acme"})), Key("east", live=True), Key("west", live=True))
    fleet = Fleet((ACME, BRADLEY), (*keys, Key("north", live=True, allowed=frozenset({"acme"}))))
    assert fleet.live(["acme", "bradley"]) == ["east", "west"]


def test_the_pace_is_the_whole_fleets() -> None:
    assert BRADLEY.pages_a_minute(3) == 90
    assert Site("slow", "Slow", delay=2.0, limit=1).pages_a_minute(3) == 30
    assert Site("open", "Open", delay=0).pages_a_minute(3) is None


@pytest.mark.django_db
def test_the_time_of_a_unit_is_measured_once_there_are_results() -> None:
    make.scraper(definition={"politeness": {"delay_s": 2.0}})
    assert capacity.survey().sites[0].seconds == 3.0
    job = make.job(skus=["A", "B", "C"])
    for sku, milliseconds in zip("ABC", (4000, 5000, 90_000), strict=True):
        make.result(job, sku=sku, milliseconds=milliseconds)
    assert capacity.survey().sites[0].seconds == 5.0


@pytest.mark.django_db
def test_revoked_and_expired_keys_open_no_door() -> None:
    make.key(make.runner())
    assert len(capacity.survey().keys) == 1
    RunnerKey.objects.update(expires_at=timezone.now() - timedelta(days=1))
    assert capacity.survey().keys == ()
    RunnerKey.objects.update(expires_at=None, revoked_at=timezone.now())
    assert capacity.survey().keys == ()


@pytest.mark.django_db
def test_a_scraper_without_a_definition_cannot_be_chosen() -> None:
    make.scraper()
    Scraper.objects.create(slug="empty", display_name="Empty")
    assert capacity.survey().usable == ["acme"]


@pytest.mark.django_db
class TestTheCommand:
    def test_it_prints_the_ids_of_all_jobs(self, capsys: pytest.CaptureFixture[str]) -> None:
        make.scraper()
        make.key(make.runner())
        for number in range(4):
            make.product(f"S{number}")
        make.product("DONE", stage="approved")
        call_command("enhance")
        printed = capsys.readouterr()
        assert printed.out.split() == [str(job.pk) for job in ScrapeJob.objects.order_by("turn")]
        assert "4 products go to acme" in printed.err

    def test_it_takes_skus_stages_and_scrapers(self) -> None:
        make.scraper()
        make.scraper("bradley")
        make.key(make.runner())
        make.product("A")
        make.product("B", stage="approved")
        call_command("enhance", "B", "--scrapers", " bradley,", "--user", make.staff().username)
        batch = ScrapeBatch.objects.get()
        assert (batch.jobs.get().skus, batch.scrapers) == (["B"], ["bradley"])
        assert batch.requested_by is not None
        call_command("enhance", "--stage", "imported", "--max-runners", "1")
        assert ScrapeJob.objects.get(skus=["A"]).scrapers == ["acme", "bradley"]

    def test_it_refuses_in_sentences(self) -> None:
        with pytest.raises(CommandError, match="no product X, Y"):
            call_command("enhance", "X", "Y")
        with pytest.raises(CommandError, match="--scrapers names none"):
            call_command("enhance", "--scrapers", "")
        make.product("A")
        with pytest.raises(CommandError, match="at least one scraper"):
            call_command("enhance")
        make.scraper()
        with pytest.raises(CommandError, match="No single runner key"):
            call_command("enhance")
        make.key(make.runner())
        Product.objects.update(stage="rejected", rejected_because="no")
        with pytest.raises(CommandError, match="nothing to enhance"):
            call_command("enhance", "A")

    def test_what_is_left_out_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        make.scraper()
        make.key(make.runner())
        make.product("A")
        make.product("B")
        make.job(skus=["A"])
        call_command("enhance")
        assert "left out: A. Already waiting in job" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_refused_batch_changes_nothing() -> None:
    make.product("A")
    with pytest.raises(enhance.RefusedError):
        enhance.start(Product.objects.all(), scrapers=["gone"], by=None)
    assert not ScrapeBatch.objects.exists()
