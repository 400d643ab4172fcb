"""A small distributor site behind a login form, and the definition that reads it."""

from collections.abc import Callable
from typing import Any

from tests.runners.wire import Asked, Reply, Wire, redirect

USER, PASSWORD = "u-canary-4711", "p&canary/ä 4712"
LOGIN = """<form action="/session?from=login" method="post"><input type="hidden" name="csrf" value="{token}">
<input name="user"><input name="pass" type="password"><input type="checkbox" name="stay" value="1" checked>
<input type="checkbox" name="spy" value="1"><button name="go" value="in">Log in</button>{message}</form>"""
OUT = '<a class="logout" href="/out">Log out</a>'
PRODUCT = '{out}<main><h1 class="product">{name}</h1><p class="item">{sku}</p><p class="brand">{brand}</p></main>'


def page(body: str) -> Reply:
    return Reply(f"<html><body>{body}</body></html>")


class Shop:
    """Answers `/login`, `/session`, `/search?q=`; `products` by SKU; `special` replaces any answer."""

    def __init__(self, *, login: bool = True) -> None:
        self.login = login
        self.sessions: set[str] = set()
        self.tokens = 0
        self.products = {"007": "Gold & Silver Feed"}
        self.special: Callable[[Asked], Reply | None] = lambda asked: None
        self.wire = Wire(self._reply)

    def definition(self, **more: Any) -> dict[str, Any]:
        """The document of a scraper for this shop; `more` replaces its parts."""
        url = self.wire.url
        no_result = {"any": [{"css": ".empty"}, {"text": "0 results"}]}
        document: dict[str, Any] = {
            "schema_version": 1,
            "slug": "bradley",
            "engine": "http",
            "hosts": {"allowed": [self.wire.host]},
            "politeness": {"delay_s": 0, "timeout_s": 5},
            "search": {"url": f"{url}/search?q={{sku}}", "no_result": no_result},
            "product": {"marker": {"css": "h1.product"}},
            "fields": {
                "name": {"from": [{"css": "h1.product"}], "required": True, "transform": ["text"]},
                "sku": {"from": [{"css": "p.item"}], "transform": ["text"]},
                "brand": {"from": [{"css": "p.brand"}], "transform": ["text"]},
            },
        }
        if self.login:
            document["login"] = {
                "form": {"url": f"{url}/login", "fields": {"user": "{username}", "pass": "{password}"}},
                "logged_in": {"css": "a.logout"},
                "failed": {"text": "invalid password"},
            }
        return document | more

    def times(self, path: str) -> int:
        return self.wire.paths().count(path)

    def _reply(self, asked: Asked) -> Reply:
        return self.special(asked) or self._ordinary(asked)

    def _ordinary(self, asked: Asked) -> Reply:
        if asked.path == "/login":
            return self.form()
        if asked.path == "/session":
            return self._enter(asked)
        if self.login and asked.cookies.get("session") not in self.sessions:
            return redirect("/login")
        if asked.path == "/search":
            return self.found(asked.query["q"])
        return page(f"{OUT}<h1>Welcome</h1>")

    def form(self, message: str = "") -> Reply:
        self.tokens += 1
        return page(LOGIN.format(token=f"t{self.tokens}", message=message))

    def found(self, sku: str) -> Reply:
        out = OUT if self.login else ""
        if sku not in self.products:
            return page(f"{out}<p class='empty'>0 results for {sku}</p>")
        return page(PRODUCT.format(out=out, name=self.products[sku], sku=sku, brand="Harvest"))

    def _enter(self, asked: Asked) -> Reply:
        if asked.form.get("csrf") != f"t{self.tokens}":
            return self.form("expired form")
        if (asked.form.get("user"), asked.form.get("pass")) != (USER, PASSWORD):
            return self.form("<b>Invalid   password</b>")
        session = f"s{len(self.sessions)}"
        self.sessions.add(session)
        return redirect("/", Set_Cookie=f"session={session}; Path=/")
