"""How well products are read off the pages of real shops, by structured data alone.

`BAYSTATE_PAGES=… python bench/real_pages.py` imports a sheet of the labelled pages' SKUs, enhances them, lets a runner
work, and scores what it recorded: a row per field, `field precision recall F1`.
"""

import logging
import os
import sys
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "baystate.settings_test")


def run() -> None:
    from pytest_django.live_server_helper import LiveServer

    from tests import real_pages

    pages = real_pages.load()
    server = LiveServer("127.0.0.1")
    try:
        fields = real_pages.read_all(pages, server.url)
    finally:
        server.stop()
    for score in real_pages.score(pages, fields):
        print(score)


def main() -> int:
    if not os.environ.get("BAYSTATE_PAGES"):
        print("BAYSTATE_PAGES must name the folder of labelled pages.", file=sys.stderr)
        return 2
    django.setup()
    logging.disable(logging.INFO)
    from django.conf import settings
    from django.test.utils import setup_databases, teardown_databases

    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = "bench_real_pages"
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        run()
    finally:
        teardown_databases(databases, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
