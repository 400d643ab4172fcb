"""Acme Pet & Farm Wholesale: declares its products as JSON-LD; a search that hits leads straight to the product."""

import json
import re

from baystate.demo.sites import pictures
from baystate.demo.sites.shop import Answer, Html, Misfortunes, Request, catalog, fill, join, missing, page, redirect

Item = dict[str, str]


class Acme:
    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._items = {item["sku"]: item for item in catalog("acme")}
        self._misfortunes = Misfortunes()

    def answer(self, request: Request) -> Answer:
        """Home, `/search?q=`, `/p/<sku>-<name>`, `/media/<sku>-<n>.svg`."""
        if request.path == "/":
            return page("acme", "home", title="Welcome", rows=join([self._tile(i) for i in self._items.values()]))
        if request.path == "/search":
            return self._search(request.query.get("q", ""))
        if found := re.fullmatch(r"/p/(\d+)-[a-z0-9-]*", request.path):
            return self._product(found[1])
        if found := re.fullmatch(r"/media/(\d+)-(\d)\.svg", request.path):
            return self._picture(found[1], found[2])
        return missing("acme")

    def _search(self, query: str) -> Answer:
        """Zeros in front do not matter here, as in many shops."""
        for item in self._items.values():
            if item["sku"].lstrip("0") == query.strip().lstrip("0"):
                return redirect(_path(item))
        return page("acme", "empty", title="Search", query=query)

    def _product(self, sku: str) -> Answer:
        item = self._items.get(sku)
        if item is None:
            return missing("acme")
        if misfortune := self._misfortunes.strike(sku, item["quirk"]):
            return misfortune
        if item["quirk"] == "redesigned":
            return page("acme", "redesigned", title="Shop", name=item["name"], price=item["price"])
        shown = {key: item[key] for key in ("name", "brand", "mpn", "weight", "price", "description", "category")}
        data, gallery = self._declared(item), self._gallery(item)
        return page("acme", "product", title=item["name"], data=data, gallery=gallery, **shown)

    def _declared(self, item: Item) -> Html:
        """The product as schema.org says it, in one script element."""
        stock = "InStock" if item["stock"] == "in" else "OutOfStock"
        offer = {
            "@type": "Offer",
            "price": item["price"],
            "priceCurrency": "USD",
            "availability": f"https://schema.org/{stock}",
            "url": self._origin + _path(item),
        }
        product = {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": item["name"],
            "brand": {"@type": "Brand", "name": item["brand"]},
            "gtin12": item["gtin"],
            "mpn": item["mpn"],
            "weight": item["weight"],
            "category": item["category"],
            "description": item["description"],
            "image": [self._origin + path for path in _media(item)],
            "offers": offer,
        }
        return Html(json.dumps(product, indent=1, ensure_ascii=False).replace("</", "<\\/"))

    def _gallery(self, item: Item) -> Html:
        return join([fill("acme", "picture", address=path, name=item["name"]) for path in _media(item)])

    def _tile(self, item: Item) -> Html:
        return fill("acme", "tile", address=_path(item), name=item["name"], price=item["price"])

    def _picture(self, sku: str, view: str) -> Answer:
        item = self._items.get(sku)
        if item is None:
            return missing("acme")
        return pictures.draw(item["brand"], item["name"], view)


def _path(item: Item) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", item["name"].lower()).strip("-")
    return f"/p/{item['sku']}-{words}"


def _media(item: Item) -> list[str]:
    return [f"/media/{item['sku']}-{number}.svg" for number in range(1, int(item["pictures"]) + 1)]
