"""What the demo's database holds before anything happens: people, scrapers and their passwords, runners and their keys.

Everything may be there from an earlier start; only what changed is written.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from django.contrib.auth.models import Group, User

from baystate.demo.environment import private
from runners import keys
from runners.models import Runner
from scraping import credentials, scrapers
from scraping.models import Scraper, ScraperCredential


class Shop(NamedTuple):
    """A site as staff know it; the more trusted one wins where two disagree."""

    name: str
    trust: int


DEFINITIONS = Path(__file__).with_name("definitions")
LOGIN = "demo"
SHOPS = {
    "acme": Shop("Acme Pet & Farm Wholesale", trust=80),
    "bradley": Shop("Bradley Feed Distributing", trust=60),
    "coastal": Shop("Coastal Wholesale", trust=60),
}
BRADLEY = {"username": "BAYSTATE-1042", "password": "hay & oats 50#"}
RUNNERS: dict[str, list[str] | None] = {"warehouse-1": None, "warehouse-2": None, "office": None, "back-room": ["acme"]}


def staff(password: str) -> User:
    """The person whose login the demo prints: in both groups, and with no right beyond theirs."""
    user, _ = User.objects.get_or_create(username=LOGIN, defaults={"first_name": "Demo", "is_staff": True})
    if not user.check_password(password):
        user.set_password(password)
        user.save()
    user.groups.set(Group.objects.filter(name__in=["Staff", "Operations"]))
    return user


def definition(slug: str, address: str) -> dict[str, object]:
    """The shop's definition with the address it has in this run."""
    text = (DEFINITIONS / f"{slug}.json").read_text(encoding="utf-8")
    document: dict[str, object] = json.loads(text.replace(f"{slug}.demo", address.removeprefix("http://")))
    return document


def plant_scrapers(sites: Mapping[str, str], *, by: User) -> None:
    """A scraper for each site; a new version only where the definition or the address changed."""
    for slug, address in sites.items():
        known = {"display_name": SHOPS[slug].name, "trust": SHOPS[slug].trust}
        scraper, _ = Scraper.objects.get_or_create(slug=slug, defaults=known)
        document = definition(slug, address)
        latest = scraper.latest()
        if latest is None or latest.definition != document:
            scrapers.save_version(scraper, document, by=by)
    if not ScraperCredential.objects.filter(scraper__slug="bradley").exists():
        credentials.store(Scraper.objects.get(slug="bradley"), BRADLEY, by=by)


def runner_keys(folder: Path, *, by: User) -> dict[str, Path]:
    """A file with a valid key for each runner, by name; a key that still works is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _key_file(folder / f"{name}.key", name, allowed, by) for name, allowed in RUNNERS.items()}


def _key_file(file: Path, name: str, allowed: list[str] | None, by: User) -> Path:
    try:
        keys.verify(file.read_text(encoding="utf-8").strip())
    except (OSError, keys.KeyRefusedError):
        runner, _ = Runner.objects.get_or_create(name=name)
        private(file, keys.issue(runner, allowed_scrapers=allowed, by=by)[1] + "\n")
    return file
