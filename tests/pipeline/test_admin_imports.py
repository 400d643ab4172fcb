"""Upload, plan, confirm, done: the pages staff see, and who may."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django import DjangoCaptureOnCommitCallbacks

from pipeline.admin import importing
from pipeline.models import ImportState, Product, ProductEvent, ProductImport
from pipeline.spreadsheet import plan, work
from pipeline.spreadsheet.reader import Kind
from tests import make, sheets
from tests.sheets import HEADER

pytestmark = pytest.mark.django_db(databases=["default", "direct"])

ADD = reverse("admin:pipeline_productimport_add")
Upload = Callable[..., ProductImport]


def address(upload: ProductImport, door: str = "change") -> str:
    return reverse(f"admin:pipeline_productimport_{door}", args=[upload.pk])


@pytest.fixture
def ann(client: Client) -> Client:
    client.force_login(make.staff("pipeline.import_products", name="ann"))
    return client


@pytest.fixture
def upload(ann: Client) -> Upload:
    def send(*rows: Sequence[Any], content: bytes | None = None, name: str = "feed.csv") -> ProductImport:
        file = SimpleUploadedFile(name, sheets.text([HEADER, *rows]) if content is None else content)
        answer = ann.post(ADD, {"file": file})
        assert answer.status_code == 302, answer.content.decode()
        made = ProductImport.objects.latest("created_at")
        assert answer["Location"] == address(made)
        return made

    return send


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def worker_seen() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")


def test_an_upload_is_planned_and_shown(ann: Client, upload: Upload) -> None:
    make.product("2", register_name="OLD BOWL", target_price="5")
    sent = upload(["0042", "ACME", "$1,234.50"], ["2", "BOWL", "6"], ["3", "X", "call us"], ["", "", "1"])
    page = text(ann, address(sent))
    assert "2 products would change." in page
    assert "2 rows have errors and are left out." in page
    assert "<del>OLD BOWL</del> <ins>BOWL</ins>" in page
    assert "<del>5.00</del> <ins>6.00</ins>" in page
    assert "<b>C4</b> “call us” is not one price." in page
    assert "Apply all 2 changes" in page
    assert not Product.objects.filter(sku="0042").exists()


def test_the_page_says_how_columns_were_read(ann: Client, upload: Upload) -> None:
    sent = upload(content=sheets.text([["UPC", "SKU", "NAME", "DEPT"], ["9", "1", "ACME", "D7"]]))
    page = text(ann, address(sent))
    assert "comes before UPC" in page
    assert '<span class="bs-mono">D7</span>' in page


def test_rows_are_paged_filtered_and_searched(ann: Client, upload: Upload) -> None:
    sent = upload(*([f"S{number:02}", f"NAME {number}", "1"] for number in range(60)), ["E1", "BAD", "-1"])
    assert text(ann, address(sent)).count('class="bs-mono bs-sku"') == 50
    assert text(ann, f"{address(sent)}?p=2").count('class="bs-mono bs-sku"') == 11
    assert text(ann, f"{address(sent)}?action=error").count('class="bs-mono bs-sku"') == 1
    assert text(ann, f"{address(sent)}?search=name+5").count('class="bs-mono bs-sku"') == 11
    assert "No row fits this filter." in text(ann, f"{address(sent)}?search=nothing")
    assert text(ann, f"{address(sent)}?action=nonsense&p=99").count('class="bs-mono bs-sku"') == 11


def test_confirming_applies_once_and_shows_what_became_of_it(ann: Client, upload: Upload) -> None:
    sent = upload(["0042", "ACME", "1"], ["2", "BOWL", "6"])
    for _ in range(2):
        assert ann.post(address(sent, "confirm"), {"which": "all"}).status_code == 302
    assert Product.objects.count() == ProductEvent.objects.count() == 2
    by = ProductEvent.objects.first()
    assert by is not None
    assert by.by is not None
    assert by.by.username == "ann"
    page = text(ann, address(sent))
    assert "2 products created, 0 updated" in page
    assert "Nothing was left to apply," in page
    assert "Apply all" not in page


def test_only_the_rows_shown_can_be_confirmed_and_the_rest_later(ann: Client, upload: Upload) -> None:
    sent = upload(["1", "RED BOWL", "1"], ["2", "BLUE BOWL", "6"], ["3", "CUP", "6"])
    assert "Apply only the 2 shown below" in text(ann, f"{address(sent)}?search=bowl")
    ann.post(address(sent, "confirm"), {"which": "shown", "search": "bowl", "action": ""})
    assert set(Product.objects.values_list("sku", flat=True)) == {"1", "2"}
    page = text(ann, address(sent))
    assert "1 planned change was not chosen and can still be applied." in page
    assert "Apply the one change" in page


def test_an_applied_import_offers_to_enhance_what_it_brought(client: Client, upload: Upload) -> None:
    sent = upload(["1", "A", "1"], ["2", "B", "1"], ["2", "B", "1"])
    client.post(address(sent, "confirm"), {"which": "all"})
    may = ("pipeline.import_products", "pipeline.enhance_products", "pipeline.view_product")
    client.force_login(make.staff(*may, name="eve"))
    assert "Enhance these 2" in text(client, address(sent))
    assert "Enhance 2 products" in text(client, f"{reverse('admin:pipeline_product_enhance')}?import={sent.pk}")


def test_a_file_that_says_nothing_new_has_nothing_to_confirm(ann: Client, upload: Upload) -> None:
    make.product("1", register_name="A", target_price="1")
    page = text(ann, address(upload(["1", "A", "1"])))
    assert "Everything is the same." in page
    assert "Apply" not in page
    assert "nothing to apply" in text(ann, reverse("admin:pipeline_productimport_changelist"))


def test_a_file_of_errors_has_nothing_to_confirm(ann: Client, upload: Upload) -> None:
    page = text(ann, address(upload(["1", "A", "x"])))
    assert "No row can be applied." in page
    assert "Apply all" not in page


def test_a_header_without_rows_says_where_it_was(ann: Client, upload: Upload) -> None:
    page = text(ann, address(upload()))
    assert "There is no row below the header." in page
    assert "row 1 of “CSV”" in page


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("feed.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        ("feed.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("feed.ods", b"PK", "save it as .xlsx"),
        ("feed.xlsx", b"SKU,NAME\n", "plain text"),
        ("feed.csv", b"", "empty"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_on_the_form(ann: Client, name: str, content: bytes, said: str) -> None:
    answer = ann.post(ADD, {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not ProductImport.objects.exists()


def test_no_file_at_all_is_refused_on_the_form(ann: Client) -> None:
    assert "Choose a file first." in ann.post(ADD).content.decode()


def test_a_file_that_cannot_be_understood_says_so_on_its_page(ann: Client, upload: Upload) -> None:
    sent = upload(content=b"a,b\n1,2\n")
    page = text(ann, address(sent))
    assert "No header row was found" in page
    assert "Upload another file" in page


@pytest.mark.parametrize("seen", [True, False])
def test_a_large_file_is_planned_by_a_chore_with_its_progress_on_the_page(
    ann: Client,
    upload: Upload,
    seen: bool,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setitem(importing.AT_ONCE_BYTES, Kind.TEXT, 10)
    with django_capture_on_commit_callbacks(execute=True):
        sent = upload(["1", "A", "1"])
    assert ProcrastinateJob.objects.using("direct").get().task_name == "plan_import"
    if seen:
        worker_seen()
    ProductImport.objects.update(done=1200, total=45000)
    page = text(ann, address(sent))
    assert "1,200 of about 45,000 rows" in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    assert ("No chore worker has been seen" in page) is not seen
    answer = ann.get(address(sent, "progress")).json()
    assert answer["busy"]
    assert 'max="45000" value="1200"' in answer["parts"]["head"]


def test_many_rows_are_applied_by_a_chore(
    ann: Client,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(importing, "AT_ONCE_ROWS", 1)
    sent = upload(["1", "A", "1"], ["2", "B", "1"])
    with django_capture_on_commit_callbacks(execute=True):
        ann.post(address(sent, "confirm"), {"which": "all"})
    assert ProcrastinateJob.objects.using("direct").get().task_name == "apply_import"
    assert "0 of 2 rows" in text(ann, address(sent))


def test_a_lock_that_is_not_to_be_had_leaves_the_rest_to_a_chore(
    ann: Client,
    upload: Upload,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def locked(_: object) -> None:
        raise OperationalError

    sent = upload(["1", "A", "1"])
    monkeypatch.setattr(work, "_step", locked)
    with django_capture_on_commit_callbacks(execute=True):
        assert ann.post(address(sent, "confirm"), {"which": "all"}).status_code == 302
    assert ProcrastinateJob.objects.using("direct").get().task_name == "apply_import"


def test_progress_says_when_it_is_over(ann: Client, upload: Upload) -> None:
    assert ann.get(address(upload(["1", "A", "1"]), "progress")).json()["busy"] is False


def test_a_plan_can_be_discarded_but_not_what_was_applied(ann: Client, upload: Upload) -> None:
    kept, dropped = upload(["1", "A", "1"]), upload(["1", "A", "1"])
    ann.post(address(kept, "confirm"), {"which": "all"})
    for each in (kept, dropped):
        ann.post(address(each, "discard"))
    assert ProductImport.objects.get().pk == kept.pk
    assert "confirmed already" in text(ann, address(kept))


def test_the_file_can_be_downloaded_again(ann: Client, upload: Upload) -> None:
    answer = ann.get(address(upload(["1", "A", "1"], name='we"ird.csv'), "download"))
    assert answer.content == sheets.text([HEADER, ["1", "A", "1"]])
    assert answer["Content-Disposition"].startswith("attachment")


def test_what_a_file_says_is_never_markup(ann: Client, upload: Upload) -> None:
    page = text(ann, address(upload(["<b>1", "<script>alert(1)</script>", "<i>"], name="<img>.csv")))
    assert "<script>alert" not in page
    assert "<b>1" not in page
    assert "<img>" not in page


def test_the_list_says_what_became_of_each_upload(ann: Client, upload: Upload) -> None:
    upload(["1", "A", "1"], ["2", "B", "x"])
    page = text(ann, reverse("admin:pipeline_productimport_changelist"))
    assert "1 create, 1 error" in page
    assert "waiting for you" in page


def test_only_who_may_import_uploads_confirms_and_discards(client: Client) -> None:
    sent = plan.receive(b"x", file_name="feed.csv", by=None)
    ProductImport.objects.update(state=ImportState.PLANNED)
    client.force_login(make.staff("pipeline.view_productimport", name="vic"))
    assert client.get(address(sent)).status_code == 200
    assert "Apply" not in text(client, address(sent))
    assert client.get(ADD).status_code == 403
    assert [client.post(address(sent, door)).status_code for door in ("confirm", "discard")] == [403, 403]
    client.force_login(make.staff("pipeline.view_product", name="pat"))
    assert [client.get(address(sent, door)).status_code for door in ("change", "progress", "download")] == [403] * 3


def test_nothing_is_done_by_a_link(ann: Client, upload: Upload) -> None:
    sent = upload(["1", "A", "1"])
    assert [ann.get(address(sent, door)).status_code for door in ("confirm", "discard")] == [405, 405]


def test_an_unknown_import_is_not_found(ann: Client) -> None:
    assert ann.get(ADD.replace("add", "nonsense/change")).status_code == 404
