"""Who a socket belongs to: the user of a session, as long as it lasts."""

from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import constant_time_compare

from scraping import operations
from scraping.live.database import threaded


@dataclass(frozen=True)
class Visitor:
    """A member of staff, and whether operations may be seen."""

    user: int
    sees_operations: bool


@threaded
def find(session_key: str | None) -> Visitor | None:
    """None for anybody who is not logged in as a member of staff just now."""
    user = _user(session_key) if session_key else None
    if user is None or not (user.is_active and user.is_staff):
        return None
    return Visitor(user.pk, any(user.has_perm(name) for name in operations.LOOKERS))


def _user(session_key: str) -> User | None:
    """As Django's `get_user`, which would also renew a session that no answer can carry to the browser."""
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    path = session.get(BACKEND_SESSION_KEY, "")
    if path not in settings.AUTHENTICATION_BACKENDS:
        return None
    user: User | None = load_backend(path).get_user(session[SESSION_KEY])
    if user is None:
        return None
    known = session.get(HASH_SESSION_KEY, "")
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return user if any(constant_time_compare(known, each) for each in hashes) else None
