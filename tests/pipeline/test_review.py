"""Staff decide, and what they decide stays."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User

from pipeline import decisions, desk, review
from pipeline.consolidation import consolidate
from pipeline.desk import Change
from pipeline.models import Product
from pipeline.review import Glimpse, RefusedError
from pipeline.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

ACME = {"name": "Gold Chicken", "brand": "Fromm", "weight": "30 lb", "images": ["https://a.test/1.jpg"]}
BRADLEY = {"name": "Chicken Gold", "brand": "FROMM Inc.", "weight": "15 lb", "gtin": "072705115311"}


@pytest.fixture
def maria() -> User:
    return make.staff(name="maria")


@pytest.fixture
def joe() -> User:
    return make.staff(name="joe")


def ready(sku: str = "BS-1", *, sources: dict[str, Any] | None = None, **values: Any) -> Product:
    """A product that consolidation made ready for review."""
    product = make.product(sku, sources=sources or {"acme": ACME}, **values)
    consolidate.consolidate(product.pk)
    return fresh(product)


def fresh(product: Product) -> Product:
    return Product.objects.get(pk=product.pk)


def scrape(product: Product, **sources: dict[str, Any]) -> None:
    """New sources arrive, and consolidation takes them up."""
    Product.objects.filter(pk=product.pk).update(sources=fresh(product).sources | sources, stale=True)
    consolidate.consolidate(product.pk)


def seen(product: Product, field: str) -> str:
    return desk.stamp(product, field)


# fields


def test_taking_a_value_names_its_source_and_locks_the_field(maria: User) -> None:
    product = ready(sources={"acme": ACME, "bradley": BRADLEY})
    entry = review.accept(product.pk, field="weight", source="bradley", by=maria).consolidated["weight"]
    assert (entry["value"], entry["source"], entry["locked_by"]) == ("15 lb", "bradley", "maria")
    assert "conflict" not in entry


def test_what_is_typed_is_cleaned(maria: User) -> None:
    entry = review.edit(ready().pk, field="name", value=" Gold\u200b <b>Chicken</b> 30&nbsp;lb ", by=maria)
    assert entry.value("name") == "Gold Chicken 30 lb"
    html = review.edit(entry.pk, field="description_html", value="<p onclick=x()>ok<script>x()</script>", by=maria)
    assert html.value("description_html") == "<p>ok</p>"


def test_a_lock_survives_every_later_scrape(maria: User) -> None:
    product = ready()
    review.edit(product.pk, field="name", value="Mine", by=maria)
    review.clear(product.pk, field="brand", by=maria)
    review.accept(product.pk, field="weight", source="acme", by=maria)
    for weight in ("15 lb", "16 lb", "17 lb"):
        scrape(product, acme={"name": "Theirs", "brand": "Other", "weight": weight}, bradley={"weight": weight})
    after = fresh(product)
    assert [after.value(field) for field in ("name", "brand", "weight")] == ["Mine", None, "30 lb"]
    review.scrape_again(product.pk, by=maria)
    scrape(product, acme={"name": "Theirs again"})
    assert fresh(product).value("name") == "Mine"


def test_releasing_a_field_lets_the_sources_decide_again(maria: User) -> None:
    product = ready()
    review.edit(product.pk, field="name", value="Mine", by=maria)
    entry = review.release(product.pk, field="name", by=maria).consolidated["name"]
    assert (entry["value"], "locked_by" in entry) == ("Gold Chicken", False)


def test_every_change_is_told_with_who_and_what(maria: User) -> None:
    product = ready()
    review.edit(product.pk, field="name", value="Mine", by=maria)
    review.edit(product.pk, field="price", value="$1,064.99", by=maria)
    price, name = product.events.all()[:2]
    assert (name.by, name.field, name.old, name.new) == (maria, "name", "Gold Chicken", "Mine")
    assert (price.field, price.old, price.new) == ("target_price", "9.99", "1064.99")
    assert fresh(product).target_price == Decimal("1064.99")


@pytest.mark.parametrize(
    ("field", "value"),
    [("gtin", "072705115311"), ("price", "call us"), ("price", "-1"), ("price", "1.999"), ("price", "NaN")],
)
def test_what_cannot_be_the_value_is_refused_with_a_sentence(field: str, value: str, maria: User) -> None:
    product = ready()
    with pytest.raises(RefusedError):
        review.edit(product.pk, field=field, value=value, by=maria)
    assert fresh(product).version == product.version


def test_a_gtin_with_a_wrong_check_digit_cannot_be_taken(maria: User) -> None:
    product = ready(sources={"bradley": BRADLEY})
    with pytest.raises(RefusedError, match="check digit"):
        review.accept(product.pk, field="gtin", source="bradley", by=maria)


def test_a_source_that_says_something_else_by_now_is_not_taken_unseen(maria: User) -> None:
    product = ready()
    shown = Change("weight", take="acme", heard="0" * 12)
    saved = review.save(product.pk, changes=[shown], by=maria)
    assert (saved.fields, list(saved.refused)) == ((), ["weight"])


# two people


def test_two_people_editing_different_fields_both_get_through(maria: User, joe: User) -> None:
    page = ready()
    review.save(page.pk, changes=[Change("brand", "Theirs", seen=seen(page, "brand"))], by=joe)
    saved = review.save(page.pk, changes=[Change("name", "Mine", seen=seen(page, "name"))], by=maria)
    assert (saved.fields, saved.refused) == (("name",), {})
    assert (fresh(page).value("name"), fresh(page).value("brand")) == ("Mine", "Theirs")


def test_two_people_editing_one_field_the_second_is_refused_and_told_by_whom(maria: User, joe: User) -> None:
    page = ready()
    review.save(page.pk, changes=[Change("name", "Joe's", seen=seen(page, "name"))], by=joe)
    mine = [Change("name", "Mine", seen=seen(page, "name")), Change("size", "L", seen=seen(page, "size"))]
    saved = review.save(page.pk, changes=mine, by=maria)
    assert saved.fields == ("size",)
    assert "joe" in saved.refused["name"]
    assert "Joe's" in saved.refused["name"]
    assert fresh(page).value("name") == "Joe's"
    again = review.save(page.pk, changes=[Change("name", "Mine", seen=seen(fresh(page), "name"))], by=maria)
    assert (again.fields, fresh(page).value("name")) == (("name",), "Mine")


def test_releasing_what_another_decided_meanwhile_is_refused_too(maria: User, joe: User) -> None:
    page = ready()
    review.edit(page.pk, field="name", value="First", by=maria)
    page = fresh(page)
    review.edit(page.pk, field="name", value="Joe's", by=joe)
    saved = review.save(page.pk, changes=[Change("name", release=True, seen=seen(page, "name"))], by=maria)
    assert list(saved.refused) == ["name"]


def test_two_people_typing_the_same_agree(maria: User, joe: User) -> None:
    page = ready()
    review.save(page.pk, changes=[Change("name", "Same", seen=seen(page, "name"))], by=joe)
    saved = review.save(page.pk, changes=[Change("name", "Same", seen=seen(page, "name"))], by=maria)
    assert (saved.fields, saved.refused) == ((), {})


def test_a_price_that_was_imported_anew_is_not_overwritten_unseen(maria: User) -> None:
    page = ready()
    Product.objects.filter(pk=page.pk).update(target_price="12.00")
    saved = review.save(page.pk, changes=[Change("price", "10", seen=seen(page, "price"))], by=maria)
    assert list(saved.refused) == ["price"]


def test_new_sources_never_refuse(maria: User) -> None:
    page = ready()
    scrape(page, acme=ACME | {"name": "Theirs", "weight": "16 lb"})
    saved = review.save(page.pk, changes=[Change("name", "Mine", seen=seen(page, "name"))], by=maria)
    assert (saved.refused, fresh(page).value("name")) == ({}, "Mine")


# stages


def test_approving_twice_counts_once(maria: User, joe: User) -> None:
    product = ready()
    review.approve(product.pk, by=maria)
    once = fresh(product)
    review.approve(product.pk, by=joe)
    assert fresh(product).version == once.version
    assert product.events.filter(field="stage", new="approved").count() == 1
    assert review.approve_complete([product.pk], by=joe).skus == ()


def test_approval_locks_every_field_and_a_later_scrape_changes_none(maria: User) -> None:
    product = ready()
    review.approve(product.pk, by=maria)
    approved = fresh(product)
    assert {entry["locked_by"] for entry in approved.consolidated.values()} == {"maria"}
    scrape(product, acme={"name": "Theirs"})
    assert (fresh(product).consolidated, fresh(product).stage) == (approved.consolidated, Stage.APPROVED)


def test_approval_keeps_what_the_approver_saw(maria: User) -> None:
    page = ready()
    scrape(page, acme=ACME | {"name": "Not looked at"})
    values = {field: page.value(field) for field in page.consolidated}
    shown = {field: Glimpse(decisions.digest(value), value) for field, value in values.items()}
    review.approve(page.pk, by=maria, shown=shown)
    assert fresh(page).value("name") == "Gold Chicken"


def test_an_incomplete_product_is_approved_only_knowingly(maria: User) -> None:
    product = ready(sources={"acme": {"name": "Gold"}})
    with pytest.raises(RefusedError, match="a brand, a picture"):
        review.approve(product.pk, by=maria)
    review.approve(product.pk, by=maria, anyway=True)
    event = product.events.first()
    assert event is not None
    assert event.why == "without a brand, a picture"


def test_bulk_approval_takes_complete_products_only(maria: User) -> None:
    whole, bare = ready("A"), ready("B", sources={"acme": {"name": "x"}})
    clash = ready("C", sources={"acme": ACME, "bradley": BRADLEY})
    raw = make.product("D")
    approved = review.approve_complete([bare.pk, raw.pk, clash.pk, whole.pk], by=maria)
    assert approved.skus == ("A",)
    assert approved.left_out == {
        "B": "needs a brand, a picture", "C": "needs a decision on the weight", "D": "Imported",
    }  # fmt: skip


def test_a_rejection_without_a_reason_is_refused(maria: User) -> None:
    product = ready()
    with pytest.raises(RefusedError):
        review.reject(product.pk, by=maria, why="  ")
    assert fresh(product).stage == Stage.CONSOLIDATED


def test_a_rejection_says_why_and_can_be_undone(maria: User) -> None:
    product = ready()
    assert review.reject(product.pk, by=maria, why="not ours").rejected_because == "not ours"
    event = product.events.first()
    assert event is not None
    assert (event.why, event.new) == ("not ours", "rejected")
    assert review.restore(product.pk, by=maria).stage == Stage.IMPORTED


def test_taking_back_withdraws_the_locks_of_approval_alone(maria: User) -> None:
    product = ready()
    review.edit(product.pk, field="name", value="Mine", by=maria)
    review.approve(product.pk, by=maria)
    scrape(product, acme=ACME | {"name": "Theirs", "weight": "16 lb"})
    after = review.take_back(product.pk, by=maria)
    assert (after.stage, after.value("name"), after.value("weight")) == (Stage.CONSOLIDATED, "Mine", "16 lb")
    assert [field for field, entry in after.consolidated.items() if entry.get("locked_by")] == ["name"]


def test_a_published_product_is_taken_back_before_anything_else(maria: User) -> None:
    product = ready()
    review.approve(product.pk, by=maria)
    Product.objects.filter(pk=product.pk).update(stage=Stage.PUBLISHED)
    for act in (review.scrape_again, review.restore, review.approve):
        with pytest.raises(RefusedError, match="maria"):
            act(product.pk, by=maria)
    with pytest.raises(RefusedError):
        review.edit(product.pk, field="name", value="x", by=maria)
    assert review.take_back(product.pk, by=maria).stage == Stage.CONSOLIDATED


def test_scraping_again_waits_for_the_next_result(maria: User) -> None:
    product = ready()
    Product.objects.filter(pk=product.pk).update(stale=True)
    review.scrape_again(product.pk, by=maria)
    after = fresh(product)
    assert (after.stage, after.stale, after.sources) == (Stage.IMPORTED, False, product.sources)


def test_completing_by_hand_waits_for_the_job_that_holds_the_sku(maria: User) -> None:
    product = make.product("A 1")
    make.job(skus=["A 1"])
    with pytest.raises(RefusedError):
        review.complete_by_hand(product.pk, by=maria)
    nobody = make.product("A 2")
    review.complete_by_hand(nobody.pk, by=maria)
    assert fresh(nobody).stage == Stage.CONSOLIDATED


def test_looked_at_news_is_no_news(maria: User) -> None:
    product = ready()
    review.approve(product.pk, by=maria)
    Product.objects.filter(pk=product.pk).update(news_at="2026-01-01T00:00Z")
    assert review.dismiss_news(product.pk, by=maria).news_at is None
