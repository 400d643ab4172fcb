"""The admin as a whole: who sees which lists, and addresses that name nothing."""

import pytest
from django.test import Client
from django.urls import reverse

from tests import make

pytestmark = pytest.mark.django_db

LISTS = {
    "pipeline.import_products": "admin:pipeline_product_changelist",
    "pipeline.enhance_products": "admin:pipeline_product_changelist",
    "pipeline.review_products": "admin:pipeline_product_queue",
    "pipeline.export_products": "admin:pipeline_product_changelist",
    "scraping.manage_scrapers": "admin:scraping_scraper_changelist",
    "scraping.manage_credentials": "admin:scraping_scraper_changelist",
    "scraping.manage_operations": "admin:operations",
    "runners.manage_runners": "admin:runners_runnerkey_changelist",
}


@pytest.mark.parametrize(("permission", "page"), LISTS.items())
def test_who_may_do_one_thing_may_see_what_it_is_done_to(client: Client, permission: str, page: str) -> None:
    client.force_login(make.staff(permission))
    assert client.get(reverse(page)).status_code == 200


def test_the_index_links_only_what_opens(client: Client) -> None:
    client.force_login(make.staff("pipeline.enhance_products"))
    index = client.get(reverse("admin:index")).content.decode()
    assert reverse("admin:pipeline_product_changelist") in index
    assert reverse("admin:operations") not in index


def test_who_may_do_nothing_sees_nothing(client: Client) -> None:
    client.force_login(make.staff())
    for page in set(LISTS.values()):
        assert client.get(reverse(page)).status_code == 403


@pytest.mark.parametrize(
    "address",
    ["scraping/scrapejob/5/change/", "scraping/scrapejob/%00/change/", "pipeline/product/5/change/", "r/1/x/"],
)
def test_an_address_that_names_nothing_is_404(admin_client: Client, address: str) -> None:
    assert admin_client.get(f"/admin/{address}").status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "stage__exact=a%00b", "outcome=%00"])
def test_a_search_for_nul_finds_nothing(admin_client: Client, query: str) -> None:
    make.product("A")
    page = admin_client.get(f"{reverse('admin:pipeline_product_changelist')}?{query}")
    assert page.status_code == 200
    assert not page.context["cl"].result_list


def test_what_no_page_of_ours_sends_is_400(admin_client: Client) -> None:
    forged = {"action": "enhance_selected", "_selected_action": "1 or 1"}
    assert admin_client.post(reverse("admin:pipeline_product_changelist"), forged).status_code == 400
    typed = reverse("admin:scraping_scrapejob_changelist") + "?skus__contains=x"
    assert admin_client.get(typed).status_code == 400
