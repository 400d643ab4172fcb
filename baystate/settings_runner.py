"""Settings of `run_scraper`: one app, no database, nothing read from the environment.

The command itself reads what it needs; what a server's environment says has no meaning here.
"""

INSTALLED_APPS = ["runners.agent"]
DATABASES: dict[str, dict[str, object]] = {}
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None
# Nothing here signs anything; Django wants a key before it reads the settings.
SECRET_KEY = "a-runner-signs-nothing"  # noqa: S105
