"""Settings of the web process that a browser visits: as for faults, and with the files that pages bring along."""

from baystate import settings
from tests.faults.settings import *  # noqa: F403

MIDDLEWARE = settings.MIDDLEWARE
