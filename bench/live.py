"""What live logs cost and how soon they are there, beside the same work done otherwise, in one run on one machine.

`python bench/live.py` makes a scratch database of its own, starts daphne on it, and prints what it measured, with
limits where there are any; it ends with 1 where one is missed. `--seconds` is how long the memory is watched (120).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import django

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "live_settings"


PARTS = ("fanout", "intake", "soon", "memory")


def run(parts: list[str], seconds: int) -> bool:
    import live_fanout
    import live_intake
    import live_memory
    import live_soon

    from tests import web

    kept = [live_fanout.compare()] if "fanout" in parts else []
    with web.daphne({"BENCH_SERVED": "yes", "PYTHONPATH": str(HERE)}) as url:
        place = urlsplit(url).netloc
        if "intake" in parts:
            kept.append(live_intake.compare(place))
        if "soon" in parts:
            kept.append(live_soon.measure(place))
        if "memory" in parts:
            kept.append(live_memory.watch(place, seconds=seconds))
    return all(kept)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=int, default=120)
    asked.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; all of them by default")
    given = asked.parse_args()
    django.setup()
    logging.disable(logging.WARNING)
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        return 0 if run(given.parts or list(PARTS), given.seconds) else 1
    finally:
        teardown_databases(databases, verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
