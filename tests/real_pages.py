"""The labelled product pages of real shops that BAYSTATE_PAGES names, as a site, and how well we read them.

`labels.json` maps a page's stem to what a person read off it: a list of accepted spellings per field. The pages stay
where they are; nothing of them is part of this project.
"""

import csv
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.management import call_command
from price_parser import Price

from scraping.models import ScrapeResult
from tests import make

ROOT = Path(__file__).parent.parent
SCORED = ("price", "sku", "availability", "brand", "gtin", "mpn", "currency")

# What a scraper for shops that declare their products says: structured data, nothing else. A shop's price for the
# page comes before the offers of its variants; a shop that tells no number of its own often has it in its address.
STOCK = {
    **dict.fromkeys(("in stock", "in_stock", "instock", "available"), "InStock"),
    **dict.fromkeys(
        ("LimitedAvailability", "OnlineOnly", "InStoreOnly", "PreOrder", "PreSale", "BackOrder"), "InStock"
    ),
    **dict.fromkeys(("out of stock", "out_of_stock", "oos", "SoldOut", "sold out", "Discontinued"), "OutOfStock"),
}
SIGNS = {"EUR": "€", "GBP": "£", "PLN": "zł", "PKR": "Rs", "INR": "₹", "ILS": "₪", "JPY": "¥", "KRW": "₩"}
SIGNS |= dict.fromkeys(("USD", "CAD", "AUD", "NZD", "CLP", "MXN"), "$")
OWN_NUMBER = r"^(?:sku:)?([^:]+)$|^https?://\S*?([0-9]{6,})(?:\.html?)?/?$"


def _field(*places: str, transform: tuple[Any, ...] = ()) -> dict[str, Any]:
    """`og x` is one place; a path alone is asked of JSON-LD, then of microdata."""
    entries: list[dict[str, str]] = []
    for place in places:
        kind, _, name = place.rpartition(" ")
        entries += [{kind: name}] if kind else [{"ld": name}, {"micro": name}]
    return {"from": entries, "transform": list(transform)}


FIELDS = {
    "name": _field("name", "og title"),
    "price": _field(
        "og product:sale_price:amount",
        "og product:price:amount",
        "og price:amount",
        "offers.price",
        "og price",
        transform=("price",),
    ),
    "currency": _field(
        "offers.priceCurrency", "og product:price:currency", "og price:currency", transform=({"map": SIGNS},)
    ),
    "sku": _field(
        *("sku", "offers.sku", "productID", "og product:retailer_item_id", "og url"),
        transform=({"regex_extract": OWN_NUMBER},),
    ),
    "availability": _field(
        "offers.availability",
        "og availability",
        transform=({"map": STOCK}, {"regex_extract": "^(InStock|OutOfStock)$"}),
    ),
    "brand": _field("brand", "og brand", "manufacturer"),
    "gtin": _field("gtin", "offers.gtin", "og product:ean", transform=("gtin",)),
    "mpn": _field("mpn", "model", "og product:mfr_part_no"),
    "images": _field("image", "og image", transform=("absolute", "dedupe")),
}


@dataclass(frozen=True)
class LabelledPage:
    """`sku` is what a sheet calls the product: its label, or the page's own address where it has none."""

    stem: str
    body: bytes
    labels: Mapping[str, list[str]]

    @property
    def sku(self) -> str:
        return self.names[0]

    @property
    def names(self) -> list[str]:
        return [name.strip() for name in self.labels.get("sku", [])] or [self.stem]


@dataclass(frozen=True)
class Score:
    """How well one field was read: shares of what was answered, and of what could be."""

    field: str
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"{self.field:<14}{self.precision:.3f}  {self.recall:.3f}  {self.f1:.3f}"


