"""How a unit ends: the evidence, and the order in which it is weighed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from runners.agent.fetch import Fetcher
from runners.agent.identity import stranger
from runners.agent.login import Login
from runners.agent.peers import PrivateHosts
from runners.agent.politeness import Politeness
from runners.agent.wording import level, sentence
from runners.agent.work import Finding, Site, look_up
from runners.protocol.definition import parse
from runners.protocol.tokens import Tokens
from runners.protocol.words import Outcome
from tests.runners.shop import OUT, PASSWORD, USER, Shop, page
from tests.runners.wire import Asked, Clock, Reply

PICK = {
    "rows": "ol.results li",
    "link": "a::attr(href)",
    "require": [{"css": ".item-no", "equals": "{sku}"}],
    "on_many": "ambiguous",
}


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop(login=False)
    yield shop
    shop.wire.close()


@pytest.fixture
def closed_shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.wire.close()


@contextmanager
def at_work(shop: Shop, **more: Any) -> Iterator[Site]:
    clock = Clock()
    polite = Politeness(monotonic=clock.monotonic, sleep=clock.sleep)
    definition = parse(shop.definition(**more))
    fetcher = Fetcher(definition, politeness=polite, private=PrivateHosts("127.0.0.1"), sleep=clock.sleep)
    secrets = {"username": USER, "password": PASSWORD}
    login = Login(definition.login, fetcher, lambda: secrets) if definition.login else None
    try:
        yield Site(definition, fetcher, login)
    finally:
        fetcher.close()


def find(shop: Shop, sku: str = "007", **more: Any) -> Finding:
    with at_work(shop, **more) as site:
        return look_up(site, sku)


def ends(finding: Finding) -> tuple[Outcome, str]:
    return finding.outcome, finding.message


def rows(*numbers: str) -> Reply:
    items = (f'<li><a href="/p/{n}">x</a><span class="item-no">{no}</span></li>' for n, no in enumerate(numbers))
    return page(f"<ol class='results'>{''.join(items)}</ol>")


def test_a_product_page_is_found(shop: Shop) -> None:
    finding = find(shop)
    assert ends(finding) == (Outcome.FOUND, "")
    assert finding.fields == {"name": "Gold & Silver Feed", "sku": "007", "brand": "Harvest"}
    assert finding.url == f"{shop.wire.url}/search?q=007"


def test_not_found_is_what_the_site_says(shop: Shop) -> None:
    assert ends(find(shop, "008")) == (Outcome.NOT_FOUND, "the site shows “.empty”")
    no_result = {"url": f"{shop.wire.url}/search?q={{sku}}", "no_result": {"text": "0 results"}}
    assert ends(find(shop, "008", search=no_result)) == (Outcome.NOT_FOUND, "the site says “0 results”")


@pytest.mark.parametrize("status", [404, 410])
def test_a_product_that_is_gone_is_not_found(shop: Shop, status: int) -> None:
    shop.special = lambda asked: Reply("<h1 class='product'>Oh no</h1>", status)
    finding = find(shop)
    assert finding.outcome is Outcome.NOT_FOUND
    assert finding.message.startswith(f"the site answers {status}")


def test_a_page_without_any_mark_has_changed(shop: Shop) -> None:
    shop.special = lambda asked: page("<h1>Sale!</h1>")
    assert ends(find(shop)) == (Outcome.LAYOUT_CHANGED, "no “h1.product”, no “.empty”, no “0 results”")


def test_a_product_without_a_required_field_has_changed(shop: Shop) -> None:
    shop.special = lambda asked: page("<h1 class='product'> </h1><p class='brand'>Harvest</p>")
    finding = find(shop)
    assert ends(finding) == (Outcome.LAYOUT_CHANGED, "no name")
    assert finding.fields == {"brand": "Harvest"}


def test_what_the_definition_says_of_every_page_is_no_find(shop: Shop) -> None:
    fields = {"currency": {"from": [{"const": "USD"}]}, "brand": {"from": [{"css": "p.brand"}]}}
    shop.special = lambda asked: page("<h1>Sale!</h1>")
    assert find(shop, fields=fields, product={}).outcome is Outcome.LAYOUT_CHANGED


def test_no_result_outweighs_a_product_mark(shop: Shop) -> None:
    shop.special = lambda asked: page("<h1 class='product'>You may like this</h1><p class='empty'>0 results</p>")
    assert find(shop).outcome is Outcome.NOT_FOUND


def test_a_status_outweighs_every_mark(shop: Shop) -> None:
    shop.special = lambda asked: Reply("<p class='empty'>0 results</p>", 500)
    assert ends(find(shop)) == (Outcome.NETWORK, "the site answers 500 Internal Server Error, 3 times")


def test_a_challenge_is_blocked(shop: Shop) -> None:
    shop.special = lambda asked: Reply("<p class='empty'>captcha</p>", 403)
    finding = find(shop)
    assert finding.outcome is Outcome.BLOCKED
    assert len(shop.wire.asked) == 1


def test_a_page_that_only_speaks_of_captchas_is_no_challenge(shop: Shop) -> None:
    shop.products["007"] = "Captcha for Cats"
    assert find(shop).outcome is Outcome.FOUND


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_is_blocked_unless_it_is_the_sign_of_no_result(shop: Shop, status: int) -> None:
    shop.special = lambda asked: Reply("<h1 class='product'>No</h1>", status)
    assert find(shop).outcome is Outcome.BLOCKED
    search = {"url": f"{shop.wire.url}/search?q={{sku}}", "no_result": {"status": [status]}}
    assert find(shop, search=search).outcome is Outcome.NOT_FOUND


def test_another_error_is_no_page(shop: Shop) -> None:
    shop.special = lambda asked: Reply("<h1 class='product'>No</h1>", 400)
    assert ends(find(shop)) == (Outcome.LAYOUT_CHANGED, "the site answers 400 Bad Request")


def test_a_row_is_picked_by_its_number(shop: Shop) -> None:
    shop.special = lambda asked: rows("006", "007") if asked.path == "/search" else shop.found("007")
    finding = find(shop, pick=PICK)
    assert finding.outcome is Outcome.FOUND
    assert finding.url == f"{shop.wire.url}/p/1"


def test_a_list_that_says_it_is_empty_is_not_found(shop: Shop) -> None:
    assert ends(find(shop, "008", pick=PICK)) == (Outcome.NOT_FOUND, "the site shows “.empty”")


def test_several_rows_are_ambiguous_unless_the_first_may_be_taken(shop: Shop) -> None:
    shop.special = lambda asked: rows("007", "007", "008") if asked.path == "/search" else shop.found("007")
    assert ends(find(shop, pick=PICK)) == (Outcome.AMBIGUOUS, "2 of 3 rows are what was asked for")
    assert find(shop, pick=PICK | {"on_many": "first"}).url == f"{shop.wire.url}/p/0"


def test_rows_of_which_none_matches_are_not_found(shop: Shop) -> None:
    shop.special = lambda asked: rows("006", "008")
    assert ends(find(shop, pick=PICK)) == (Outcome.NOT_FOUND, "none of 2 rows is what was asked for")


def test_rows_that_do_not_say_what_they_are_have_changed(shop: Shop) -> None:
    shop.special = lambda asked: page("<ol class='results'><li><a href='/p/1'>Gold</a></li></ol>")
    assert find(shop, pick=PICK).outcome is Outcome.LAYOUT_CHANGED


def test_a_list_without_rows_has_changed(shop: Shop) -> None:
    shop.special = lambda asked: page("<ol class='hits'><li>Gold</li></ol>")
    assert ends(find(shop, pick=PICK)) == (
        Outcome.LAYOUT_CHANGED,
        "no “ol.results li”, no “.empty”, no “0 results”",
    )


def test_a_search_that_leads_to_the_product_itself_needs_no_row(shop: Shop) -> None:
    assert find(shop, pick=PICK).outcome is Outcome.FOUND


def test_a_picked_product_that_is_gone_is_not_found_but_a_search_that_is_gone_has_changed(shop: Shop) -> None:
    shop.special = lambda asked: rows("007") if asked.path == "/search" else Reply("", 404)
    assert find(shop, pick=PICK).outcome is Outcome.NOT_FOUND
    shop.special = lambda asked: Reply("", 404)
    assert find(shop, pick=PICK).outcome is Outcome.LAYOUT_CHANGED


def test_a_row_that_leads_elsewhere_is_not_followed(shop: Shop) -> None:
    shop.special = lambda asked: page(
        "<ol class='results'><li><a href='http://other.test/'>x</a><i class='item-no'>007</i></li></ol>"
    )
    assert find(shop, pick=PICK).outcome is Outcome.POLICY_DENIED


def test_another_product_than_was_asked_for_is_ambiguous(shop: Shop) -> None:
    shop.special = lambda asked: shop.found("007")
    finding = find(shop, "A-1")
    assert ends(finding) == (Outcome.AMBIGUOUS, "the page is about SKU 007")
    assert finding.fields["name"] == "Gold & Silver Feed"


@pytest.mark.parametrize(
    ("fields", "sku", "said"),
    [
        ({"sku": "a-1"}, "A-1", None),
        ({"sku": "B-2"}, "A-1", "SKU B-2"),
        ({"sku": "B-2", "mpn": "A-1"}, "A-1", None),
        ({}, "A-1", None),
        ({"gtin": "036000291452"}, "A-1", None),
        ({"gtin": "036000291452"}, "036000291452", None),
        ({"gtin": "0036000291452"}, "36000291452", None),
        ({"gtin": "4006381333931"}, "036000291452", "GTIN 4006381333931"),
        ({"sku": "4006381333931"}, "036000291452", "GTIN 4006381333931"),
        ({"sku": "4471", "item_number": "12-3"}, "036000291452", None),
        ({"sku": "4471", "gtin": "036000291453"}, "036000291452", None),
    ],
)
def test_only_like_numbers_are_compared(fields: dict[str, object], sku: str, said: str | None) -> None:
    assert stranger(fields, Tokens(sku)) == said


def test_a_site_searched_by_gtin_is_not_asked_for_a_sku_that_is_none(shop: Shop) -> None:
    search = {"url": f"{shop.wire.url}/search?q={{gtin}}"}
    assert find(shop, "A-1", search=search).outcome is Outcome.SKIPPED
    assert shop.wire.asked == []


def test_it_logs_in_once_for_many_skus(closed_shop: Shop) -> None:
    with at_work(closed_shop) as site:
        assert [look_up(site, sku).outcome for sku in ("007", "008", "007")] == [
            Outcome.FOUND,
            Outcome.NOT_FOUND,
            Outcome.FOUND,
        ]
    assert closed_shop.times("/session") == 1


def test_a_session_that_is_over_is_entered_again_once(closed_shop: Shop) -> None:
    with at_work(closed_shop) as site:
        look_up(site, "007")
        closed_shop.sessions.clear()
        assert look_up(site, "007").outcome is Outcome.FOUND
    assert closed_shop.times("/session") == 2


def test_the_login_form_again_right_after_a_login_is_a_failed_login(closed_shop: Shop) -> None:
    closed_shop.special = lambda asked: closed_shop.form() if asked.path == "/search" else None
    with at_work(closed_shop) as site:
        finding = look_up(site, "007")
    assert finding.outcome is Outcome.LOGIN_FAILED
    assert closed_shop.times("/session") == 2


def test_a_login_mark_outweighs_a_no_result_mark(closed_shop: Shop) -> None:
    form = closed_shop.form("<p class='empty'>0 results</p>")
    closed_shop.special = lambda asked: form if asked.path == "/search" else None
    assert find(closed_shop).outcome is Outcome.LOGIN_FAILED


def test_a_product_page_without_the_login_mark_costs_no_second_login(closed_shop: Shop) -> None:
    def special(asked: Asked) -> Reply | None:
        plain = page("<h1 class='product'>Gold</h1>")
        return {"/search": page(f"{OUT}<ol class='results'><li><a href='/p'>x</a></li></ol>"), "/p": plain}.get(
            asked.path
        )

    closed_shop.special = special
    with at_work(closed_shop, pick={"rows": ".results li", "link": "a::attr(href)"}) as site:
        assert [look_up(site, sku).outcome for sku in ("007", "008")] == [Outcome.FOUND, Outcome.FOUND]
    assert closed_shop.times("/session") == 1


def test_a_find_is_told_in_one_line(shop: Shop) -> None:
    definition = parse(shop.definition())
    found = Finding(Outcome.FOUND, fields={"name": "Gold", "brand": "Harvest"})
    assert sentence("007", found, definition, 1412) == "007 found: “Gold”, 2 of 3 fields, 1,412 ms"
    missing = Finding(Outcome.NOT_FOUND, "the site says “0 results”")
    assert sentence("007", missing, definition, 9) == "007 not found: the site says “0 results”"
    assert level(Outcome.FOUND) < level(Outcome.NETWORK) < level(Outcome.LAYOUT_CHANGED)
