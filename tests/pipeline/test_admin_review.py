"""The review page: what it shows, and that every decision reaches the record without a script."""

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from pipeline import review
from pipeline.consolidation import consolidate
from pipeline.models import Product
from pipeline.stages import Stage
from tests import make

pytestmark = pytest.mark.django_db

ACME = {
    "name": "Gold Chicken", "brand": "Fromm", "weight": "30 lb", "attributes": {"Flavor": "Chicken"},
    "images": ["https://a.test/1.jpg", "https://a.test/2.jpg"], "description": "Good.\nVery good.",
}  # fmt: skip
BRADLEY = {"name": "Chicken Gold", "weight": "15 lb"}
STAFF = ("pipeline.view_product", "pipeline.review_products")


@pytest.fixture
def maria() -> User:
    return make.staff(*STAFF, name="maria")


@pytest.fixture
def client(client: Client, maria: User) -> Client:
    client.force_login(maria)
    return client


def ready(sku: str = "BS-1", **sources: Any) -> Product:
    product = make.product(sku, sources=sources or {"acme": ACME})
    consolidate.consolidate(product.pk)
    return Product.objects.get(pk=product.pk)


def fresh(product: Product) -> Product:
    return Product.objects.get(pk=product.pk)


def address(product: Product) -> str:
    return reverse("admin:pipeline_product_review", args=[product.pk])


def fields(page: str) -> dict[str, Any]:
    """What a browser without a script sends for the page as it came, except for the buttons."""
    sent = {name: unescape(value) for name, value in re.findall(r'<input [^>]*?name="([^"]+)" value="([^"]*)"', page)}
    boxes = re.findall(r'<textarea [^>]*?name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', page)
    return sent | {name: unescape(value).replace("\n", "\r\n") for name, value in boxes}


def look(client: Client, product: Product) -> dict[str, Any]:
    return fields(client.get(address(product)).content.decode())


def send(client: Client, product: Product, page: dict[str, Any], **changes: Any) -> Any:
    return client.post(address(product), page | {"act": ""} | changes)


def test_the_page_shows_the_record_and_every_source(client: Client) -> None:
    page = client.get(address(ready(acme=ACME, bradley=BRADLEY))).content.decode()
    for said in ("Gold Chicken", "Chicken Gold", "acme and bradley disagree and are trusted alike", "1 of 1", "15 lb"):
        assert said in page
    assert re.search(r'id="field-weight"[^>]*class="clash', page)
    assert '<a href="#field-weight">a decision on the weight</a>' in page


def test_pictures_are_addresses_that_tell_the_site_nothing(client: Client) -> None:
    page = client.get(address(ready())).content.decode()
    pictures = re.findall(r"<img [^>]*>", page)
    assert len(pictures) == 2
    assert all('referrerpolicy="no-referrer"' in picture for picture in pictures)
    assert page.count("does not load") == 2


def test_nothing_on_the_page_is_inline(client: Client) -> None:
    """So that the page can stand under a content security policy without unsafe-inline."""
    page = client.get(address(ready())).content.decode()
    content = page[page.index('id="content-main"') :]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*src=)", content.split("</main>")[0])


def test_hostile_values_are_shown_as_text(client: Client) -> None:
    page = client.get(
        address(ready(acme={"name": "x", "brand": '"><svg onload=alert(1)> &lt;img src=x&gt; y'}))
    ).content
    assert b"<svg onload" not in page
    assert b"<img src=x" not in page


def test_a_page_sent_back_as_it_came_changes_nothing(client: Client) -> None:
    product = ready(acme=ACME, bradley=BRADLEY)
    send(client, product, look(client, product), act="save")
    assert (fresh(product).version, fresh(product).consolidated) == (product.version, product.consolidated)


def test_what_is_typed_is_saved_and_nothing_else_is_locked(client: Client) -> None:
    product = ready()
    answer = send(
        client, product, look(client, product), name="Mine", attributes="Flavor: Beef\r\nAge: 3", price="12.5"
    )
    assert answer.status_code == 302
    after = fresh(product)
    assert {name for name, entry in after.consolidated.items() if entry.get("locked_by")} == {"attributes", "name"}
    assert after.value("attributes") == {"Flavor": "Beef", "Age": "3"}
    assert str(after.target_price) == "12.50"


