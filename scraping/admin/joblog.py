"""A job's log at its doors: what its page shows, the JSON view with its cursor, the way to the next error, the files.

Whoever calls has been let in already.
"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from runners.protocol.words import LogLevel
from scraping import downloads, lines, queries
from scraping.downloads import Form
from scraping.lines import Filter, Stretch
from scraping.models import ScrapeJob, ScrapeJobLog

NAMES = {"level", "scraper", "sku", "q"}
SHOWN = 200
LONGEST = 200  # characters of a search


def context(request: HttpRequest, job: ScrapeJob, wanted: Filter | None = None) -> dict[str, Any]:
    """What `operations/log.html` needs; `wanted` is the filter where the address names none."""
    wanted = wanted if wanted and not NAMES & set(request.GET) else _wanted(request)
    stretch = _stretch(request, job, wanted, SHOWN)
    line = number(request.GET.get("line"))
    at = line or (stretch.last + 1 if stretch.last >= job.log_head else stretch.first)
    return {
        "job": job,
        "log": stretch,
        "wanted": wanted,
        "carried": urlencode(_said(wanted)),
        "levels": [LogLevel.INFO, LogLevel.WARNING, LogLevel.ERROR],
        "line": line,
        "shape": ScrapeJobLog(),
        "first": queries.first_kept(job),
        "removed": queries.removed(job),
        "previous_error": lines.error_before(job, at, wanted=wanted),
        "next_error": lines.error_after(job, at, wanted=wanted),
    }


def read(request: HttpRequest, job: ScrapeJob) -> JsonResponse:
    """Lines beyond `after`, before `before` or on both sides of `line`, the last ones otherwise.

    `from` and `to` are the positions that were looked at: where they do not reach far enough, the reader asks again
    from there. `head` is the last position there is, `first` the first that is kept, `removed` how many are gone, and
    `end` says that the job has ended and nothing comes beyond `to`. With `reset` the reader's position lay beyond
    `head`, and the log begins anew. 400 names a position that is none.
    """
    for name in ("after", "before", "line", "limit"):
        if name in request.GET and number(request.GET[name]) is None:
            said = _("“%(name)s” is a position in the log: a whole number from 0.") % {"name": name}
            return JsonResponse({"error": said, "code": "malformed"}, status=400)
    limit = min(number(request.GET.get("limit")) or lines.MOST, lines.MOST)
    reset = (number(request.GET.get("after")) or 0) > job.log_head
    wanted = _wanted(request)
    stretch = lines.after(job, 0, wanted=wanted, limit=limit) if reset else _stretch(request, job, wanted, limit)
    removed = queries.removed(job)
    return JsonResponse(
        {
            **({"reset": True} if reset else {}),
            "lines": [queries.line_as_json(line) for line in stretch.lines],
            "from": stretch.first,
            "to": stretch.last,
            "head": job.log_head,
            "first": queries.first_kept(job),
            "removed": removed.count if removed else 0,
            "end": job.ended and stretch.last >= job.log_head,
        }
    )


def error(request: HttpRequest, job: ScrapeJob) -> JsonResponse:
    """`{"position"}` of the next error beyond `after` or of the last one before `before`; null where there is none.

    A filter is obeyed as in `read`.
    """
    wanted, before = _wanted(request), number(request.GET.get("before"))
    if before is not None:
        return JsonResponse({"position": lines.error_before(job, before, wanted=wanted)})
    return JsonResponse({"position": lines.error_after(job, number(request.GET.get("after")) or 0, wanted=wanted)})


def download(request: HttpRequest, job: ScrapeJob) -> StreamingHttpResponse:
    """The whole log: `as=text`, or `as=jsonl` with the messages as they came."""
    form = Form(request.GET["as"]) if request.GET.get("as") in set(Form) else Form.TEXT
    name = f"job-{job.short}.{form.suffix}"
    return StreamingHttpResponse(
        downloads.pieces(job, form),
        content_type=form.content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def number(text: str | None) -> int | None:
    """A position or a page's number as an address gives it; None where it is nonsense."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _wanted(request: HttpRequest) -> Filter:
    asked = request.GET
    level = asked.get("level", "")
    return Filter(
        level=LogLevel(level) if level in set(LogLevel) - {LogLevel.DEBUG} else None,
        scraper=asked.get("scraper", "")[:LONGEST],
        sku=asked.get("sku", "").strip()[:LONGEST],
        text=asked.get("q", "").strip()[:LONGEST],
    )


def _said(wanted: Filter) -> dict[str, str]:
    """A filter as addresses carry it."""
    said = {"level": wanted.level or "", "scraper": wanted.scraper, "sku": wanted.sku, "q": wanted.text}
    return {name: value for name, value in said.items() if value}


def _stretch(request: HttpRequest, job: ScrapeJob, wanted: Filter, limit: int) -> Stretch:
    line, after = number(request.GET.get("line")), number(request.GET.get("after"))
    if line:
        return lines.around(job, line, wanted=wanted, limit=limit)
    if after is not None:
        return lines.after(job, after, wanted=wanted, limit=limit)
    return lines.before(job, number(request.GET.get("before")) or None, wanted=wanted, limit=limit)
