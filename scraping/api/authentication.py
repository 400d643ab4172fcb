"""Who speaks: the header names the key, the key names the runner. Sessions and cookies mean nothing here."""

from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from runners import keys
from runners.models import Runner, RunnerKey

if TYPE_CHECKING:  # REST framework imports this room while it imports its views
    from rest_framework.views import APIView


class RunnerKeyAuthentication(BaseAuthentication):
    """`X-API-Key: bsr_…` or `Authorization: Bearer bsr_…`; `request.auth` is the key, `request.user` its runner."""

    def authenticate(self, request: Request) -> tuple[Runner, RunnerKey] | None:
        shown = secret(request)
        if not shown:
            return None
        try:
            key = keys.verify(shown)
        except keys.KeyUnknownError as error:
            raise AuthenticationFailed(code=error.code) from None
        except keys.KeyRefusedError as error:
            raise PermissionDenied(_SENTENCES[error.code], code=error.code) from None
        return key.runner, key

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing key 401, not 403."""
        return "Bearer"


class IsRunner(BasePermission):
    """Anybody with a key."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.auth, RunnerKey)


_SENTENCES = {
    "key_expired": "This key has expired. Ask for a new one.",
    "key_revoked": "This key was revoked. Ask for a new one.",
}


def secret(request: Request) -> str:
    """The key that the request shows in either header; nothing where it shows none."""
    given: str = request.headers.get("X-API-Key", "").strip()
    if given:
        return given
    scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""
