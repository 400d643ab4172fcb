"""Settings of bench/jobs.py and of the daphne it starts: as in production, but for a scratch server of their own.

What is committed survives a power cut there, as it does in production.
"""

import os
from pathlib import Path

os.environ["BAYSTATE_VAR"] = str(Path(__file__).resolve().parent.parent / "var" / "bench")

from baystate.database import databases
from baystate.settings_test import *  # noqa: F403
from baystate.settings_test import MIDDLEWARE

MIDDLEWARE = [MIDDLEWARE[0], "whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE[1:]]
ROOT_URLCONF = "jobs_empty"
DATABASES = databases(os.environ)
DATABASES["default"]["TEST"] = {"NAME": "bench_jobs"}
if "BENCH_SERVED" in os.environ:
    DATABASES["default"]["NAME"] = DATABASES["direct"]["NAME"] = "bench_jobs"
    SWEEP_SECONDS = 5
else:
    del DATABASES["default"]["OPTIONS"]["pool"]
