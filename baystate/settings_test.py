"""Settings of the tests: own embedded server, cheap passwords, no network."""

import os

os.environ.setdefault("BAYSTATE_SECRET_KEY", "only-for-tests-" + "0123456789" * 5)
os.environ.setdefault("BAYSTATE_HTTPS", "false")
os.environ.setdefault("BAYSTATE_CREDENTIAL_KEYS", "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=")

from baystate.database import databases
from baystate.settings import *  # noqa: F403

DATABASES = databases(os.environ, testing=True)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("whitenoise.")]  # noqa: F405 - it scans all files
SWEEP_SECONDS = 0
API_PER_MINUTE = API_STRANGERS_PER_MINUTE = 1_000_000
