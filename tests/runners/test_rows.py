"""Rows written by plain statements are what Django would have written."""

import pytest
from django.core.exceptions import FieldDoesNotExist
from pytest_django import DjangoAssertNumQueries

from runners import rows
from scraping.models import ScrapeJob, ScrapeResult
from tests import make

UNIT = ["root_id", "sku", "scraper"]
pytestmark = pytest.mark.django_db


def test_named_fields_are_stored_and_no_others() -> None:
    job = make.running_job(make.runner(), skus=["1", "2"])
    job.log_counts, job.log_bodies, job.final_answer = {"info": 2}, ["a'b", "c%s"], None
    job.step, job.done = "not to be stored", 1
    rows.update(job, ["log_counts", "log_bodies", "final_answer", "done"])
    stored = ScrapeJob.objects.get(pk=job.pk)
    assert (stored.log_counts, stored.log_bodies, stored.final_answer) == ({"info": 2}, ["a'b", "c%s"], None)
    assert (stored.step, stored.done) == ("", 1)


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(FieldDoesNotExist):
        rows.update(make.job(), ["colour"])


def test_new_rows_get_their_keys_in_order() -> None:
    job = make.running_job(make.runner(), skus=["1", "2"])
    made = [
        ScrapeResult(root=job, job=job, sku=sku, scraper="acme", outcome="found", fields={"name": f"100% {sku}"})
        for sku in job.skus
    ]
    assert rows.insert(made, unique=UNIT) == made
    assert {row.pk: row.fields for row in ScrapeResult.objects.all()} == {row.pk: row.fields for row in made}
    assert all(row.recorded_at for row in made)


def test_no_rows_are_no_statement(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert rows.insert([], unique=UNIT) == []


def test_a_row_that_is_there_already_stays_as_it_is() -> None:
    job = make.running_job(make.runner(), skus=["1", "2"])
    make.result(job, sku="1", fields={"name": "first"})
    made = [ScrapeResult(root=job, job=job, sku=sku, scraper="acme", outcome="found") for sku in job.skus]
    assert rows.insert(made, unique=UNIT) == [made[1]]
    assert ScrapeResult.objects.get(sku="1").fields == {"name": "first"}
