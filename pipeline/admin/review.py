"""The review page: one product's record, what every source says beside it, and the decisions staff take on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from pipeline import comparison, queries, review, waiting
from pipeline.admin import review_form
from pipeline.admin.review_form import Answers
from pipeline.comparison import Row
from pipeline.models import Product
from pipeline.review import RefusedError
from pipeline.stages import Stage
from scraping.doors import transact

Admin = admin.ModelAdmin[Any]
QUEUE, PAGE = "admin:pipeline_product_queue", "admin:pipeline_product_review"
HISTORY = 8


@dataclass(frozen=True, slots=True)
class FieldView:
    """A row with what somebody typed and why it was not saved."""

    row: Row
    typed: str | None = None
    problem: str = ""

    @property
    def text(self) -> str:
        return self.row.text if self.typed is None else self.typed


@dataclass(slots=True)
class Trouble:
    """Why a page comes back: sentences by field, and what was typed there."""

    problems: dict[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)


def urls(model_admin: Admin) -> list[URLPattern]:
    """The queue's door and the page of one product."""
    view = model_admin.admin_site.admin_view
    return [
        path("review/", view(partial(queue, model_admin)), name="pipeline_product_queue"),
        path("<uuid:pk>/review/", view(partial(page, model_admin)), name="pipeline_product_review"),
    ]


def queue(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """On to the first product that waits, or a page that says there is none."""
    _refuse_strangers(model_admin, request)
    first = waiting.first()
    if first is not None:
        return redirect(PAGE, first)
    context = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, "title": _("Review")}
    return TemplateResponse(request, "review/empty.html", context)


def page(model_admin: Admin, request: HttpRequest, pk: UUID) -> HttpResponse:
    """One product; a POST saves what was changed and then does what its button `act` says."""
    _refuse_strangers(model_admin, request)
    if request.method != "POST":
        return _show(model_admin, request, pk, Trouble())
    if not request.user.has_perm("pipeline.review_products"):
        raise PermissionDenied
    answers = review_form.read(request.POST)
    trouble = Trouble(typed=answers.typed)
    try:
        _save(request, pk, answers, trouble)
        return _act(request, pk, answers)
    except RefusedError as refusal:
        messages.error(request, str(refusal))
    except OperationalError:
        messages.error(request, _("Somebody else is at this product at the moment. Nothing was saved; try again."))
    except _NotSavedError:
        messages.error(request, _("Not everything was saved; look at the marked fields."))
    return _show(model_admin, request, pk, trouble, status=409)


class _NotSavedError(Exception):
    """Some fields came back."""


def _save(request: HttpRequest, pk: UUID, answers: Answers, trouble: Trouble) -> None:
    if not answers.changes:
        return
    with transact():
        saved = review.save(pk, changes=answers.changes, by=_user(request))
    trouble.problems |= saved.refused
    trouble.typed = {name: text for name, text in answers.typed.items() if name in saved.refused}
    if saved.fields:
        said = ngettext("Saved: %(fields)s.", "Saved: %(fields)s.", len(saved.fields))
        messages.success(request, said % {"fields": ", ".join(queries.label(name) for name in saved.fields)})
    if saved.refused:
        raise _NotSavedError


