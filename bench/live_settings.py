"""Settings of bench/live.py and of the daphne it starts: all as in production, on a scratch database."""

import os

from baystate import settings_test
from baystate.database.configuration import pool
from baystate.settings_test import *  # noqa: F403

# isort: split
from baystate.settings import MIDDLEWARE

__all__ = ["MIDDLEWARE"]
NAME = "bench_live"
ROOT_URLCONF = "live_empty"
DATABASES = settings_test.DATABASES
DATABASES["default"]["TEST"] = {"NAME": NAME}
LIVE_SOCKETS_PER_USER = 100
if os.environ.get("BENCH_SERVED"):
    DATABASES["default"]["NAME"] = DATABASES["direct"]["NAME"] = NAME
    DATABASES["default"]["OPTIONS"]["pool"] = pool(os.environ)
