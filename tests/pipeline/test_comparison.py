"""What the review page shows of a product."""

from decimal import Decimal
from typing import Any

import pytest

from pipeline import comparison, review
from pipeline.comparison import Cell, Row, Sheet
from pipeline.consolidation import consolidate
from pipeline.models import Product
from tests import make

pytestmark = pytest.mark.django_db

ACME = {
    "name": "Gold Adult Chicken 30 lb", "weight": "30 lb", "price": "66.99", "url": "https://acme.test/1",
    "scraped_at": "2026-11-11T10:00:00+00:00", "images": ["https://a.test/1.jpg", "https://a.test/2.jpg"],
}  # fmt: skip
BRADLEY = {"name": "Gold Adult Lamb 30 lb", "weight": "480 oz", "price": 61.5, "gtin": "072705115311"}


def sheet(*, sources: dict[str, Any] | None = None) -> Sheet:
    product = make.product(sources={"bradley": BRADLEY, "acme": ACME} if sources is None else sources)
    consolidate.consolidate(product.pk, by_hand=True)
    return comparison.compare(Product.objects.get(pk=product.pk))


def row(of: Sheet, field: str) -> Row:
    return next(row for row in (*of.rows, *of.empty) if row.field == field)


def cell(of: Sheet, field: str, source: str) -> Cell:
    return next(cell for cell in row(of, field).cells if cell.source == source)


def test_sources_stand_by_trust_with_when_and_where_they_were_read() -> None:
    make.scraper("bradley", trust=90)
    make.scraper("acme", trust=10)
    first, second = sheet().sources
    assert (first.slug, first.url, first.read_at) == ("bradley", "", None)
    assert (second.slug, second.url) == ("acme", "https://acme.test/1")
    assert second.read_at is not None


def test_an_address_that_is_none_is_no_link() -> None:
    (source,) = sheet(sources={"acme": {"url": "javascript:alert(1)"}}).sources
    assert source.url == ""


def test_a_cell_says_whether_it_won_or_agrees_and_what_differs() -> None:
    page = sheet()
    assert cell(page, "weight", "acme").won
    other = cell(page, "weight", "bradley")
    assert (other.won, other.agrees, other.words) == (False, True, ())
    assert list(cell(page, "name", "bradley").words) == [
        ("same", "Gold Adult"), ("del", "Chicken"), ("ins", "Lamb"), ("same", "30 lb"),
    ]  # fmt: skip


def test_a_flawed_gtin_is_shown_and_cannot_be_taken() -> None:
    shown = cell(sheet(), "gtin", "bradley")
    assert (shown.text, shown.flaw, shown.take) == ("072705115311", "its check digit is wrong", "")


def test_what_changed_since_a_decision_is_news() -> None:
    product = sheet().product
    by = make.staff()
    review.edit(product.pk, field="name", value="Mine", by=by)
    sources = {"acme": ACME | {"name": "Changed"}, "bradley": BRADLEY}
    Product.objects.filter(pk=product.pk).update(sources=sources)
    page = comparison.compare(Product.objects.get(pk=product.pk))
    assert [cell(page, "name", slug).news for slug in ("acme", "bradley")] == [True, False]
    assert row(page, "name").locked_by == "maria"


def test_pictures_know_their_sources_and_what_was_left_out_is_offered() -> None:
    product = sheet().product
    review.edit(product.pk, field="images", value=["https://mine.test/0.jpg", "https://a.test/2.jpg"], by=make.staff())
    page = comparison.compare(Product.objects.get(pk=product.pk))
    assert [(picture.url, list(picture.sources), picture.used) for picture in page.pictures] == [
        ("https://mine.test/0.jpg", [], True),
        ("https://a.test/2.jpg", ["acme"], True),
        ("https://a.test/1.jpg", ["acme"], False),
    ]


def test_a_picture_keeps_its_source_when_the_site_no_longer_shows_it() -> None:
    product = sheet().product
    Product.objects.filter(pk=product.pk).update(sources={"acme": {}})
    page = comparison.compare(Product.objects.get(pk=product.pk))
    assert [list(picture.sources) for picture in page.pictures] == [["acme"], ["acme"]]


def test_the_sites_prices_are_told_beside_the_sheets() -> None:
    page = sheet()
    assert (page.price.text, page.lowest, page.highest) == ("9.99", Decimal("61.5"), Decimal("66.99"))
    assert [(said.source, said.text, said.take) for said in page.price.cells] == [
        ("acme", "66.99", ""), ("bradley", "61.5", ""),
    ]  # fmt: skip


def test_it_lists_what_is_missing() -> None:
    page = sheet(sources={})
    assert [check.field for check in page.needs] == ["name", "brand", "images"]
    assert {check.field for check in page.checks if not check.required} == {"description", "categories"}


def test_scrapers_that_did_not_find_it_are_named() -> None:
    job = make.job(skus=["BS-1"], scrapers=["coastal", "acme"])
    make.result(job, scraper="coastal", outcome="not_found")
    make.result(job, scraper="acme", outcome="found")
    assert [(unit.scraper, unit.outcome) for unit in sheet().unknown] == [("coastal", "not_found")]
