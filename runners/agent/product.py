"""Which node is the product that the page is about, when a page speaks of several."""

from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import unquote, urlsplit

from runners.agent import visible
from runners.agent.graph import Graph, Node
from runners.agent.page import Page

_PRODUCTS: Final = frozenset({"product", "productgroup", "productmodel", "individualproduct", "someproducts"})
_SELLABLE: Final = frozenset({"vehicle", "car", "motorcycle", "book", "drug", "dietarysupplement"})
_MOST_PRODUCTS: Final = 200
_OFFERS: Final = frozenset({"offer", "aggregateoffer"})
_MAIN: Final = frozenset({"mainentity", "mainentityofpage", "about"})
_NEAR: Final = _MAIN | {"itemreviewed", "itemoffered", "offers", "hasvariant", "isvariantof"}


@dataclass(frozen=True)
class Subject:
    """What the page says it is about: the paths of its own addresses, and its folded titles."""

    paths: frozenset[str]
    titles: tuple[str, ...]


def subject(page: Page, meta: dict[str, list[str]]) -> Subject:
    """The subject of a page, from its address, canonical link, OpenGraph and headings."""
    addresses = [page.url, *meta.get("og:url", [])[:1], *page.selector.xpath("//link[@rel='canonical']/@href").getall()]
    headings = [visible.text(heading) for heading in islice(page.root.iter("h1", "title"), 4)]
    titles = [*headings, *meta.get("og:title", [])[:1]]
    return Subject(frozenset(filter(None, map(_path, addresses))), tuple(filter(None, map(visible.fold, titles))))


def choose(graph: Graph, about: Subject) -> Node | None:
    """The page's product: by its place, its address, its name, its offers, then its order; a single offer stands in.

    A product that is said to be only related, or one of a list, counts only when its address or name is the page's.
    """
    products = [(node, trail) for node, trail in graph.placed if _is_product(graph, node)][:_MOST_PRODUCTS]
    ranked = [(_rank(graph, node, trail, about), node) for node, trail in products]
    meant = [(rank, node) for rank, node in ranked if rank[0] < 2 or not (rank[1] and rank[2])]
    if meant:
        return min(meant, key=lambda pair: pair[0])[1]
    offers = [node for node, trail in graph.placed if not trail and graph.types(node) & _OFFERS]
    return {"offers": offers} if len(offers) == 1 else None


def _is_product(graph: Graph, node: Node) -> bool:
    types = graph.types(node)
    return bool(types & _PRODUCTS) or (bool(types & _SELLABLE) and bool(graph.own(node, "offers")))


def _rank(graph: Graph, node: Node, trail: tuple[str, ...], about: Subject) -> tuple[int, bool, bool, bool]:
    """Place (0 the page's own, 1 near it, 2 elsewhere), another address, another name, no offers."""
    place = 0 if _MAIN.issuperset(trail) else 1 if _NEAR.issuperset(trail) else 2
    addresses = [text for name in ("url", "@id") for text in graph.look(node, name) if isinstance(text, str)]
    here = any(_path(address) in about.paths for address in addresses)
    return place, not here, not _is_titled(graph, node, about), not graph.own(node, "offers")


def _is_titled(graph: Graph, node: Node, about: Subject) -> bool:
    said = next(iter(graph.look(node, "name")), "")
    name = visible.fold(said if isinstance(said, str) else visible.text(said))
    return bool(name) and any(name in title or title in name for title in about.titles)


def _path(address: str) -> str:
    """The path of an address, for comparison; empty for a home page and for what is no address."""
    try:
        return unquote(urlsplit(address).path).rstrip("/").casefold()
    except ValueError:
        return ""
