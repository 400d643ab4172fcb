"""Settings of the tests that go through the pooler: `default` by way of it, `direct` past it, as in production."""

import os

from baystate.database import databases
from baystate.settings_test import *  # noqa: F403

DATABASES = databases(os.environ)
