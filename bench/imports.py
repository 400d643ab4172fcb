"""How long an import takes beside merely reading its workbook, in the same run on the same machine.

`python bench/imports.py` makes registers of 10 columns, plans and applies 10,000 rows, plans the same file once more,
and plans 45,000 rows. Ratios travel between machines; seconds do not.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from uuid import UUID

import django
from openpyxl import Workbook, load_workbook

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings_test")

HEADER = ["SKU_NO", "UPC", "DESCRIPTION1", "DESCRIPTION2", "LIST_PRICE", "QTY", "DEPT", "VENDOR", "LAST SOLD", "NOTE"]
SECONDS_ALLOWED = 15
MEGABYTES_ALLOWED = 300


def register(rows: int) -> bytes:
    """A workbook as a till exports it: codes as text, prices as numbers, names in capitals."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Register")
    sheet.append(HEADER)
    for n in range(rows):
        price = round(1 + n * 7919 % 9973 / 100, 2)
        code, name = f"{n:012d}", f"ACME PRODUCT {n}"
        sheet.append(
            [code, 72_700_000_000 + n, name, f"{n % 50} LB", price, n % 9 - 3, f"D{n % 20}", f"V{n % 300}", "", n]
        )
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def read_plainly(content: bytes) -> int:
    """The peer: what any program pays to see the cells."""
    book = load_workbook(BytesIO(content), read_only=True, data_only=True)
    return sum(len(row) for row in book.worksheets[0].iter_rows(values_only=True))


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(what: str, spent: float, plain: float) -> None:
    print(f"{what:<36}{spent:8.2f} s {spent / plain:8.2f} x reading")


def run() -> bool:
    from pipeline.spreadsheet import apply, plan, work

    def receive(content: bytes) -> UUID:
        return plan.receive(content, file_name="register.xlsx", by=None).pk

    def confirm(upload: UUID) -> None:
        apply.confirm(upload, by=None)
        work.apply_upload(upload)

    small, large = register(10_000), register(45_000)
    plain, plain_large = seconds(lambda: read_plainly(small)), seconds(lambda: read_plainly(large))
    first, again, register_id = receive(small), receive(small), receive(large)
    planned, applied = seconds(lambda: work.plan_upload(first)), seconds(lambda: confirm(first))
    say("10,000 rows: read plainly", plain, plain)
    say("10,000 rows: plan", planned, plain)
    say("10,000 rows: apply", applied, plain)
    say("10,000 rows: plan the same again", seconds(lambda: work.plan_upload(again)), plain)
    say("45,000 rows: read plainly", plain_large, plain_large)
    say("45,000 rows: plan", seconds(lambda: work.plan_upload(register_id)), plain_large)
    print(f"{'most memory':<36}{peak_megabytes():8.0f} MB")
    return planned + applied < SECONDS_ALLOWED and peak_megabytes() < MEGABYTES_ALLOWED


def main() -> int:
    django.setup()
    logging.disable(logging.INFO)
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = "bench_imports"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return 0 if run() else 1
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
