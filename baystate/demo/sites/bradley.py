"""Bradley Feed Distributing: customers only, behind a login form; plain specification tables, no structured data."""

import re
import secrets
from dataclasses import replace
from string import capwords
from urllib.parse import quote

from baystate.demo.sites import pictures
from baystate.demo.sites.shop import Answer, Html, Misfortunes, Request, catalog, fill, join, missing, page, redirect

Item = dict[str, str]
MENU = fill("bradley", "menu")


class Bradley:
    def __init__(self, origin: str) -> None:
        self._items = catalog("bradley")
        self._customers = {(row["customer"], row["password"]) for row in catalog("bradley-customers")}
        self._forms: set[str] = set()
        self._sessions: set[str] = set()
        self._misfortunes = Misfortunes()

    def answer(self, request: Request) -> Answer:
        """Pictures are public; every other page asks for a session first."""
        if found := re.fullmatch(r"/pictures/([\d-]+)\.svg", request.path):
            return self._picture(found[1])
        if request.path == "/login":
            return self._log_in(request) if request.method == "POST" else self._form(request.query.get("next", "/"))
        if request.cookies.get("session") not in self._sessions:
            return redirect(f"/login?next={quote(request.path)}")
        if request.path == "/logout":
            self._sessions.discard(request.cookies["session"])
            return redirect("/login")
        return self._inside(request)

    def _inside(self, request: Request) -> Answer:
        if request.path == "/":
            return _page("home", title="Catalog", rows=join([self._row(item) for item in self._items]))
        if request.path == "/catalog":
            return self._product(request.query.get("upc", "").strip())
        return missing("bradley", menu=MENU)

    def _form(self, onward: str, message: str = "") -> Answer:
        """A form whose token must come back with the cookie of the same value."""
        token = secrets.token_urlsafe(16)
        self._forms.add(token)
        said = fill("bradley", "refused", message=message) if message else Html("")
        shown = page("bradley", "login", title="Sign in", menu="", token=token, onward=onward, refused=said)
        return replace(shown, headers=(("Set-Cookie", f"form={token}; Path=/; HttpOnly; SameSite=Lax"),))

    def _log_in(self, request: Request) -> Answer:
        token = request.form.get("form_token", "")
        if token not in self._forms or token != request.cookies.get("form"):
            return self._form("/", "Your form has expired; please sign in again.")
        self._forms.discard(token)
        if (request.form.get("customer", ""), request.form.get("password", "")) not in self._customers:
            return self._form("/", "Invalid customer number or password.")
        session = secrets.token_urlsafe(16)
        self._sessions.add(session)
        onward = request.form.get("onward", "/")
        safe = onward if onward.startswith("/") and not onward.startswith("//") else "/"
        return redirect(safe, ("Set-Cookie", f"session={session}; Path=/; HttpOnly; SameSite=Lax"))

    def _product(self, wanted: str) -> Answer:
        """Found by UPC or by the maker's number."""
        item = next((item for item in self._items if wanted and wanted in {item["upc"], item["maker_number"]}), None)
        if item is None:
            return _page("empty", title="Catalog", wanted=wanted)
        if misfortune := self._misfortunes.strike(item["upc"], item["quirk"]):
            return misfortune
        return _page("item", title=item["name"], picture=_picture_path(item), **_specified(item))

    def _row(self, item: Item) -> Html:
        return fill("bradley", "row", upc=item["upc"], item=item["item"], name=item["name"], cost=item["cost"])

    def _picture(self, number: str) -> Answer:
        item = next((item for item in self._items if item["item"] == number), None)
        if item is None:
            return missing("bradley", menu=MENU)
        return pictures.draw(item["brand"], capwords(item["name"]), "1")


def _page(name: str, /, *, title: str, **values: str) -> Answer:
    return page("bradley", name, title=title, menu=MENU, **values)


def _specified(item: Item) -> dict[str, str]:
    columns = ("upc", "item", "name", "brand", "maker_number", "net_weight", "case_pack", "min_order", "cost", "msrp")
    return {column: item[column] for column in columns}


def _picture_path(item: Item) -> str:
    return f"/pictures/{item['item']}.svg"