def test_the_buttons_of_a_field_take_clear_and_release(client: Client) -> None:
    product = ready(acme=ACME, bradley=BRADLEY)
    page = client.get(address(product)).content.decode()
    (take,) = re.findall(r'name="take" value="(weight:bradley:[^"]+)"', page)
    answer = send(client, product, fields(page), take=take, clear="brand")
    assert answer.url.endswith("#field-weight")
    after = fresh(product)
    assert (after.value("weight"), after.consolidated["weight"]["source"], after.value("brand")) == (
        "15 lb",
        "bradley",
        None,
    )
    send(client, product, look(client, product), release="weight")
    assert fresh(product).value("weight") == "30 lb"


def test_taking_the_value_that_won_settles_a_conflict(client: Client) -> None:
    product = ready(acme=ACME, bradley=BRADLEY)
    page = client.get(address(product)).content.decode()
    (take,) = re.findall(r'name="take" value="(weight:acme:[^"]+)"', page)
    send(client, product, fields(page), take=take, act="approve")
    assert (fresh(product).stage, fresh(product).value("weight")) == (Stage.APPROVED, "30 lb")


@pytest.mark.parametrize(
    ("move", "left"),
    [
        ("first:https://a.test/2.jpg", ["https://a.test/2.jpg", "https://a.test/1.jpg"]),
        ("right:https://a.test/1.jpg", ["https://a.test/2.jpg", "https://a.test/1.jpg"]),
        ("left:https://a.test/1.jpg", ["https://a.test/1.jpg", "https://a.test/2.jpg"]),
        ("drop:https://a.test/1.jpg", ["https://a.test/2.jpg"]),
        ("add:https://a.test/3.jpg", ["https://a.test/1.jpg", "https://a.test/2.jpg", "https://a.test/3.jpg"]),
    ],
)
def test_pictures_are_ordered_dropped_and_added_by_buttons(client: Client, move: str, left: list[str]) -> None:
    product = ready()
    send(client, product, look(client, product), picture=move)
    assert fresh(product).value("images") == left


def test_two_people_the_second_gets_the_page_back_with_what_was_typed_and_by_whom(client: Client) -> None:
    product = ready()
    mine = look(client, product)
    review.edit(product.pk, field="name", value="Joe's", by=make.staff(name="joe"))
    answer = send(client, product, mine, name="Mine", size="L")
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "by joe" in page
    assert fields(page)["name"] == "Mine"
    assert (fresh(product).value("name"), fresh(product).value("size")) == ("Joe's", "L")
    send(client, product, fields(page), act="save")
    assert fresh(product).value("name") == "Mine"


def test_approve_and_next_goes_on_to_the_next_product(client: Client) -> None:
    first, second = ready("A"), ready("B")
    answer = send(client, first, look(client, first), act="approve")
    assert (fresh(first).stage, answer.url) == (Stage.APPROVED, address(second))
    answer = send(client, second, look(client, second), act="approve")
    assert b"Nothing waits for review" in client.get(answer.url).content


def test_approving_keeps_the_record_as_the_page_showed_it(client: Client) -> None:
    product = ready()
    page = look(client, product)
    Product.objects.filter(pk=product.pk).update(sources={"acme": ACME | {"name": "Not looked at"}})
    consolidate.consolidate(product.pk)
    send(client, product, page, act="approve")
    assert fresh(product).value("name") == "Gold Chicken"
    assert fresh(product).value("attributes") == {"Flavor": "Chicken"}


def test_an_incomplete_product_needs_another_button(client: Client) -> None:
    product = ready(acme={"name": "Gold"})
    page = client.get(address(product)).content.decode()
    assert 'value="approve"' not in page
    assert send(client, product, fields(page), act="approve").status_code == 409
    assert send(client, product, fields(page), act="anyway").status_code == 302
    assert fresh(product).stage == Stage.APPROVED


