"""The demo's three shops: each differs as real ones do, and fails as real ones do."""

import json
import re
import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from baystate.demo.sites.acme import Acme
from baystate.demo.sites.bradley import Bradley
from baystate.demo.sites.coastal import Coastal
from baystate.demo.sites.server import Server, listen
from baystate.demo.sites.shop import Answer, Html, Misfortunes, Request, Shop, fill

CUSTOMER = {"customer": "BAYSTATE-1042", "password": "hay & oats 50#"}


def get(shop: Shop, path: str, cookies: dict[str, str] | None = None, **query: str) -> Answer:
    return shop.answer(Request("GET", path, query, cookies=cookies or {}))


def header(answer: Answer, name: str) -> str:
    return dict(answer.headers).get(name, "")


def cookie(answer: Answer) -> dict[str, str]:
    name, value = header(answer, "Set-Cookie").split(";")[0].split("=", 1)
    return {name: value}


def follow(shop: Shop, sku: str) -> Answer:
    return get(shop, header(get(shop, "/search", q=sku), "Location"))


def sign_in(shop: Shop, **changes: str) -> Answer:
    form = get(shop, "/login", next="/catalog")
    token = re.findall(r'name="form_token" value="([^"]+)"', form.body)[0]
    sent = CUSTOMER | {"form_token": token, "onward": "/catalog"} | changes
    return shop.answer(Request("POST", "/login", {}, sent, cookie(form)))


@pytest.fixture
def bradley() -> tuple[Bradley, dict[str, str]]:
    shop = Bradley("http://bradley.test")
    return shop, cookie(sign_in(shop))


@pytest.fixture
def served() -> Iterator[str]:
    with Server("acme", listen(9000)) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()


def test_a_page_escapes_what_is_not_markup() -> None:
    page = fill("coastal", "detail", label=Html("<i>a</i>"), value="<i>b</i> & c")
    assert "<i>a</i>" in page
    assert "&lt;i&gt;b&lt;/i&gt; &amp; c" in page


def test_acme_leads_a_search_straight_to_the_product_and_declares_it() -> None:
    page = follow(Acme("http://acme.test"), "071843101308")
    declared = json.loads(re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.body, re.DOTALL)[0])
    assert declared["name"] == "Harvest Hound Adult Chicken & Rice Dog Food, 30 lb"
    assert declared["offers"]["price"] == "66.99"
    assert declared["image"][1] == "http://acme.test/media/071843101308-2.svg"


def test_acme_says_so_where_a_search_finds_nothing() -> None:
    assert 'class="empty"' in get(Acme("http://acme.test"), "/search", q="BS-1042").body


def test_acme_finds_a_number_that_lost_its_zero() -> None:
    assert "Water Conditioner" in follow(Acme("http://acme.test"), "46730122162").body


def test_acme_asks_for_patience_once() -> None:
    shop = Acme("http://acme.test")
    first, second = follow(shop, "071843104156"), follow(shop, "071843104156")
    assert (first.status, header(first, "Retry-After"), second.status) == (429, "1", 200)


@pytest.mark.parametrize(("sku", "statuses"), [("090158111024", [404, 404]), ("053916163000", [500, 500])])
def test_acme_has_products_that_are_gone_or_stay_broken(sku: str, statuses: list[int]) -> None:
    shop = Acme("http://acme.test")
    assert [follow(shop, sku).status for _ in statuses] == statuses


def test_a_redesigned_page_has_neither_the_mark_of_a_product_nor_of_no_result() -> None:
    page = follow(Acme("http://acme.test"), "046730123503")
    assert page.status == 200
    assert "product-name" not in page.body
    assert "empty" not in page.body


def test_bradley_shows_nothing_without_a_session() -> None:
    answer = get(Bradley("http://bradley.test"), "/catalog", upc="071843101308")
    assert (answer.status, header(answer, "Location")) == (302, "/login?next=/catalog")


def test_bradley_lets_a_customer_in_and_onward() -> None:
    answer = sign_in(Bradley("http://bradley.test"))
    assert (answer.status, header(answer, "Location")) == (302, "/catalog")


