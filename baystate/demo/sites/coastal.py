"""Coastal Wholesale: a search answers with a list that holds neighbours too; pictures load as they come into view."""

import re
from collections.abc import Sequence

from baystate.demo.sites import pictures
from baystate.demo.sites.shop import Answer, Html, Misfortunes, Request, catalog, fill, join, missing, page

Item = dict[str, str]
NEIGHBOURS = 2
MAKER = 6  # digits of a UPC that say who made it


class Coastal:
    """Items are addressed by their place in the catalogue: two of them share an item number."""

    def __init__(self, origin: str) -> None:
        self._items = catalog("coastal")
        self._misfortunes = Misfortunes()

    def answer(self, request: Request) -> Answer:
        """Home, `/find?keywords=`, `/item/<place>`, `/images/<place>/<size>/<n>.svg`."""
        if request.path == "/":
            return page("coastal", "home", title="Shop", rows=self._rows(range(len(self._items))))
        if request.path == "/find":
            return self._find(request.query.get("keywords", "").strip())
        if found := re.fullmatch(r"/item/(\d{3})", request.path):
            return self._product(int(found[1]))
        if found := re.fullmatch(r"/images/(\d{3})/(?:thumb|large)/(\d)\.svg", request.path):
            return self._picture(int(found[1]), found[2])
        return missing("coastal")

    def _find(self, keywords: str) -> Answer:
        """The item with what stands next to it on the shelf; for one that is not sold here, others of its maker."""
        hits = [place for place, item in enumerate(self._items) if item["item"] == keywords]
        kin = [place for place, item in enumerate(self._items) if item["item"][:MAKER] == keywords[:MAKER]]
        if not hits and not kin:
            return page("coastal", "none", title="Search", keywords=keywords)
        places = self._around(hits) if hits else kin[:NEIGHBOURS]
        count, rows = str(len(places)), self._rows(places)
        return page("coastal", "results", title="Search", keywords=keywords, count=count, rows=rows)

    def _around(self, hits: list[int]) -> Sequence[int]:
        return range(max(hits[0] - NEIGHBOURS, 0), min(hits[-1] + NEIGHBOURS + 1, len(self._items)))

    def _rows(self, places: Sequence[int]) -> Html:
        return join([self._row(place) for place in places])

    def _row(self, place: int) -> Html:
        item = self._items[place]
        shown = {key: item[key] for key in ("item", "name", "brand", "price")}
        return fill("coastal", "row", place=f"{place:03}", **shown)

    def _product(self, place: int) -> Answer:
        if place >= len(self._items):
            return missing("coastal")
        item = self._items[place]
        if misfortune := self._misfortunes.strike(str(place), item["quirk"]):
            return misfortune
        design = "redesigned" if item["quirk"] == "redesigned" else "item"
        return page("coastal", design, title=item["name"], **self._shown(place, item))

    def _shown(self, place: int, item: Item) -> dict[str, str]:
        plain = {key: item[key] for key in ("item", "name", "brand", "price", "category")}
        numbers = range(1, int(item["pictures"]) + 1)
        return plain | {
            "description": Html(item["description"]),
            "features": join([fill("coastal", "feature", text=text) for text in item["features"].split("|")]),
            "images": join([fill("coastal", "image", place=f"{place:03}", number=str(number)) for number in numbers]),
            "details": join([*_detail("Weight", item["weight"]), *_detail("Barcode", item["barcode"])]),
        }

    def _picture(self, place: int, view: str) -> Answer:
        if place >= len(self._items):
            return missing("coastal")
        return pictures.draw(self._items[place]["brand"], self._items[place]["name"], view)


def _detail(label: str, value: str) -> list[Html]:
    """A line of the details; none where the shop does not know the value."""
    return [fill("coastal", "detail", label=label, value=value)] if value else []
