"""What history shares in the admin: it is looked at, never typed into."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from scraping.templatetags.operations import when

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def moment(name: str, description: "StrOrPromise") -> Callable[[Any, Any], str]:
    """An admin's column for the time in field `name`, in the reader's zone."""

    @admin.display(description=description, ordering=name)
    def shown(_admin: Any, row: Any) -> str:
        return when(getattr(row, name))

    return shown


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Nothing is added, changed or deleted; its own actions may still act. Any of `view_permissions` lets one look."""

    view_permissions: tuple[str, ...] = ()
    actions_on_top = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(request.user.has_perm(name) for name in self.view_permissions)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