def _act(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    """What the pressed button says; buttons of a field only save, and come back to it."""
    word = request.POST.get("act", "")
    act = ACTS.get(word)
    if act is None:
        return redirect(reverse(PAGE, args=[pk]) + _anchor(request))
    return act(request, pk, answers)


def _anchor(request: HttpRequest) -> str:
    if "picture" in request.POST:
        return "#field-images"
    for button in ("take", "clear", "release"):
        if request.POST.get(button):
            return f"#field-{request.POST[button].partition(':')[0]}"
    return ""


def _enter(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    """The key pressed in a box: it saves, and never takes a reason that stands there for a rejection."""
    if request.POST.get("why", "").strip():
        raise RefusedError(_("It is not rejected yet: press “Reject & next”, or empty the reason."))
    return redirect(PAGE, pk)


def _save_and_next(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    return _next(pk)


def _approve(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    anyway = request.POST["act"] == "anyway"
    with transact():
        product = review.approve(pk, by=_user(request), anyway=anyway, shown=answers.shown)
    _tell(request, product, _("Approved: {}."))
    return _next(pk)


def _reject(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    with transact():
        product = review.reject(pk, by=_user(request), why=request.POST.get("why", ""))
    _tell(request, product, _("Rejected: {}."))
    return _next(pk)


def _scrape_again(request: HttpRequest, pk: UUID, answers: Answers) -> HttpResponse:
    """The page to enhance it follows, for those who may; the product waits among the imported ones until then."""
    with transact():
        product = review.scrape_again(pk, by=_user(request))
    _tell(request, product, _("Sent back to be scraped again: {}."))
    if request.user.has_perm("pipeline.enhance_products"):
        return redirect(f"{reverse('admin:pipeline_product_enhance')}?id__in={pk}")
    return _next(pk)


def _staying(
    act: Callable[..., object], sentence: Promise, request: HttpRequest, pk: UUID, answers: Answers
) -> HttpResponse:
    with transact():
        act(pk, by=_user(request))
    messages.success(request, str(sentence))
    return redirect(PAGE, pk)


ACTS: dict[str, Callable[[HttpRequest, UUID, Answers], HttpResponse]] = {
    "enter": _enter,
    "next": _save_and_next,
    "approve": _approve,
    "anyway": _approve,
    "reject": _reject,
    "again": _scrape_again,
    "take-back": partial(_staying, review.take_back, _lazy("Taken back: it waits for review again.")),
    "restore": partial(_staying, review.restore, _lazy("Brought back among the imported products.")),
    "by-hand": partial(_staying, review.complete_by_hand, _lazy("It has a record now: complete it.")),
    "keep": partial(_staying, review.dismiss_news, _lazy("The record stays; the news is dismissed.")),
}


def _next(pk: UUID) -> HttpResponse:
    arrival = Product.objects.values_list("arrival", flat=True).get(pk=pk)
    following = waiting.after(arrival)
    return redirect(QUEUE) if following is None else redirect(PAGE, following)


def _tell(request: HttpRequest, product: Product, sentence: str) -> None:
    link = format_html('<a href="{}">{}</a>', reverse(PAGE, args=[product.pk]), product.sku)
    messages.success(request, format_html(sentence, link))


def _show(model_admin: Admin, request: HttpRequest, pk: UUID, trouble: Trouble, status: int = 200) -> HttpResponse:
    product = get_object_or_404(Product, pk=pk)
    sheet = comparison.compare(product)
    may = request.user.has_perm("pipeline.review_products")
    view = partial(_field, trouble)
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": _("Review %(sku)s") % {"sku": product.sku},
        "product": product,
        "sheet": sheet,
        "fields": [view(row) for row in sheet.rows],
        "empty_fields": [view(row) for row in sheet.empty],
        "images": view(sheet.images),
        "price": FieldView(sheet.price, trouble.typed.get("price"), trouble.problems.get("price", "")),
        "queue": waiting.around(product),
        "history": queries.events(product)[:HISTORY],
        "may_review": may,
        "editable": may and product.stage == Stage.CONSOLIDATED,
        "why": request.POST.get("why", ""),
        "rejecting": request.POST.get("act") == "reject",
    }
    return TemplateResponse(request, "review/page.html", context, status=status)


def _field(trouble: Trouble, row: Row) -> FieldView:
    return FieldView(row, trouble.typed.get(row.field), trouble.problems.get(row.field, ""))


def _user(request: HttpRequest) -> Any:
    return request.user


def _refuse_strangers(model_admin: Admin, request: HttpRequest) -> None:
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
