"""Which node is the product that the page is about, when a page speaks of several."""

from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from runners.agent import visible
from runners.agent.graph import Graph, Node
from runners.agent.page import Page

_PRODUCTS: Final = frozenset({"product", "productgroup", "productmodel", "individualproduct", "someproducts"})
_SELLABLE: Final = frozenset({"vehicle", "car", "motorcycle", "book", "drug", "dietarysupplement"})
_ELSEWHERE: Final = 2
_MOST_PRODUCTS: Final = 200
_OFFERS: Final = frozenset({"offer", "aggregateoffer"})
_MAIN: Final = frozenset({"mainentity", "mainentityofpage", "about"})
_NEAR: Final = _MAIN | {"itemreviewed", "itemoffered", "offers", "hasvariant", "isvariantof"}


@dataclass(frozen=True)
class Subject:
    """What the page says it is about: the paths of its own addresses, and its folded titles."""

    paths: frozenset[str]
    titles: tuple[str, ...]


class _Rank(NamedTuple):
    """What speaks against a node being the page's product, the weightiest first."""

    place: int  # 0 the page's own, 1 near it, _ELSEWHERE in a list or among related ones
    other_address: bool
    other_name: int
    no_offers: bool

    @property
    def stranger(self) -> bool:
        return self.other_address and self.other_name == 2


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
    meant = [(rank, node) for rank, node in ranked if rank.place < _ELSEWHERE or not rank.stranger]
    if meant:
        return min(meant, key=lambda pair: pair[0])[1]
    offers = [node for node, trail in graph.placed if not trail and graph.types(node) & _OFFERS]
    return {"offers": offers} if len(offers) == 1 else None


def _is_product(graph: Graph, node: Node) -> bool:
    types = graph.types(node)
    return bool(types & _PRODUCTS) or (bool(types & _SELLABLE) and bool(graph.own(node, "offers")))


def _rank(graph: Graph, node: Node, trail: tuple[str, ...], about: Subject) -> _Rank:
    place = 0 if _MAIN.issuperset(trail) else 1 if _NEAR.issuperset(trail) else _ELSEWHERE
    addresses = [text for name in ("url", "@id") for text in graph.look(node, name) if isinstance(text, str)]
    here = any(_path(address) in about.paths for address in addresses)
    return _Rank(place, not here, _other_name(graph, node, about), not graph.own(node, "offers"))


def _other_name(graph: Graph, node: Node, about: Subject) -> int:
    """0 where the name is a title of the page, 1 where one holds the other, 2 where it is another."""
    said = next(iter(graph.look(node, "name")), "")
    name = visible.fold(said if isinstance(said, str) else visible.text(said))
    if not name or name in about.titles:
        return 0 if name else 2
    return 1 if any(name in title or title in name for title in about.titles) else 2


def _path(address: str) -> str:
    """The path of an address, for comparison; empty for a home page and for what is no address."""
    try:
        return unquote(urlsplit(address).path).rstrip("/").casefold()
    except ValueError:
        return ""
