"""What a page says for machines: JSON-LD, microdata, OpenGraph and other meta tags. Never RDFa, which costs
fifteen times the rest."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from runners.agent import jsonld, microdata, product
from runners.agent.graph import Graph, Node, Value, local
from runners.agent.page import Page
from runners.protocol.fields import Field

_NAMES: Final = ("property", "name", "itemprop", "http-equiv")
_FAMILIES: Final = ("og:", "product:", "og:product:")

# Where each field stands: paths from the product for JSON-LD and microdata, tags for OpenGraph.
_PATHS: Final = {
    Field.NAME: ("name",),
    Field.BRAND: ("brand", "manufacturer"),
    Field.DESCRIPTION: ("description",),
    Field.SKU: ("sku", "offers.sku", "productid"),
    Field.GTIN: ("gtin", "offers.gtin"),
    Field.MPN: ("mpn", "offers.mpn"),
    Field.PRICE: ("offers.price",),
    Field.CURRENCY: ("offers.pricecurrency",),
    Field.AVAILABILITY: ("offers.availability",),
    Field.IMAGES: ("image",),
    Field.CATEGORIES: ("category", "BreadcrumbList.itemlistelement.name"),
    Field.WEIGHT: ("weight",),
    Field.SIZE: ("size",),
}
_TAGS: Final = {
    Field.NAME: ("title",),
    Field.BRAND: ("brand",),
    Field.DESCRIPTION: ("description",),
    Field.SKU: ("retailer_item_id", "sku"),
    Field.GTIN: ("gtin", "ean", "upc"),
    Field.MPN: ("mfr_part_no",),
    Field.PRICE: ("sale_price:amount", "price:amount", "price"),
    Field.CURRENCY: ("sale_price:currency", "price:currency"),
    Field.AVAILABILITY: ("availability",),
    Field.IMAGES: ("image", "image:url", "image:secure_url"),
    Field.CATEGORIES: ("category",),
}


class Structured:
    """The structured data of one page, each kind read when it is first asked for."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def ld(self, path: str) -> list[Value]:
        """What JSON-LD says at a dotted path from the page's product, or from the nodes of a type written first."""
        return _look(self._ld, self._ld_product, path)

    def micro(self, path: str) -> list[Value]:
        """The same of microdata."""
        return _look(self._micro, self._micro_product, path)

    def og(self, name: str) -> list[Value]:
        """The contents of an OpenGraph tag, its prefix `og:` or `product:` written or not."""
        whole = [name] if ":" in name else []
        tags = [*whole, *(family + name for family in _FAMILIES)]
        return next((found for tag in tags if (found := self.meta(tag))), [])

    def meta(self, name: str) -> list[Value]:
        """The contents of the meta tags of this name, whichever attribute gives it."""
        return list(self._metas.get(name.lower(), []))

    def says(self, field: Field, use: Iterable[str]) -> Iterator[tuple[str, list[Value]]]:
        """What each kind in `use` (jsonld, microdata, opengraph) says about a field, kinds that are silent left out."""
        readers = {"jsonld": (self.ld, _PATHS), "microdata": (self.micro, _PATHS), "opengraph": (self.og, _TAGS)}
        for kind in use:
            read, places = readers[kind]
            if values := next((found for place in places.get(field, ()) if (found := read(place))), []):
                yield kind, values

    @cached_property
    def _metas(self) -> dict[str, list[str]]:
        """Contents by every name in lower case, in page order."""
        found: dict[str, list[str]] = {}
        for tag in self._page.root.iter("meta"):
            content = (tag.get("content") or "").strip()
            for name in {(tag.get(attribute) or "").strip().lower() for attribute in _NAMES} if content else ():
                found.setdefault(name, []).append(content)
        return found

    @cached_property
    def _about(self) -> product.Subject:
        return product.subject(self._page, self._metas)

    @cached_property
    def _ld(self) -> Graph:
        return Graph(jsonld.nodes(self._page.root))

    @cached_property
    def _ld_product(self) -> Node | None:
        return product.choose(self._ld, self._about)

    @cached_property
    def _micro(self) -> Graph:
        return Graph(microdata.nodes(self._page.root, self._page.base_url))

    @cached_property
    def _micro_product(self) -> Node | None:
        return product.choose(self._micro, self._about)


def _look(graph: Graph, main: Node | None, path: str) -> list[Value]:
    kind, _, rest = path.partition(".")
    if kind[:1].isupper() and rest:
        nodes = [node for node, _ in graph.placed if local(kind) in graph.types(node)]
    else:
        nodes, rest = [main] if main else [], path
    return [value for node in nodes for value in graph.look(node, rest)]
