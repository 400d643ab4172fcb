import re
from typing import Any

import pytest
from django.test import Client

from pipeline import tasks
from pipeline.export import waiting
from pipeline.models import Product, ProductExport
from tests import make

pytestmark = pytest.mark.django_db
LIST = "/admin/pipeline/product/"
EXPORTS = "/admin/pipeline/productexport/"


@pytest.fixture
def client(client: Client) -> Client:
    client.force_login(make.staff("pipeline.view_product", "pipeline.export_products"))
    return client


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def built(form: str = "csv") -> ProductExport:
    make.product("007", stage="approved")
    export = ProductExport.objects.create(format=form, products=[Product.objects.get().pk], count=1)
    waiting.work_on(export.pk)
    export.refresh_from_db()
    return export


def test_the_action_carries_the_filter_and_asks_for_the_file(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    nudged: list[object] = []
    monkeypatch.setattr(tasks, "nudge_export", nudged.append)
    for sku in ("A", "B"):
        make.product(sku, stage="approved")
    make.product("C", stage="approved")
    choice = {"action": "export_selected", "index": 0, "select_across": 1}
    first = Product.objects.all()[0]
    answer = client.post(f"{LIST}?stage__exact=approved", choice | {"_selected_action": [first.pk]})
    assert answer["Location"] == f"{LIST}export/?stage__exact=approved"
    assert "Export 3 products" in text(client.get(answer["Location"]))
    answer = client.post(answer["Location"], {"format": "csv"})
    export = ProductExport.objects.get()
    assert answer["Location"] == f"{EXPORTS}{export.pk}/change/"
    assert (export.count, export.format, nudged) == (3, "csv", [export.pk])


def test_it_says_what_stays_behind(client: Client) -> None:
    make.product("A", stage="approved")
    make.product("B")
    said = text(client.get(f"{LIST}export/"))
    assert "Export 1 product" in said
    assert "1 product of the selection stays here" in said


def test_nothing_approved_makes_no_file(client: Client) -> None:
    make.product("B")
    answer = client.post(f"{LIST}export/", {"format": "csv"}, follow=True)
    assert "None of these products is approved" in text(answer)
    assert not ProductExport.objects.exists()


def test_a_waiting_export_says_when_nobody_works(client: Client) -> None:
    export = ProductExport.objects.create(format="csv", count=3)
    said = text(client.get(f"{EXPORTS}{export.pk}/change/"))
    assert "3 products go into the file" in said
    assert "No chore worker has been seen for 30 seconds" in said
    assert client.get(f"{EXPORTS}{export.pk}/changes/").json()["end"] is False


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_file_can_be_downloaded_again_and_again(client: Client, form: str) -> None:
    export = built(form)
    for _time in range(2):
        answer = client.get(f"{EXPORTS}{export.pk}/file/")
        assert answer.content == bytes(export.content or b"")
        assert re.search(rf'filename="products-[\d-]+\.{form}"', answer["Content-Disposition"])
    assert client.get(f"{EXPORTS}{export.pk}/changes/").json()["end"] is True
    assert f"{EXPORTS}{export.pk}/file/" in client.get(EXPORTS).content.decode()


def test_a_failed_one_says_why_and_has_no_file(client: Client) -> None:
    export = ProductExport.objects.create(format="csv", state="failed", problem="It was the disk.")
    assert "It was the disk." in text(client.get(f"{EXPORTS}{export.pk}/change/"))
    assert client.get(f"{EXPORTS}{export.pk}/file/").status_code == 404


def test_only_those_who_may_export_get_files(client: Client) -> None:
    export = built()
    client.force_login(make.staff("pipeline.view_product", "pipeline.view_productexport", name="looker"))
    for address in (EXPORTS, f"{EXPORTS}{export.pk}/change/", f"{EXPORTS}{export.pk}/file/", f"{LIST}export/"):
        assert client.get(address).status_code == 403
    assert client.get(f"{EXPORTS}{export.pk}/changes/").status_code == 403
