"""`python -m tests.pooler [arguments for pytest]`: the protocol's tests, through a real pooler."""

import os
import signal
import subprocess
import sys

from tests.pooler import servers

# rooms of tests/scraping that speak no protocol: what pages say, and shapes of messages
PAGES = "api_fuzz api_schema attention filters grid job_log operations_acts operations_page plots runs scraper_page"
PROTOCOL = (
    *("-m", "not slow"),
    *(f"--ignore=tests/scraping/test_{name}.py" for name in PAGES.split()),
    *("tests/scraping", "tests/baystate/test_runner_against_server.py", "tests/pooler"),
)


def main(arguments: list[str]) -> int:
    """The exit status of pytest, run with `arguments`, or with all that speaks the protocol."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with servers.running() as addresses:
        surroundings = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.pooler.settings",
            "DATABASE_URL": addresses.pooled,
            "DATABASE_DIRECT_URL": addresses.direct,
        }
        # kept: a database that the pooler has sessions in cannot be dropped, and the server goes anyway
        command = [sys.executable, "-m", "pytest", "-q", "--reuse-db", *(arguments or PROTOCOL)]
        return subprocess.run(command, env=surroundings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