def load() -> list[LabelledPage]:
    """The pages of the folder that BAYSTATE_PAGES names, in the order of their labels."""
    folder = Path(os.environ["BAYSTATE_PAGES"])
    labels = json.loads((folder / "labels.json").read_text("utf-8"))
    return [
        LabelledPage(stem, gzip.decompress((folder / "html" / f"{stem}.html.gz").read_bytes()), told)
        for stem, told in labels.items()
    ]


def definition(host: str) -> dict[str, Any]:
    """The top keys of a definition for the site at `host`, by structured data only."""
    return {
        "hosts": {"allowed": [host]},
        "politeness": {"delay_s": 0},
        "search": {"url": f"http://{host}/search?q={{sku}}", "no_result": {"status": 404}},
        "fields": FIELDS,
    }


@contextmanager
def site(pages: list[LabelledPage]) -> Iterator[str]:
    """Serve the pages on loopback, and give the host: a search for a SKU leads to its page."""
    bodies = {f"/pages/{page.stem}": page.body for page in pages}
    found = {name: f"/pages/{page.stem}" for page in pages for name in page.names}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = parse_qs(address.query).get("q", [""])[0]
            if address.path == "/search" and asked in found:
                self._answer(302, location=found[asked])
            else:
                body = bodies.get(address.path)
                self._answer(404 if body is None else 200, body or b"")

        def _answer(self, status: int, body: bytes = b"", *, location: str = "") -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A site is quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def read_all(pages: list[LabelledPage], server_url: str) -> dict[str, dict[str, object]]:
    """The whole path: import a sheet of the SKUs, enhance, let a runner work; the fields it recorded by SKU.

    `server_url` is a server on this process's database. Raises CalledProcessError where the runner does not end well.
    """
    with site(pages) as host, TemporaryDirectory() as folder:
        sheet = Path(folder) / "pages.csv"
        sheet.write_text(_sheet(pages), "utf-8")
        call_command("import_products", str(sheet), stdout=StringIO())
        make.scraper("real", definition=definition(host))
        key = make.key(make.runner())
        call_command("enhance", scrapers="real", max_runners=1, stdout=StringIO(), stderr=StringIO())
        _run_scraper(server_url, key)
    return dict(ScrapeResult.objects.values_list("sku", "fields"))


def score(pages: list[LabelledPage], fields: Mapping[str, Mapping[str, object]]) -> list[Score]:
    """How well each of SCORED was read. A missing answer costs recall, a wrong one both."""
    return [_score(name, [(page.labels.get(name), fields[page.sku].get(name)) for page in pages]) for name in SCORED]


def _score(name: str, told: list[tuple[list[str] | None, object]]) -> Score:
    right = sum(_is_right(name, labels or [], said) for labels, said in told)
    answered = sum(said is not None for _, said in told)
    labelled = sum(bool(labels) for labels, _ in told)
    return Score(name, right / max(answered, 1), right / max(labelled, 1))


def _is_right(name: str, labels: list[str], said: object) -> bool:
    """Prices are equal as decimals, their labels read with the separators of their currency; the rest as texts."""
    if said is None:
        return False
    if name == "price":
        return Decimal(str(said)) in [Price.fromstring(label).amount for label in labels]
    return str(said).strip() in [label.strip() for label in labels]


def _sheet(pages: list[LabelledPage]) -> str:
    stream = StringIO()
    sheet = csv.writer(stream)
    sheet.writerow(["SKU", "NAME", "PRICE"])
    sheet.writerows([page.sku, f"REAL PAGE {number}", "1.00"] for number, page in enumerate(pages))
    return stream.getvalue()


def _run_scraper(server_url: str, key: str) -> None:
    command = [sys.executable, "manage.py", "run_scraper", "--url", server_url, "--once", "--poll-seconds", "0.1"]
    surroundings = {"PATH": os.environ["PATH"], "BAYSTATE_ALLOW_PRIVATE_HOSTS": "127.0.0.1", "BAYSTATE_API_KEY": key}
    subprocess.run(command, cwd=ROOT, env=surroundings, check=True, capture_output=True, timeout=300)
