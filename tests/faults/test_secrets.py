"""A site that repeats the password wherever it can: no table, log and process ever says it."""

import pytest
from django.db import connection

from scraping.models import ScrapeJobLog, ScrapeResult
from tests.faults import ledger
from tests.faults.fleet import Fleet
from tests.runners.shop import OUT, PASSWORD, PRODUCT, USER, page
from tests.runners.wire import Asked, Reply, redirect

pytestmark = pytest.mark.slow


BOTH = f"{USER} {PASSWORD}"


def product(sku: str, name: str, brand: str) -> Reply:
    return page(PRODUCT.format(out=OUT, name=name, sku=sku, brand=brand))


def telling(asked: Asked) -> Reply | None:
    """Pages that repeat the secrets: in fields, in an error, in one we do not understand, in addresses."""
    sku = asked.query.get("q", "")
    if not asked.cookies.get("session") or not sku:
        return None
    tell = {
        1: lambda: product(sku, f"Feed for {BOTH}", PASSWORD),
        2: lambda: Reply(BOTH, 403, {"X-Said": USER}),
        3: lambda: page(f"{OUT}<h2>Dear {BOTH}, we have moved</h2>"),
        4: lambda: product(sku, "Feed", "Harvest") if "for" in asked.query else redirect(f"/search?q={sku}&for={USER}"),
        5: lambda: redirect(f"http://{USER}.test/"),
    }
    return tell.get(int(sku[-3:]), lambda: product(sku, "Feed", "Harvest"))()


def texts() -> str:
    """Every text, array and JSON of the whole database, one value after the other: stored passwords are encrypted."""
    columns = """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
        AND data_type IN ('text', 'character varying', 'jsonb', 'json', 'ARRAY', 'bytea')"""
    said = []
    with connection.cursor() as cursor:
        cursor.execute(columns)
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            said += [value for (value,) in cursor.fetchall()]
    return "\n".join(said)


def test_no_secret_is_written_anywhere(fleet: Fleet) -> None:
    runner = fleet.runner()
    fleet.shop.special = telling
    batch = fleet.batch(skus=6, login=True)
    runner.start()
    fleet.finish(batch)
    assert fleet.shop.times("/session") >= 1
    assert ledger.outcomes(batch)["found"] >= 2, fleet.told(batch)
    assert ScrapeResult.objects.get(root__batch=batch, sku=fleet.sku(1)).fields["brand"] != "Harvest"
    assert ScrapeJobLog.objects.filter(job__batch=batch).exists()
    said = texts()
    assert fleet.sku(1) in said
    spools = b"".join(file.read_bytes() for file in runner.spool.parent.iterdir())
    for secret in (USER, PASSWORD, "p%26canary", "p&amp;canary"):
        assert secret not in said
        assert secret not in fleet.web.said + runner.said
        assert secret.encode() not in spools
