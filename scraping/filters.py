"""Reads what the operations page is asked to show from its address; what makes no sense is told and left out."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from runners.protocol.words import JobStatus

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMES = ("status", "scraper", "runner", "batch", "who", "since")


@dataclass(frozen=True)
class Window:
    """A stretch of time that ends now, as the plots cut it: one bar per `bar`, one point of the rate per `step`."""

    name: str
    label: "StrOrPromise"
    span: timedelta
    bar: timedelta
    step: timedelta


WINDOWS = {
    window.name: window
    for window in (
        Window("1h", gettext_lazy("last hour"), timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=1)),
        Window("6h", gettext_lazy("last 6 hours"), timedelta(hours=6), timedelta(minutes=30), timedelta(minutes=2)),
        Window("24h", gettext_lazy("last 24 hours"), timedelta(hours=24), timedelta(hours=1), timedelta(minutes=5)),
        Window("7d", gettext_lazy("last 7 days"), timedelta(days=7), timedelta(hours=6), timedelta(minutes=30)),
    )
}
DEFAULT = WINDOWS["24h"]


@dataclass(frozen=True)
class Filters:
    """What to show: words as in the address, empty where all are meant. `problems` say what was left out."""

    status: str = ""
    scraper: str = ""
    runner: str = ""
    batch: str = ""
    who: str = ""
    since: str = ""
    problems: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        return WINDOWS[self.since] if self.since else DEFAULT

    @property
    def any(self) -> bool:
        return any(getattr(self, name) for name in NAMES)

    @property
    def query(self) -> str:
        """The address's query that asks for the same again, with its "?"; empty where all is shown."""
        asked = {name: getattr(self, name) for name in NAMES if getattr(self, name)}
        return f"?{urlencode(asked)}" if asked else ""

    def jobs(self, prefix: str = "") -> Q:
        """The jobs that are meant; `prefix` is the way to a job, as in `job__`."""
        wanted = Q(**{f"{prefix}{name}": value for name, value in self._columns().items() if value})
        return wanted & Q(**{f"{prefix}scrapers__contains": [self.scraper]}) if self.scraper else wanted

    def units(self) -> Q:
        """The results of those jobs; of the one scraper where one is named."""
        wanted = replace(self, scraper="").jobs("job__")
        return wanted & Q(scraper=self.scraper) if self.scraper else wanted

    def _columns(self) -> dict[str, str]:
        return {
            "status": self.status,
            "runner__name": self.runner,
            "batch": self.batch,
            "batch__requested_by__username": self.who,
        }


def read(asked: Mapping[str, str], *, scrapers: Collection[str], runners: Collection[str]) -> Filters:
    """The filters in a query; `scrapers` and `runners` are the names there are. Never raises."""
    words: dict[str, Any] = {name: asked.get(name, "").strip() for name in NAMES}
    found = Filters(**words)
    wrong = {
        "status": (found.status in {"", *JobStatus}, _("There is no status “%(word)s”.")),
        "scraper": (found.scraper in {"", *scrapers}, _("There is no scraper “%(word)s”.")),
        "runner": (found.runner in {"", *runners}, _("There is no runner “%(word)s”.")),
        "batch": (_is_key(found.batch), _("“%(word)s” is no batch’s id.")),
        "since": (found.since in {"", *WINDOWS}, _("“%(word)s” is no stretch of time that is kept here.")),
    }
    problems = {name: sentence for name, (well, sentence) in wrong.items() if not well}
    said = tuple(sentence % {"word": getattr(found, name)[:60]} for name, sentence in problems.items())
    return replace(found, **dict.fromkeys(problems, ""), problems=said)


def _is_key(word: str) -> bool:
    try:
        return not word or bool(UUID(word))
    except ValueError:
        return False