def test_a_rejection_without_a_reason_comes_back(client: Client) -> None:
    product = ready()
    page = look(client, product)
    came_back = send(client, product, page, act="reject", why=" ").content
    assert b"Say why" in came_back
    assert b'class="rv-reject" open' in came_back
    assert fresh(product).stage == Stage.CONSOLIDATED
    send(client, product, page, act="reject", why="not ours")
    assert fresh(product).rejected_because == "not ours"
    send(client, product, look(client, product), act="restore")
    assert fresh(product).stage == Stage.IMPORTED


def test_the_enter_key_saves_and_never_rejects(client: Client) -> None:
    product = ready()
    page = look(client, product)
    assert send(client, product, page, act="enter", name="Mine").status_code == 302
    assert send(client, product, look(client, product), act="enter", why="not ours").status_code == 409
    assert (fresh(product).stage, fresh(product).value("name")) == (Stage.CONSOLIDATED, "Mine")


def test_stages_are_left_and_entered_by_buttons(client: Client, maria: User) -> None:
    product = make.product()
    send(client, product, look(client, product), act="by-hand")
    assert fresh(product).stage == Stage.CONSOLIDATED
    answer = send(client, product, look(client, product), act="again")
    assert fresh(product).stage == Stage.IMPORTED
    assert answer.url == reverse("admin:pipeline_product_queue")
    send(client, product, look(client, product), act="by-hand")
    send(client, product, look(client, product), act="anyway")
    Product.objects.filter(pk=product.pk).update(news_at="2026-01-01T00:00Z")
    send(client, product, look(client, product), act="keep")
    assert fresh(product).news_at is None
    send(client, product, look(client, product), act="take-back")
    assert fresh(product).stage == Stage.CONSOLIDATED


def test_an_approved_product_cannot_be_typed_into(client: Client, maria: User) -> None:
    product = ready()
    mine = look(client, product)
    review.approve(product.pk, by=maria)
    answer = send(client, product, mine, name="Mine", act="save")
    assert answer.status_code == 409
    assert fresh(product).value("name") == "Gold Chicken"
    assert b'name="was-name"' not in answer.content


def test_who_may_only_look_cannot_decide(client: Client) -> None:
    product = ready()
    page = look(client, product)
    client.force_login(make.staff("pipeline.view_product", name="joe"))
    shown = client.get(address(product)).content
    assert b'name="act"' not in shown
    assert b'name="take"' not in shown
    assert send(client, product, page, act="approve").status_code == 403
    client.force_login(make.staff(name="nobody"))
    assert client.get(address(product)).status_code == 403


def test_the_queue_leads_to_the_first_that_waits(client: Client) -> None:
    product = ready()
    assert client.get(reverse("admin:pipeline_product_queue")).headers["Location"] == address(product)


def choose(client: Client, action: str, *products: Product) -> str:
    ticked = {"action": action, "index": 0, "_selected_action": [product.pk for product in products]}
    return client.post("/admin/pipeline/product/", ticked, follow=True).content.decode()


def test_the_list_approves_complete_products_only(client: Client) -> None:
    whole, bare = ready("A"), ready("B", acme={"name": "x"})
    page = choose(client, "approve_selected", whole, bare)
    assert (fresh(whole).stage, fresh(bare).stage) == (Stage.APPROVED, Stage.CONSOLIDATED)
    assert "1 product approved" in page
    assert "B: needs a brand, a picture" in page


def test_the_list_consolidates_and_completes_by_hand(client: Client) -> None:
    known, nobody = make.product("A", sources={"acme": ACME}), make.product("B")
    page = choose(client, "consolidate_selected", known, nobody)
    assert (fresh(known).stage, fresh(nobody).stage) == (Stage.CONSOLIDATED, Stage.IMPORTED)
    assert "1 known to no source" in page
    choose(client, "complete_selected", nobody)
    assert fresh(nobody).stage == Stage.CONSOLIDATED


def test_many_products_are_left_to_the_chore(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.admin.reviewing.AT_ONCE", 1)
    products = [make.product(sku, sources={"acme": ACME}) for sku in "AB"]
    choose(client, "consolidate_selected", *products)
    assert Product.objects.filter(stale=True, stage=Stage.IMPORTED).count() == 2