def test_bradley_leads_onward_to_itself_alone() -> None:
    assert header(sign_in(Bradley("http://bradley.test"), onward="//elsewhere.test/"), "Location") == "/"


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"form_token": "forged"}])
def test_bradley_refuses_a_wrong_password_and_a_forged_form(changes: dict[str, str]) -> None:
    answer = sign_in(Bradley("http://bradley.test"), **changes)
    assert answer.status == 200
    assert 'class="refused"' in answer.body


def test_bradley_takes_each_form_once() -> None:
    shop = Bradley("http://bradley.test")
    form = cookie(get(shop, "/login"))
    sent = Request("POST", "/login", {}, CUSTOMER | {"form_token": form["form"]}, form)
    assert [shop.answer(sent).status for _ in range(2)] == [302, 200]


def test_bradley_has_labelled_tables_and_no_structured_data(bradley: tuple[Bradley, dict[str, str]]) -> None:
    shop, session = bradley
    page = get(shop, "/catalog", session, upc="071843101308").body
    assert "<tr><th>Brand</th><td>Harvest Hound</td></tr>" in page
    assert "ld+json" not in page


def test_bradley_finds_an_item_by_the_makers_number(bradley: tuple[Bradley, dict[str, str]]) -> None:
    shop, session = bradley
    assert "661820154085" in get(shop, "/catalog", session, upc="BD-15408").body


def test_bradley_ends_a_session(bradley: tuple[Bradley, dict[str, str]]) -> None:
    shop, session = bradley
    get(shop, "/logout", session)
    assert get(shop, "/", session).status == 302


def test_coastal_lists_neighbours_beside_the_item() -> None:
    page = get(Coastal("http://coastal.test"), "/find", keywords="004512800400").body
    assert len(re.findall(r'class="item-no"', page)) == 5
    assert page.count("004512800400</span>") == 1


def test_coastal_offers_others_of_the_maker_for_an_item_it_does_not_sell() -> None:
    page = get(Coastal("http://coastal.test"), "/find", keywords="071843102152").body
    assert re.findall(r'class="item-no">(\d+)<', page) == ["071843101308", "071843103401"]


def test_coastal_has_no_result_for_an_unknown_maker() -> None:
    assert 'class="no-results"' in get(Coastal("http://coastal.test"), "/find", keywords="BS-1042").body


def test_coastal_has_two_items_of_one_number() -> None:
    page = get(Coastal("http://coastal.test"), "/find", keywords="819004701147").body
    assert page.count('<span class="item-no">819004701147</span>') == 2


def test_coastal_loads_pictures_when_they_come_into_view() -> None:
    page = get(Coastal("http://coastal.test"), "/item/000").body
    assert 'src="/blank.svg" data-src="/images/000/thumb/1.svg" srcset=' in page


def test_coastal_fails_once_and_recovers() -> None:
    shop = Coastal("http://coastal.test")
    assert [get(shop, "/item/011").status for _ in range(2)] == [500, 200]


@pytest.mark.parametrize("path", ["/item/999", "/images/999/large/1.svg", "/nowhere"])
def test_coastal_knows_what_it_does_not_have(path: str) -> None:
    assert get(Coastal("http://coastal.test"), path).status == 404


def test_misfortunes_are_counted_for_each_product() -> None:
    misfortunes = Misfortunes()
    assert misfortunes.strike("a", "error-once") is not None
    assert misfortunes.strike("b", "error-once") is not None
    assert misfortunes.strike("a", "error-once") is None


def test_a_shop_answers_over_http(served: str) -> None:
    page = requests.get(f"{served}/search", params={"q": "071843101308"}, timeout=5)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.url.startswith(f"{served}/p/071843101308-")
    assert requests.get(f"{served}/style.css", timeout=5).headers["Content-Type"] == "text/css"
    assert "<svg" in requests.get(f"{served}/media/071843101308-1.svg", timeout=5).text


def test_a_taken_port_is_passed_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, listen(taken.getsockname()[1]) as found:
        assert found.getsockname()[1] > taken.getsockname()[1]
